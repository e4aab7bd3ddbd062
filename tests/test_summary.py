"""Figures of a summary, against values computed by hand."""

import json

import pytest
import torch

from alft.controls.scores import control_scores
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import Corpus, Rows
from alft.fit.finish import FINAL, log_summary
from alft.record.summary import break_even, stage_seconds
from alft.selection.ledger import Ledger, Selection


def ledger_of_two_epochs() -> Ledger:
    ledger = Ledger(torch.ones(10, dtype=torch.bool))
    ledger.record(0, Selection(torch.arange(10)))
    ledger.record(1, Selection(torch.arange(5), scores=torch.zeros(5)))
    for epoch, rows in ((0, 10), (1, 5)):
        ledger.spend(epoch, "train", 2.0 * rows)
    return ledger


def test_break_even_is_what_selection_leaves_of_a_baseline_run():
    ledger = ledger_of_two_epochs()
    ledger.spend(1, "score", 3.0)
    ledger.spend(1, "cluster", 0.6)
    ledger.spend(1, "select", 0.4)
    # The baseline trains on 2 x 10 rows at 2 seconds each; 4 seconds of selection are a tenth of that.
    assert break_even(ledger) == pytest.approx(0.9)
    assert stage_seconds(ledger, 50.0) == {
        "total": 50.0,
        "train": 30.0,
        "score": 3.0,
        "cluster": 0.6,
        "select": 0.4,
        "validate": 0.0,
    }


def test_a_run_that_chose_nothing_has_no_break_even():
    ledger = Ledger(torch.ones(4, dtype=torch.bool))
    ledger.record(0, Selection(torch.arange(4)))
    ledger.spend(0, "train", 1.0)
    assert break_even(ledger) is None


def corpus_of(train: list[tuple[str, int]], test: list[tuple[str, int]]) -> Corpus:
    pool, held_out = (Rows([t for t, _ in rows], [label for _, label in rows]) for rows in (train, test))
    return Corpus(pool, held_out, held_out, ["bad", "good"], blank=0)


def test_controls_know_a_separable_task_and_the_majority():
    train = [("fine film", 1), ("fine plot", 1), ("poor film", 0), ("poor plot", 0), ("fine day", 1), ("unknown", -1)]
    test = [("fine thing", 1), ("poor thing", 0), ("fine", 1), ("fine one", 1)]
    scores = control_scores(corpus_of(train, test), bought=range(2), limit=TimeLimit(60))
    assert scores["tfidf_f1"] == 1
    assert scores["tfidf_bought_f1"] == scores["majority_bought_f1"] == scores["majority_f1"], "of one class alone"
    assert scores["majority_f1"] == pytest.approx((2 * 3 / (2 * 3 + 1)) / 2)  # F1 6/7 for the majority, 0 for the other
    assert json.dumps(scores)


def test_wandb_gets_settings_final_figures_and_the_cost_of_each_epoch():
    class Run:
        def __init__(self):
            self.config, self.summary, self.logged = Updated(), Updated(), []

        def define_metric(self, names, step_metric):
            self.axis = (names, step_metric)

        def log(self, figures):
            self.logged.append(figures)

    class Updated(dict):
        def update(self, more, allow_val_change=True):
            super().update(more)

    run, figures = Run(), dict.fromkeys(FINAL, 1.0)
    records = [
        {"epoch": epoch, "memory_mib": 100 + epoch, "gpu_memory_mib": None, "seconds": {"train": 2.0, "score": 0.5}}
        for epoch in range(2)
    ]
    log_summary(run, {"settings": {"lr": 0.1}, "epochs": records, **figures})
    assert run.config["alft"] == {"lr": 0.1}
    assert run.summary == figures
    assert run.logged == [
        {"cost/epoch": 0, "cost/memory_mib": 100, "cost/seconds_train": 2.0, "cost/seconds_score": 0.5},
        {"cost/epoch": 1, "cost/memory_mib": 101, "cost/seconds_train": 2.0, "cost/seconds_score": 0.5},
    ]
    assert run.axis == ("cost/*", "cost/epoch")
