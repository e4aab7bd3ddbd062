"""Suspected wrong labels of the runs of a group: their files ``suspects.csv``, counted together.

Runs of one group have the same texts and labels, so a row number means the same text in all. A run says nothing of rows that it
did not buy.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.cells import Sheet
from alft.report.phrases import Line
from alft.system.run_files import SUSPECT_COLUMNS, SUSPECTS
from alft.system.visible import visible_values

COLUMNS = ("name", "fingerprint", "row", "label", "probability", "likelier", "likelier_probability", "runs", "of")
"""Columns in the order of the CSV."""

MOST = 20
"""Largest number of rows in a table for reading."""


def suspects(*roots: str | Path) -> pd.DataFrame:
    """One line per suspected row of each group of runs below the roots, the most doubtful first.

    Returns:
        name, fingerprint; row: number of the text in the pool; label: its label; probability: that of its label by regressions
        that have not seen it, in [0, 1]; likelier: the label that they find likeliest, and likelier_probability; all of these
        as means over the runs that list the row; runs: their number; of: number of runs of the group with a list. The order
        is that of 1 less the probability, summed over the runs.
        No lines if no run has a list.

    Raises:
        ValueError: There is no run, or a file is broken.
    """
    lines = [line for group in groups_of(gather(*roots)) for line in _lines(group)]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def read_suspects(file: Path) -> list[Line]:
    """The lines of ``suspects.csv``, with control characters in names of labels made visible.

    Raises:
        ValueError: It is no such file.
    """
    try:
        with file.open(newline="", encoding="utf-8") as text:
            reader = csv.DictReader(text, strict=True)
            if tuple(reader.fieldnames or ()) != SUSPECT_COLUMNS:
                raise ValueError(f"its columns must be {', '.join(SUSPECT_COLUMNS)}")
            return [_checked(line) for line in reader]
    except (ValueError, KeyError, TypeError, OSError, csv.Error) as error:
        raise ValueError(f"{file} is not the list of suspects of a run: {error}") from error


def suspects_sheet(lines: Sequence[Line]) -> list[Sheet]:
    """The sheet of one group, if there are suspects."""
    if not lines:
        return []
    title = f"Suspected wrong labels: rows of the pool, by probabilities out of fold ({min(MOST, len(lines))} of {len(lines)})"
    header = ("row", "label", "its\nprobability", "likelier\nlabel", "its\nprobability", "in runs")
    return [Sheet(title, header, tuple(_cells(line) for line in lines[:MOST]))]


def _lines(group: Sequence[Arm]) -> list[Line]:
    files = [file for arm in group for run in arm.runs if (file := Path(run.folder) / SUSPECTS).is_file()]
    by_row: dict[tuple[int, str, str], list[Line]] = {}
    for file in files:
        for line in read_suspects(file):
            by_row.setdefault((line["row"], line["label"], line["likelier"]), []).append(line)
    found = [
        {
            **{"name": group[0].name, "fingerprint": group[0].fingerprint, "row": row, "label": label, "likelier": likelier},
            **{key: sum(line[key] for line in lines) / len(lines) for key in ("probability", "likelier_probability")},
            **{"runs": len(lines), "of": len(files)},
        }
        for (row, label, likelier), lines in by_row.items()
    ]
    return sorted(found, key=lambda line: (-line["runs"] * (1 - line["probability"]), line["row"]))


def _checked(line: dict[str, str]) -> Line:
    found = {key: float(line[key]) for key in ("probability", "likelier_probability")}
    if not all(0 <= value <= 1 for value in found.values()):
        raise ValueError(f"probabilities must be in [0, 1], got {', '.join(map(str, found.values()))}")
    names = visible_values({key: line[key] for key in ("label", "likelier")})
    return {"row": int(line["row"]), **names, **found}


def _cells(line: Line) -> tuple[str, ...]:
    own, other = (f"{line[key]:.2f}" for key in ("probability", "likelier_probability"))
    return f"{line['row']}", line["label"], own, line["likelier"], other, f"{line['runs']} of {line['of']}"
