"""Lays out the test scores by labels bought: a row for each arm, a column for each number of labels."""

from collections.abc import Sequence

from alft.report.budgets import shown_budgets
from alft.report.cells import Section, Sheet, difference
from alft.report.choice import choose, not_shown
from alft.report.phrases import Line

TITLE = "Test macro-F1 by labels bought ± standard error (runs); below it to random selection, points [95 %] (pairs)"

FOLDS = (
    "The runs of an arm are those of all its folds and seeds; pairs share both. Folds share most of their training rows, so "
    "that errors and intervals over them are somewhat too small."
)


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
        to_random = f"\n{difference('random')(one)}" if one["random_seeds"] else ""
        cells.setdefault(one["arm"], {})[one["bought"]] = _mean(one) + to_random
    header = ("arm", *(f"{count}\n({count / sets[0]['pool']:.0%})" for count in counts))
    return [Sheet(TITLE, header, tuple((arm, *(found.get(count, "-") for count in counts)) for arm, found in cells.items()))]


def folds_sections(sets: Sequence[Line], arms: Sequence[str]) -> list[Section]:
    """A section for each data set of which several folds were run; in the other tables each fold is a group of its own.

    Args:
        sets: Lines of the table of :func:`alft.report.budgets`.
        arms: Texts; only arms with one of them in their label are shown. By default all, or the best of very many.
    """
    of_group: dict[str, list[Line]] = {}
    for one in sets:
        if one["folds"] > 1:
            of_group.setdefault(one["fingerprint"], []).append(one)
    sections = [_folds_section(lines, arms) for lines in of_group.values()]
    return [section for section in sections if section.sheets]


def _folds_section(lines: Sequence[Line], arms: Sequence[str]) -> Section:
    """All about the folds of one data set."""
    ends = list({line["arm"]: line for line in lines}.values())  # the last number of labels of each arm
    shown = choose(ends, arms)
    names, first = {line["arm"] for line in shown}, lines[0]
    return Section(
        title=f"{first['name']}, {first['folds']} folds, pools of about {first['pool']} ({first['fingerprint'][:8]})",
        shared=FOLDS,
        left_out=not_shown(ends, shown, arms, {}),
        sheets=tuple(budgets_sheet([line for line in lines if line["arm"] in names])),
        controls="",
        findings={},
        remarks=(),
    )


def _mean(one: Line) -> str:
    error = "" if one["test_f1_error"] is None else f" ±{one['test_f1_error']:.3f}"
    return f"{one['test_f1']:.3f}{error} ({one['runs']})"
