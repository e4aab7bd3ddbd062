"""Spreadsheets through a real LibreOffice without its window: ODS, XLSX and CSV give the answers that were filled in."""

import csv
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from alft.campaign.answers import Asked
from alft.campaign.tools.known import tool_of_content
from alft.campaign.tools.open_document import OpenDocument
from alft.campaign.tools.spreadsheet import Spreadsheet
from alft.campaign.tools.workbook import Workbook

from .test_spreadsheets import CLASSES, TEXTS, labels_of, rows_of_csv

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def converted(path: Path, ending: str, *options: str) -> Path:
    """The file as LibreOffice saves it in another format, with a profile of its own."""
    folder = path.parent / ending
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    command = [SOFFICE, profile, "--headless", *options, "--convert-to", ending, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder / f"{path.stem}.{ending.partition(':')[0]}"


needs_libreoffice = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
UTF_8 = "--infilter=CSV:44,34,76"
"""What its window offers for a file with a byte order mark; without it LibreOffice takes the file for Western European."""


@needs_libreoffice
@pytest.mark.parametrize(
    ("endings", "options"),
    [
        (("ods", "xlsx", "csv"), [UTF_8]),
        pytest.param(("ods", "csv"), [], marks=pytest.mark.soak),
    ],
)
def test_two_hundred_answers_come_back_from_libreoffice(tmp_path, endings, options):
    rng, classes = random.Random(0), ["03", "1.0", "ħażin", "positive"]
    rows = two_hundred(rng)
    labels = [rng.choice([*classes, "skip", ""]) for _ in rows]
    expected = {row.text_id: None if label == "skip" else label for row, label in zip(rows, labels, strict=True) if label}
    header, *written = rows_of_csv(Spreadsheet().write(rows, classes))
    filled = [[*cells[:2], label, ""] for cells, label in zip(written, labels, strict=True)]
    rng.shuffle(filled)
    path = tmp_path / "ask.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *filled])
    kinds = {"ods": OpenDocument, "xlsx": Workbook, "csv": Spreadsheet}
    for ending in endings:
        path = converted(path, ending, *(options if path.suffix == ".csv" else []))
        tool = tool_of_content(path.read_bytes(), path)
        assert type(tool) is kinds[ending]
        taken = tool.read(path.read_bytes(), classes, [row.text_id for row in rows])
        assert labels_of(taken) == expected, ending
        assert not taken.remarks


@needs_libreoffice
@pytest.mark.soak
def test_two_hundred_texts_of_a_workbook_are_unchanged_by_libreoffice(tmp_path):
    rows = two_hundred(random.Random(1))
    path = tmp_path / "ask.xlsx"
    path.write_bytes(Workbook().write(rows, CLASSES))
    before = texts_in(next(iter(Workbook().tables(path.read_bytes()))))
    path = converted(path, "ods")
    assert texts_in(next(iter(OpenDocument().tables(path.read_bytes())))) == before
    path = converted(path, "xlsx")
    assert texts_in(next(iter(Workbook().tables(path.read_bytes())))) == before
    path = converted(path, "csv:Text - txt - csv (StarCalc):44,34,76")
    assert texts_in(next(iter(Spreadsheet().tables(path.read_bytes())))) == before


def two_hundred(rng: random.Random) -> list[Asked]:
    return [Asked(f"t{number:016x}", f"{rng.choice(TEXTS)}{rng.choice(TEXTS)}") for number in range(200)]


def texts_in(rows: list[list[str]]) -> dict[str, str]:
    """Texts by id, with one kind of line break and without tabs: LibreOffice 7.4 drops tabs in cells of several lines."""
    breaks = (("\r\n", "\n"), ("\r", "\n"), ("\t", ""))
    texts = {row[0]: row[1] for row in rows if row and row[0].startswith("t0")}
    for old, new in breaks:
        texts = {text_id: text.replace(old, new) for text_id, text in texts.items()}
    assert len(texts) == 200
    return texts
