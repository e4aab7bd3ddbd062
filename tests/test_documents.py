"""docs/input.md and docs/reliability.md are correct: the numbers of their rows are those of tests, and the files exist."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .conftest import ROOT

FAULTS = "".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("test_*.py")) if path != Path(__file__)
)
COUNTS = {"A": 11, "B": 5, "C": 8, "D": 7, "E": 5}
NUMBERS = [f"{group}{number}" for group, count in COUNTS.items() for number in range(1, count + 1)]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_fault_has_a_row_and_a_test_of_its_number(number):
    rows = [line for line in (ROOT / "docs" / "input.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert any(number in re.findall(r"\w+", row.split("|")[-2]) for row in rows)
    assert re.search(rf"""["'_]{number}[ _:"']""", FAULTS)


@pytest.mark.parametrize("document", ["input.md", "reliability.md"])
def test_the_test_files_of_a_document_exist(document):
    named = re.findall(r"tests/test_\w+\.py", (ROOT / "docs" / document).read_text(encoding="utf-8"))
    assert named
    assert all((ROOT / name).is_file() for name in named)


def test_the_numbers_of_tests_are_those_that_pytest_collects():
    files = [*sorted((ROOT / "tests").glob("test_faults_*.py")), ROOT / "tests" / "test_report_groups.py"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        *map(str, files),
    ]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()
    found = Counter(number for line in listed for number in set(re.findall(r"(?<![A-Za-z0-9])([A-E]1?[0-9])(?=[ _:\]])", line)))
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for group, count in COUNTS.items():
        (told,) = re.findall(rf"^\| {group}1 to {group}{count} \|[^|]*\| ([0-9, ]+) \|", text, re.MULTILINE)
        assert told == ", ".join(str(found[f"{group}{number}"]) for number in range(1, count + 1)), group
