"""Reads rows of CSV, TSV, JSONL or Parquet files, every cell as written.

A text "NA" is a text, "007" keeps its zeros and a date in JSON is a string: no types are inferred. Content that cannot be
read is refused with its line number.
"""

import csv
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from alft.system.quiet import silenced

READERS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")


@dataclass(frozen=True)
class Table:
    """Columns by name, all of equal length; ``dataset`` is their source, if the file or the hub provided types."""

    columns: Mapping[str, Sequence[Any]]
    dataset: datasets.Dataset | None = None

    @property
    def features(self) -> Mapping[str, Any]:
        """Types of the columns, including class names, as far as the source provides them."""
        return {} if self.dataset is None else self.dataset.features

    def __len__(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))


def read_file(path: Path, setting: str = "data.source") -> Table:
    """Read one file.

    Args:
        path: An existing file.
        setting: Setting that named the file; error messages begin with it.

    Raises:
        ValueError: It cannot be read; the message says where and why.
    """
    suffix = path.suffix.lower()
    try:
        if suffix not in READERS:
            raise ValueError(f"must end in one of {', '.join(READERS)}")
        if path.stat().st_size == 0:
            raise ValueError("is an empty file")
        if suffix == ".parquet":
            table = _read_parquet(path)
        else:
            text = _decode(path.read_bytes())
            table = _read_json(text) if suffix in (".json", ".jsonl") else _read_csv(text, "\t" if suffix == ".tsv" else ",")
        if not len(table):
            raise ValueError("holds no rows")
    except ValueError as error:
        raise ValueError(f"{setting}: {path} {error}") from error
    return table


def from_dataset(dataset: datasets.Dataset) -> Table:
    """The columns of a data set, each read on access."""
    return Table({name: dataset[name] for name in dataset.column_names}, dataset)


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not valid UTF-8 (line {line})") from error


def _read_csv(text: str, separator: str) -> Table:
    csv.field_size_limit(sys.maxsize)  # a cell may hold a book
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    cells: list[Sequence[str]] = []
    blank = 0
    try:
        for row in rows:
            if not row or (len(header) != 1 and len(row) == 1 and not row[0].strip()):
                blank += len(header) == 1  # with one column, a blank line may be a row
            elif not header:
                header = row
            elif len(row) != len(header):
                more = "more" if len(row) > len(header) else "fewer"
                raise ValueError(f"has {more} cells in line {rows.line_num} than the header has columns ({len(header)})")
            else:
                cells += [[""]] * blank + [row]
                blank = 0
    except csv.Error as error:
        raise ValueError(f"cannot be read: {error} (line {rows.line_num})") from error
    return Table(dict(zip(_unique(header), zip(*cells, strict=True), strict=True)) if cells else {})


def _unique(header: list[str]) -> list[str]:
    for name in header:
        if header.count(name) > 1:
            raise ValueError(f"has more than one column called {name!r}")
    return header


def _read_json(text: str) -> Table:
    """Read one object per line, or one array of objects; a key that is missing in a row is None there."""
    records = _array(text) if text.lstrip().startswith("[") else _objects(text)
    names = dict.fromkeys(name for record in records for name in record)
    return Table({name: [record.get(name) for record in records] for name in names})


def _array(text: str) -> list[dict[str, Any]]:
    try:
        records = _loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise ValueError(f"cannot be read: entry {number} is no object with columns")
    return list(records)


def _objects(text: str) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"cannot be read: line {number} is not valid JSON ({error})") from error
        if not isinstance(record, dict):
            raise ValueError(f"cannot be read: line {number} is no object with columns")
        records.append(record)
    return records


def _loads(text: str) -> Any:
    value = json.loads(text)
    if "\\u" in text:  # half of a surrogate pair can be escaped, but it is not valid text
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _read_parquet(path: Path) -> Table:
    # A separate cache: the shared one would keep a copy of every file ever read, and could return a stale one.
    with tempfile.TemporaryDirectory() as cache, silenced("datasets"):
        datasets.disable_progress_bars()
        try:
            return from_dataset(datasets.Dataset.from_parquet(str(path), cache_dir=cache, keep_in_memory=True))
        except (ValueError, OSError, pa.ArrowException, datasets.exceptions.DatasetsError) as error:
            cause = error.__cause__ or error
            raise ValueError(f"cannot be read: {str(cause).strip().splitlines()[0]}") from error
