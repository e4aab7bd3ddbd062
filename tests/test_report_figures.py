"""The figures of a report against independent computations, and with few seeds."""

import math
import shutil

import numpy as np
import pytest
from scipy import stats

from alft.report import compare
from alft.report.intervals import bootstrap_interval, expanded_confidence, paired_difference
from alft.report.label_curve import Curve

from .report_material import BASELINE, CURVE, RANDOM, WHOLE, line, text_of, write_run


def test_means_and_spreads_are_those_of_the_runs(tmp_path):
    for seed, test in enumerate((0.5, 0.6, 0.9)):
        write_run(tmp_path, seed, test, ((30, 0.1), (30, 0.4), (60, 0.5), (70, 0.4 + test / 10)))
    found = line(compare(tmp_path), "Entropy")
    assert found["seeds"] == 3
    assert found["test_f1"] == pytest.approx(2 / 3)
    assert found["test_f1_std"] == pytest.approx(math.sqrt(((0.5 - 2 / 3) ** 2 + (0.6 - 2 / 3) ** 2 + (0.9 - 2 / 3) ** 2) / 2))
    spreads = [np.std([0.4, 0.5, 0.4 + test / 10], ddof=1) for test in (0.5, 0.6, 0.9)]
    assert found["val_f1_last_std"] == pytest.approx(np.mean(spreads))
    assert found["val_f1"] == pytest.approx(0.4 + 2 / 30)
    assert found["seconds"] == pytest.approx(11)
    assert found["unique_saving"] == pytest.approx(0.3)
    assert found["break_even"] == pytest.approx(0.6)


def test_differences_are_paired_by_seed(tmp_path):
    ours, theirs = {0: 0.9, 1: 0.8, 2: 0.7, 7: 0.1}, {2: 0.6, 1: 0.75, 0: 0.8, 5: 0.99}
    for seed, test in ours.items():
        write_run(tmp_path, seed, test)
    for seed, test in theirs.items():
        write_run(tmp_path, seed, test, **RANDOM)
    found = line(compare(tmp_path), "Entropy")
    assert found["random_seeds"] == 3
    assert found["random_difference"] == pytest.approx((0.1 + 0.05 + 0.1) / 3)
    assert 0.05 <= found["random_low"] < found["random_difference"] < found["random_high"] <= 0.1 + 1e-12


def test_the_interval_agrees_with_a_plain_bootstrap():
    differences = np.random.default_rng(1).normal(0.02, 0.03, size=8)
    draws = np.random.default_rng(2).integers(0, 8, size=(200_000, 8))
    tail = stats.norm.cdf(stats.t.ppf(0.025, 7) * math.sqrt(8 / 7))  # Hesterberg 2015
    low, high = np.quantile(differences[draws].mean(axis=1), [tail, 1 - tail])
    assert bootstrap_interval(differences) == pytest.approx((low, high), abs=0.002)
    assert bootstrap_interval(differences) == bootstrap_interval(differences)


def test_the_interval_of_many_differences_is_nearly_that_of_t():
    differences = np.random.default_rng(4).normal(0.02, 0.03, size=40)
    half = stats.t.ppf(0.975, 39) * differences.std(ddof=1) / math.sqrt(40)
    low, high = bootstrap_interval(differences)
    assert (low, high) == pytest.approx((differences.mean() - half, differences.mean() + half), abs=0.001)
    assert expanded_confidence(10**6) == pytest.approx(0.95, abs=1e-4)


def test_expanded_intervals_of_five_seeds_hold_the_truth_more_often_than_plain_ones():
    samples = np.random.default_rng(0).normal(size=(2000, 5))
    held = {}
    for name, confidence in {"plain": 0.95, "expanded": expanded_confidence(5)}.items():
        low, high = stats.bootstrap(
            (samples,),
            np.mean,
            n_resamples=1000,
            confidence_level=confidence,
            method="percentile",
            axis=-1,
            rng=np.random.default_rng(1),
        ).confidence_interval
        held[name] = np.mean((low <= 0) & (high >= 0))
    assert held["plain"] == pytest.approx(0.84, abs=0.02)
    assert held["expanded"] == pytest.approx(0.92, abs=0.02)


@pytest.mark.parametrize("pool", [70, 100])
def test_the_area_is_the_mean_height_of_the_steps(pool):
    curve = Curve.of({"bought": bought, "val_f1_macro": f1} for bought, f1 in (*CURVE, (70, None)))
    assert curve.area(pool) == pytest.approx(np.mean([curve.at(labels) for labels in range(pool)]))
    assert curve.area(pool) == pytest.approx((30 * 0.5 + 10 * 0.6 + (pool - 70) * 0.7) / pool)
    assert [curve.at(labels) for labels in (0, 29, 30, 59, 60, 70, 99)] == [0, 0, 0.5, 0.5, 0.6, 0.7, 0.7]
    assert [curve.reaches(f1) for f1 in (0.0, 0.5, 0.55, 0.7, 0.71)] == [30, 30, 60, 70, None]


def test_curves_are_compared_at_equal_labels_and_at_equal_f1(tmp_path):
    for seed, last in enumerate((0.70, 0.50, 0.66)):
        write_run(tmp_path, seed, curve=((30, 0.4), (60, 0.6), (70, last)))
        write_run(tmp_path, seed, curve=((30, 0.3), (65, 0.5)), **RANDOM)
        write_run(tmp_path, seed, curve=WHOLE, **BASELINE)  # ends with 0.65
    found = line(compare(tmp_path), "Entropy, max_epochs 3")
    assert math.isnan(found["equal_difference"])  # two epochs are another budget
    shutil.rmtree(tmp_path)
    for seed, last in enumerate((0.70, 0.50, 0.66)):
        write_run(tmp_path, seed, curve=((30, 0.4), (60, 0.6), (70, last)))
        write_run(tmp_path, seed, curve=((30, 0.3), (50, 0.4), (70, 0.5)), **RANDOM)
        write_run(tmp_path, seed, curve=WHOLE[:2] + WHOLE[3:], **BASELINE)
    found = line(compare(tmp_path), "Entropy")
    assert (found["equal_labels"], found["equal_seeds"], found["equal_other_epochs"]) == (70, 3, 0)
    assert found["equal_difference"] == pytest.approx((0.2 + 0.0 + 0.16) / 3)
    assert (found["labels_at_equal_f1"], found["labels_at_equal_f1_runs"]) == (70, 2)
    assert line(compare(tmp_path), "Random")["labels_at_equal_f1_runs"] == 0
    assert "70 (2 of 3)" in text_of(tmp_path)
    assert "never" in text_of(tmp_path)


def test_an_interval_needs_three_seeds():
    for count in (1, 2):
        found = paired_difference(dict.fromkeys(range(count), 0.8), dict.fromkeys(range(9), 0.7))
        assert (found.seeds, found.mean) == (count, pytest.approx(0.1))
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    assert paired_difference({0: 0.8}, {1: 0.7}).seeds == 0
    assert paired_difference({0: 0.8, 1: None, 2: 0.5}, {0: None, 1: 0.7, 2: 0.5}).seeds == 1


@pytest.mark.parametrize("value", [0.0, 0.25, -0.125])
def test_the_interval_of_equal_differences_is_their_value(value):
    assert bootstrap_interval(np.full(4, value)) == (value, value)
