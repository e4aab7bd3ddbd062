"""Is an arm as good with fewer labels? F1 at equal labels, and labels at equal F1, read off the curves of its runs (ours).

A run that has trained for longer is better at the same number of labels. Where an arm and random selection buy the same number
each epoch (accumulate, unseen) they have trained alike at each. In recalculate mode random selection meets new rows sooner, so
its curve shows an earlier epoch at the same labels, and would lose to anything: F1 at equal labels is compared only between
runs that have bought as many labels by the same epoch, their last.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from alft.report.arms import Arm
from alft.report.intervals import paired_difference
from alft.report.label_curve import Curve, last_validated


def equal_labels(arm: Arm, random: Arm | None) -> dict[str, Any]:
    """Final validation F1 of runs that ended with as many labels as random selection did, paired by seed.

    Runs of one seed are a pair if their last validated epochs are the same, and both had bought as many labels by then. The
    baseline is no partner here: it has bought all labels.

    Args:
        arm: Any.
        random: Its random control, if it has one.

    Returns:
        equal_labels (mean over the pairs), equal_difference, equal_low, equal_high, equal_seeds, and equal_other_epochs: seeds
        in common that make no pair.
    """
    pairs = [] if random is None else [(one, other) for one in arm.runs for other in random.runs if one.seed == other.seed]
    ends = [(one.seed, last_validated(one.epochs), last_validated(other.epochs)) for one, other in pairs]
    fair = [(seed, ours, theirs) for seed, ours, theirs in ends if _place(ours) == _place(theirs)]
    ours = {seed: float(end["val_f1_macro"]) for seed, end, _ in fair}
    theirs = {seed: float(end["val_f1_macro"]) for seed, _, end in fair}
    return {
        "equal_labels": float(pd.Series([end["bought"] for _, end, _ in fair], dtype=float).mean()),
        **paired_difference(ours, theirs).columns("equal"),
        "equal_other_epochs": len(pairs) - len(fair),
    }


def equal_f1(arm: Arm, baseline: Arm | None) -> dict[str, float]:
    """Fewest labels from which on the arm's curves are as good as what the baseline ends with, its mean over seeds.

    A curve that touches that height and falls below it again has not reached it: epochs are noisy, and one of many is lucky.
    In recalculate mode fewer may be due to slower buying, not to better labels: see above.

    Returns:
        labels_at_equal_f1, the mean over those runs that end as good, and labels_at_equal_f1_runs, their number; neither is a
        number without a baseline.
    """
    if baseline is None:
        return {"labels_at_equal_f1": math.nan, "labels_at_equal_f1_runs": math.nan}
    target = float(pd.Series([Curve.of(run.epochs).f1[-1] for run in baseline.runs]).mean())
    reached = pd.Series([Curve.of(run.epochs).reaches(target) for run in arm.runs], dtype=float)
    return {"labels_at_equal_f1": float(reached.mean()), "labels_at_equal_f1_runs": float(reached.count())}


def _place(end: Mapping[str, Any]) -> tuple[int, int]:
    return end["epoch"], end["bought"]
