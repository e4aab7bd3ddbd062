"""Spreadsheets that ask for labels: whatever a program does to a file, an answer comes back to its text or is told."""

import csv
import sys
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.campaign.answers import Answer, Asked, Taken
from alft.campaign.matching import match_label
from alft.campaign.tools.known import tool_of_content, tool_of_name
from alft.campaign.tools.open_document import OpenDocument
from alft.campaign.tools.spreadsheet import Spreadsheet
from alft.campaign.tools.workbook import LONGEST, Workbook

CLASSES = ["negative", "positive"]
IDS = [f"t{number:016x}" for number in range(6)] + ["t0000000000000000-2"]
TEXTS = (
    *("=1+1", '=HYPERLINK("http://x.example","y")', "@SUM(A1)", "-2+3", "+1", "\t=1", "\r=1", "  =1"),
    *("007", "1e3", "3,14", "01.02.2024", "TRUE", 'say "no"', "a;b,c\td|e", "two\nlines", "old\r\nlines", "'quoted'"),
    *("\N{PARTY POPPER} \N{FAMILY}", "Ħażin ħafna", "не харесвам", "  spaces  ", "", "x" * 3000, "NA", "#REF!", "<b>&amp;</b>"),
)


def labels_of(taken: Taken) -> dict[str, str | None]:
    labels = {answer.text_id: answer.label for answer in taken.answers}
    assert len(labels) == len(taken.answers)
    return labels


def read(text: str, classes: list[str] = CLASSES, encoding: str = "utf-8") -> Taken:
    return Spreadsheet().read(text.encode(encoding), classes, IDS)


@pytest.mark.parametrize(
    ("classes", "written", "label"),
    [
        (CLASSES, " Positive ", "positive"),
        (CLASSES, "POSITIVE", "positive"),
        (["01", "03"], "3", "03"),
        (["1.0", "2.0"], "1", "1.0"),
        (["1e3", "5"], "1000", "1e3"),
        (["1.5", "2"], "1,5", "1.5"),
        (["1", "1.0"], "1.00", "1.00"),
        (["1", "1.0"], "1.0", "1.0"),
        (["A", "a"], "a", "a"),
        (["Ä", "B"], "A\u0308", "Ä"),
        (["ħażin", "tajjeb"], "?a?in", "ħażin"),
        (["да", "не"], "??", "??"),
        (["\N{PARTY POPPER}", "no"], "??", "\N{PARTY POPPER}"),
        (["ħażin", "tajjeb"], "Ä§aÅ¼in", "ħażin"),
        (CLASSES, "mixed", "mixed"),
        (CLASSES, "Err:509", "Err:509"),
        (["nan", "b"], "NaN", "nan"),
        (["skip", "b"], "skip", "skip"),
    ],
)
def test_a_label_is_matched_to_the_one_class_it_can_be(classes, written, label):
    assert match_label(written, classes) == label
    assert labels_of(read(f"id,label\n{IDS[0]},{csv_cell(written)}\n", classes)) == {IDS[0]: label}


def csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("written", ["skip", " SKIP ", "?"])
def test_skip_and_a_question_mark_skip_a_text(written):
    assert read(f"id,label\n{IDS[0]},{written}\n").answers == [Answer(IDS[0], None, tool="spreadsheet")]


