"""Imperfect answers (``data.noise``, ``data.skip``): who errs, what is trained on, and what never sees it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from alft.cli.main import main
from alft.data.answers import Answers
from alft.selection.seeds import generator
from alft.task.base import UNLABELLED
from alft.task.single_label import SingleLabel

from .conftest import summary_of
from .faults import Kill, differences, run
from .resuming import GO_ON, TINY, first_step_of, runs

TWO, THREE = SingleLabel(["no", "yes"]), SingleLabel(["low", "middle", "high"])
LABELS = torch.randint(0, 3, (4000,), generator=generator("labels")).tolist()
IMPERFECT = ("--data.noise=0.3", "--data.skip=0.3")


def test_shares_are_as_asked_and_other_classes_are_equally_likely():
    given = Answers(noise=0.2, skip=0.1)(LABELS, THREE, seed=0)
    pairs = [(label, answer) for label, answer in zip(LABELS, given, strict=True) if answer != UNLABELLED]
    assert 1 - len(pairs) / len(LABELS) == pytest.approx(0.1, abs=0.02)
    wrong = [(answer - label) % 3 for label, answer in pairs if answer != label]
    assert len(wrong) / len(pairs) == pytest.approx(0.2, abs=0.02)
    assert wrong.count(1) / len(wrong) == pytest.approx(0.5, abs=0.06)


def test_more_noise_adds_mistakes_and_skips_do_not_depend_on_it():
    few, many = (Answers(noise, 0.2)(LABELS, THREE, seed=1) for noise in (0.1, 0.3))
    assert [answer == UNLABELLED for answer in few] == [answer == UNLABELLED for answer in many]
    assert all(one == other for label, one, other in zip(LABELS, few, many, strict=True) if one != label)


def test_draws_are_those_of_the_seed_and_a_missing_label_stays_missing():
    people = Answers(noise=0.5, skip=0.1)
    assert people(LABELS, THREE, seed=0) == people(LABELS, THREE, seed=0) != people(LABELS, THREE, seed=1)
    assert people([UNLABELLED] * 50, THREE, seed=0) == [UNLABELLED] * 50
    assert Answers()(LABELS, THREE, seed=0) is LABELS
    assert Answers(noise=1.0)([0, 1, 1], TWO, seed=0) == [1, 0, 0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"noise": 1.5}, r"data.noise must be a share in \[0, 1\], got 1.5"),
        ({"noise": float("nan")}, "data.noise must be"),
        ({"skip": 1.0}, r"data.skip must be a share in \[0, 1\), so that some texts get an answer, got 1.0"),
        ({"skip": -0.1}, "data.skip must be"),
    ],
)
def test_impossible_shares_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Answers(**settings)


def test_the_command_refuses_them_in_one_sentence(workplace, capsys):
    assert main([*TINY, "--data.skip", "1"]) == 2
    assert (
        capsys.readouterr()
        .err.strip()
        .endswith("data.skip must be a share in [0, 1), so that some texts get an answer, got 1.0")
    )


def test_a_text_without_an_answer_adds_nothing_to_the_loss():
    task = SingleLabel(["a", "b", "c"])
    logits = torch.randn(6, 3, generator=generator("logits"), requires_grad=True)
    targets = torch.tensor([0, -1, 2, 1, -1, 0])
    kept = targets >= 0
    torch.testing.assert_close(task.loss(logits, targets), nn.functional.cross_entropy(logits[kept], targets[kept]))
    smooth = task.loss(logits, targets, torch.tensor([1.0, 2.0, 0.5]), 0.1)
    torch.testing.assert_close(smooth, task.loss(logits[kept], targets[kept], torch.tensor([1.0, 2.0, 0.5]), 0.1))
    silent = task.loss(logits, torch.full((6,), UNLABELLED))
    silent.backward()
    assert silent == 0
    assert not logits.grad.any()
    assert task.label_probs(logits.detach()[None], targets).isnan().tolist() == (~kept).tolist()


def test_a_run_trains_on_the_answers_and_is_measured_by_the_labels(fit):
    perfect, imperfect = fit("--model.lr=0"), fit("--model.lr=0", *IMPERFECT)
    one, other = summary_of(perfect), summary_of(imperfect)
    assert (one["settings"]["data"]["noise"], one["settings"]["data"]["skip"], one["labels"]["skipped"]) == (None, None, 0)
    assert (other["settings"]["data"]["noise"], other["settings"]["data"]["skip"]) == (0.3, 0.3)
    assert one["fingerprint"] == other["fingerprint"]
    assert one["pool_labels"] == other["pool_labels"]
    assert one["controls"] == other["controls"]
    assert any(
        "answers are drawn: 30.0% of them wrong (data.noise), 30.0% of the texts" in remark for remark in other["remarks"]
    )
    assert (perfect / "predictions.parquet").read_bytes() == (imperfect / "predictions.parquet").read_bytes()
    before, after = (pd.read_parquet(folder / "selection.parquet") for folder in (perfect, imperfect))
    assert after["row"].tolist() == before["row"].tolist()  # with a model that learns nothing the same rows are asked
    train = pd.read_csv("tiny-data/train.csv")["label"].map({"negative": 0, "positive": 1}).tolist()
    given = Answers(0.3, 0.3)(train, TWO, seed=0)
    silent = [given[row] == UNLABELLED for row in after["row"]]
    assert after["learned"].isna().tolist() == silent
    assert other["labels"]["skipped"] == after["row"][silent].nunique() > 0
    assert one["labels"]["bought"] == other["labels"]["bought"]  # a text without an answer has cost as much
    wrong = pd.Series([given[row] == 1 - train[row] for row in after["row"]])
    first = (after["epoch"] == 0) & wrong  # of the same weights and dropout, the probability of the other class
    pd.testing.assert_series_equal(after["learned"][first], 1 - before["learned"][first], check_exact=False, atol=1e-5)
    assert first.any()


def test_nobody_answers_at_first(fit):
    """The last layer then has nothing to begin with, and training nothing to learn."""
    people = ("--model.head=Mean", "--model.head_start=probe", "--model.class_weights=balanced", "--data.skip=0.95")
    budget = ("--active.mode=accumulate", "--active.budget=Labels", "--active.budget.counts=[2,2,2]", "--active.acquire=Random")
    found = summary_of(fit(*people, *budget))
    assert found["labels"]["bought"] == found["labels"]["skipped"] == 6
    assert found["diverged"] is None


def test_texts_are_asked_once(fit):
    budget = ("--active.mode=accumulate", "--active.budget=Labels", "--active.budget.counts=[12,12,12]")
    table = pd.read_parquet(fit(*budget, *IMPERFECT) / "selection.parquet")
    assert table.groupby("epoch")["row"].nunique().tolist() == [12, 24, 36]  # those without an answer are not asked again


def test_a_stopped_run_goes_on_with_the_same_answers_and_no_others(workplace):
    more = [*IMPERFECT, "--model.class_weights=balanced"]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    assert run([*TINY, *more], workplace, Kill("training", first_step_of(1, whole))).code == -9
    stopped = shutil.copytree(runs(workplace)[1], workplace / "stopped")
    ended = run([*GO_ON, *more], workplace)
    assert ended.code == 0, ended.err
    assert differences(whole, runs(workplace)[1]) == []
    fewer = ["--data.noise=0.1", "--data.skip=0.3", "--ckpt_path", str(Path(stopped, "checkpoints/last.ckpt"))]
    others = run([*TINY, *fewer], workplace)
    assert others.code == 2
    assert "data.noise is 0.1, but 0.3 in the run in" in others.err
