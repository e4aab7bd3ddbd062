"""Advice on stopping, and the rule: agreement, words, refusals; runs are in test_stopping_runs.py."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from alft.selection.acquisition import Margin, Random
from alft.selection.budget import Constant, Full
from alft.selection.clustering import Whole
from alft.selection.forecast import Forecast
from alft.selection.labels import Labels
from alft.selection.ledger import Ledger, Selection
from alft.selection.outputs import Scores
from alft.selection.plan import Pace, plan_epochs
from alft.selection.policy import Policy
from alft.selection.stopping import Advice, Stop, advise, kappa, record_agreement
from alft.selection.typiclust import TypiClust


class TestKappa:
    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("classes", [2, 3, 7])
    def test_is_that_of_scikit_learn(self, seed, classes):
        rng = np.random.default_rng(seed)
        one, other = rng.integers(0, classes, (2, 50))
        other = np.where(rng.random(50) < 0.7, one, other)
        found = kappa(torch.from_numpy(one), torch.from_numpy(other), classes)
        assert found == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)

    def test_equal_predictions_agree_wholly_but_a_single_class_says_nothing(self):
        mixed, same = torch.tensor([0, 1, 1, 2]), torch.ones(4, dtype=torch.int64)
        assert kappa(mixed, mixed, 3) == 1
        assert kappa(same, same, 3) is None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.isnan(cohen_kappa_score(same, same))

    def test_it_is_symmetric_and_follows_names_of_classes(self):
        one, other = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([0, 2, 2, 0, 1])
        assert kappa(one, other, 3) == kappa(other, one, 3)
        assert kappa(2 - one, 2 - other, 3) == pytest.approx(kappa(one, other, 3))


def make_ledger(scores: list[float], step: int = 10, pool: int = 100) -> Ledger:
    """A ledger of sets that each buy ``step`` rows."""
    ledger = Ledger(torch.ones(pool, dtype=torch.bool))
    for epoch, score in enumerate(scores):
        ledger.record(epoch, Selection(torch.arange(step * (epoch + 1))))
        ledger.validation[epoch] = score
    return ledger


def outputs(probs_KNC):
    return Scores(probs_KNC, torch.zeros(probs_KNC.shape[1], 0))


class TestAgreement:
    def test_passes_are_compared_with_the_one_before_on_rows_with_a_label(self):
        ledger = Ledger(torch.tensor([True, True, True, True, False]))
        one = torch.eye(2)[[0, 1, 0, 1, 0]][None]
        other = torch.eye(2)[[0, 1, 0, 0, 1]][None].repeat(3, 1, 1)
        record_agreement(ledger, -1, outputs(one))
        assert ledger.agreement == {-1: None}
        record_agreement(ledger, 0, outputs(torch.zeros(0, 5, 1)))  # no pass
        assert ledger.agreement == {-1: None}
        record_agreement(ledger, 1, outputs(other))
        assert ledger.agreement[1] == pytest.approx(cohen_kappa_score([0, 1, 0, 1], [0, 1, 0, 0]))
        record_agreement(ledger, 1, outputs(one))  # a replayed hook
        assert torch.equal(ledger.predicted_N, other[0].argmax(1))

    def test_the_prediction_is_that_of_the_mean_over_draws(self):
        ledger = Ledger(torch.ones(1, dtype=torch.bool))
        record_agreement(ledger, -1, outputs(torch.tensor([[[0.6, 0.4]], [[0.6, 0.4]], [[0.0, 1.0]]])))
        assert ledger.predicted_N.tolist() == [1]


class TestAdvise:
    def test_one_after_each_set_and_a_forecast_from_four_numbers_of_labels(self):
        plan = plan_epochs(Constant(count=10), 6, 100, "accumulate")
        ledger = make_ledger([0.4, 0.5, 0.55, 0.58, 0.6])
        ledger.agreement = {-1: None, 2: 0.9}
        advice = advise(ledger, plan, 50)
        assert [one.bought for one in advice] == [10, 20, 30, 40, 50]
        assert [one.kappa for one in advice] == [None, None, 0.9, None, None]
        assert [one.forecast is None for one in advice] == [True, True, True, False, False]
        assert advice[2].missing == "it needs 4 numbers of labels with a score, so far 3"
        assert advice[4].forecast.labels == 50

    def test_a_number_of_labels_has_the_score_of_its_last_epoch(self):
        plan = plan_epochs(Constant(count=10), 10, 100, "accumulate", pace=Pace(2))
        ledger = make_ledger([])
        for epoch, score in enumerate([0.1, 0.4, 0.1, 0.5, 0.1, 0.55, 0.1, 0.58]):
            ledger.record(epoch, Selection(torch.arange(10 * (epoch // 2 + 1))))
            ledger.validation[epoch] = score
        by_set = make_ledger([0.4, 0.5, 0.55, 0.58])
        once = plan_epochs(Constant(count=10), 5, 100, "accumulate")
        advice = advise(ledger, plan, 50)
        assert [one.epoch for one in advice] == [1, 3, 5, 7]
        assert advice[-1].forecast == advise(by_set, once, 50)[-1].forecast

    def test_no_more_labels_than_may_be_bought(self):
        plan = plan_epochs(Constant(count=10), 6, 100, "accumulate", max_unique=0.5)
        advice = advise(make_ledger([0.4, 0.5, 0.55, 0.58, 0.6]), plan, 50)
        assert advice[3].forecast.labels == 10
        assert advice[4].forecast is None
        assert advice[4].missing == "no more labels can be bought"

    def test_neither_a_refit_nor_a_diverged_epoch_counts(self):
        plan = plan_epochs(Constant(count=10), 6, 100, "accumulate", pace=Pace(refit=1))
        ledger = make_ledger([0.4, 0.5, 0.55, 0.58, 0.6])
        whole = advise(ledger, plan, 50)
        ledger.record(5, Selection(torch.arange(50)))
        ledger.validation[5] = 0.9
        assert advise(ledger, plan, 50) == whole
        ledger.validation[4] = float("nan")
        assert advise(ledger, plan, 50)[3:4] == whole[3:4]

    def test_a_model_that_predicts_one_class_has_no_forecast(self):
        plan = plan_epochs(Constant(count=10), 6, 100, "accumulate")
        last = advise(make_ledger([0.4] * 4), plan, 50)[-1]
        assert last.forecast is None
        assert last.missing == "the last scores are equal, as those of a model that predicts a single class"

    def test_words(self):
        outlook = Forecast(labels=50, gain=0.006, low=0.001, high=0.014)
        told = Advice(epoch=4, bought=200, kappa=0.9312, forecast=outlook, missing="").sentence
        assert told == (
            "epoch 4, 200 labels: predictions on the pool agree with those before by kappa 0.931; "
            "50 more labels: +0.6 points of validation macro-F1 [0.1, 1.4]"
        )
        told = Advice(epoch=0, bought=50, kappa=None, forecast=None, missing="no more labels can be bought").sentence
        assert told == "epoch 0, 50 labels: no forecast, no more labels can be bought"


def stable(kappas: list[float | None], high: float | None) -> list[Advice]:
    outlook = None if high is None else Forecast(50, high / 200, 0.0, high / 100)
    return [Advice(epoch, 10 * epoch, found, outlook, "") for epoch, found in enumerate(kappas)]


class TestRule:
    @pytest.mark.parametrize(
        ("kappas", "high", "ends"),
        [
            ([None, 0.99, 0.99, 0.99], 1.9, True),
            ([None, 0.98, 1.0, 0.99], 1.9, True),  # the mean counts
            ([0.5, 0.99, 0.99, 0.99], 1.9, True),  # the last three
            ([None, 0.99, 0.99, 0.98], 1.9, False),
            ([None, 0.99, 0.99], 1.9, False),  # too few
            ([0.99, None, 0.99, 0.99], 1.9, False),
            ([0.99, 0.99, 0.99], 2.0, False),  # not below
            ([0.99, 0.99, 0.99], None, False),
        ],
    )
    def test_ends_when_both_halves_hold(self, kappas, high, ends):
        assert (Stop().reason(stable(kappas, high)) is not None) == ends

    def test_says_why(self):
        assert Stop().reason(stable([1.0, 0.99, 0.992], 0.25)) == (
            "active.stop: in 3 choices predictions agree by a mean kappa of 0.994, at least 0.99; 50 more labels promise "
            "at most 0.25 points, below 2"
        )

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"kappa": 0}, r"active\.stop\.kappa must be in \(0, 1\], got 0"),
            ({"kappa": float("nan")}, r"active\.stop\.kappa must be in \(0, 1\], got nan"),
            ({"rounds": 0}, r"active\.stop\.rounds must be at least 1, got 0"),
            ({"labels": 0}, r"active\.stop\.labels must be at least 1, got 0"),
            ({"gain": 0}, r"active\.stop\.gain must be in \(0, 100\] points, got 0"),
        ],
    )
    def test_values_out_of_range_are_refused(self, settings, told):
        with pytest.raises(ValueError, match=told):
            Stop(**settings)

    def plan(self, epochs: int = 6, **more):
        settings = {"acquire": Margin(), "budget": Constant(count=10), "mode": "accumulate", "cluster": Whole(), "stop": Stop()}
        return Policy(**{**settings, **more}).plan(epochs, 100)

    def test_a_plan_under_which_it_can_act_is_accepted(self):
        assert self.plan().epochs == 6
        assert self.plan(5, every_n_epochs=1).epochs == 5
        assert self.plan(10, every_n_epochs=2, restart="each_set").epochs == 10

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            (
                {"acquire": Random()},
                r"active\.stop can never act: .* at 4 choices in a row, .* at 0 choices",
            ),
            ({"acquire": TypiClust()}, r"scores the pool at 6 choices"),
            ({"stop": Stop(rounds=6)}, r"at 7 choices in a row, and this run scores the pool at 6"),
            ({"epochs": 4}, r"needs sets with at least 4 numbers of labels before the last choice, and active\.budget plans 3"),
            ({"epochs": 8, "every_n_epochs": 2}, r"active\.budget plans 3; .*active\.mode accumulate"),
            ({"budget": Labels([10, 10, 0, 0, 0, 0])}, r"active\.stop can never act"),
            ({"budget": Full(), "mode": "recalculate"}, r"active\.stop can never act"),
            ({"refit": 1}, r"active\.stop must be null with active\.refit, whose epochs it would skip"),
            ({"stop": 3}, r"active\.stop must be an object of a subclass of StopRule or null, got 3"),
        ],
    )
    def test_a_plan_under_which_it_can_never_act_is_refused(self, settings, told):
        if settings == {"acquire": TypiClust()}:  # its embeddings come of a pass, which gives predictions too
            assert self.plan(**settings).epochs == 6
            return
        with pytest.raises(ValueError, match=told):
            self.plan(**settings)
