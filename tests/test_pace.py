"""Sets that last several epochs, restarts from the pretrained weights, a refit at the end, and budgets in labels."""

from itertools import pairwise

import pyarrow.parquet
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alft.loop.scoring import score_pool
from alft.selection.budget import Base, Constant, Linear
from alft.selection.labels import Labels
from alft.selection.plan import Pace, plan_epochs

from .conftest import summary_of
from .faults import Kill, differences, run
from .resuming import GO_ON, TINY, first_step_of, runs

POOL = 40


class TestLabels:
    def test_each_choice_buys_its_count(self):
        plan = plan_epochs(Labels([5, 10, 20]), 4, POOL, "accumulate")
        assert plan.sizes == (5, 15, 35, 35)
        assert plan.shares == (5 / 40, 10 / 40, 20 / 40, 0)
        assert plan.bought == ((5, 5), (15, 15), (35, 35), (35, 35))

    def test_no_more_is_bought_than_there_is(self):
        assert plan_epochs(Labels([30, 30]), 2, POOL, "accumulate").sizes == (30, 40)
        assert plan_epochs(Labels([30, 30]), 2, POOL, "accumulate", max_unique=0.8).sizes == (30, 32)

    def test_a_constant_count_is_not_a_share(self):
        assert plan_epochs(Base(count=7), 3, POOL, "accumulate").sizes == (7, 14, 21)
        assert plan_epochs(Constant(count=7), 3, 1_000_000).sizes == (7, 7, 7)
        assert (repr(Base(count=7)), repr(Base(share=0.5))) == ("Constant(count=7)", "Constant(share=0.5)")

    @pytest.mark.parametrize("counts", [[], [0, 5], [5, -1]])
    def test_counts_that_buy_nothing_are_refused(self, counts):
        with pytest.raises(ValueError, match=r"active\.budget\.counts must be numbers of rows, the first at least 1"):
            Labels(counts)

    def test_counts_that_would_never_be_bought_are_refused(self):
        with pytest.raises(ValueError, match=r"active\.budget\.counts must be at most one for each choice .* makes 2, got 3"):
            plan_epochs(Labels([5, 5, 5]), 4, POOL, "accumulate", pace=Pace(every_n_epochs=2))

    def test_a_count_below_1_is_refused(self):
        with pytest.raises(ValueError, match=r"active\.budget\.count must be at least 1, or null for a share, got 0"):
            Constant(count=0)


class TestPlan:
    def test_a_set_lasts_n_epochs_and_the_budget_counts_choices(self):
        plan = plan_epochs(Linear(1.0, 0.5), 6, POOL, pace=Pace(every_n_epochs=2))
        assert plan.sizes == (40, 40, 30, 30, 20, 20)
        assert plan.decides == (False, False, True, False, True, False)
        assert [plan.choice(epoch) for epoch in range(6)] == [(0, 3), (0, 3), (1, 3), (1, 3), (2, 3), (2, 3)]

    def test_the_last_set_may_be_shorter(self):
        assert plan_epochs(Labels([4, 4, 4]), 5, POOL, "accumulate", pace=Pace(2)).sizes == (4, 4, 8, 8, 12)

    def test_a_refit_trains_on_all_that_was_bought(self):
        plan = plan_epochs(Constant(0.25), 5, POOL, "unseen", pace=Pace(refit=2))
        assert plan.sizes == (10, 10, 10, 30, 30)
        assert plan.bought[-1] == (30, 30)
        assert [plan.restarts(epoch) for epoch in range(5)] == [False, False, False, True, False]
        assert plan.stretches() == [range(3), range(3, 5)]

    def test_each_set_may_begin_anew(self):
        plan = plan_epochs(Labels([4, 4]), 6, POOL, "accumulate", pace=Pace(2, "each_set", refit=2))
        assert plan.stretches() == [range(2), range(2, 4), range(4, 6)]

    def test_a_refit_of_rows_that_nobody_knows_is_refused(self):
        with pytest.raises(ValueError, match=r"active\.refit needs sets whose union is known .* \(here 20 to 40 rows\)"):
            plan_epochs(Constant(0.5), 4, POOL, pace=Pace(refit=1))
        assert plan_epochs(Linear(1.0, 0.5), 4, POOL, pace=Pace(refit=1)).sizes[-1] == POOL  # all are bought at once

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"every_n_epochs": 0}, r"active\.every_n_epochs must be at least 1, got 0"),
            ({"refit": -1}, r"active\.refit must be at least 0, got -1"),
            ({"refit": 3}, r"active\.refit must be below trainer\.max_epochs, whose last epochs they are, got 3 of 3"),
        ],
    )
    def test_a_pace_that_makes_no_sense_is_refused(self, settings, told):
        with pytest.raises(ValueError, match=told):
            plan_epochs(Constant(0.5), 3, POOL, "accumulate", pace=Pace(**settings))

    @given(
        epochs=st.integers(1, 12),
        every=st.integers(1, 5),
        refit=st.integers(0, 3),
        restart=st.sampled_from(["never", "each_set"]),
        mode=st.sampled_from(["accumulate", "unseen"]),
    )
    def test_rows_change_only_where_they_may_and_stretches_fill_the_run(self, epochs, every, refit, restart, mode):
        if refit >= epochs:
            return
        plan = plan_epochs(Constant(count=3), epochs, 100, mode, pace=Pace(every, restart, refit))
        assert len(plan.sizes) == plan.epochs == epochs
        for epoch in range(1, epochs):
            if not plan.is_new(epoch):
                assert plan.sizes[epoch] == plan.sizes[epoch - 1]
                assert not plan.decides[epoch]
                assert not plan.restarts(epoch)
        assert [epoch for stretch in plan.stretches() for epoch in stretch] == list(range(epochs))
        assert all(len(stretch) for stretch in plan.stretches())


