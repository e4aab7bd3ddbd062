"""The forecast of the gain by further labels: against a plain search, and its interval on simulated curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from alft.selection.forecast import CONFIDENCE, FEWEST_SCORES, RECENT, WIDEST, Forecast, forecast

COUNTS = np.arange(1, 11) * 30


def curve(counts, top: float, drop: float, exponent: float):
    """A power law that lies ``drop`` below its top at 30 labels."""
    return top - drop * (np.asarray(counts) / 30) ** -exponent


def as_scores(counts, values) -> dict[int, float]:
    return dict(zip(np.asarray(counts).tolist(), np.asarray(values).tolist(), strict=True))


def test_a_curve_without_noise_is_continued():
    for exponent in (0.2, 0.5, 1.0):
        found = forecast(as_scores(COUNTS, curve(COUNTS, 0.9, 0.4, exponent)), 50)
        truth = curve(350, 0.9, 0.4, exponent) - curve(300, 0.9, 0.4, exponent)
        assert found.gain == pytest.approx(truth, rel=0.02)
        assert 0.9 * truth < found.low <= found.gain <= found.high < 1.1 * truth


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_is_that_of_a_general_optimiser(seed):
    values = curve(COUNTS, 0.85, 0.35, 0.6) + np.random.default_rng(seed).normal(0, 0.005, len(COUNTS))
    bounds = ([0.0, 0.0, 0.05], [1.0, np.inf, 3.0])
    (top, drop, exponent), _ = curve_fit(curve, COUNTS, values, p0=(0.8, 0.3, 0.5), bounds=bounds)
    reference = curve(350, top, drop, exponent) - curve(300, top, drop, exponent)
    assert forecast(as_scores(COUNTS, values), 50).gain == pytest.approx(reference, rel=0.02)


@pytest.mark.parametrize(("points", "exponent"), [(4, 0.5), (6, 1.0), (10, 0.5), (20, 0.3)])
@pytest.mark.parametrize("noise", [0.005, 0.02])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(points, exponent, noise):
    """600 curves: the standard error of the share is 1.2 %, and bounds on the curve may raise it."""
    rng, counts = np.random.default_rng(0), np.array([*range(30, 30 * points + 1, 30), 30 * points + 50])
    values = curve(counts, 0.85, 0.35, exponent) + rng.normal(0, noise, (600, points + 1))
    found = [forecast(as_scores(counts[:-1], drawn[:-1]), 50) for drawn in values]
    changes = values[:, -1] - values[:, -2]
    covered = np.mean([one.low <= change <= one.high for one, change in zip(found, changes, strict=True)])
    assert CONFIDENCE - 0.04 < covered < CONFIDENCE + 0.08
    assert np.mean([one.high < change for one, change in zip(found, changes, strict=True)]) < (1 - CONFIDENCE) / 2 + 0.03


def test_only_the_last_scores_count():
    late = as_scores(np.arange(20, 20 + RECENT) * 30, np.linspace(0.7, 0.75, RECENT) + 0.001 * np.arange(RECENT) % 2)
    assert forecast({30: 0.1, 60: 0.9, **late}, 50) == forecast(late, 50)


def test_a_curve_that_falls_promises_nothing_and_one_at_the_top_cannot_rise():
    assert forecast(as_scores(COUNTS, np.linspace(0.8, 0.7, 10)), 50).gain == 0
    assert forecast(as_scores(COUNTS, 1 - 1e-9 * np.arange(10)[::-1]), 50).high == pytest.approx(0, abs=1e-6)


def test_scores_that_are_all_equal_give_none():
    assert forecast(as_scores(COUNTS, np.full(10, 0.415)), 50) is None


def test_few_scores_give_none_and_one_more_a_wide_interval():
    values = curve(COUNTS, 0.85, 0.35, 0.5) + np.random.default_rng(1).normal(0, 0.01, 10)
    assert forecast(as_scores(COUNTS[: FEWEST_SCORES - 1], values[: FEWEST_SCORES - 1]), 50) is None
    few, many = (forecast(as_scores(COUNTS[:m], values[:m]), 50) for m in (FEWEST_SCORES, 10))
    assert few.high - few.low > many.high - many.low


@given(st.lists(st.floats(0, 1), min_size=4, max_size=12), st.integers(1, 200))
def test_ends_are_ordered_and_possible_whatever_the_scores(values, labels):
    scores = {10 * place + 7: value for place, value in enumerate(values)}
    found = forecast(scores, labels)
    if found is None:
        assert len(set(values)) == 1
        return
    assert found.low <= found.gain <= found.high
    assert 0 <= found.gain <= 1
    assert found == forecast(dict(reversed(scores.items())), labels)  # the order in which scores came does not matter


def test_an_interval_never_promises_a_score_that_cannot_be():
    found = forecast({100: 0.42, 200: 0.45, 300: 0.69, 400: 0.87}, 50)
    assert (found.low, found.high) == pytest.approx((-0.87, 0.13))
    assert found.low <= found.gain <= found.high


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.011, 0.022, "50 more labels: +0.8 points of validation macro-F1 [-1.1, 2.2]"),
        (-0.15, WIDEST - 0.15, "50 more labels: +0.8 points of validation macro-F1 [-15.0, 5.0]"),
        (
            -0.41,
            0.033,
            "50 more labels: cannot tell yet, at most +3.3 points of validation macro-F1 (the interval is 44 points wide, and "
            "shown up to 20)",
        ),
    ],
)
def test_of_a_wide_interval_only_the_upper_end_is_told(low, high, words):
    assert Forecast(50, 0.008, low, high).sentence == words


def test_one_label_is_no_plural():
    assert Forecast(1, 0.008, 0.0, 0.01).sentence.startswith("1 more label: ")
