"""Averaged weights: the formula, and that what is measured, scored, saved and tested are the same weights."""

import re

import pytest
import torch
from torch import nn

from alft.cli.main import main
from alft.models.average import Average
from alft.models.classifier import Classifier
from alft.record.checkpoints import read_checkpoint
from alft.selection.seeds import generator
from alft.use.restore import load_classifier

from .conftest import Fit, summary_of
from .faults import Kill, differences, run
from .resuming import GO_ON, TINY, runs

EMA = ["--model.ema", "0.9", "--model.head", "Mean", "--model.head_start", "probe", "--model.class_weights", "balanced"]


def test_it_is_the_recursion_written_out():
    module = nn.Linear(3, 2)
    average = Average(module, 0.6)
    expected = None
    for step in range(1, 9):
        with torch.no_grad():
            module.weight.copy_(torch.randn(2, 3, generator=generator(step)))
        average.update(step)
        keep = min(0.6, (1 + step) / (10 + step))
        expected = module.weight.clone() if expected is None else keep * expected + (1 - keep) * module.weight
    trained = module.weight.clone()
    average.put_in()
    torch.testing.assert_close(module.weight, expected)
    average.put_in()  # once in, it stays in
    torch.testing.assert_close(module.weight, expected)
    average.take_out()
    assert torch.equal(module.weight, trained)
    average.take_out()
    assert torch.equal(module.weight, trained)


def test_without_a_step_there_is_no_average():
    module = nn.Linear(3, 2)
    average, before = Average(module, 0.6), module.weight.clone()
    average.put_in()
    assert not average.is_in
    assert torch.equal(module.weight, before)


def test_weights_that_are_not_trained_are_left_alone():
    module = nn.Linear(3, 2)
    module.bias.requires_grad_(False)
    average = Average(module, 0.6)
    average.update(1)
    average.put_in()
    assert average.state().keys() == {"weight"}


def test_what_is_tested_is_what_is_saved_and_what_was_measured(fit: Fit, monkeypatch, capsys):
    """Scores of the averaged run differ from those of the plain one, and its checkpoint gives the tested loss again."""
    seen = []
    ours = Classifier.draws

    def draws(self, *more, **named):
        seen.append(self.average is not None and self.average.is_in)
        return ours(self, *more, **named)

    monkeypatch.setattr(Classifier, "draws", draws)
    averaged = fit("--model.ema", "0.9", "--active.recluster", "every_epoch")
    assert seen[-1], "the pool is scored with the average"
    loss = summary_of(averaged)["test"]["loss"]
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(averaged / "checkpoints" / "last.ckpt")]) == 0
    shown = re.search(r"test_loss\D+([\d.]+)", capsys.readouterr().out)
    assert float(shown[1]) == pytest.approx(loss, abs=1e-6)
    plain = fit("--active.recluster", "every_epoch")
    assert loss != summary_of(plain)["test"]["loss"]
    checkpoint = read_checkpoint(averaged / "checkpoints" / "last.ckpt")
    trained, saved = checkpoint["trained_weights"], checkpoint["state_dict"]
    assert any(not torch.equal(weights, saved[name]) for name, weights in trained.items())
    assert load_classifier(checkpoint).state_dict().keys() == saved.keys()


@pytest.mark.parametrize(
    "kill",
    [
        Kill("training", 9),
        pytest.param(Kill("validation", 5), marks=pytest.mark.soak),
        pytest.param(Kill("choice", 3), marks=pytest.mark.soak),
        Kill("summary", 1),
    ],
    ids=str,
)
def test_a_killed_run_goes_on_to_the_bit(workplace, kill):
    assert run([*TINY, *EMA], workplace).code == 0
    whole = runs(workplace)[0]
    assert run([*TINY, *EMA], workplace, kill).code == -9
    ended = run([*GO_ON, *EMA], workplace)
    assert ended.code == 0, ended.err
    assert differences(whole, runs(workplace)[1]) == []


@pytest.mark.parametrize("best", ["last", "best"])
def test_an_accumulated_batch_is_one_step(fit: Fit, best, monkeypatch):
    steps = []
    monkeypatch.setattr(Average, "update", lambda self, step: steps.append(step) or setattr(self, "step", step))
    fit("--model.ema", "0.9", "--trainer.accumulate_grad_batches", "2", "--trainer.max_epochs", "2", "--test_on", best)
    assert steps == list(range(1, len(steps) + 1))


def test_weights_in_bf16_are_refused(workplace, capsys):
    assert main(["fit", "--config", "configs/tiny.yaml", "--model.ema", "0.9", "--trainer.precision", "bf16-true"]) == 2
    assert "model.ema needs weights in float32: use trainer.precision bf16-mixed" in capsys.readouterr().err