FILES = {
    "as written": f"id,text,label,note\r\n{IDS[0]},x,positive,\r\n{IDS[1]},y,,\r\n{IDS[6]},z,skip,why\r\n",
    "another order of rows": f"id,label\n{IDS[6]},skip\n\n{IDS[0]},positive\n",
    "another order of columns": f"Label ,note,ID\npositive,,{IDS[0]}\nskip,,{IDS[6]}\n",
    "semicolons": f'id;text;label;note\n{IDS[0]};"a;b";positive;\n{IDS[6]};c,d;skip;\n',
    "tabs": f"id\ttext\tlabel\n{IDS[0]}\tx\tpositive\n{IDS[6]}\tz\tskip\n",
    "bars": f"id|text|label\n{IDS[0]}|x|positive\n{IDS[6]}|z|skip\n",
    "declared by Excel": f"sep=;\nid;text;label\n{IDS[0]};x;positive\n{IDS[6]};z;skip\n",
    "commas at the ends": f"id,text,label,,,\n{IDS[0]},x,positive,,,\n{IDS[6]},z,skip,,,\n",
    "one column of semicolons": f'id;text;label,,\n{IDS[0]};x;positive,,\n"{IDS[6]};""a,b"";skip",,\n',
    "one column, text cut at commas": f'id;text;label,,\n"{IDS[0]};""a"," b"";positive",\n{IDS[6]};z;skip,,\n',
    "rows of unequal length": f"id,text,label,note\n{IDS[0]},x,positive\n{IDS[6]},z,skip,n,more\n{IDS[2]}\n",
    "a stray quote": f'id,text,label\n{IDS[0]},12" disc,positive\n{IDS[6]},z,skip\n',
    "a title above": f"Posts of May,,\nid,text,label\n{IDS[0]},x,positive\n{IDS[6]},z,skip\n",
    "every cell in quotes": f'"id","text","label"\n"{IDS[0]}","x","positive"\n"{IDS[6]}","z","skip"\n',
    "a row twice": f"id,label\n{IDS[0]},positive\n{IDS[6]},skip\n{IDS[0]},Positive\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("name", FILES)
def test_every_form_of_a_file_gives_the_same_answers(name, encoding):
    content = FILES[name].replace("x", "é" if encoding == "cp1252" else "x").encode(encoding)
    assert type(tool_of_content(content, Path("a"))) is Spreadsheet
    taken = Spreadsheet().read(content, CLASSES, IDS)
    assert labels_of(taken) == {IDS[0]: "positive", IDS[6]: None}
    assert not taken.remarks
    assert not taken.listed


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1252", "négatif"), ("cp1250", "záporné č"), ("cp1251", "плохо"), ("cp1253", "κακό")]
)
def test_of_old_encodings_the_one_is_taken_that_gives_the_classes(encoding, name):
    assert labels_of(read(f"id,label\n{IDS[0]},{name}\n", [name, "b"], encoding)) == {IDS[0]: name}


def test_what_cannot_be_matched_is_told_by_id_and_nothing_else_is_lost():
    taken = read(
        f"id,label\nt999,positive\n{IDS[0]},positive\n{IDS[1]},positive\n{IDS[1]},negative\n,negative\n{IDS[2]},mixed\n"
    )
    assert labels_of(taken) == {IDS[0]: "positive", IDS[2]: "mixed"}
    assert taken.remarks == [
        "not recorded: 2 rows whose id is not of this campaign: t999, (no id)",
        f"not recorded: 1 rows that have several labels for one id: {IDS[1]}",
    ]


def test_a_column_of_annotators_gives_each_an_answer():
    taken = read(f"id,label,annotator\n{IDS[0]},positive,ann\n{IDS[0]},negative,ben\n")
    assert [(answer.annotator, answer.label) for answer in taken.answers] == [("ann", "positive"), ("ben", "negative")]


def test_a_file_with_bytes_of_no_encoding_loses_only_the_row_that_they_are_in():
    content = f"id,text,label\n{IDS[0]},".encode() + b"\x81\x8d\xff" + f",positive\n{IDS[1]},y,negative\n".encode()
    assert labels_of(Spreadsheet().read(content, CLASSES, IDS)) == {IDS[0]: "positive", IDS[1]: "negative"}


def asked(texts: tuple[str, ...] = TEXTS) -> list[Asked]:
    return [Asked(f"t{number:016x}", text, suggestion="positive" if number % 2 else None) for number, text in enumerate(texts)]


def rows_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_csv_file_begins_with_a_mark_and_holds_no_formula_and_no_label():
    content = Spreadsheet().write(asked(), CLASSES)
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = rows_of_csv(content)
    assert header == ["id", "text", "label", "note", "suggested"]
    assert [row[0] for row in rows] == [row.text_id for row in asked()]
    for (_, text, label, note, suggested), row in zip(rows, asked(), strict=True):
        assert not text.startswith(("\t", "\r"))
        assert not text.lstrip().startswith(("=", "+", "-", "@"))
        assert text in (row.text, f"'{row.text}")
        assert (label, note) == ("", "")
        assert suggested == (row.suggestion or "")


