"""Is an arm as good with fewer labels? F1 at equal labels, and labels at equal F1, read off the curves of its runs (ours).

Both read validation F1 at some number of labels, and a run that has trained for longer is better at the same labels. Where an
arm and random selection buy the same number each epoch (accumulate, unseen) that is the same for both. In recalculate mode
random selection meets new rows sooner, so its curve shows an earlier epoch at the same labels, and would lose to anything:
F1 at equal labels is compared only where both curves are read at the same epoch.
"""

import math
from typing import Any

import pandas as pd

from alft.report.arms import Arm
from alft.report.curves import Curve, read_at
from alft.report.intervals import paired_difference
from alft.report.summaries import Run


def equal_labels(arm: Arm, random: Arm | None) -> dict[str, Any]:
    """Both curves at the smaller of both final numbers of labels, paired by seed.

    The baseline is no partner here: it buys all labels at once, so its curve is 0 wherever there is something to compare.

    Args:
        arm: Any.
        random: Its random control, if it has one.

    Returns:
        equal_labels (mean over the pairs), equal_difference, equal_low, equal_high, equal_seeds, and equal_other_epochs: seeds
        in common that make no pair, because the curves are read at different epochs there.
    """
    pairs = [] if random is None else [(one, other) for one in arm.runs for other in random.runs if one.seed == other.seed]
    places = [(one, other, _smaller(one, other)) for one, other in pairs]
    fair = [(one, other, labels) for one, other, labels in places if _same_epoch(one, other, labels)]
    ours = {one.seed: Curve.of(one.epochs).at(labels) for one, _, labels in fair}
    theirs = {other.seed: Curve.of(other.epochs).at(labels) for _, other, labels in fair}
    return {
        "equal_labels": float(pd.Series([labels for *_, labels in fair], dtype=float).mean()),
        **paired_difference(ours, theirs).columns("equal"),
        "equal_other_epochs": len(places) - len(fair),
    }


def equal_f1(arm: Arm, baseline: Arm | None) -> dict[str, float]:
    """Fewest labels at which the arm's curves reach what the baseline ends with, its mean over seeds.

    In recalculate mode fewer may be due to slower buying, not to better labels: see above.

    Returns:
        labels_at_equal_f1, the mean over those runs that come so far, and labels_at_equal_f1_runs, their number; neither is a
        number without a baseline.
    """
    if baseline is None:
        return {"labels_at_equal_f1": math.nan, "labels_at_equal_f1_runs": math.nan}
    target = float(pd.Series([Curve.of(run.epochs).f1[-1] for run in baseline.runs]).mean())
    reached = pd.Series([Curve.of(run.epochs).reaches(target) for run in arm.runs], dtype=float)
    return {"labels_at_equal_f1": float(reached.mean()), "labels_at_equal_f1_runs": float(reached.count())}


def _smaller(one: Run, other: Run) -> int:
    return int(min(run.summary["labels"]["bought"] for run in (one, other)))


def _same_epoch(one: Run, other: Run, labels: int) -> bool:
    ours, theirs = read_at(one.epochs, labels), read_at(other.epochs, labels)
    return ours is not None and ours == theirs
