"""Test macro-F1 by labels bought: the score of each set of the runs that recorded it (``data.test_each_set``).

A score belongs to the number of labels bought when it was measured. Arms are compared at equal numbers of labels, paired by
fold and seed, with the intervals of :mod:`alft.report.intervals`; a random control that bought other numbers has nothing to
compare. The folds of one data set are repetitions of one setting, as seeds are, and pairs then share fold and seed.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.intervals import DIFFERENCE, Difference, mean_over_runs, paired_difference
from alft.report.partners import random_of
from alft.report.phrases import Line
from alft.report.verdicts import VERDICT, judged

COLUMNS = (
    *("name", "fingerprint", "folds", "arm", "bought", "pool", "runs", "test_f1", "test_f1_error", "test_low", "test_high"),
    *("random", *(f"random_{key}" for key in (*DIFFERENCE, *VERDICT))),
)
"""Columns in the order of the CSV."""

MOST_BUDGETS = 8
"""Maximum number of budgets in a table for reading; of more, these many are shown, evenly spaced, with first and last."""


def budgets(*roots: str | Path) -> pd.DataFrame:
    """One line per arm and number of labels at which a test score was recorded, for the runs below the roots.

    Returns:
        name, fingerprint (where there are several folds one of their own), folds: number of folds of the group, 1 without;
        arm; bought: number of labels; pool: number of all labels, rounded mean over the folds; runs: runs with a score there;
        test_f1: their mean, in [0, 1]; test_f1_error: its standard error over these runs, NaN for one run; test_low,
        test_high: its 95 % interval; random: label of the
        random control, None without one; the difference in test F1 to that control at the same number of labels, with the
        figures of :class:`alft.report.intervals.Difference` and of :func:`alft.report.verdicts.judged` under the prefix random,
        adjusted for the arms that are compared with it at this number.
        No lines if no run recorded such scores.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same fold and seed.
    """
    groups = groups_of(gather(*roots))
    lines = [line for group in groups for arm in group for line in _lines(arm, random_of(arm, group), _folds(group))]
    verdicts = judged(lines, "random", [(line["fingerprint"], line["random"], line["bought"]) for line in lines])
    return pd.DataFrame([line | verdict for line, verdict in zip(lines, verdicts, strict=True)], columns=list(COLUMNS))


def scores_by_labels(arm: Arm) -> dict[int, dict[tuple[int, int], float]]:
    """Test macro-F1 by number of labels, ascending, and by fold and seed; of equal numbers of labels that of the last set."""
    found: dict[int, dict[tuple[int, int], float]] = {}
    for run in arm.runs:
        for record in run.epochs:
            if record.get("test_f1_macro") is not None:
                found.setdefault(record["bought"], {})[run.repetition] = record["test_f1_macro"]
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


def _folds(group: Sequence[Arm]) -> int:
    """Number of folds that the runs of a group have as test sets."""
    return len({run.fold for arm in group for run in arm.runs})


def _lines(arm: Arm, random: Arm | None, folds: int) -> list[dict[str, Any]]:
    theirs = {} if random is None else scores_by_labels(random)
    pool = round(fmean(run.summary["labels"]["pool"] for run in arm.runs))
    return [
        {
            **{"name": arm.name, "fingerprint": arm.fingerprint, "folds": folds, "arm": arm.label},
            **{"bought": bought, "pool": pool, "runs": len(scores), "random": random and random.label},
            **_mean(mean_over_runs(scores, arm.folds)),
            **paired_difference(scores, theirs.get(bought, {}), arm.folds).columns("random"),
        }
        for bought, scores in scores_by_labels(arm).items()
    ]


def _mean(scores: Difference) -> dict[str, float]:
    return {"test_f1": scores.difference, "test_f1_error": scores.error, "test_low": scores.low, "test_high": scores.high}
