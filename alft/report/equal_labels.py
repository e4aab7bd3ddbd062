"""Label efficiency of an arm: F1 at equal labels, and labels at equal F1, from the curves of its runs (ours).

A run that has trained longer is better at the same number of labels. Where an arm and random selection buy the same number per
epoch (accumulate, unseen), they have trained equally at each number. In recalculate mode random selection buys new rows sooner,
so its curve shows an earlier epoch at the same labels and would always lose: F1 at equal labels is compared only between runs
that have bought equally many labels by the same epoch, their last.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from alft.report.arms import Arm
from alft.report.intervals import paired_difference
from alft.report.label_curve import Curve, last_validated


def equal_labels(arm: Arm, random: Arm | None) -> dict[str, Any]:
    """Final validation F1 of runs that ended with as many labels as random selection, paired by fold and seed.

    Two runs of one fold and seed form a pair if their last validated epochs are equal, and both had bought equally many labels
    by then. The baseline is not used here: it has bought all labels.

    Args:
        arm: Any arm.
        random: Its random control, if it has one.

    Returns:
        equal_labels (mean over the pairs), the figures of :class:`alft.report.intervals.Difference` with the prefix equal, and
        equal_other_epochs: runs in common that form no pair.
    """
    pairs = (
        []
        if random is None
        else [(one, other) for one in arm.runs for other in random.runs if one.repetition == other.repetition]
    )
    pairs = [pair for pair in pairs if not any(run.diverged for run in pair)]
    ends = [(one.repetition, last_validated(one.epochs), last_validated(other.epochs)) for one, other in pairs]
    fair = [(run, ours, theirs) for run, ours, theirs in ends if _place(ours) == _place(theirs)]
    ours = {run: float(end["val_f1_macro"]) for run, end, _ in fair}
    theirs = {run: float(end["val_f1_macro"]) for run, _, end in fair}
    return {
        "equal_labels": float(pd.Series([end["bought"] for _, end, _ in fair], dtype=float).mean()),
        **paired_difference(ours, theirs, arm.folds).columns("equal"),
        "equal_other_epochs": len(pairs) - len(fair),
    }


def equal_f1(arm: Arm, baseline: Arm | None) -> dict[str, float]:
    """Fewest labels from which on the arm's curves stay at or above the baseline's final F1, its mean over seeds.

    A curve that reaches this level and falls below it again does not count: epochs are noisy, and one of many may be lucky.
    In recalculate mode fewer labels may be due to slower buying, not to better labels: see above.

    Returns:
        labels_at_equal_f1, the mean over the runs that end at or above the level, and labels_at_equal_f1_runs, their number;
        both are NaN without a baseline that has a score.
    """
    levels = [] if baseline is None else [Curve.of(run.epochs).f1[-1] for run in baseline.runs if not run.diverged]
    if not levels:
        return {"labels_at_equal_f1": math.nan, "labels_at_equal_f1_runs": math.nan}
    target = float(pd.Series(levels).mean())
    reached = pd.Series([Curve.of(run.epochs).reaches(target) for run in arm.runs if not run.diverged], dtype=float)
    return {"labels_at_equal_f1": float(reached.mean()), "labels_at_equal_f1_runs": float(reached.count())}


def _place(end: Mapping[str, Any]) -> tuple[int, int]:
    return end["epoch"], end["bought"]
