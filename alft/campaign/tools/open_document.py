"""ODS spreadsheets as LibreOffice saves them, read without a library (OASIS OpenDocument 1.3, part 3, chapter 9)."""

from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from alft.campaign.answers import Asked
from alft.campaign.tools.sheet import Rows, Sheet
from alft.campaign.tools.workbook import holds
from alft.system.excerpt import first_line

PART = "content.xml"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"

MOST = 100_000_000
"""Bytes of a content that is read; a million short rows have fewer."""

FARTHEST = 1_000
"""Columns read: LibreOffice states one empty cell that is repeated up to the last column."""


class OpenDocument(Sheet):
    """An ODS file that comes back; none is written, since LibreOffice opens XLSX."""

    def tables(self, content: bytes) -> Iterator[Rows]:
        """Each table of the document."""
        try:
            with ZipFile(BytesIO(content)) as archive:
                if archive.getinfo(PART).file_size > MOST:
                    raise ValueError(f"is larger than {MOST:,} bytes; save it as .csv")
                root = ElementTree.fromstring(archive.read(PART))  # noqa: S314  # expat limits the growth of entities
        except (BadZipFile, KeyError, ElementTree.ParseError, OSError) as error:
            raise ValueError(f"is damaged ({first_line(error)}); save it again, or as .csv") from error
        for table in root.iter(f"{TABLE}table"):
            yield [_cells(row) for row in table.iter(f"{TABLE}table-row")]

    def recognises(self, content: bytes) -> bool:
        """Whether it is an archive with cells of OpenDocument."""
        return holds(content, PART)

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """Refuse: the format is only read."""
        raise ValueError("to: .ods is only read; write .xlsx, which LibreOffice opens and may save as .ods")


def _cells(row: ElementTree.Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell") and len(cells) < FARTHEST:
            times = min(int(cell.get(f"{TABLE}number-columns-repeated", "1")), FARTHEST)
            cells += ["\n".join(map(_text, cell.findall(f"{TEXT}p")))] * times
    return cells


def _text(paragraph: ElementTree.Element) -> str:
    """The text of a paragraph, in which repeated spaces, tabs and line breaks are elements."""
    inner = {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
    parts = [paragraph.text or ""]
    for child in paragraph:
        if child.tag == f"{TEXT}s":
            parts.append(" " * int(child.get(f"{TEXT}c", "1")))
        else:
            parts.append(inner.get(child.tag) or _text(child))
        parts.append(child.tail or "")
    return "".join(parts)
