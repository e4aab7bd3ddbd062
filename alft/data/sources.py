"""Locates the data: a hub id, a folder with files for each split, a saved data set, or one file.

Files are read by :mod:`alft.data.readers`; columns, labels and splits are handled by :mod:`alft.data.corpus`.
"""

import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
from huggingface_hub.errors import HfHubHTTPError

from alft.data.readers.files import READERS, read_file, read_parts
from alft.data.readers.saved import is_saved, read_saved
from alft.data.readers.table import Table, from_dataset
from alft.system.excerpt import excerpt, first_line, listed
from alft.system.quiet import silenced
from alft.system.subclasses import subclasses

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "validate", "valid", "val", "dev", "development", "eval", "evaluation"),
    "test": ("test", "testing"),
}

PART = re.compile(r"-\d{5}-of-\d{5}$")
"""End of the name of one of several files of a split, as the hub writes them."""

HUB_ERRORS = (OSError, ValueError, RuntimeError, HfHubHTTPError, datasets.exceptions.DatasetsError)


@dataclass(frozen=True)
class Source:
    """The tables of a source.

    Attributes:
        splits: ``train`` always, ``validation`` and ``test`` if present.
        whole: Whether ``train`` is all there is and still to be split.
        remarks: What the user should know, such as files not used.
        classes: Names of all classes in order, where the source knows them beforehand; None to find them in ``train``.
        task: The ``data.task`` that the labels are for, where the source knows it; None for any.
    """

    splits: Mapping[str, Table]
    whole: bool = False
    remarks: list[str] = field(default_factory=list)
    classes: list[str] | None = None
    task: str | None = None


class FolderReader(ABC):
    """Base class: reads folders of a kind that other rooms write. It is found by being imported."""

    @abstractmethod
    def recognises(self, folder: Path) -> bool:
        """Whether a folder is of this kind."""

    @abstractmethod
    def read(self, folder: Path) -> Source:
        """Read every split of a folder that was recognised.

        Raises:
            ValueError: It cannot be used; the message begins with ``data.source``.
        """


def read_source(source: str, subset: str | None = None, quotes: bool = True) -> Source:
    """Read every split of ``data.source``.

    Args:
        source: The setting ``data.source``.
        subset: The setting ``data.subset``.
        quotes: The setting ``data.quotes``.

    Raises:
        ValueError: The source does not exist or cannot be read; the message says where and why.
    """
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        return _read_folder(path, subset, quotes)
    if path.exists():
        if subset is not None:
            raise ValueError(f"data.subset: {path} is one file, which has no subsets; leave data.subset out")
        return Source({"train": read_file(path, quotes=quotes)}, whole=True)
    if source.startswith((".", "/", "~")) or source.count("/") > 1 or path.suffix.lower() in READERS:
        raise ValueError(f"data.source: no such file or folder: {source}")
    _refuse_quotes(source, quotes)
    return _read_hub(source, subset)


def _read_folder(folder: Path, subset: str | None, quotes: bool) -> Source:
    readers: list[FolderReader] = [kind() for kind in subclasses(FolderReader)]
    if reader := next((reader for reader in readers if reader.recognises(folder)), None):
        _refuse_quotes(str(folder), quotes)
        if subset is not None:
            raise ValueError(f"data.subset: {folder} has no subsets; leave data.subset out")
        return reader.read(folder)
    if is_saved(folder):
        _refuse_quotes(str(folder), quotes)
        if subset is not None:
            raise ValueError(f"data.subset: {folder} is one saved data set; leave data.subset out")
        return _read_saved(folder)
    if subset is not None and _holds_data(folder / subset):
        return _read_folder(folder / subset, None, quotes)
    files = _readable(folder)
    by_split = {split: [path for path in files if PART.sub("", path.stem.lower()) in names] for split, names in SPLITS.items()}
    if subset is None and by_split["train"]:
        splits = {split: _read_split(folder, split, paths, quotes) for split, paths in by_split.items() if paths}
        return Source(splits, remarks=_unused(folder, files, [path for paths in by_split.values() for path in paths]))
    return _read_hub_folder(folder, subset, quotes)


def _refuse_quotes(name: str, quotes: bool) -> None:
    if not quotes:
        raise ValueError(f"data.quotes: {name} is no CSV or TSV file, so that false has no meaning; leave it out")