def test_a_workbook_holds_text_alone_a_menu_of_the_classes_and_a_fixed_header():
    classes = ["negative, very", 'say "yes"', "=1"]
    rows = [*asked(), Asked("t00000000000000ff", "\x00\x0b" + "y" * 40_000)]
    book = openpyxl.load_workbook(BytesIO(Workbook().write(rows, classes)))
    sheet = book["ask"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
    assert sheet.freeze_panes == "A2"
    (menu,) = sheet.data_validations.dataValidation
    assert (menu.type, menu.formula1, str(menu.sqref)) == ("list", "classes!$A$1:$A$4", f"C2:C{len(rows) + 1}")
    assert [cell.value for cell in book["classes"]["A"]] == [*classes, "skip"]
    assert len(sheet.cell(len(rows) + 1, 2).value) == LONGEST


def test_a_workbook_that_a_person_filled_in_comes_back():
    book = openpyxl.load_workbook(BytesIO(Workbook().write(asked(), ["03", "1.0"])))
    for row, value in zip((2, 3, 4, 5), (3, 1.0, "skip", None), strict=True):
        book["ask"].cell(row, 3).value = value
    filled = BytesIO()
    book.save(filled)
    taken = Workbook().read(filled.getvalue(), ["03", "1.0"], [row.text_id for row in asked()])
    assert labels_of(taken) == {IDS[0]: "03", IDS[1]: "1.0", IDS[2]: None}


def test_classes_that_a_spreadsheet_may_change_are_told_when_it_is_written():
    assert Spreadsheet().advice(CLASSES) == []
    assert "look like numbers" in Workbook().advice(["0", "1"])[0]
    assert "1, 1.0 are the same number" in Spreadsheet().advice(["1", "1.0", "b"])[0]
    assert "1-2, TRUE look like dates" in Spreadsheet().advice(["1-2", "TRUE", "b"])[0]
    assert "да, не are alike" in Spreadsheet().advice(["да", "не", "b"])[0]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: Spreadsheet().write(asked(), ["Skip", "b"]), "'Skip' skips a text"),
        (lambda: OpenDocument().write(asked(), CLASSES), "write .xlsx"),
        (lambda: tool_of_name(Path("ask.ods")), r"must end in one of .*\.csv.*\.xlsx"),
        (lambda: Spreadsheet().read(b"a,b\n1,2\n", CLASSES, IDS), "no columns id and label"),
        (lambda: tool_of_content(b"PK\x03\x04 broken", Path("ask.xlsx")), "ask.xlsx is no file of a known tool"),
        (lambda: tool_of_content(b"", Path("ask.csv")), "ask.csv is no file of a known tool"),
    ],
)
def test_errors_say_what_to_use(act, message):
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: Workbook().write(asked(), CLASSES), r"^to: \.xlsx needs openpyxl; pip install 'alft\[sheet\]', or use \.csv$"),
        (lambda: Workbook().read(b"", CLASSES, IDS), "^needs openpyxl; pip install"),
    ],
)
def test_without_openpyxl_the_message_says_what_to_install(act, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize("tool", [Workbook(), OpenDocument()], ids=lambda tool: type(tool).__name__)
@pytest.mark.parametrize("parts", [["xl/workbook.xml", "content.xml"], []], ids=len)
def test_a_damaged_archive_is_told(tool, parts):
    archive = BytesIO()
    with ZipFile(archive, "w") as written:
        for part in parts:
            written.writestr(part, "<damaged")
    for content in (archive.getvalue(), archive.getvalue()[:-5], b""):
        with pytest.raises(ValueError, match=r"^(is damaged|has no columns)"):
            tool.read(content, CLASSES, IDS)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(CELLS, min_size=1, max_size=8), tool=st.sampled_from([Spreadsheet, Workbook]), data=st.data())
def test_any_texts_and_answers_come_back(texts, tool, data):
    rows = [Asked(f"t{number:016x}", text) for number, text in enumerate(texts)]
    labels = data.draw(st.lists(st.sampled_from(["", "skip", *CLASSES]), min_size=len(rows), max_size=len(rows)))
    order = data.draw(st.permutations(range(len(rows))))
    separator = data.draw(st.sampled_from(",;\t|"))
    header, *written = next(iter(tool().tables(tool().write(rows, CLASSES))))
    lines = StringIO()
    filled = [[*written[row][:2], labels[row], "note"] for row in order]
    csv.writer(lines, delimiter=separator).writerows([header, *filled])
    taken = Spreadsheet().read(lines.getvalue().encode(), CLASSES, {row.text_id for row in rows})
    expected = {row.text_id: None if label == "skip" else label for row, label in zip(rows, labels, strict=True) if label}
    assert labels_of(taken) == expected
    assert not taken.remarks
