"""Parts of a report for reading: tables of texts, sections, and cells of rounded figures."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from alft.report.phrases import Line, points

Cell = Callable[[Line], str]


@dataclass(frozen=True)
class Sheet:
    """A table of texts.

    Attributes:
        title: Title of the table.
        header: Names of the columns, with line breaks where they may be wrapped.
        rows: Cells by row.
        words: Number of columns, from the first on, that hold words: they begin on the left and may be wrapped.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True)
class Section:
    """All about one group.

    Attributes:
        title: Name, size of the pool, fingerprint.
        shared: Settings shared by all its arms.
        left_out: What is not shown, and how to see it; empty if all is.
        sheets: Scores, labels, both together, stability, cost, what some runs have, controls, effects of single settings.
        controls: Scores without fine-tuning.
        findings: Sentences about each arm, without its name; arms without sentences are omitted.
        remarks: Notes on how to read the section.
    """

    title: str
    shared: str
    left_out: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    controls: str
    findings: dict[str, tuple[str, ...]]
    remarks: tuple[str, ...]


def figure(column: str, form: str) -> Cell:
    """A rounded figure, or a dash."""
    return lambda line: "-" if line[column] is None else format(line[column], form)


def difference(name: str) -> Cell:
    """A difference in points, its interval over runs, and the number of pairs behind it."""

    def cell(line: Line) -> str:
        difference = points(line[f"{name}_difference"], line[f"{name}_low"], line[f"{name}_high"])
        return f"{difference} ({line[f'{name}_pairs']})" if line[f"{name}_pairs"] else "-"

    return cell


def sheet_of(title: str, columns: dict[str, Cell], lines: list[Line], words: int = 1) -> Sheet:
    """A sheet with a row for each line, which begins with the arm."""
    rows = tuple((line["arm"], *(cell(line) for cell in columns.values())) for line in lines)
    return Sheet(title, ("arm", *columns), rows, words)


def lines_of(table: pd.DataFrame) -> list[Line]:
    """The lines of a table, with pandas' missing values replaced by None."""
    return [_line(record) for record in table.to_dict("records")]


def _line(record: dict[Hashable, Any]) -> Line:
    return {str(key): None if pd.isna(value) else value for key, value in record.items()}
