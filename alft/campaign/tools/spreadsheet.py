"""CSV and TSV files, of every separator and encoding that a spreadsheet saves them in.

Seen of LibreOffice 7.4: a file with semicolons is taken for one column and comes back with commas at each line's end; a file
saved without asking is in an encoding of one byte, with ``?`` for each letter that has no place there; one converted without
its window is read as Western European, although a byte order mark says UTF-8.
"""

import csv
import sys
from collections.abc import Iterator
from io import StringIO
from typing import ClassVar

from alft.campaign.answers import Asked
from alft.campaign.tools.sheet import Rows, Sheet, column_name, start_of, table_of
from alft.data.readers.delimited import DECLARATION, SEPARATORS
from alft.data.readers.encoding import decode

OLD_ENCODINGS = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac_roman")
"""Tried for a file that is not Unicode; the one in which the most labels are classes is taken."""

OTHER_TOOLS = ({"annotation_id", "lead_time"}, {"comments"})
"""Columns by which exports of Label Studio and doccano differ from a spreadsheet."""


class Spreadsheet(Sheet):
    """A table to fill in, as text."""

    endings: ClassVar[tuple[str, ...]] = (".csv",)

    def tables(self, content: bytes) -> Iterator[Rows]:
        """The file in each encoding and with each separator that give it the columns id and label."""
        if content[:4] == b"PK\x03\x04" or content.lstrip()[:1] in (b"[", b"{"):
            return
        for text in _decodings(content):
            for rows in _separations(text):
                if (start := start_of(rows)) is not None and not _is_of_other_tool(rows[start]):
                    yield rows

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """UTF-8 with a byte order mark, by which spreadsheets recognise it; every cell in quotes."""
        lines = StringIO()
        csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(table_of(rows, classes, self.form))
        return lines.getvalue().encode("utf-8-sig", errors="replace")


def _decodings(content: bytes) -> Iterator[str]:
    try:
        yield decode(content)[0]
    except ValueError:
        if content.count(0) > len(content) / 4:
            yield content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
            return
        yield from (content.decode(encoding, errors="replace") for encoding in OLD_ENCODINGS)


def _separations(text: str) -> Iterator[Rows]:
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith(DECLARATION):
        text = rest
    for separator in SEPARATORS:
        yield _rows(text, separator)
    for outer in SEPARATORS:
        lines = "\n".join(outer.join(row).rstrip(outer) for row in _rows(text, outer))
        yield from (_rows(lines, inner) for inner in SEPARATORS if inner != outer)


def _rows(text: str, separator: str) -> Rows:
    """Rows of a file; a stray quote is an ordinary character."""
    csv.field_size_limit(sys.maxsize)  # a cell may hold a book
    return list(csv.reader(StringIO(text, newline=""), delimiter=separator))


def _is_of_other_tool(header: list[str]) -> bool:
    names = set(map(column_name, header))
    return any(columns <= names for columns in OTHER_TOOLS)
