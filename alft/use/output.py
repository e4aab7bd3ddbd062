"""Writes predictions: the table as it was read, with additional columns."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import datasets
import pyarrow as pa

from alft.data.files import Table
from alft.system.output import write_atomically


def write_table(path: Path, table: Table, more: Table) -> None:
    """Write a table with additional columns, in the format given by the file name.

    Cells of CSV and TSV are written as they were read. From Parquet to Parquet numbers, dates and class names keep their types;
    columns of mixed types become text.
    """
    columns = {**table.columns, **more.columns}
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        write_atomically(path, lambda place: _write_csv(place, columns, "\t" if suffix == ".tsv" else ","))
    elif suffix == ".parquet":
        dataset = table.dataset if table.dataset is not None else _as_dataset(table.columns)
        for name, cells in more.columns.items():
            numbers = any(isinstance(cell, float) for cell in cells)
            dataset = dataset.add_column(name, cells, feature=datasets.Value("float64" if numbers else "string"))
        write_atomically(path, dataset.to_parquet)
    else:
        records = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
        lines = [json.dumps(record, ensure_ascii=False, default=str) for record in records]
        text = "\n".join(lines) + "\n" if suffix == ".jsonl" else "[" + ",\n ".join(lines) + "]\n"
        write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def _write_csv(path: Path, columns: dict[str, Sequence[Any]], separator: str) -> None:
    rows = [[_as_cell(value) for value in cells] for cells in zip(*columns.values(), strict=True)]
    # The writer does not quote a lone carriage return, which readers interpret as the end of a row.
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
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else _as_cell(cell) for cell in cells])