def sets_of(folder):
    table = pyarrow.parquet.read_table(folder / "selection.parquet").to_pydict()
    sets = {}
    for epoch, row in zip(table["epoch"], table["row"], strict=True):
        sets.setdefault(epoch, []).append(row)
    return sets


SETS = ("--active.mode=accumulate", "--active.budget=Labels", "--active.budget.counts=[10,10,12]", "--active.every_n_epochs=2")


class TestRun:
    def test_sets_last_and_a_refit_takes_all(self, fit, monkeypatch):
        passes = []
        monkeypatch.setattr(
            "alft.loop.active.score_pool", lambda *parts, **more: passes.append(1) or score_pool(*parts, **more)
        )
        folder = fit(*SETS, "--active.refit=1", "--trainer.max_epochs=7", "--active.max_unique=null")
        sets = sets_of(folder)
        assert [len(sets[epoch]) for epoch in range(7)] == [10, 10, 20, 20, 32, 32, 32]
        assert sets[0] == sets[1]
        assert set(sets[0]) < set(sets[2]) < set(sets[4])
        records = summary_of(folder)["epochs"]
        assert [record["bought"] for record in records] == [10, 10, 20, 20, 32, 32, 32]
        assert len(passes) == 3  # the pool is scored for choices only

    def test_a_restart_begins_from_the_pretrained_weights_and_an_optimizer_without_memory(self, fit, monkeypatch):
        seen = []

        def look(model, batch, number):
            if number == 0:
                weights = {name: weight.clone() for name, weight in model.named_parameters()}
                seen.append((weights, len(model.trainer.optimizers[0].state)))

        monkeypatch.setattr("alft.models.classifier.Classifier.on_train_batch_start", look)
        fit(*SETS, "--active.restart=each_set", "--trainer.max_epochs=6", "--model.lr=1e-2", "--active.max_unique=null")
        encoder = [name for name in seen[0][0] if ".encoder.layer." in name]
        same = [all(torch.equal(weights[name], seen[0][0][name]) for name in encoder) for weights, _ in seen]
        assert same == [True, False, True, False, True, False]  # epochs 0, 2 and 4 begin with what was pretrained
        assert [memory > 0 for _, memory in seen] == [False, True, False, True, False, True]
        head = "network.classifier.weight"
        assert not torch.equal(seen[2][0][head], seen[0][0][head])  # it is drawn anew

    def test_each_stretch_has_its_own_warm_up_and_ends_at_0(self, fit, monkeypatch):
        rates = []
        monkeypatch.setattr(
            "alft.models.classifier.Classifier.on_before_zero_grad",
            lambda self, optimizer: rates.append(self.trainer.lr_scheduler_configs[0].scheduler.get_last_lr()[0]),
        )
        fit(*SETS, "--active.restart=each_set", "--trainer.max_epochs=6", "--data.batch_size=4", "--active.max_unique=null")
        falls = [before > after for before, after in pairwise(rates)]
        assert sum(before and not after for before, after in pairwise(falls)) == 2  # three plans: the rate rises again twice


