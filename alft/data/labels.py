"""Finds the text and label columns, and the names and order of the labels (method.md 9)."""

import math
from collections.abc import Sequence
from typing import Any

import datasets

TEXT_NAMES = ("text", "sentence", "review", "content", "tweet", "comment", "document", "body")
LABEL_NAMES = ("label", "labels", "sentiment", "class", "target", "category", "polarity", "rating")


def find_column(wanted: str | None, known: Sequence[str], columns: Sequence[str], setting: str) -> str:
    """The requested column, or else the first well-known name among the columns, ignoring case.

    Raises:
        ValueError: There is none; the message lists the columns found.
    """
    if wanted is not None:
        if wanted not in columns:
            raise ValueError(f"{setting}: there is no column {wanted!r}; found: {', '.join(columns)}")
        return wanted
    by_lower_case = {column.lower(): column for column in reversed(columns)}
    for name in known:
        if name in by_lower_case:
            return by_lower_case[name]
    raise ValueError(f"{setting} must name a column: none is called {', '.join(known)}; found: {', '.join(columns)}")


def as_text(value: Any) -> str:
    """A cell as text; a missing one is blank.

    >>> [as_text(value) for value in ("NA", None, float("nan"), 7)]
    ['NA', '', '', '7']
    """
    return "" if value is None or value != value else str(value)


def as_names(values: Sequence[Any], feature: Any) -> list[str | None]:
    """Label cells as names; an empty cell, or a negative number in a column of class numbers, means no label.

    Numeric labels are written without a decimal point where they have no fraction: 1.0 is "1".
    """
    if isinstance(feature, datasets.ClassLabel):
        return [None if value is None or value < 0 else feature.int2str(int(value)) for value in values]
    return [_as_name(value) for value in values]


def in_order(names: set[str], feature: Any) -> list[str]:
    """Label names in the data set's own order, else numerically if all are numbers, else alphabetically."""
    if isinstance(feature, datasets.ClassLabel):
        return [name for name in feature.names if name in names]
    if all(_is_number(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))  # the order of "1" and "1.0" must not depend on set order
    return sorted(names)


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False


def _as_name(value: Any) -> str | None:
    if value is None or value != value:  # NaN, which Parquet and JSON readers use for missing numbers
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None
