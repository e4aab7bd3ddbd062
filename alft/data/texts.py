"""Reads text cells from every source."""

from collections.abc import Callable, Sequence
from typing import Any

from alft.system.cells import SCALARS, is_missing
from alft.system.excerpt import excerpt


def read_texts(cells: Sequence[Any], where: Callable[[int], str]) -> list[str]:
    """Text cells as strings, unchanged; a missing one is blank.

    Args:
        cells: One cell per row.
        where: Location of a row.

    Raises:
        ValueError: A cell is a list or an object; the message gives its location.

    >>> read_texts(["NA", None, float("nan"), 7], where=str)
    ['NA', '', '', '7']
    """
    return [cell if type(cell) is str else _as_text(cell, row, where) for row, cell in enumerate(cells)]


def _as_text(cell: Any, row: int, where: Callable[[int], str]) -> str:
    if is_missing(cell):
        return ""
    if isinstance(cell, SCALARS):
        return str(cell)
    raise ValueError(
        f"holds {excerpt(cell)} ({type(cell).__name__}), which is no text ({where(row)}); a list of words must be joined"
    )
