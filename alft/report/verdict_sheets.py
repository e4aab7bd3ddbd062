"""Lays out comparisons of test F1: the difference, both intervals, p, the smallest visible effect, and the verdict."""

from collections.abc import Sequence

from alft.report.cells import Cell, Sheet, sheet_of
from alft.report.phrases import Line, interval, probability, verdict

CONTROLS = {
    "baseline": "Test macro-F1 against the baseline (all labels), in points",
    "random": "Test macro-F1 against random selection at the same budget, in points",
}
"""Title of the sheet of each control."""


TEXTS = "95 % over\ntexts (seeds)"


def verdict_sheets(lines: Sequence[Line]) -> list[Sheet]:
    """The sheets of arms and their controls, as far as both have runs in common.

    Args:
        lines: Lines of the table of :func:`alft.report.compare`, of one group.
    """
    found = []
    for name, title in CONTROLS.items():
        known = [line for line in lines if line[f"{name}_pairs"]]
        found += [sheet_of(title, comparison_columns(name, known), known)] if known else []
    return found


def contrasts_sheet(pairs: Sequence[Line]) -> list[Sheet]:
    """The sheet of arms that differ in one setting, if there are any.

    Args:
        pairs: Lines of the table of :func:`alft.report.contrasts`, of one group.
    """
    known = [pair for pair in pairs if pair["test_pairs"]]
    columns: dict[str, Cell] = {"its one difference": lambda pair: str(pair["change"]), **comparison_columns("test", known)}
    title = "Arms that differ in one setting, test macro-F1 in points"
    return [sheet_of(title, columns, known, words=2)] if known else []


def comparison_columns(name: str, lines: Sequence[Line]) -> dict[str, Cell]:
    """Columns of a comparison; those that no line has are left out.

    Args:
        name: Prefix of its columns.
        lines: The lines that are shown.
    """
    columns: dict[str, Cell] = {
        "difference": lambda line: f"{100 * line[f'{name}_difference']:+.1f}",
        "95 % over\nruns (pairs)": lambda line: f"{_interval(line, name)} ({line[f'{name}_pairs']})",
        TEXTS: lambda line: f"{_interval(line, f'{name}_texts')} ({line[f'{name}_texts_seeds']})",
        "p": lambda line: probability(line[f"{name}_both_p"]),
        "p of sign\nflips": lambda line: probability(line[f"{name}_signs_p"]),
        "p after\nHolm": lambda line: probability(line[f"{name}_adjusted_p"]),
        "smallest\nvisible": lambda line: "-" if (least := line[f"{name}_visible"]) is None else f"{100 * least:.1f}",
        "verdict": lambda line: verdict(line, name).removesuffix(" than").removesuffix(" from"),
    }
    optional = {TEXTS: f"{name}_texts_low", "p of sign\nflips": f"{name}_signs_p"}
    absent = {title for title, column in optional.items() if all(line[column] is None for line in lines)}
    return {title: cell for title, cell in columns.items() if title not in absent}


def _interval(line: Line, name: str) -> str:
    return interval(line[f"{name}_low"], line[f"{name}_high"]) or "-"
