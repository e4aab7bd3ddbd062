"""The table of arms: scores, cost and differences from the controls, one line per arm, unrounded."""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.equal_labels import equal_f1, equal_labels
from alft.report.intervals import DIFFERENCE, paired_difference
from alft.report.label_curve import Curve, is_one_step
from alft.report.partners import baseline_of, differing, random_of
from alft.report.savings import savings
from alft.report.stability import compare_spread, last_spread
from alft.report.tables import GROUP, WORDS, runs_table
from alft.report.text_luck import TEXT_DIFFERENCE, over_texts
from alft.report.verdicts import VERDICT, judged
from alft.system.control_names import CONTROL_KEYS

COMPARISONS = {
    "baseline": "baseline",
    "random": "random",
    "spread": "baseline",
    "equal": "random",
    "rounds_random_area": "random",
    "rounds_random_labels": "random",
}
"""Prefix of the columns of each comparison, and the column with the label of its control."""

OF_TEST_SCORES = ("baseline", "random")
"""Comparisons that have an interval over texts."""


def difference_columns(name: str) -> tuple[str, ...]:
    """Columns of one comparison."""
    texts = TEXT_DIFFERENCE if name in OF_TEST_SCORES else ()
    return tuple(f"{name}_{key}" for key in (*DIFFERENCE, *texts, *VERDICT))


NOT_READ = "not_read"
"""Key of ``DataFrame.attrs``: for each fingerprint, sentences about predictions that are left out."""

COLUMNS = (
    *(*GROUP, "arm", "kind", "folds", "runs"),
    *("test_f1", "test_f1_std", "pooled_f1", "test_f1_micro", "val_f1", "val_f1_last_std", "collapsed", "diverged"),
    *difference_columns("spread"),
    *("baseline", "baseline_differs", *difference_columns("baseline")),
    *("random", "random_differs", *difference_columns("random")),
    *("bought", "pool", "unique_saving", "exposure_saving"),
    *WORDS,
    *("equal_labels", *difference_columns("equal"), "equal_other_epochs"),
    *("labels_at_equal_f1", "labels_at_equal_f1_runs", "area", "one_step"),
    *("rounds_runs", "rounds_area", "rounds_area_low", "rounds_area_high", "rounds_target", "rounds_labels", "rounds_missed"),
    *(*difference_columns("rounds_random_area"), *difference_columns("rounds_random_labels"), "rounds_random_missed"),
    *("seconds", "memory_mib", "break_even", *CONTROL_KEYS, "settings"),
)
"""Columns in the order of the CSV."""


