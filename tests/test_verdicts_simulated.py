"""How often intervals hold the truth and verdicts are false, in simulations with few samples; docs/verdicts.md has many."""

import numpy as np
import pytest

from alft.report.intervals import difference_of

from .conftest import ROOT


@pytest.fixture
def simulate(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "verdicts")
    return __import__("simulate")


@pytest.mark.parametrize("pairs", [3, 5, 10])
def test_t_intervals_hold_the_truth_as_often_as_they_say(pairs):
    samples = np.random.default_rng(0).normal(size=(2_000, pairs))
    held = np.mean([found.low <= 0 <= found.high for found in map(difference_of, samples)])
    assert held == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("pairs", [3, 5, 10])
def test_of_eleven_arms_without_an_effect_one_has_a_verdict_in_one_study_of_twenty_at_most(simulate, pairs):
    random = np.random.default_rng(1)
    alone, adjusted = np.array([simulate.study(random, simulate.normal, pairs) for _ in range(300)]).any(axis=1).mean(axis=0)
    assert adjusted <= 0.07
    assert alone > 0.2, "without Holm"


def test_over_folds_and_seeds_the_corrected_interval_holds_and_the_plain_one_does_not(simulate):
    random = np.random.default_rng(2)
    corrected, plain = np.mean([simulate.over_folds(random, folds=5, seeds=3) for _ in range(300)], axis=0)
    assert corrected >= 0.91
    assert plain < 0.8


def test_intervals_over_texts_hold_the_truth(simulate):
    random = np.random.default_rng(3)
    assert np.mean([simulate.over_texts(random, rows=170, seeds=3) for _ in range(100)]) >= 0.93


def test_the_document_has_the_tables_of_the_simulation():
    tables = (ROOT / "results" / "verdicts" / "tables.md").read_text(encoding="utf-8")
    text = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert all(table.strip() in text for table in tables.split("\n\n"))
