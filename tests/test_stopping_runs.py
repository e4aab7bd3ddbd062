"""Advice and the rule that stops, in runs: what is printed and recorded, kills, processes."""

import pytest

from alft.cli.main import main
from alft.selection.forecast import Forecast

from .conftest import summary_of
from .faults import Kill, differences, run, run_together
from .resuming import GO_ON, TINY, first_step_of, runs
from .test_processes import free_port

SETS = [
    *("--active.mode=accumulate", "--active.budget=Constant", "--active.budget.count=6", "--trainer.max_epochs=9"),
    *("--active.max_unique=null", "--model.head=Mean", "--model.class_weights=balanced", "--model.lr=3e-3"),
]
EASY = ["--active.stop=Stop", "--active.stop.kappa=1e-9", "--active.stop.rounds=2", "--active.stop.gain=100"]
"""A rule that acts as soon as it can: after four numbers of labels."""


class TestRun:
    def test_each_set_has_its_advice_in_words_and_in_the_summary(self, fit, capsys):
        summary = summary_of(fit(*SETS))
        told = [line for line in capsys.readouterr().out.splitlines() if " labels: " in line and line.startswith("epoch ")]
        assert [line.split(" labels")[0] for line in told] == [f"epoch {epoch}, {6 * (epoch + 1)}" for epoch in range(9)]
        records = summary["epochs"]
        assert summary["stopped"] is None
        assert [record["forecast"] is None for record in records] == [True] * 3 + [False] * 6
        assert records[-1]["kappa"] is None, "no choice follows"
        agreed = [f"kappa {record['kappa']:.3f}" in line for record, line in zip(records, told, strict=True) if record["kappa"]]
        assert all(agreed)
        assert agreed
        outlooks = [Forecast(**record["forecast"]) for record in records if record["forecast"]]
        assert all(outlook.sentence in line for outlook, line in zip(outlooks, told[3:], strict=True))
        assert records[4]["forecast"]["labels"] == 64 - 30

    def test_a_choice_without_a_pass_has_no_agreement(self, fit):
        records = summary_of(fit(*SETS, "--active.acquire=Random"))["epochs"]
        assert all(record["kappa"] is None for record in records)
        assert records[4]["forecast"] is not None

    def test_a_run_that_chooses_nothing_is_silent(self, fit, capsys):
        fit("--active.enabled=false")
        assert "no forecast" not in capsys.readouterr().out

    def test_the_rule_changes_nothing_before_it_ends_the_run(self, fit, capsys):
        whole, ended = fit(*SETS), fit(*SETS, *EASY)
        records, rest = summary_of(ended)["epochs"], summary_of(whole)["epochs"]
        assert 4 <= len(records) < 9
        reason = summary_of(ended)["stopped"]
        assert reason.startswith("active.stop: in 2 choices predictions agree by a mean kappa of ")
        assert f"the run ends: {reason}" in " ".join(capsys.readouterr().out.splitlines())
        assert summary_of(ended)["labels"]["bought"] == 6 * len(records), "no further label was bought"
        for one, other in zip(records, rest, strict=False):
            assert {**one, "seconds": 0, "memory_mib": 0} == {**other, "seconds": 0, "memory_mib": 0}
        assert summary_of(ended)["settings"]["selection"]["stop"] == "Stop(labels=50, kappa=1e-09, rounds=2, gain=100.0)"

    def test_sets_that_last_are_trained_to_their_end(self, fit):
        more = [*SETS, "--trainer.max_epochs=14", "--active.every_n_epochs=2", "--active.restart=each_set"]
        summary = summary_of(fit(*more, *EASY, "--data.test_each_set=true"))
        assert summary["stopped"]
        assert 8 <= len(summary["epochs"]) < 14
        assert len(summary["epochs"]) % 2 == 0
        last = summary["epochs"][-1]
        assert last["test_f1_macro"] == pytest.approx(summary["test"]["f1_macro"], abs=1e-6)

    def test_fewest_epochs_of_the_trainer_are_kept(self, fit):
        summary = summary_of(fit(*SETS, *EASY, "--trainer.min_epochs=7"))
        assert len(summary["epochs"]) >= 7

    def test_an_idle_rule_is_refused_in_one_line(self, workplace, capsys):
        assert main([*TINY, *SETS, *EASY, "--active.acquire=Random"]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert "active.stop can never act" in line

    def test_it_can_be_taken_back(self, fit):
        assert len(summary_of(fit(*SETS, *EASY, "--active.stop=null"))["epochs"]) == 9


def test_a_run_killed_before_or_after_its_rule_acted_goes_on_to_the_same_end(workplace):
    more = [*SETS, *EASY]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    assert summary_of(whole)["stopped"]
    for number, kill in enumerate((Kill("training", first_step_of(2, whole)), Kill("summary", 1)), start=1):
        assert run([*TINY, *more], workplace, kill).code == -9
        ended = run([*GO_ON, *more], workplace)
        assert ended.code == 0, ended.err
        assert differences(whole, runs(workplace)[number]) == []


def test_several_processes_stop_together(workplace):
    more = [*SETS, *EASY]
    for ended in run_together([*TINY, *more], workplace, 2, free_port()):
        assert ended.code == 0, ended.err
        assert ended.out.count("the run ends: ") <= 1
    assert summary_of(runs(workplace)[0])["stopped"]
