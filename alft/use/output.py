"""Writes predictions: the table as it was read, with additional columns."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from alft.data.readers.files import TAGGED
from alft.data.readers.table import Form, Table
from alft.system.output import write_atomically
from alft.task.sentences import read_sentences, words_in

PREDICTED = "predicted"
"""Name of the column of the predicted labels."""


def write_table(path: Path, table: Table, more: Table, words: str | None = None) -> None:
    """Write a table with additional columns, in the format given by the file name.

    Args:
        path: File to write.
        table: As it was read.
        more: Additional columns.
        words: Column of the words, where the additional ones have a cell for each.

    Cells of CSV and TSV are written as they were read, to a file of the same ending with the separator, encoding and header of
    the one that was read. From Parquet to Parquet numbers, dates and class names keep their types; columns of mixed types
    become text.

    Raises:
        ValueError: A cell contains the separator and the file has no quotes, or a file of words is to hold no words.
    """
    columns = {**table.columns, **more.columns}
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        form = _form_for(suffix, table, list(more.columns))
        write_atomically(path, lambda place: _write_csv(place, columns, form))
    elif suffix in TAGGED:
        write_atomically(path, lambda place: place.write_text(_sentences(columns, suffix, words), encoding="utf-8"))
    elif suffix == ".parquet":
        dataset = table.dataset if table.dataset is not None else _as_dataset(table.columns)
        for name, cells in more.columns.items():
            dataset = dataset.add_column(name, cells, feature=_feature(cells))
        write_atomically(path, dataset.to_parquet)
    else:
        records = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
        lines = [json.dumps(record, ensure_ascii=False, default=str) for record in records]
        text = "\n".join(lines) + "\n" if suffix == ".jsonl" else "[" + ",\n ".join(lines) + "]\n"
        write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def _form_for(suffix: str, table: Table, more: list[str]) -> Form:
    """The form of the file that was read, if it has the same ending; else the usual one."""
    if table.form is not None and Path(table.place).suffix.lower() == suffix:
        return replace(table.form, header=(*table.form.header, *more))
    return Form("\t" if suffix == ".tsv" else ",", header=(*table.columns, *more))


def _write_csv(path: Path, columns: dict[str, Sequence[Any]], form: Form) -> None:
    rows = [[_as_cell(value) for value in cells] for cells in zip(*columns.values(), strict=True)]
    with path.open("w", encoding=form.encoding, newline="") as file:
        if form.declares:
            file.write(f"sep={form.separator}{form.line_end}")
        try:
            csv.writer(file, delimiter=form.separator, lineterminator=form.line_end, **_quoting(form, rows)).writerows(
                [form.header, *rows]
            )
        except csv.Error as error:
            raise ValueError(f"output: a cell contains the separator {form.separator!r}; leave data.quotes true") from error


def _quoting(form: Form, rows: list[list[str]]) -> dict[str, Any]:
    if not form.quotes:
        return {"quoting": csv.QUOTE_NONE, "quotechar": None}
    # The writer does not quote a lone carriage return, which readers interpret as the end of a row.
    lone = any("\r" in cell for row in rows for cell in row)
    return {"quoting": csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL}


def _as_cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _sentences(columns: Mapping[str, Sequence[Any]], suffix: str, words: str | None) -> str:
    """A word a line, with its cells of columns that have one for each word, "_" in other rows; a blank line behind a sentence.

    White space in a cell would begin another column or line, and becomes a space.

    Raises:
        ValueError: No column holds words.
    """
    if words is None:
        raise ValueError(
            f"output: {suffix} is for words with tags, which this model does not give; take .csv, .jsonl or .parquet"
        )
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    rows = [row for row in rows if row[PREDICTED]]  # others are blank
    of_words = [name for name in columns if name != words and any(_fits(row[name], row) for row in rows)]
    sentences = []
    for row in rows:
        text = read_sentences([row[words]], str)[0]
        beside = [row[name] if _fits(row[name], row) else ["_"] * len(row[PREDICTED]) for name in of_words]
        lines = zip(words_in(text), *beside, strict=True)
        sentences.append("".join("\t".join(" ".join(_as_cell(cell).split()) for cell in line) + "\n" for line in lines))
    return "\n".join(sentences)


def _fits(cell: Any, row: Mapping[str, Any]) -> bool:
    """Whether a cell has something for each word of its row."""
    return isinstance(cell, list) and len(cell) == len(row[PREDICTED])


def _feature(cells: Sequence[Any]) -> Any:
    """Type of a column of numbers or strings, or of lists of them."""
    lists = any(isinstance(cell, list) for cell in cells)
    parts = [part for cell in cells if cell is not None for part in (cell if lists else [cell])]
    value = datasets.Value("float64" if any(isinstance(part, float) for part in parts) else "string")
    return datasets.List(value) if lists else value


def _as_dataset(columns: Any) -> datasets.Dataset:
    return datasets.Dataset(pa.table({name: _as_array(list(cells)) for name, cells in columns.items()}))


def _as_array(cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else _as_cell(cell) for cell in cells])
