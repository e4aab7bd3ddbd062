"""Verdicts: both intervals, p, Holm and the smallest visible effect, each against another implementation."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from alft.report import compare, contrasts
from alft.report.intervals import difference_of, mean_over_runs, paired_difference
from alft.report.verdicts import holm, needed_shift

from .report_material import BASELINE, RANDOM, WHOLE, line, rows, sentences_of, write_predictions, write_run

NAMES = ("negative", "positive")
DIFFERENCES = np.random.default_rng(1).normal(0.02, 0.03, size=8)


# Over the luck of training


@pytest.mark.parametrize("pairs", [3, 5, 8])
def test_the_interval_and_p_are_those_of_a_t_test(pairs):
    found = difference_of(DIFFERENCES[:pairs])
    reference = stats.ttest_1samp(DIFFERENCES[:pairs], 0)
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert found.error == pytest.approx(stats.sem(DIFFERENCES[:pairs]))


@pytest.mark.parametrize("pairs", [6, 8])
def test_the_p_of_sign_flips_is_that_of_all_permutations(pairs):
    reference = stats.permutation_test(
        (DIFFERENCES[:pairs],), partial(np.mean, axis=-1), permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert difference_of(DIFFERENCES[:pairs]).signs_p == pytest.approx(reference.pvalue)


@pytest.mark.parametrize("pairs", [3, 5, 15])
def test_sign_flips_are_left_out_where_they_decide_nothing_or_take_too_long(pairs):
    assert math.isnan(difference_of(np.linspace(0.01, 0.02, pairs)).signs_p)
    assert math.isnan(difference_of(DIFFERENCES, shared=0.25).signs_p)


def test_pairs_of_several_folds_have_the_variance_of_the_corrected_resampled_t_test():
    keys = [(fold, seed) for fold in range(4) for seed in range(2)]
    found = mean_over_runs(dict(zip(keys, DIFFERENCES, strict=True)), folds=4)
    means = DIFFERENCES.reshape(4, 2).mean(axis=1)
    error = means.std(ddof=1) * math.sqrt(1 / 4 + 1 / 3)  # a fourth is tested, three fourths are trained on
    assert (found.pairs, found.units) == (8, 4)
    assert found.error == pytest.approx(error)
    assert found.high - found.low == pytest.approx(2 * stats.t.ppf(0.975, 3) * error)
    assert found.p == pytest.approx(2 * stats.t.sf(means.mean() / error, 3))


def test_each_fold_counts_once_however_many_seeds_it_has():
    values = {**{(0, seed): 0.2 for seed in range(10)}, (1, 0): -0.1, (2, 0): -0.1}
    found = mean_over_runs(values, folds=3)
    assert found.difference == pytest.approx(0)
    assert (found.pairs, found.units) == (12, 3)
    assert math.isnan(mean_over_runs({key: values[key] for key in ((0, 0), (0, 1), (1, 0))}, folds=3).p), "two folds"


def test_seeds_of_one_fold_are_independent_pairs():
    ours, theirs = {(2, seed): 0.5 + DIFFERENCES[seed] for seed in range(5)}, {(2, seed): 0.5 for seed in range(5)}
    assert paired_difference(ours, theirs, folds=4).p == pytest.approx(stats.ttest_1samp(DIFFERENCES[:5], 0).pvalue)


def test_an_interval_needs_three_pairs():
    for count in (1, 2):
        ours, theirs = ({(-1, seed): value + seed**2 / 100 for seed in range(count)} for value in (0.8, 0.7))
        found = paired_difference(ours, {**theirs, (-1, 9): 0.1})
        assert (found.pairs, found.difference) == (count, pytest.approx(0.1))
        assert math.isnan(found.low)
        assert math.isnan(found.p)
    assert paired_difference({(-1, 0): 0.8}, {(-1, 1): 0.7}).pairs == 0
    assert paired_difference({(-1, 0): 0.8, (-1, 1): None, (-1, 2): 0.5}, {(-1, 0): None, (-1, 2): 0.5}).pairs == 1


@pytest.mark.parametrize(("value", "p"), [(0.0, 1), (0.25, 2 / 16), (-0.125, 2 / 16)])
def test_the_interval_of_equal_differences_is_their_value(value, p):
    found = difference_of(np.full(4, value))
    assert (found.difference, found.low, found.high, found.p) == (value, value, value, p)


# What stands


def test_holm_is_that_of_the_definition():
    """Step down: as long as the smallest of the m that are left times m is at most the level, it is rejected."""
    p_values = [0.04, 0.001, 0.03, 0.3, 0.012, 0.03]
    for level in (0.005, 0.05, 0.06, 0.12, 0.15, 0.4):
        left, rejected = dict(enumerate(p_values)), set()
        while left and min(left.values()) * len(left) <= level:
            number = min(left, key=lambda entry: left[entry])
            rejected.add(number)
            del left[number]
        assert {number for number, p in enumerate(holm(p_values)) if p <= level} == rejected


@pytest.mark.parametrize(("pairs", "level"), [(3, 0.05), (5, 0.005), (20, 0.01)])
def test_the_smallest_visible_effect_is_seen_four_times_in_five(pairs, level):
    shift = needed_shift(pairs, level) / math.sqrt(pairs)
    samples = np.random.default_rng(0).normal(shift, 1, size=(20_000, pairs))
    assert np.mean(stats.ttest_1samp(samples, 0, axis=1).pvalue <= level) == pytest.approx(0.8, abs=0.01)


def test_arms_are_adjusted_for_those_with_the_same_control(tmp_path):
    noise = np.random.default_rng(2).normal(0, 0.01, size=(4, 5))
    for seed in range(5):
        write_run(tmp_path, seed, 0.7 + noise[0, seed], curve=WHOLE, **BASELINE)
        for number, (name, gain) in enumerate({"Entropy": 0.02, "Margin": 0.012, "Bald": 0.0}.items()):
            write_run(tmp_path, seed, 0.7 + gain + noise[number + 1, seed], acquire=name)
    found = compare(tmp_path).set_index("arm")
    arms = ["Entropy", "Margin", "Bald"]
    assert found.loc[arms, "baseline_adjusted_p"].tolist() == pytest.approx(holm(found.loc[arms, "baseline_p"].tolist()))
    assert found.loc[arms, "baseline_comparisons"].tolist() == [3] * 3
    error = found.loc["Bald", "baseline_error"]
    assert found.loc["Bald", "baseline_visible"] == pytest.approx(needed_shift(5, 0.05 / 3) * error)
    assert found.loc["baseline", "baseline_comparisons"] == 0


def test_a_difference_that_stands_alone_may_not_stand_among_others(tmp_path):
    differences = np.array([0.03, 0.012, 0.02, 0.035, 0.008])
    p = stats.ttest_1samp(differences, 0).pvalue
    assert 0.01 < p < 0.025
    for arms, verdict in (
        (["Entropy"], "better than"),
        (["Entropy", "Margin", "Bald", "Variance"], "not distinguishable from"),
    ):
        root = tmp_path / str(len(arms))
        for seed in range(5):
            write_run(root, seed, 0.7, curve=WHOLE, **BASELINE)
            for number, name in enumerate(arms):
                spread = differences[seed] if number == 0 else (-1) ** (seed + number) * 0.01
                write_run(root, seed, 0.7 + spread, acquire=name)
        told = sentences_of(root, "Entropy")[0]
        assert told.startswith(f"{verdict} the baseline (all labels): +2.1 F1 points, [+0.7, +3.5] over 5 pairs of runs, not ")
        assert ("was likely to be missed" in told) is (len(arms) > 1)
        assert ("after Holm for 4 comparisons" in told) is (len(arms) > 1)


def test_a_difference_has_to_show_over_texts_as_well(tmp_path):
    """Every run of an arm is better by the same two rows of the test set: no luck of training, but few texts."""
    truth, worse = rows(3)
    better = worse.copy()
    wrong = np.flatnonzero(worse != truth)[:2]
    better[wrong] = truth[wrong]
    for seed in range(5):
        for settings, predicted in ((RANDOM, worse), ({}, better)):
            score = float(f1_score(truth, predicted, average="macro")) + seed / 1e4 * bool(settings)
            write_predictions(write_run(tmp_path, seed, score, **settings), truth, predicted)
    found = line(compare(tmp_path), "Entropy")
    assert found["random_p"] < 0.001
    assert found["random_texts_p"] > 0.05
    assert found["random_adjusted_p"] == found["random_both_p"] == found["random_texts_p"]
    assert sentences_of(tmp_path, "Entropy")[1].startswith("not distinguishable from random selection at the same budget")


def test_two_tests_that_show_opposite_effects_are_no_verdict(tmp_path):
    truth, worse = rows(3)
    for seed in range(6):
        for score, settings, predicted in ((0.6, RANDOM, truth), (0.7 + seed / 100, {}, worse)):  # better by score, not by rows
            write_predictions(write_run(tmp_path, seed, score, **settings), truth, predicted)
    found = line(compare(tmp_path), "Entropy")
    assert max(found["random_p"], found["random_texts_p"]) < 0.01
    assert found["random_adjusted_p"] == 1


def test_a_clear_difference_stands_among_many_comparisons(tmp_path):
    """The smallest share of draws is 1/4001, which times 200 would be no verdict."""
    truth, worse = rows(3, count=600)
    random = np.random.default_rng(0)
    for seed in range(4):
        for score, settings, predicted in ((0.6, RANDOM, worse), (0.9, {}, truth)):
            score += random.normal(0, 0.001)
            write_predictions(write_run(tmp_path, seed, score, **settings), truth, predicted)
    found = line(compare(tmp_path), "Entropy")
    assert found["random_texts_p"] < 1e-6


def test_no_spread_is_no_proof(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, 0.8)
        write_run(tmp_path, seed, 0.7, **RANDOM)
    told = sentences_of(tmp_path, "Entropy")[1]
    assert told.startswith(
        "not distinguishable from random selection at the same budget: +10.0 F1 points, [+10.0, +10.0] over 3 "
    )
    assert "likely to be missed" not in told


def test_pairs_that_differ_in_one_setting_are_adjusted_for_those_of_the_setting(tmp_path):
    noise = np.random.default_rng(2).normal(0, 0.01, size=(3, 4))
    for seed in range(4):
        for number, rate in enumerate((0.001, 0.01, 0.1)):
            write_run(tmp_path, seed, 0.7 + noise[number, seed], lr=rate)
    pairs = contrasts(tmp_path)
    assert pairs["test_comparisons"].tolist() == [3] * 3
    assert pairs["test_adjusted_p"].tolist() == pytest.approx(holm(pairs["test_p"].tolist()))
