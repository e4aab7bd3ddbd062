"""Finds the columns of the texts and labels by their names (method.md 9)."""

from alft.data.readers.table import Table
from alft.system.excerpt import excerpt, listed
from alft.task.base import Unit

TEXT_NAMES = ("text", "sentence", "review", "content", "tweet", "comment", "document", "body")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "target", "category", "polarity", "rating")
WORD_NAMES = ("tokens", "words")
TEXTS: dict[Unit, tuple[str, ...]] = {"text": TEXT_NAMES, "word": (*WORD_NAMES, *TEXT_NAMES)}
LABELS: dict[Unit, tuple[str, ...]] = {"text": LABEL_NAMES, "word": ("tags", "ner_tags", *LABEL_NAMES)}
"""Well-known names of columns, by what has a label."""

KNOWN = tuple(dict.fromkeys(TEXTS["word"] + LABELS["word"]))
"""All of them."""


def text_column_of(table: Table, wanted: str | None, unit: Unit = "text") -> str:
    """The column of the texts: the one requested, or else the first well-known name."""
    return find_column(table, wanted, TEXTS[unit], "data.text_column")


def label_column_of(table: Table, wanted: str | None, unit: Unit = "text") -> str:
    """The column of the labels: the one requested, or else the first well-known name."""
    return find_column(table, wanted, LABELS[unit], "data.label_column")


def has_label_column(table: Table, wanted: str | None, unit: Unit = "text") -> bool:
    """Whether a table has labels at all: a test set of a competition often has none."""
    if wanted is not None:
        return wanted in table.columns or wanted in table.ambiguous
    return any(column.lower() in LABELS[unit] for column in [*table.columns, *table.ambiguous])


def find_column(table: Table, wanted: str | None, known: tuple[str, ...], setting: str) -> str:
    """The requested column, or else the first well-known name among the columns, ignoring case.

    Raises:
        ValueError: There is none, or more than one of that name; the message lists the columns found.
    """
    columns = list(table.columns)
    found = f"{table.place} has: {listed(columns)}"
    by_lower_case = {column.lower(): column for column in reversed([*columns, *table.ambiguous])}
    name = wanted if wanted is not None else next((by_lower_case[name] for name in known if name in by_lower_case), None)
    if name is None:
        raise ValueError(f"{setting} must name a column: none is called {', '.join(known)}; {found}")
    if name in table.ambiguous:
        raise ValueError(f"{setting}: {table.place} has more than one column called {excerpt(name)}; rename all but one")
    if name not in columns:
        raise ValueError(f"{setting}: there is no column {excerpt(name)}; {found}")
    return name
