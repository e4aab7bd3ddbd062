"""How does a file come to its place? Whole or not at all, and never over another one unless the user says so."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import datasets
import pyarrow as pa

from alft.data.files import READERS, Table


def refuse_existing(path: Path, force: bool, setting: str) -> None:
    """Refuse to write where something is, unless ``--force`` was given."""
    if path.exists() and not force:
        raise ValueError(f"{setting}: {path} is there already; --force writes over it")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file beside ``path``, then put it in place: readers see the old file or the whole new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def refuse_format(path: Path, setting: str) -> None:
    """Refuse a file whose format cannot be told from its name."""
    if path.suffix.lower() not in READERS:
        raise ValueError(f"{setting}: {path} must end in one of {', '.join(READERS)}")


def write_table(path: Path, table: Table, more: Table) -> None:
    """Write a table and columns beside it, in the format that the name of the file asks for.

    Cells of CSV and TSV are written as they were read. Parquet keeps the types of a Parquet source; columns of mixed types
    become text there.
    """
    columns = {**table.columns, **more.columns}
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        write_atomically(path, lambda place: _write_csv(place, columns, "\t" if suffix == ".tsv" else ","))
    elif suffix == ".parquet":
        dataset = table.dataset if table.dataset is not None else _as_dataset(table.columns)
        for name, cells in _as_dataset(more.columns).features.items():
            dataset = dataset.add_column(name, more.columns[name], feature=cells)
        write_atomically(path, dataset.to_parquet)
    else:
        records = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
        lines = [json.dumps(record, ensure_ascii=False, default=str) for record in records]
        text = "\n".join(lines) + "\n" if suffix == ".jsonl" else "[" + ",\n ".join(lines) + "]\n"
        write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def _write_csv(path: Path, columns: dict[str, Sequence[Any]], separator: str) -> None:
    rows = [[_as_cell(value) for value in cells] for cells in zip(*columns.values(), strict=True)]
    # The writer does not quote a lone carriage return, which readers take for the end of a row.
    quoting: Literal[0, 1] = 1 if any("\r" in cell for row in rows for cell in row) else 0  # QUOTE_ALL, QUOTE_MINIMAL
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator="\n", quoting=quoting).writerows([list(columns), *rows])


def _as_cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _as_dataset(columns: Any) -> datasets.Dataset:
    return datasets.Dataset(pa.table({name: _as_array(list(cells)) for name, cells in columns.items()}))


def _as_array(cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except pa.ArrowException:
        return pa.array([None if cell is None else _as_cell(cell) for cell in cells])
