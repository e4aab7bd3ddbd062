"""The texts and label names of one table, before label names become class numbers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from alft.data.columns import has_label_column, label_column_of, text_column_of
from alft.data.line_breaks import check_line_breaks
from alft.data.oddities import damaged_texts, unused_states
from alft.data.readers.table import Table
from alft.data.texts import read_texts
from alft.system.excerpt import excerpt
from alft.task.base import Task, Unit, Written
from alft.task.sentences import read_sentences

READ: dict[Unit, Callable[[Sequence[Any], Callable[[int], str]], list[str]]] = {"text": read_texts, "word": read_sentences}
"""Reads cells of texts, by what has a label."""

FEW = 5
"""So many labels that occur only once may be classes, however small the data set is."""


@dataclass(frozen=True)
class Annotated:
    """Rows of one split.

    Attributes:
        texts: One text per row; blank if it is missing.
        names: What the file says of each row; None without a label.
        text_column: Column of the texts.
        feature: Type of the label column, if the source provides one.
        place: File or split, as named in messages.
        where: Location of a row in it.
        remarks: What is dubious about the table.
    """

    texts: list[str]
    names: list[Written | None]
    text_column: str
    feature: Any
    place: str
    where: Callable[[int], str]
    remarks: list[str] = field(default_factory=list)


def read_annotated(
    table: Table, split: str, text_column: str | None, label_column: str | None, task: type[Task]
) -> Annotated | None:
    """Texts and label names of a table; None for an evaluation set without a column of labels.

    Args:
        table: The table of one split.
        split: Name of the split.
        text_column: The setting ``data.text_column``.
        label_column: The setting ``data.label_column``.
        task: Reads the labels.

    Raises:
        ValueError: A column is missing, or a cell cannot be used; the message gives its location.
    """
    text = text_column_of(table, text_column, task.unit)
    if split != "train" and not has_label_column(table, label_column, task.unit):
        return None
    label = label_column_of(table, label_column, task.unit)
    if text == label:
        raise ValueError(f"data.text_column and data.label_column must differ, both are {excerpt(text)}")
    feature = table.features.get(label)
    with _named(table.place):
        remarks = check_line_breaks(table, label)
    with _named(f"the column {excerpt(text)} of {table.place}"):
        texts = READ[task.unit](table.columns[text], table.where)
    with _named(f"the column {excerpt(label)} of {table.place}"):
        names = task.read(table.columns[label], feature, table.where)
    if split == "train":
        every = [name for written in names if written is not None for name in task.names_in(written)]
        _refuse_names_of_rows(every, label, table.place)
    remarks += [*damaged_texts(texts, split), *unused_states(table, (text, label), split)]
    # A blank row will be dropped: its label does not define a class.
    names = [name if content.strip() else None for content, name in zip(texts, names, strict=True)]
    rows = _without_headers(Annotated(texts, names, text, feature, table.place, table.where, remarks), label, task)
    with _named(f"the column {excerpt(label)} of {table.place}"):
        return _mended(rows, task)


def _mended(rows: Annotated, task: type[Task]) -> Annotated:
    """The rows with labels as the task takes them, which belong to their texts."""
    names, told = task.mend(rows.names, rows.where)
    for row, (written, text) in enumerate(zip(names, rows.texts, strict=True)):
        if written is not None:
            task.refuse_misfit(text, written, rows.where(row))
    return replace(rows, names=names, remarks=[*rows.remarks, *(f"{one} ({rows.place})" for one in told)])


def _refuse_names_of_rows(names: list[str], column: str, place: str) -> None:
    """Refuse a column in which most rows have a label of their own, such as row numbers."""
    counts = Counter(names)
    single = sum(count == 1 for count in counts.values())
    if single > max(FEW, counts.total() / 2):
        raise ValueError(
            f"data.label_column: {single} of the {counts.total()} labels in the column {excerpt(column)} of {place} occur only "
            "once, so it does not hold classes; name the column that does"
        )


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Begin the sentence of an error with the setting and the place."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"data.source: {what} {error}") from error


def _without_headers(rows: Annotated, label_column: str, task: type[Task]) -> Annotated:
    """The rows without copies of the header, which remain where files were joined."""
    copies = {
        row
        for row, (text, written) in enumerate(zip(rows.texts, rows.names, strict=True))
        if text == rows.text_column and written is not None and task.names_in(written) == (label_column,)
    }
    if not copies:
        return rows
    remark = f"rows equal to the header were left out: {len(copies)} of {rows.place}, the first in {rows.where(min(copies))}"
    kept = [row for row in range(len(rows.texts)) if row not in copies]
    return Annotated(
        [rows.texts[row] for row in kept],
        [rows.names[row] for row in kept],
        rows.text_column,
        rows.feature,
        rows.place,
        lambda row: rows.where(kept[row]),
        [*rows.remarks, remark],
    )
