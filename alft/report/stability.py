"""Stability of training: the spread of validation F1 over the last epochs of a run, and collapse to one class (ours).

The spread is a figure of each run, so it can be paired like a score. The spread of test F1 over seeds cannot: it is
one number per arm, and listed in the table without an interval.
"""

from typing import Any

import pandas as pd

from alft.report.arms import Arm
from alft.report.intervals import paired_difference
from alft.report.summaries import Run

LAST_EPOCHS = 3
"""Number of epochs at the end of a run whose spread of validation F1 shows whether training had settled (ours)."""


def last_spread(run: Run) -> float | None:
    """Standard deviation (n - 1) of validation F1 over the last epochs of a run.

    None if fewer than two have a score, if the model diverged, or if the run predicts a single class: its score is then
    constant, which is not stability.
    """
    if run.diverged or collapsed(run.summary["test"]["predicted"]):
        return None
    spread = float(pd.Series([record["val_f1_macro"] for record in run.epochs[-LAST_EPOCHS:]], dtype=float).std())
    return None if pd.isna(spread) else spread


def compare_spread(arm: Arm, baseline: Arm | None) -> dict[str, Any]:
    """The spread over the last epochs, arm minus baseline, paired by fold and seed: below 0 the arm is more stable.

    A run that predicts a single class forms no pair.

    Returns:
        The figures of :class:`alft.report.intervals.Difference`, with the prefix spread.
    """
    ours, theirs = ({run.repetition: last_spread(run) for run in (one.runs if one else ())} for one in (arm, baseline))
    return dict(paired_difference(ours, theirs, arm.folds).columns("spread"))


def collapsed(predicted: dict[str, int] | None) -> bool | None:
    """Whether all predictions are of one class; None if nothing was predicted.

    >>> collapsed({"negative": 0, "positive": 51}), collapsed({"negative": 1, "positive": 50}), collapsed(None)
    (True, False, None)
    """
    return None if predicted is None else sum(count > 0 for count in predicted.values()) == 1
