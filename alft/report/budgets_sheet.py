"""Lays out the test scores by labels bought: a row for each arm, a column for each number of labels."""

from collections.abc import Sequence

from alft.report.budgets import shown_budgets
from alft.report.cells import Sheet, difference
from alft.report.phrases import Line

TITLE = "Test macro-F1 by labels bought ± standard error (runs); below it to random selection, points [95 %] (pairs)"


def budgets_sheet(sets: Sequence[Line]) -> list[Sheet]:
    """The sheet of one group, if its runs have such scores.

    Args:
        sets: Lines of the table of :func:`alft.report.budgets`, of one group.
    """
    if not sets:
        return []
    counts = shown_budgets(sets)
    cells: dict[str, dict[int, str]] = {}
    for one in sets:
        to_random = f"\n{difference('random')(one)}" if one["random_pairs"] else ""
        cells.setdefault(one["arm"], {})[one["bought"]] = _mean(one) + to_random
    header = ("arm", *(f"{count}\n({count / sets[0]['pool']:.0%})" for count in counts))
    return [Sheet(TITLE, header, tuple((arm, *(found.get(count, "-") for count in counts)) for arm, found in cells.items()))]


def _mean(one: Line) -> str:
    error = "" if one["test_f1_error"] is None else f" ±{one['test_f1_error']:.3f}"
    return f"{one['test_f1']:.3f}{error} ({one['runs']})"