def _read_split(folder: Path, split: str, paths: list[Path], quotes: bool) -> Table:
    parts = all(PART.search(path.stem) and path.suffix.lower() == ".parquet" for path in paths)
    if len(paths) > 1 and not parts:
        raise ValueError(
            f"data.source: {folder} has more than one {split} file: {listed([path.name for path in paths])}; leave one of them"
        )
    return read_parts(paths, quotes=quotes)


def _readable(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in READERS and not path.name.startswith("."))


def _holds_data(folder: Path) -> bool:
    return folder.is_dir() and (is_saved(folder) or bool(_readable(folder)))


def _unused(folder: Path, files: list[Path], used: list[Path]) -> list[str]:
    """A remark that names the data files whose name stands for no split."""
    left = [path.name for path in files if path not in used and path.stem != "dataset_infos"]
    known = ", ".join(name for names in SPLITS.values() for name in names)
    return [f"not used: {listed(left)} in {folder}; the names of splits are {known}"] if left else []


def _read_saved(folder: Path) -> Source:
    try:
        tables = read_saved(folder)
    except ValueError as error:
        raise ValueError(f"data.source: {folder} {error}") from error
    if "all" in tables:
        return Source({"train": tables["all"]}, whole=True)
    return _by_split(tables, str(folder))


def _read_hub_folder(folder: Path, subset: str | None, quotes: bool) -> Source:
    """A data set downloaded from the hub: the library finds its files, its subsets and their splits."""
    present = listed(sorted(path.name for path in folder.iterdir())) or "nothing"
    nothing = f"data.source: {folder} has no train file ({', '.join(READERS)}); it holds: {present}"
    with tempfile.TemporaryDirectory() as cache, silenced("datasets", "huggingface_hub"):
        try:
            subsets = datasets.get_dataset_config_names(str(folder))
            _refuse_subset(str(folder), subset, subsets)
            found = datasets.load_dataset_builder(str(folder), name=subset, cache_dir=cache).config.data_files or {}
        except _SubsetError:
            raise
        except HUB_ERRORS as error:
            raise ValueError(nothing) from error
    paths = {str(split): [Path(path) for path in files] for split, files in found.items()}
    if not any(name in paths for name in SPLITS["train"]):
        raise ValueError(nothing)
    return _by_split({split: _read_split(folder, split, parts, quotes) for split, parts in paths.items()}, str(folder))


def _read_hub(name: str, subset: str | None) -> Source:
    try:
        datasets.disable_progress_bars()
        with silenced("datasets", "huggingface_hub"):
            loaded = _load_from_hub(name, subset)
    except _SubsetError:
        raise
    except HUB_ERRORS as error:
        raise ValueError(
            f"data.source: {name} is no file or folder here and could not be read from the hub "
            f"({first_line(error, width=240)}); give a local file or folder with --data.source PATH and a local model with "
            "--model.backbone PATH"
        ) from error
    return _by_split({str(split): from_dataset(table, f"{name} ({split})") for split, table in loaded.items()}, name)


def _load_from_hub(name: str, subset: str | None) -> Mapping[Any, datasets.Dataset]:
    try:
        loaded: Mapping[Any, datasets.Dataset] = datasets.load_dataset(name, subset)
    except ValueError:
        _refuse_subset(name, subset, datasets.get_dataset_config_names(name))
        raise
    return loaded


def _refuse_subset(name: str, subset: str | None, subsets: list[str]) -> None:
    if subset is None and len(subsets) > 1:
        raise _SubsetError(f"data.subset must name one of the subsets of {name}: {listed(subsets)}")
    if subset is not None and subset not in subsets:
        raise _SubsetError(f"data.subset: {name} has no subset {excerpt(subset)}; it has: {listed(subsets)}")


class _SubsetError(ValueError):
    """``data.subset`` is wrong, as opposed to the source."""


def _by_split(tables: Mapping[str, Table], name: str) -> Source:
    known = {split: [name for name in names if name in tables] for split, names in SPLITS.items()}
    if not known["train"]:
        raise ValueError(f"data.source: {name} has no train split; it has: {listed(list(tables))}")
    used = {split: names[0] for split, names in known.items() if names}
    left = [split for split in tables if split not in used.values()]
    remarks = [f"not used: the splits {listed(left)} of {name}"] if left else []
    return Source({split: tables[name] for split, name in used.items()}, remarks=remarks)
