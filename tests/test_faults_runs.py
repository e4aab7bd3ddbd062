"""Faults of runs that go on, of exports, and of folders that somebody else handed over."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from alft.cli.main import main

from .conftest import ROOT
from .faults import Kill, run
from .resuming import TINY, first_step_of, runs

QUIET = ["--trainer.enable_progress_bar", "false"]
FEW = ["--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2"]
"""A run that buys 13 of 64 rows in each epoch."""

GO_ON = [*TINY, *FEW, *QUIET, "--ckpt_path", "last"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_bert, tiny_data):
    """A finished run (version_0) and one that was killed in its second epoch (version_1), made once."""
    folder = tmp_path_factory.mktemp("runs")
    for name, target in {"tiny-bert": tiny_bert, "tiny-data": tiny_data, "configs": ROOT / "configs"}.items():
        (folder / name).symlink_to(target)
    ended = run([*TINY, *FEW, *QUIET], folder)
    assert ended.code == 0, ended.err
    assert run([*TINY, *FEW, *QUIET], folder, Kill("training", first_step_of(1, runs(folder)[0]))).code == -9
    return folder


@pytest.fixture
def finished(workplace, place):
    """A copy of the finished run."""
    return Path(shutil.copytree(place / "runs" / "tiny" / "version_0", "runs/tiny/version_0"))


@pytest.fixture
def stopped(workplace, place):
    """A copy of the stopped run, and of the data, which may be changed."""
    Path("tiny-data").unlink()
    shutil.copytree(place / "tiny-data", "tiny-data")
    return Path(shutil.copytree(place / "runs" / "tiny" / "version_1", "runs/tiny/version_0"))


def bought(stopped: Path) -> list[int]:
    return (first_used(stopped) >= 0).nonzero().squeeze(1).tolist()


def first_used(run: Path) -> torch.Tensor:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["TextPool"]["ledger"]["first_used"]


def relabel(change: Callable[[int, str], str]) -> None:
    """Change labels of the train file."""
    with Path("tiny-data/train.csv").open() as file:
        header, *rows = csv.reader(file)
    changed = [header, *([text, change(row, label)] for row, (text, label) in enumerate(rows))]
    with Path("tiny-data/train.csv").open("w", newline="") as file:
        csv.writer(file).writerows(changed)


def other(label: str) -> str:
    return {"negative": "positive", "positive": "negative"}[label]


def refused(arguments: list[str], capsys) -> str:
    """The one line with which a command is refused."""
    capsys.readouterr()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


RELABELLED = {
    "D1 all inverted": (lambda rows: lambda row, label: other(label), "labels that were bought have changed"),
    "D1 one bought label inverted": (
        lambda rows: lambda row, label: other(label) if row == rows[0] else label,
        "labels that were bought have changed",
    ),
    "D1 a bought label emptied": (
        lambda rows: lambda row, label: "" if row == rows[0] else label,
        "rows of the pool whose label was bought have none any more (number ",
    ),
    "D1 an unbought label emptied": (
        lambda rows: lambda row, label: "" if row == min(set(range(64)) - set(rows)) else label,
        "other rows of the pool have a label than when the checkpoint was written (64 rows then, 63 now",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), RELABELLED.values(), ids=RELABELLED)
def test_other_labels_of_the_pool_are_refused(stopped, capsys, change, sentence):
    relabel(change(bought(stopped)))
    line = refused(GO_ON, capsys)
    assert "data.source: " in line
    assert sentence in line
    assert not (stopped / "summary.json").exists()


def test_D1_labels_filled_in_are_refused(stopped, capsys):
    shutil.rmtree("runs")
    relabel(lambda row, label: "" if row < 6 else label)
    assert run([*TINY, *FEW, *QUIET], Path.cwd(), Kill("training", 4)).code == -9
    relabel(lambda row, label: label or "positive")
    assert "(58 rows then, 64 now" in refused(GO_ON, capsys)


def test_D1_labels_not_yet_bought_may_be_corrected(stopped):
    rows = bought(stopped)
    relabel(lambda row, label: label if row in rows else other(label))
    assert main(GO_ON) == 0


def without_digest(stopped: Path) -> None:
    """Make the checkpoint one of an earlier version, which kept nothing of the labels."""
    path = stopped / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["TextPool"]["labels"]
    torch.save(checkpoint, path)


def test_D1_a_checkpoint_of_an_earlier_version_goes_on(stopped):
    without_digest(stopped)
    assert main(GO_ON) == 0


def test_D1_sibling_bought_labels_that_are_gone_are_refused_for_an_earlier_version_too(stopped, capsys):
    without_digest(stopped)
    rows = bought(stopped)
    relabel(lambda row, label: "" if row in rows[:3] else label)
    assert f"whose label was bought have none any more (number {rows[0]}, {rows[1]}, {rows[2]}, from 0)" in refused(
        GO_ON, capsys
    )
