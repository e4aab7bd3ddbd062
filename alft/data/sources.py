"""Where do the rows come from? A hub id, a folder or a file of CSV, TSV, JSONL or Parquet, read by ``datasets``.

Reading only: columns, labels and splits are the business of :mod:`alft.data.corpus`.
"""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import datasets
import pandas as pd
from huggingface_hub.errors import HfHubHTTPError

from alft.models.backbone import silenced

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
READERS = {".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".json": "json", ".parquet": "parquet"}

Splits = dict[str, datasets.Dataset]


def read_source(source: str) -> tuple[Splits, bool]:
    """Read every split of ``data.source``.

    Returns:
        The splits by name (``train`` always, ``validation`` and ``test`` where there are any), and whether they came from
        one file, which is still to be split.

    Raises:
        ValueError: Nothing is there, or what is there cannot be read; the sentence says where and why.
    """
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        return _read_folder(path), False
    if path.is_file():
        return {"train": read_file(path)}, True
    if source.startswith((".", "/", "~")) or source.count("/") > 1 or path.suffix.lower() in READERS:
        raise ValueError(f"data.source: no such file or folder: {source}")
    return _read_hub(source), False


def read_file(path: Path) -> datasets.Dataset:
    """Read one file; in CSV and TSV every cell is text, so that "NA", "007" and "1.0" stay what they are."""
    if path.suffix.lower() not in READERS:
        raise ValueError(f"data.source: {path} must end in one of {', '.join(READERS)}")
    if path.stat().st_size == 0:
        raise ValueError(f"data.source: {path} is an empty file")
    reader = READERS[path.suffix.lower()]
    if reader == "json" and (line := _first_undecodable_line(path)):  # its reader looks at bytes when it is too late
        raise ValueError(_not_utf8(path, line))
    # A cache of its own: the shared one would keep a copy of every file ever read, and could serve a stale one.
    with tempfile.TemporaryDirectory() as cache, _quiet():
        try:
            options = _csv_options(path) if reader == "csv" else {}
            return datasets.load_dataset(
                reader,
                data_files={"train": str(path.resolve())},
                split="train",
                cache_dir=cache,
                keep_in_memory=True,
                **options,
            )
        except (ValueError, OSError, StopIteration, pd.errors.ParserWarning, datasets.exceptions.DatasetsError) as error:
            raise ValueError(_explain(path, error)) from error


def _csv_options(path: Path) -> dict[str, object]:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    header = pd.read_csv(path, sep=separator, nrows=0, index_col=False).columns
    return {
        "sep": separator,
        "keep_default_na": False,
        "index_col": False,  # else extra commas in the first row shift the columns without a word
        "features": datasets.Features({name: datasets.Value("string") for name in header}),
    }


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
        with _quiet():
            loaded = datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, HfHubHTTPError, datasets.exceptions.DatasetsError) as error:
        raise ValueError(
            f"data.source: {name} is no file or folder here and could not be read from the hub ({_first_line(error)}); "
            "give a local file or folder with --data.source PATH and a local model with --model.backbone PATH"
        ) from error
    splits = {split: loaded[name] for split, names in SPLITS.items() for name in names if name in loaded}
    if "train" not in splits:
        raise ValueError(f"data.source: {name} has no train split; it has: {', '.join(loaded)}")
    return splits


def _explain(path: Path, error: BaseException) -> str:
    """One sentence for whatever a reader raised, with the line where it can be known."""
    chain = list(_causes(error))
    if any(isinstance(cause, UnicodeDecodeError) for cause in chain):
        return _not_utf8(path, _first_undecodable_line(path))
    if any(isinstance(cause, pd.errors.ParserWarning) for cause in chain):
        return f"data.source: {path} has rows with more cells than the header has columns"
    if isinstance(error, pd.errors.EmptyDataError) or "corresponds to no data" in str(error):
        return f"data.source: {path} holds no rows"
    return f"data.source: {path} cannot be read: {_first_line(chain[-1])}"


def _not_utf8(path: Path, line: int) -> str:
    return f"data.source: {path} is not valid UTF-8 (line {line})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def _first_undecodable_line(path: Path) -> int:
    """Number of the line, counted from 1; 0 if all can be decoded."""
    # Lines are cut at the bytes, not by a text reader, because the text reader is what failed.
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the readers' own progress bars and logs (our sentence says it), and make lost cells an error."""
    datasets.disable_progress_bars()
    with silenced("datasets", "huggingface_hub"), warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        yield