def compare(*roots: str | Path) -> pd.DataFrame:
    """One line per arm of the finished runs below the roots; figures of runs are means over runs unless stated otherwise.

    A comparison has, under a prefix, the figures of :class:`alft.report.intervals.Difference`, those of
    :class:`alft.report.text_luck.TextDifference` if it is one of test scores, and those of
    :func:`alft.report.verdicts.judged`, adjusted for the arms of the group that are compared with the same control.

    Returns:
        name, fingerprint, arm, kind (baseline, random or selection), settings (JSON), folds (of which runs are there; NaN
        without folds), runs (their number);
        test_f1, test_f1_std (over runs, n - 1), pooled_f1 (macro-F1 of the predictions of all folds together, mean over
        seeds; NaN without folds or predictions), val_f1, val_f1_last_std (over the last 3 epochs of each run, n - 1, then the
        mean over runs that predict more than one class), collapsed (share of runs that predict a single class), diverged
        (number of runs whose model diverged: they have no score, and enter no figure of scores);
        spread: the comparison of the spread over the last epochs, arm and baseline;
        baseline and random: label of the control arm; baseline_differs and random_differs: further settings in which that
        control differs, besides those of the selection and besides acquire, respectively;
        baseline_... and random_...: the comparisons of test F1;
        test_f1_micro, bought, pool, unique_saving, exposure_saving, and the same of words as in
        :func:`alft.report.load_runs`;
        equal_labels: number of labels that the arm and its random control both end with, and equal_...: the comparison of
        their final validation F1, over the runs for which both had bought that many by the same last epoch;
        equal_other_epochs: number of the other runs in common;
        labels_at_equal_f1: fewest labels from which on a curve stays at or above the baseline's final validation F1 (its mean),
        over the labels_at_equal_f1_runs runs that reach it; area (under the curve, in [0, 1]), both of which depend on the rate
        of buying in recalculate mode; one_step (a run bought all labels at once);
        rounds_...: what the arm saves over rounds, where test scores of its sets were recorded, see
        :func:`alft.report.savings.savings`;
        seconds, memory_mib, break_even, and the controls as in :func:`alft.report.load_runs`. Missing values are NaN or None.
        Files of predictions that cannot be read or compared are left out and told in ``attrs``, see :data:`NOT_READ`.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    arms, told = gather(*roots), defaultdict[str, list[str]](list)
    paired = [compare_arm(arm, group, told[arm.fingerprint]) for group in groups_of(arms) for arm in group]
    for name, control in COMPARISONS.items():
        families = [(arm.fingerprint, line[control]) for arm, line in zip(arms, paired, strict=True)]
        paired = [line | verdict for line, verdict in zip(paired, judged(paired, name, families), strict=True)]
    table = pd.concat([_means(arms), pd.DataFrame(paired)], axis=1)[list(COLUMNS)]
    for arm in arms:
        told[arm.fingerprint].extend(arm.broken_predictions)
    table.attrs[NOT_READ] = {fingerprint: sorted(set(sentences)) for fingerprint, sentences in told.items() if sentences}
    return table


def compare_arm(arm: Arm, group: Sequence[Arm], told: list[str]) -> dict[str, Any]:
    """Compare an arm with others of its group; sentences about predictions that are left out are appended to ``told``."""
    baseline, random = baseline_of(arm, group), random_of(arm, group)
    return {
        "kind": arm.kind,
        "folds": len({run.fold for run in arm.runs}) if arm.folds else math.nan,
        "pooled_f1": _pooled_f1(arm),
        "baseline": baseline and baseline.label,
        "baseline_differs": baseline and ", ".join(differing(arm, baseline)),
        **_on_test(arm, baseline, "baseline", told),
        "random": random and random.label,
        "random_differs": random and ", ".join(differing(arm, random)),
        **_on_test(arm, random, "random", told),
        **equal_labels(arm, random),
        **equal_f1(arm, baseline),
        **savings(arm, random, baseline),
        **compare_spread(arm, baseline),
        "settings": json.dumps(arm.settings, sort_keys=True, ensure_ascii=False),
    }


def _on_test(arm: Arm, control: Arm | None, name: str, told: list[str]) -> dict[str, float]:
    """The comparison of test scores, over runs and over texts."""
    theirs = {} if control is None else control.scores_on_test
    found = paired_difference(arm.scores_on_test, theirs, arm.folds).columns(name)
    return {**found, **over_texts(arm, control, told).columns(name)}


def _pooled_f1(arm: Arm) -> float:
    scores = [held.f1 for held in arm.predictions.values() if len(held.of_fold) == arm.folds]
    return float(np.mean(scores)) if scores else math.nan


def _means(arms: list[Arm]) -> pd.DataFrame:
    """Figures that do not involve another arm."""
    runs = runs_table(arms)
    curves = [None if run.diverged else Curve.of(run.epochs) for arm in arms for run in arm.runs]
    areas = [curve and curve.area(pool) for curve, pool in zip(curves, runs["pool"], strict=True)]
    runs["area"] = pd.Series(areas, dtype=float)
    runs["diverged"] = [run.diverged for arm in arms for run in arm.runs]
    runs["one_step"] = [is_one_step(run.epochs) for arm in arms for run in arm.runs]
    runs["val_f1_last_std"] = pd.Series([last_spread(run) for arm in arms for run in arm.runs], dtype=float)
    runs["collapsed"] = runs["collapsed"].astype(float)
    renamed = runs.rename(columns={"test_f1_macro": "test_f1", "val_f1_macro": "val_f1"})
    arm_of = renamed.groupby([*GROUP, "arm"], sort=False)
    mean = arm_of.mean(numeric_only=True).drop(columns=["fold", "seed", "one_step", "diverged"])
    more = arm_of.agg(
        runs=("seed", "size"), test_f1_std=("test_f1", "std"), one_step=("one_step", "any"), diverged=("diverged", "sum")
    )
    return more.join(mean).reset_index()
