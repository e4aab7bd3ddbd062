"""What does each arm reach, at what cost, and how does it stand to its controls? One line an arm, all figures unrounded."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.curves import Curve, is_one_step
from alft.report.intervals import Difference, paired_difference
from alft.report.partners import baseline_of, differing, random_of, same_epochs
from alft.report.tables import runs_table

LAST_EPOCHS = 3
"""Epochs at the end of a run whose spread of validation F1 tells whether training had settled (ours)."""

GROUP = ["name", "fingerprint"]

COLUMNS = (
    *(*GROUP, "arm", "kind", "seeds"),
    *("test_f1", "test_f1_std", "val_f1", "val_f1_last_std", "collapsed"),
    *("baseline", "baseline_same_epochs", "baseline_difference", "baseline_low", "baseline_high", "baseline_seeds"),
    *("random", "random_differs", "random_difference", "random_low", "random_high", "random_seeds"),
    *("bought", "pool", "unique_saving", "exposure_saving"),
    *("equal_labels", "equal_difference", "equal_low", "equal_high", "equal_seeds"),
    *("labels_at_equal_f1", "labels_at_equal_f1_runs", "area", "one_step"),
    *("seconds", "memory_mib", "break_even", "majority_f1", "tfidf_f1", "settings"),
)
"""In the order of the CSV."""


def compare(*roots: str | Path) -> pd.DataFrame:
    """One line per arm of the finished runs below the roots; figures of runs are means over seeds unless said otherwise.

    Returns:
        name, fingerprint, arm, kind (baseline, random or selection), settings (JSON), seeds (number of runs);
        test_f1, test_f1_std (over seeds, n - 1), val_f1, val_f1_last_std (over the last 3 epochs of each run, n - 1, then the
        mean over runs), collapsed (share of runs that predict one class);
        baseline and random: label of the arm compared with; baseline_same_epochs; random_differs:
        the settings besides acquire in which that arm differs too;
        baseline_difference, baseline_low, baseline_high, baseline_seeds, and the same of random: of test F1, paired by seed;
        bought, pool, unique_saving, exposure_saving;
        equal_labels: the smaller of both final numbers of labels, of the arm and its random control, and equal_difference,
        equal_low, equal_high, equal_seeds: of both curves there, in validation F1;
        labels_at_equal_f1: fewest labels at which a curve reaches the baseline's final validation F1 (its mean over seeds),
        over the labels_at_equal_f1_runs runs that do; area (under the curve, in [0, 1]), one_step (a run bought all at once);
        seconds, memory_mib, break_even, majority_f1, tfidf_f1. What does not exist is not a number, or None.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    arms = gather(*roots)
    paired = [compare_arm(arm, group) for group in groups_of(arms) for arm in group]
    return pd.concat([_means(arms), pd.DataFrame(paired)], axis=1)[list(COLUMNS)]


def compare_arm(arm: Arm, group: Sequence[Arm]) -> dict[str, Any]:
    """Comparisons of an arm with others of its group."""
    baseline, random = baseline_of(arm, group), random_of(arm, group)
    return {
        "kind": arm.kind,
        "baseline": baseline and baseline.label,
        "baseline_same_epochs": baseline and same_epochs(arm, baseline),
        **_columns("baseline", paired_difference(scores_on_test(arm), scores_on_test(baseline))),
        "random": random and random.label,
        "random_differs": random and ", ".join(differing(arm, random)),
        **_columns("random", paired_difference(scores_on_test(arm), scores_on_test(random))),
        **_equal_labels(arm, random),
        **_equal_f1(arm, baseline),
        "settings": json.dumps(arm.settings, sort_keys=True, ensure_ascii=False),
    }


def scores_on_test(arm: Arm | None) -> dict[int, float | None]:
    """Test macro-F1 by seed; nothing without an arm."""
    return {} if arm is None else {run.seed: run.summary["test"]["f1_macro"] for run in arm.runs}


def _means(arms: list[Arm]) -> pd.DataFrame:
    """What needs no other arm."""
    runs = runs_table(arms)
    curves = [Curve.of(run.epochs) for arm in arms for run in arm.runs]
    runs["area"] = [curve.area(pool) for curve, pool in zip(curves, runs["pool"], strict=True)]
    runs["one_step"] = [is_one_step(run.epochs) for arm in arms for run in arm.runs]
    runs["val_f1_last_std"] = [_last_spread(run.epochs) for arm in arms for run in arm.runs]
    runs["collapsed"] = runs["collapsed"].astype(float)
    renamed = runs.rename(columns={"test_f1_macro": "test_f1", "val_f1_macro": "val_f1"})
    arm_of = renamed.groupby([*GROUP, "arm"], sort=False)
    mean = arm_of.mean(numeric_only=True).drop(columns=["seed", "one_step"])
    more = arm_of.agg(seeds=("seed", "size"), test_f1_std=("test_f1", "std"), one_step=("one_step", "any"))
    return more.join(mean).reset_index()


def _last_spread(epochs: list[dict[str, Any]]) -> float:
    """Standard deviation of validation F1 over the last epochs of a run, n - 1; not a number if fewer than two have a score."""
    return float(pd.Series([record["val_f1_macro"] for record in epochs[-LAST_EPOCHS:]], dtype=float).std())


def _equal_labels(arm: Arm, random: Arm | None) -> dict[str, Any]:
    """Both curves at the smaller final number of labels, by seed; the same budget buys the same number at first, so none is 0.

    The baseline is no partner here: it buys all labels at once, so its curve is 0 wherever there is something to compare.
    """
    pairs = {} if random is None else {a.seed: (a, b) for a in arm.runs for b in random.runs if a.seed == b.seed}
    counts = {seed: min(run.summary["labels"]["bought"] for run in pair) for seed, pair in pairs.items()}
    ours, theirs = ({seed: Curve.of(pairs[seed][i].epochs).at(counts[seed]) for seed in pairs} for i in (0, 1))
    mean = float(pd.Series(counts, dtype=float).mean())
    return {"equal_labels": mean, **_columns("equal", paired_difference(ours, theirs))}


def _equal_f1(arm: Arm, baseline: Arm | None) -> dict[str, Any]:
    """Labels at which the arm's curves reach what the baseline ends with."""
    if baseline is None:
        return {"labels_at_equal_f1": math.nan, "labels_at_equal_f1_runs": math.nan}
    target = float(pd.Series([Curve.of(run.epochs).f1[-1] for run in baseline.runs]).mean())
    reached = pd.Series([Curve.of(run.epochs).reaches(target) for run in arm.runs], dtype=float)
    return {"labels_at_equal_f1": float(reached.mean()), "labels_at_equal_f1_runs": float(reached.count())}


def _columns(name: str, difference: Difference) -> Mapping[str, Any]:
    return {
        f"{name}_difference": difference.mean,
        f"{name}_low": difference.low,
        f"{name}_high": difference.high,
        f"{name}_seeds": difference.seeds,
    }
