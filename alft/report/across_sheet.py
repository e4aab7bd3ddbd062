"""Lays out arms over several data sets: a row for each arm, a column for each data set, and their mean ranks."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from alft.report.across import FEWEST_SETS, Ranks, ranks
from alft.report.cells import Section, Sheet
from alft.report.choice import named
from alft.report.intervals import LEVEL
from alft.report.phrases import probability

HONEST_SETS = 6
"""Minimum number of data sets with which a sign test can have a p of 0.05 or less."""

MOST_SETS = 6
"""Maximum number of data sets side by side; further ones stand in sheets of their own."""


def across_sections(table: pd.DataFrame, arms: Sequence[str] = ()) -> list[Section]:
    """The section of all data sets, if arms are common to several.

    Args:
        table: Result of :func:`alft.report.across`.
        arms: Texts; only arms with one of them in their name are shown. Ranks are always among all.
    """
    found, shown = ranks(table), table[named(table["arm"], arms)]
    if shown.empty:
        return []
    shared = "An arm is the same in several data sets if all its settings agree but those of the data and the encoder."
    remarks = (_remark(found),) if found else ()
    return [Section("All data sets", shared, (), tuple(_sheets(shown, found)), "", {}, remarks)]


def _sheets(table: pd.DataFrame, found: Ranks | None) -> Iterator[Sheet]:
    arms = list(dict.fromkeys(table["arm"]))
    groups = list(dict.fromkeys(zip(table["name"], table["fingerprint"], strict=True)))
    scores = {(line["arm"], line["fingerprint"]): line for line in table.to_dict("records")}
    for start in range(0, len(groups), MOST_SETS):
        some = groups[start : start + MOST_SETS]
        header = ("arm", *(f"{name}\n({fingerprint[:8]})" for name, fingerprint in some))
        rows = [(arm, *(_cell(scores.get((arm, fingerprint))) for _, fingerprint in some)) for arm in arms]
        yield Sheet("Test macro-F1 by data set (runs)", header, tuple(rows))
    if found:
        ordered = sorted(((arm, mean) for arm, mean in found.mean.items() if arm in arms), key=lambda entry: entry[1])
        yield Sheet("Mean rank, 1 is best", ("arm", "mean rank"), tuple((arm, f"{mean:.2f}") for arm, mean in ordered))


def _cell(line: Mapping[Hashable, Any] | None) -> str:
    return "-" if line is None else f"{line['test_f1']:.3f} ({line['runs']})"


def _remark(found: Ranks) -> str:
    verdict = "the arms rank differently" if found.p <= LEVEL else "no difference between the arms can be told from chance"
    few = found.critical_difference is None and found.sets < HONEST_SETS
    least = f"; below {HONEST_SETS} data sets its p is above {LEVEL:.2f} in any case" if few else ""
    shown = found.critical_difference is not None and found.p <= LEVEL
    apart = (
        f" Two mean ranks can be told apart if they differ by {found.critical_difference:.2f} or more (Nemenyi's test at 5 %)."
        if shown
        else ""
    )
    return (
        f"Over {found.sets} data sets {verdict} ({found.test}, p {probability(found.p)}{least}).{apart} Ranks take "
        f"{FEWEST_SETS} data sets, and know nothing of the size of a difference."
    )
