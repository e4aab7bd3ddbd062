"""Suspected wrong labels of the runs of a group: their files ``suspects.csv``, counted together.

Runs of one group have the same texts and labels, so a row number means the same text in all, or in those of one fold. A run
says nothing of rows that it did not buy. A list is a help for reading and no score: one that is broken is left out and told,
and the report goes on.
"""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.cells import Sheet
from alft.report.phrases import Line
from alft.system.excerpt import first_line
from alft.system.run_files import SUSPECT_COLUMNS, SUSPECTS
from alft.system.visible import visible, visible_values

COLUMNS = ("name", "fingerprint", "fold", "row", "label", "probability", "likelier", "likelier_probability", "runs", "of")
"""Columns in the order of the CSV."""

BROKEN = "broken"
"""Key of ``DataFrame.attrs``: for each fingerprint, sentences about lists that cannot be read and are left out."""

MOST = 20
"""Largest number of rows in a table for reading."""


def suspects(*roots: str | Path) -> pd.DataFrame:
    """One line per suspected row of each group of runs below the roots, the most doubtful first.

    Returns:
        name, fingerprint; fold: the one whose pool it is, -1 without folds; row: number of the text in the pool; label: its
        label; probability: that of its label by regressions that have not seen it, in [0, 1]; likelier: the label that they
        find likeliest, and likelier_probability; all of these as means over the runs that list the row; runs: their number;
        of: number of runs of the group and fold with a list. The order is that of 1 less the probability, summed over the runs.
        No lines if no run has a list. Lists that cannot be read are left out and told in ``attrs``, see :data:`BROKEN`.

    Raises:
        ValueError: There is no run, or a summary is broken.
    """
    lines: list[Line] = []
    broken: dict[str, list[str]] = {}
    for group in groups_of(gather(*roots)):
        lists, faults = _lists(group)
        lines += _lines(group[0], lists)
        broken.setdefault(group[0].fingerprint, []).extend(faults)
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table.attrs[BROKEN] = {fingerprint: faults for fingerprint, faults in broken.items() if faults}
    return table


def told_broken(faults: Sequence[str]) -> list[str]:
    """One sentence about the lists that cannot be read, if there are any."""
    if not faults:
        return []
    more = f", and {len(faults) - 1} more are not" if len(faults) > 1 else ""
    return [f"Suspected wrong labels: left out, since {faults[0]}{more}."]


def read_suspects(file: Path) -> list[Line]:
    """The lines of ``suspects.csv``, with control characters in names of labels made visible.

    Raises:
        ValueError: It is no such file.
    """
    try:
        with file.open(newline="", encoding="utf-8") as text:
            content = text.read()
            if content and not content.endswith("\n"):
                raise ValueError("its last line has no end")
            reader = csv.DictReader(StringIO(content), strict=True)
            if tuple(reader.fieldnames or ()) != SUSPECT_COLUMNS:
                raise ValueError(f"its columns must be {', '.join(SUSPECT_COLUMNS)}")
            return [_checked(line) for line in reader]
    except (ValueError, KeyError, TypeError, OSError, csv.Error) as error:
        raise ValueError(visible(f"{file} is not the list of suspects of a run ({first_line(error)})")) from error


def suspects_sheet(lines: Sequence[Line]) -> list[Sheet]:
    """The sheet of one group, if there are suspects."""
    if not lines:
        return []
    title = f"Suspected wrong labels: rows of the pool, by probabilities out of fold ({min(MOST, len(lines))} of {len(lines)})"
    header = ("row", "label", "its\nprobability", "likelier\nlabel", "its\nprobability", "in runs")
    return [Sheet(title, header, tuple(_cells(line) for line in lines[:MOST]))]


def _lists(group: Sequence[Arm]) -> tuple[dict[int, list[list[Line]]], list[str]]:
    """The lists of a group's runs by fold, and what is wrong with those that cannot be read."""
    lists: dict[int, list[list[Line]]] = {}
    faults = []
    for run in (run for arm in group for run in arm.runs):
        file = Path(run.folder) / SUSPECTS
        if file.is_file():
            try:
                lists.setdefault(run.repetition[0], []).append(read_suspects(file))
            except ValueError as error:
                faults.append(str(error))
    return lists, faults


def _lines(arm: Arm, lists: Mapping[int, Sequence[Sequence[Line]]]) -> list[Line]:
    """One line per row of the lists of an arm's group, the most doubtful first."""
    by_row: dict[tuple[int, int, str, str], list[Line]] = {}
    for fold, found in lists.items():
        for line in (line for one in found for line in one):
            by_row.setdefault((fold, line["row"], line["label"], line["likelier"]), []).append(line)
    counted = [
        {
            **{"name": arm.name, "fingerprint": arm.fingerprint, "fold": fold},
            **{"row": row, "label": label, "likelier": likelier},
            **{key: sum(line[key] for line in lines) / len(lines) for key in ("probability", "likelier_probability")},
            **{"runs": len(lines), "of": len(lists[fold])},
        }
        for (fold, row, label, likelier), lines in by_row.items()
    ]
    return sorted(counted, key=lambda line: (-line["runs"] * (1 - line["probability"]), line["fold"], line["row"]))


def _checked(line: dict[str, str]) -> Line:
    if None in line:  # where csv puts cells beyond the last column
        raise ValueError("a line has more cells than there are columns")
    if int(line["row"]) < 0:
        raise ValueError(f"row must be at least 0, got {line['row']}")
    found = {key: float(line[key]) for key in ("probability", "likelier_probability")}
    if not all(0 <= value <= 1 for value in found.values()):
        raise ValueError(f"probabilities must be in [0, 1], got {', '.join(map(str, found.values()))}")
    names = visible_values({key: line[key] for key in ("label", "likelier")})
    return {"row": int(line["row"]), **names, **found}


def _cells(line: Line) -> tuple[str, ...]:
    own, other = (f"{line[key]:.2f}" for key in ("probability", "likelier_probability"))
    row = f"{line['row']}" if line["fold"] < 0 else f"{line['row']} of fold {line['fold']}"
    return row, line["label"], own, line["likelier"], other, f"{line['runs']} of {line['of']}"
