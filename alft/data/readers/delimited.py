"""Reads CSV and TSV files, with the separator that their header shows."""

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from alft.data.readers.encoding import decode
from alft.data.readers.table import Form, Table

if TYPE_CHECKING:
    import _csv  # the type of a reader has no public name

SEPARATORS = (",", ";", "\t", "|")

HEAD = 65_536
"""Characters within which the header ends."""

DECLARATION = "sep="
"""Beginning of the first line of a file in which Excel declares the separator."""


def read_delimited(content: bytes, usual: str, quotes: bool, known: Sequence[str]) -> Table:
    """Read a file with one row per line, apart from line breaks between quotes.

    Args:
        content: Content of the file.
        usual: The separator that the ending of the file's name stands for.
        quotes: Whether double quotes delimit cells; otherwise they are ordinary characters.
        known: Names of columns in lower case that identify a header.

    Raises:
        ValueError: A row cannot be read; the message gives its line.
    """
    text, encoding = decode(content)
    line_end = "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
    first = text[: text.find("\n") + 1].strip().lower()
    declares = first.startswith(DECLARATION) and len(first) <= len(DECLARATION) + 1
    separator = first[len(DECLARATION) :] or "\t" if declares else recognise(text[:HEAD], usual, quotes, known)
    header, cells, lines = _read_cells(text, separator, quotes, declares)
    names = unique_names(header)
    ambiguous = frozenset(name for name, times in Counter(map(str.strip, header)).items() if times > 1 and name)
    columns = dict(zip(names, zip(*cells, strict=True), strict=True)) if cells else {}
    form = Form(separator, encoding, tuple(header), declares, quotes, line_end)
    return Table(columns, lines=lines, form=form, ambiguous=ambiguous)


def recognise(head: str, usual: str, quotes: bool, known: Sequence[str]) -> str:
    r"""The separator by which the header has a well-known name; else the usual one; else that of the most columns.

    >>> recognise("text;label, if any\n", usual=",", quotes=True, known=["text"])
    ';'
    """

    def quality(separator: str) -> tuple[bool, bool, int]:
        header = [name.strip().lower() for name in _header(head, separator, quotes)]
        several = len(header) > 1
        return several and any(name in known for name in header), several and separator == usual, len(header)

    return max((usual, *SEPARATORS), key=quality)


def unique_names(header: Sequence[str]) -> list[str]:
    """Names of the columns: stripped, numbered where a name is empty or repeated, since such columns may be unused.

    >>> unique_names(["text ", "label", "", "label"])
    ['text', 'label (column 2)', 'column 3', 'label (column 4)']
    """
    stripped = [name.strip() for name in header]
    times = Counter(stripped)
    return [
        f"column {number}" if not name else f"{name} (column {number})" if times[name] > 1 else name
        for number, name in enumerate(stripped, start=1)
    ]


def _rows(text: str, separator: str, quotes: bool) -> "_csv.Reader":
    csv.field_size_limit(sys.maxsize)  # a cell may hold a book
    stream = StringIO(text, newline="")
    if quotes:
        return csv.reader(stream, delimiter=separator, strict=True)
    return csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE)


def _header(head: str, separator: str, quotes: bool) -> list[str]:
    try:
        return next((row for row in _rows(head, separator, quotes) if any(map(str.strip, row))), [])
    except csv.Error:
        return []


def _read_cells(text: str, separator: str, quotes: bool, declares: bool) -> tuple[list[str], list[Sequence[str]], list[int]]:
    """The header, the other rows, and the line on which each of them ends."""
    rows = _rows(text, separator, quotes)
    header: list[str] = []
    cells: list[Sequence[str]] = []
    lines: list[int] = []
    blank = 0
    try:
        if declares:
            next(rows)
        for row in rows:
            if not row or (len(header) != 1 and len(row) == 1 and not row[0].strip()):
                blank += len(header) == 1  # with one column, a blank line may be a row
                continue
            if not header:
                header = row
                continue
            if len(row) != len(header):
                row = _cut_to(header, row, rows.line_num, separator)
            if blank:
                cells += [[""]] * blank
                lines += [rows.line_num] * blank
                blank = 0
            cells.append(row)
            lines.append(rows.line_num)
    except csv.Error as error:
        raise ValueError(
            f"cannot be read: {error} (line {rows.line_num}); a stray double quote is read with --data.quotes false"
        ) from error
    return header, cells, lines


def _cut_to(header: list[str], row: list[str], line: int, separator: str) -> list[str]:
    """The row without surplus cells, which must be empty: spreadsheets write as many as their longest row has."""
    if len(row) < len(header) or any(map(str.strip, row[len(header) :])):
        more, name = "more" if len(row) > len(header) else "fewer", "tab" if separator == "\t" else repr(separator)
        raise ValueError(
            f"has {more} cells in line {line} than the header has columns ({len(header)}, separated by {name}); "
            "a text that contains the separator must be in double quotes"
        )
    return row[: len(header)]
