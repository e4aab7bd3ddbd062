"""Locates the data: a hub id, a folder with a file for each split, or one file.

Files are read by :mod:`alft.data.files`; columns, labels and splits are handled by :mod:`alft.data.corpus`.
"""

import os
from pathlib import Path

import datasets
from huggingface_hub.errors import HfHubHTTPError

from alft.data.files import READERS, Table, from_dataset, read_file
from alft.system.quiet import silenced

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}

Splits = dict[str, Table]


def read_source(source: str) -> tuple[Splits, bool]:
    """Read every split of ``data.source``.

    Returns:
        The splits by name (``train`` always, ``validation`` and ``test`` if present), and whether they come from one file,
        which is still to be split.

    Raises:
        ValueError: The source does not exist or cannot be read; the message says where and why.
    """
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        return _read_folder(path), False
    if path.is_file():
        return {"train": read_file(path)}, True
    if source.startswith((".", "/", "~")) or source.count("/") > 1 or path.suffix.lower() in READERS:
        raise ValueError(f"data.source: no such file or folder: {source}")
    return _read_hub(source), False


def _read_folder(folder: Path) -> Splits:
    splits: Splits = {}
    for split, names in SPLITS.items():
        found = sorted(p for p in folder.iterdir() if p.stem.lower() in names and p.suffix.lower() in READERS)
        if len(found) > 1:
            raise ValueError(f"data.source: {folder} has more than one {split} file: {', '.join(p.name for p in found)}")
        if found:
            splits[split] = read_file(found[0])
    if "train" not in splits:
        present = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
        raise ValueError(f"data.source: {folder} has no train file ({', '.join(READERS)}); it holds: {present}")
    return splits


def _read_hub(name: str) -> Splits:
    try:
        datasets.disable_progress_bars()
        with silenced("datasets", "huggingface_hub"):
            loaded = datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, HfHubHTTPError, datasets.exceptions.DatasetsError) as error:
        raise ValueError(
            f"data.source: {name} is no file or folder here and could not be read from the hub ({_first_line(error)}); "
            "give a local file or folder with --data.source PATH and a local model with --model.backbone PATH"
        ) from error
    splits = {split: from_dataset(loaded[name]) for split, names in SPLITS.items() for name in names if name in loaded}
    if "train" not in splits:
        raise ValueError(f"data.source: {name} has no train split; it has: {', '.join(loaded)}")
    return splits


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
