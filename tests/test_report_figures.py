"""The figures of a report against independent computations."""

import math
import shutil

import numpy as np
import pytest

from alft.report import compare
from alft.report.label_curve import Curve

from .report_material import BASELINE, CURVE, RANDOM, WHOLE, line, text_of, write_run


def test_means_and_spreads_are_those_of_the_runs(tmp_path):
    for seed, test in enumerate((0.5, 0.6, 0.9)):
        write_run(tmp_path, seed, test, ((30, 0.1), (30, 0.4), (60, 0.5), (70, 0.4 + test / 10)))
    found = line(compare(tmp_path), "Entropy")
    assert found["runs"] == 3
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
    assert found["random_pairs"] == 3
    assert found["random_difference"] == pytest.approx((0.1 + 0.05 + 0.1) / 3)
    assert found["random_low"] < found["random_difference"] < found["random_high"]


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
    found = line(compare(tmp_path), "Entropy")
    assert math.isnan(found["equal_difference"])  # two epochs are another budget
    shutil.rmtree(tmp_path)
    for seed, last in enumerate((0.70, 0.50, 0.66)):
        write_run(tmp_path, seed, curve=((30, 0.4), (60, 0.6), (70, last)))
        write_run(tmp_path, seed, curve=((30, 0.3), (50, 0.4), (70, 0.5)), **RANDOM)
        write_run(tmp_path, seed, curve=WHOLE[:2] + WHOLE[3:], **BASELINE)
    found = line(compare(tmp_path), "Entropy")
    assert (found["equal_labels"], found["equal_pairs"], found["equal_other_epochs"]) == (70, 3, 0)
    assert found["equal_difference"] == pytest.approx((0.2 + 0.0 + 0.16) / 3)
    assert (found["labels_at_equal_f1"], found["labels_at_equal_f1_runs"]) == (70, 2)
    assert line(compare(tmp_path), "Random")["labels_at_equal_f1_runs"] == 0
    assert "70 (2 of 3)" in text_of(tmp_path)
    assert "never" in text_of(tmp_path)
