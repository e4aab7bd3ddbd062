"""XLSX workbooks, by openpyxl (extra ``sheet``): every cell typed as text, so that no spreadsheet rewrites it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar
from zipfile import BadZipFile, ZipFile

from alft.campaign.answers import Asked
from alft.campaign.form import NOTHING
from alft.campaign.tools.sheet import Rows, Sheet, cell_text, table_of
from alft.system.excerpt import first_line

MARK = "xl/workbook.xml"
"""Part of every workbook."""

LONGEST = 32_767
"""Characters that a cell can hold (Microsoft, "Excel specifications and limits")."""

CUT = " [cut]"
WIDTHS = {"A": 20, "B": 90, "C": 18, "D": 30, "E": 18}
TEXT = "@"
"""The number format of text (ECMA-376 part 1, 18.8.30)."""


class Workbook(Sheet):
    """A workbook with the columns of a spreadsheet, the classes to choose from, and a header that stays in view."""

    endings: ClassVar[tuple[str, ...]] = (".xlsx",)

    def tables(self, content: bytes) -> Iterator[Rows]:
        """Each sheet of the workbook."""
        try:
            book = _openpyxl("needs").load_workbook(BytesIO(content), read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # some programs state a size that is too small
                yield [list(map(cell_text, row)) for row in sheet.iter_rows(values_only=True)]
        except (BadZipFile, KeyError, TypeError, AttributeError, SyntaxError, OSError) as error:
            raise ValueError(f"is damaged ({first_line(error)}); save it again as .xlsx or .csv") from error

    def recognises(self, content: bytes) -> bool:
        """Whether it is an archive with a workbook; whether openpyxl is there is told when it is read."""
        return holds(content, MARK)

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """A sheet ``ask`` to fill in and a sheet ``classes`` with what may be chosen."""
        table = table_of(rows, classes, self.form)
        book = _openpyxl("to: .xlsx needs").Workbook()
        sheet = book.active
        sheet.title = "ask"
        _fill(sheet, table)
        sheet.freeze_panes = "A2"
        for column, width in WIDTHS.items():
            sheet.column_dimensions[column].width = width
        choices = book.create_sheet("classes")
        offered = [*classes, *([NOTHING] if self.form.of_marks else []), "skip"]
        _fill(choices, [[name] for name in offered])
        _offer(sheet, f"classes!$A$1:$A${len(offered)}", len(table))
        written = BytesIO()
        book.save(written)
        return written.getvalue()


def holds(content: bytes, part: str) -> bool:
    """Whether a file is an archive with a certain part."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            return part in archive.namelist()
    except (BadZipFile, OSError, ValueError):
        return False


def _fill(sheet: Any, table: Rows) -> None:
    """Write all cells as text: openpyxl would take a text that begins with = for a formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment

    short, long = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)
    for row, cells in enumerate(table, start=1):
        for column, text in enumerate(cells, start=1):
            shown = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text.encode("utf-8", "replace").decode())
            cell = sheet.cell(row, column)
            cell.value = shown if len(shown) <= LONGEST else shown[: LONGEST - len(CUT)] + CUT
            cell.data_type = "s"
            cell.number_format = TEXT
            cell.alignment = long if column == 2 else short


def _offer(sheet: Any, choices: str, last: int) -> None:
    """A drop-down in the column of labels; another label may be typed, since a new class is an answer too."""
    from openpyxl.worksheet.datavalidation import DataValidation

    menu = DataValidation(type="list", formula1=choices, allow_blank=True, showErrorMessage=False)
    sheet.add_data_validation(menu)
    menu.add(f"C2:C{max(last, 2)}")


def _openpyxl(subject: str) -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise ValueError(f"{subject} openpyxl; pip install 'alft[sheet]', or use .csv") from error
    return openpyxl
