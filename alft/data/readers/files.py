"""Reads one file by the ending of its name.

A text "NA" is a text, "007" keeps its zeros and a date in JSON is a string: no types are inferred. Content that cannot be
read is refused with its line number.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alft.data.columns import KNOWN
from alft.data.readers.conll import read_conll
from alft.data.readers.delimited import read_delimited
from alft.data.readers.json_records import read_json
from alft.data.readers.parquet import read_parquet
from alft.data.readers.table import Table

DELIMITED = (".csv", ".tsv")

TAGGED = (".conll", ".iob2", ".iob", ".bio")

READERS = (*DELIMITED, ".jsonl", ".json", ".parquet", *TAGGED)

SPREADSHEETS = (".xlsx", ".xls", ".ods")


def read_file(path: Path, setting: str = "data.source", quotes: bool = True) -> Table:
    """Read one file.

    Args:
        path: An existing file.
        setting: Setting that named the file; error messages begin with it.
        quotes: The setting ``data.quotes``.

    Raises:
        ValueError: It cannot be read; the message says where and why.
    """
    return read_parts([path], setting, quotes)


def read_parts(paths: Sequence[Path], setting: str = "data.source", quotes: bool = True) -> Table:
    """Read the parts of one split, which several files can only be in Parquet; the arguments are those of :func:`read_file`."""
    path = paths[0]
    suffix = path.suffix.lower()
    try:
        if suffix in SPREADSHEETS:
            raise ValueError(f"is a spreadsheet; save it as CSV in UTF-8 (must end in one of {', '.join(READERS)})")
        if suffix not in READERS:
            raise ValueError(f"must end in one of {', '.join(READERS)}")
        if not quotes and suffix not in DELIMITED:
            raise ValueError(
                f"has no quotes to read as ordinary characters; data.quotes false is for {' and '.join(DELIMITED)}"
            )
        if path.stat().st_size == 0:
            raise ValueError("is an empty file")
        table = read_parquet(paths) if suffix == ".parquet" else _read_text(path, suffix, quotes)
        if not len(table):
            raise ValueError("holds no rows")
    except ValueError as error:
        raise ValueError(f"{setting}: {path} {error}") from error
    return replace(table, place=str(path))


def _read_text(path: Path, suffix: str, quotes: bool) -> Table:
    if suffix in TAGGED:
        return read_conll(path.read_bytes())
    if suffix in (".json", ".jsonl"):
        return read_json(path.read_bytes(), KNOWN)
    return read_delimited(path.read_bytes(), "\t" if suffix == ".tsv" else ",", quotes, KNOWN)
