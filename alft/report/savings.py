"""What a policy saves over rounds of labelling: the area under the test curve, and labels to a share of the F1 of all.

Definitions are ours. A curve goes through (labels bought, test macro-F1) at the end of each set, of runs that
recorded it (``data.test_each_set``). Arms are compared on the same seeds, and only if their runs bought the same numbers of
labels.
"""

import math
from collections.abc import Mapping
from typing import Any

from alft.report.arms import Arm
from alft.report.budgets import scores_by_labels
from alft.report.intervals import Repetition, mean_over_runs, paired_difference
from alft.report.label_curve import Curve

SHARE = 0.95
"""Share of the score with all labels that is to be reached."""


def curves_of(arm: Arm | None) -> dict[Repetition, Curve]:
    """Test curves by fold and seed, of runs with a score at each number of labels of the arm, if there are two of these."""
    by_labels = {} if arm is None else scores_by_labels(arm)
    if len(by_labels) < 2:
        return {}
    runs = set.intersection(*(set(scores) for scores in by_labels.values()))
    labels = tuple(by_labels)
    return {run: Curve(labels, tuple(by_labels[count][run] for count in labels)) for run in sorted(runs)}


def savings(arm: Arm, random: Arm | None, baseline: Arm | None) -> dict[str, Any]:
    """Figures of the test curves of an arm.

    Args:
        arm: Any arm.
        random: Its random control, if it has one.
        baseline: The arm that has all labels; its mean test F1 is the score with all labels.

    Returns:
        rounds_area: mean height of the curves, in [0, 1], with its interval rounds_area_low, rounds_area_high over the
        rounds_runs runs; rounds_target: SHARE of the score with all labels; rounds_labels: mean over the runs of the fewest
        labels from which on a curve stays at or above it, a run that does not get there counted with its last number of
        labels; rounds_missed: number of such runs; rounds_random_area and rounds_random_labels with the figures of
        :class:`alft.report.intervals.Difference`: arm minus random selection, of whose runs on these seeds
        rounds_random_missed do not get there. Counting runs that do not get there in this way draws differences in labels
        towards 0. Missing values are NaN.
    """
    ours, theirs, target = curves_of(arm), curves_of(random), _target(baseline)
    if {curve.labels for curve in ours.values()} != {curve.labels for curve in theirs.values()}:
        theirs = {}
    areas, labels = _areas(ours), _labels(ours, target)
    mean = mean_over_runs(areas, arm.folds)
    return {
        "rounds_runs": len(ours),
        "rounds_area": mean.difference,
        "rounds_area_low": mean.low,
        "rounds_area_high": mean.high,
        "rounds_target": target,
        "rounds_labels": mean_over_runs(labels).difference,
        "rounds_missed": _missed(ours, target),
        **paired_difference(areas, _areas(theirs), arm.folds).columns("rounds_random_area"),
        **paired_difference(labels, _labels(theirs, target), arm.folds).columns("rounds_random_labels"),
        "rounds_random_missed": _missed({seed: theirs[seed] for seed in theirs if seed in ours}, target),
    }


def _target(baseline: Arm | None) -> float:
    scores = [] if baseline is None else [score for score in baseline.scores_on_test.values() if score is not None]
    return SHARE * sum(scores) / len(scores) if scores else math.nan


def _areas(curves: Mapping[Repetition, Curve]) -> dict[Repetition, float]:
    return {seed: curve.mean_height() for seed, curve in curves.items()}


def _labels(curves: Mapping[Repetition, Curve], target: float) -> dict[Repetition, float]:
    if math.isnan(target):
        return {}
    reached = {seed: curve.reaches(target) for seed, curve in curves.items()}
    return {seed: float(curves[seed].labels[-1] if count is None else count) for seed, count in reached.items()}


def _missed(curves: Mapping[Repetition, Curve], target: float) -> float:
    return math.nan if math.isnan(target) or not curves else sum(curve.reaches(target) is None for curve in curves.values())
