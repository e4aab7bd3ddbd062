"""Checks cells of CSV and TSV files that run over several lines: a stray double quote swallows the rows up to the next one."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from alft.data.readers.table import Table

BREAK = re.compile("\r\n|\r|\n")

MOST_SWALLOWED = 2
"""A file in which more lines than this look like swallowed rows is refused."""


def check_line_breaks(table: Table, label_column: str | None) -> list[str]:
    """A remark on cells over several lines.

    Args:
        table: Any table; only those of CSV and TSV files can have this problem.
        label_column: Column of the labels: a swallowed row is recognised by its label. None without labels: then rows are
            recognised only if they are separated by tabs, which are rare in texts.

    Raises:
        ValueError: Several lines inside cells look like rows.
    """
    breaks = _line_breaks(table)
    if not breaks:
        return []
    shape = _shape_of(table, label_column, breaks)
    inside = {row: sum(shape.rows_in(*cell) for cell in enumerate(_cells(table, row))) for row in breaks}
    worst = max(breaks, key=lambda row: (inside[row], breaks[row]))
    place = f"line {table.lines[worst] - breaks[worst]} to line {table.lines[worst]}"
    total = sum(inside.values())
    if total > MOST_SWALLOWED:
        raise ValueError(
            f"has cells over several lines in which {total} lines look like rows, such as {place}; if they begin with a stray "
            "double quote, read quotes as ordinary characters with --data.quotes false"
        )
    rows = f"; {total} of these lines look like rows: read stray double quotes with --data.quotes false" if total else ""
    return [f"cells over several lines: {len(breaks)} rows of {table.place}, such as {place}{rows}"]


@dataclass(frozen=True)
class _Shape:
    """What a row looks like: its number of cells, and the place and values of its label."""

    separator: str
    cells: int
    label: int | None
    labels: Collection[str]

    def rows_in(self, place: int, cell: str) -> int:
        """Number of lines in a cell, which is the ``place``-th of its row, that look like rows or the end of one."""
        pieces = BREAK.split(cell)[:-1]  # what follows the last line break is the beginning of a row at most
        missing = [place, *[0] * len(pieces)]  # the first line lacks the cells before this one
        return sum(self._is_row(piece.split(self.separator), less) for piece, less in zip(pieces, missing, strict=False))

    def _is_row(self, cells: list[str], missing: int) -> bool:
        if len(cells) != self.cells - missing:
            return False
        if self.label is None:
            return self.separator == "\t"
        return self.label >= missing and cells[self.label - missing].strip(' "') in self.labels


def _line_breaks(table: Table) -> dict[int, int]:
    """Number of line breaks inside the cells of each row that has any."""
    if table.form is None or not table.form.quotes:
        return {}
    ends = (0, *table.lines)
    longer = [row for row in range(len(table.lines)) if ends[row + 1] - ends[row] > 1]  # or blank lines stand before it
    counts = {row: sum(len(BREAK.findall(cell)) for cell in _cells(table, row)) for row in longer}
    return {row: count for row, count in counts.items() if count}


def _shape_of(table: Table, label_column: str | None, broken: Collection[int]) -> _Shape:
    assert table.form is not None
    names = list(table.columns)
    if label_column is None:
        return _Shape(table.form.separator, len(names), None, ())
    labels = {cell.strip() for row, cell in enumerate(table.columns[label_column]) if row not in broken}
    return _Shape(table.form.separator, len(names), names.index(label_column), labels - {""})


def _cells(table: Table, row: int) -> list[str]:
    return [column[row] for column in table.columns.values()]
