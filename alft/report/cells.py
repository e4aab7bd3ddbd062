"""Parts of a report for reading: tables of texts, sections, and cells of rounded figures."""

from collections.abc import Callable
from dataclasses import dataclass

from alft.report.phrases import Line, points

Cell = Callable[[Line], str]


@dataclass(frozen=True)
class Sheet:
    """A table of texts.

    Attributes:
        title: Title of the table.
        header: Names of the columns, with line breaks where they may be wrapped.
        rows: Cells by row.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
    """A difference in points, its interval, and the number of seeds behind it."""

    def cell(line: Line) -> str:
        difference = points(line[f"{name}_difference"], line[f"{name}_low"], line[f"{name}_high"])
        return f"{difference} ({line[f'{name}_seeds']})" if line[f"{name}_seeds"] else "-"

    return cell
