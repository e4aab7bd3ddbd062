"""Test macro-F1 by labels bought: the score of each set of the runs that recorded it (``data.test_each_set``).

A score belongs to the number of labels bought when it was measured. Arms are compared at equal numbers of labels, paired by
seed, with the intervals of :mod:`alft.report.intervals`; a random control that bought other numbers has nothing to compare.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.intervals import bootstrap_interval, paired_difference
from alft.report.partners import random_of
from alft.report.phrases import Line

COLUMNS = (
    *("name", "fingerprint", "arm", "bought", "pool", "seeds", "test_f1", "test_low", "test_high"),
    *("random", "random_difference", "random_low", "random_high", "random_seeds"),
)
"""Columns in the order of the CSV."""

MOST_BUDGETS = 8
"""Maximum number of budgets in a table for reading; of more, these many are shown, evenly spaced, with first and last."""


def budgets(*roots: str | Path) -> pd.DataFrame:
    """One line per arm and number of labels at which a test score was recorded, for the runs below the roots.

    Returns:
        name, fingerprint, arm; bought: number of labels; pool: number of all labels; seeds: runs with a score there; test_f1,
        test_low, test_high: their mean, in [0, 1], and its 95 % interval; random: label of the random control, None without
        one; random_difference, random_low, random_high: mean difference in test F1 to that control at the same number of
        labels, and its 95 % interval; random_seeds: seeds in common.
        No lines if no run recorded such scores.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    lines = [line for group in groups_of(gather(*roots)) for arm in group for line in _lines(arm, random_of(arm, group))]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def scores_by_labels(arm: Arm) -> dict[int, dict[int, float]]:
    """Test macro-F1 by number of labels, ascending, and seed; of several sets with equally many labels that of the last."""
    found: dict[int, dict[int, float]] = {}
    for run in arm.runs:
        for record in run.epochs:
            if record.get("test_f1_macro") is not None:
                found.setdefault(record["bought"], {})[run.seed] = record["test_f1_macro"]
    return dict(sorted(found.items()))


def shown_budgets(lines: Sequence[Line]) -> list[int]:
    """The numbers of labels that a table for reading shows.

    >>> shown_budgets([{"bought": count} for count in (30, 10, 20, 10)])
    [10, 20, 30]
    >>> shown_budgets([{"bought": count} for count in range(100)])
    [0, 14, 28, 42, 57, 71, 85, 99]
    """
    known = sorted({int(line["bought"]) for line in lines})
    if len(known) <= MOST_BUDGETS:
        return known
    return [known[round(place * (len(known) - 1) / (MOST_BUDGETS - 1))] for place in range(MOST_BUDGETS)]


def _lines(arm: Arm, random: Arm | None) -> list[dict[str, Any]]:
    theirs = {} if random is None else scores_by_labels(random)
    return [
        {
            **{"name": arm.name, "fingerprint": arm.fingerprint, "arm": arm.label, "bought": bought},
            **{"pool": arm.runs[0].summary["labels"]["pool"], "seeds": len(scores)},
            **{"test_f1": sum(scores.values()) / len(scores), "random": random and random.label},
            **dict(zip(("test_low", "test_high"), bootstrap_interval(np.array([*scores.values()])), strict=True)),
            **paired_difference(scores, theirs.get(bought, {})).columns("random"),
        }
        for bought, scores in scores_by_labels(arm).items()
    ]