JOINT = {
    "KCenter, restarts, a probe and an average": [
        *("--active.acquire=KCenter", "--active.restart=each_set", "--active.refit=1", "--model.head=Mean"),
        *("--model.head_start=probe", "--model.ema=0.9"),
    ],
    "MaxHerding, restarts with LoRA": [
        *("--active.acquire=MaxHerding", "--active.restart=each_set", "--model.lora.r=4", "--active.recluster=every_epoch"),
    ],
    "Badge, a refit": ["--active.acquire=Badge", "--active.refit=2"],
    "UncertaintyHerding": ["--active.acquire=UncertaintyHerding", "--active.allocate=disagreement"],
    "TypiClust, then Badge": ["--active.acquire=Switch", "--active.acquire.then=Badge", "--active.acquire.at=15"],
    "Mixture of TypiClust and Bald": [
        *("--active.acquire=Mixture", "--active.acquire.a=TypiClust", "--active.acquire.b.class_path=Bald"),
        *("--active.acquire.b.init_args.passes=2", "--active.embedding=TfIdf"),
    ],
}


@pytest.mark.parametrize("more", JOINT.values(), ids=JOINT.keys())
def test_a_run_killed_between_choices_goes_on_to_the_same_end(workplace, more):
    more = [*SETS, "--trainer.max_epochs=7", "--active.max_unique=null", *more]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    for number, epoch in enumerate((2, 5), start=1):
        assert run([*TINY, *more], workplace, Kill("training", first_step_of(epoch, whole))).code == -9
        ended = run([*GO_ON, *more], workplace)
        assert ended.code == 0, ended.err
        assert differences(whole, runs(workplace)[number]) == []


class TestSetScores:
    EACH = (*SETS, "--trainer.max_epochs=5", "--active.max_unique=null", "--data.test_each_set=true")

    def test_the_test_set_is_measured_after_each_set(self, fit, monkeypatch):
        summary = summary_of(fit(*self.EACH))
        tested = {record["epoch"]: record.get("test_f1_macro") for record in summary["epochs"]}
        assert [epoch for epoch, score in tested.items() if score is not None] == [1, 3, 4]
        assert tested[4] == pytest.approx(summary["test"]["f1_macro"], abs=1e-6)
        monkeypatch.setattr(
            "alft.fit.set_scores.outputs",
            lambda trainer, model, tokens: torch.eye(2)[(torch.arange(len(tokens.lengths)) < 4 * trainer.current_epoch).long()],
        )
        records = summary_of(fit(*self.EACH))["epochs"]
        assert len({record.get("test_f1_macro") for record in records}) == 4  # none in two epochs, three different ones

    def test_nothing_in_the_run_changes_by_it(self, fit):
        with_scores, without = fit(*self.EACH), fit(*self.EACH[:-1])
        assert (with_scores / "metrics.csv").read_text() == (without / "metrics.csv").read_text()
        assert sets_of(with_scores) == sets_of(without)
        states = [
            torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in (with_scores, without)
        ]
        assert all(torch.equal(weights, states[1][name]) for name, weights in states[0].items())


def test_a_replay_begins_anew_where_the_run_did(fit):
    run_ = fit(*SETS, "--trainer.max_epochs=5", "--active.max_unique=null", "--active.restart=each_set")
    again = fit("--active.replay", str(run_), "--trainer.max_epochs=5")
    assert sets_of(again) == sets_of(run_)
    assert (again / "metrics.csv").read_text() == (run_ / "metrics.csv").read_text()


OWN = """
from dataclasses import dataclass

import torch

from alft import Joint


@dataclass(frozen=True)
class EvenlySpread(Joint):
    \"\"\"Every n-th candidate.\"\"\"

    def pick(self, view, scores_N, candidates, count):
        return candidates[torch.arange(count) * len(candidates) // count]
"""


def test_a_batch_aware_acquisition_of_ones_own_is_one_file_and_one_line(fit, workplace, monkeypatch):
    monkeypatch.syspath_prepend(workplace)  # as with python -m
    (workplace / "mine.py").write_text(OWN)
    more = ["--active.cluster=Whole", "--active.mode=accumulate", "--active.budget=Labels", "--active.budget.counts=[8,4]"]
    folder = fit(*more, "--active.acquire=mine.EvenlySpread", "--trainer.max_epochs=2", "--active.max_unique=null")
    sets = sets_of(folder)
    assert sets[0] == list(range(0, 64, 8))
    rest = [row for row in range(64) if row not in sets[0]]
    assert sorted(set(sets[1]) - set(sets[0])) == [rest[place] for place in (0, 14, 28, 42)]
