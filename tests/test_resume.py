"""A run stopped after any epoch ends like an uninterrupted one; with other settings or data it is not resumed."""

import itertools
import shutil
from pathlib import Path

import pytest
import torch

from alft.cli.main import main

from .conftest import ROOT
from .faults import Kill, differences, run
from .resuming import GO_ON, TINY, check_resume, first_step_of, runs

ALL = list(
    itertools.product(
        ["recalculate", "accumulate", "unseen"], ["once", "every_epoch"], ["dropout", "epinet"], [False, True], [0, 2]
    )
)

LONG_TABLE = [c for c in ALL if c[4] == 0 or c[3:] == (False, 2)]

PAIRS = [
    ("recalculate", "once", "dropout", False, 0),
    ("recalculate", "every_epoch", "epinet", True, 0),
    ("accumulate", "once", "epinet", False, 2),
    ("accumulate", "every_epoch", "dropout", True, 0),
    ("unseen", "once", "dropout", True, 0),
    ("unseen", "every_epoch", "epinet", False, 0),
]
"""Any two values of different settings, except the number of workers, occur together in one of these."""


@pytest.mark.parametrize("combination", PAIRS, ids=lambda c: "-".join(map(str, c)))
def test_a_run_stopped_after_an_epoch_ends_as_the_whole_one(workplace, combination):
    check_resume(workplace, combination, [1 + ALL.index(combination) // 2 % 2])


@pytest.mark.soak
@pytest.mark.parametrize("combination", LONG_TABLE, ids=lambda c: "-".join(map(str, c)))
def test_every_combination_goes_on_after_every_epoch(workplace, combination):
    check_resume(workplace, combination, [1, 2])


def test_a_moved_run_goes_on_where_it_lies_now(workplace):
    assert run(TINY, workplace).code == 0
    whole = runs(workplace)[0]
    assert run(TINY, workplace, Kill("training", first_step_of(2, whole))).code == -9
    Path("moved").mkdir()
    shutil.move(runs(workplace)[1], "moved/elsewhere")
    checkpoint = "moved/elsewhere/checkpoints/last.ckpt"
    assert main(["fit", "--config", "moved/elsewhere/config.yaml", "--ckpt_path", checkpoint]) == 0
    found = differences(whole, Path("moved/elsewhere"))
    assert found == ["summary: name"]


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory, tiny_bert, tiny_data):
    """A run that was killed in its second epoch, made once."""
    place = tmp_path_factory.mktemp("stopped")
    for name, target in {"tiny-bert": tiny_bert, "tiny-data": tiny_data, "configs": ROOT / "configs"}.items():
        (place / name).symlink_to(target)
    assert run(TINY, place, Kill("training", 8)).code == -9
    return runs(place)[0]


@pytest.fixture
def stopped(workplace, stopped_run):
    """A copy of that run, where the next one of its name would be."""
    return Path(shutil.copytree(stopped_run, workplace / "runs" / "tiny" / "version_0"))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--model.lr", "2e-3"], "model.lr is 0.002, but 0.001 in the run in runs/tiny/version_0"),
        (["--trainer.max_epochs", "4"], "trainer.max_epochs is 4, but 3 in the run"),
        (["--active.acquire", "Random"], "active.acquire.class_path is "),
        (["--active.cluster.clusters", "5"], "active.cluster.init_args.clusters is 5, but 4 in"),
        (["--data.batch_size", "4"], "data.batch_size is 4, but 8 in the run"),
        (["--seed_everything", "1"], "seed_everything is 1, but 0 in the run"),
        (["--model.lora.r", "4"], "model.lora is {'r': 4, 'alpha': 16, "),
        (["--trainer.precision", "bf16-mixed"], "trainer.precision is bf16-mixed, but null in the run"),
    ],
)
def test_other_settings_are_refused_with_both_values(stopped, capsys, more, sentence):
    before = {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}
    assert main([*GO_ON, *more]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    assert {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file() and path.name != ".lock"} == {
        path: content for path, content in before.items() if path.name != ".lock"
    }


def test_other_data_are_refused(stopped, tiny_data, capsys):
    Path("tiny-data").unlink()
    shutil.copytree(tiny_data, "tiny-data")
    table = Path("tiny-data", "train.csv")
    table.write_text(table.read_text().replace("the", "a", 1))
    assert main(GO_ON) == 2
    assert "data.source has changed since the checkpoint was written (fingerprint " in capsys.readouterr().err


def test_a_setting_that_came_with_a_later_version_is_no_difference(stopped):
    config = (stopped / "config.yaml").read_text()
    older = config.replace("  scoring_precision: float32\n", "")
    assert older != config
    (stopped / "config.yaml").write_text(older)
    assert main(GO_ON) == 0
    assert (stopped / "summary.json").is_file()


def test_where_it_runs_and_what_it_logs_to_may_change(stopped):
    assert main([*GO_ON, "--trainer.enable_progress_bar", "false"]) == 0
    assert (stopped / "summary.json").is_file()


def test_without_a_stopped_run_a_new_one_starts_and_says_so(workplace, capsys):
    assert main([*GO_ON, "--trainer.max_epochs", "1"]) == 0
    assert "no unfinished run of tiny in runs has a checkpoint, so a new one starts" in capsys.readouterr().out
    assert main([*GO_ON, "--trainer.max_epochs", "1"]) == 0
    assert len(runs(workplace)) == 2, "a finished run does not go on"


def test_a_finished_or_living_or_foreign_run_is_refused(workplace, fit, capsys, tmp_path):
    finished = fit("--trainer.max_epochs", "1")
    checkpoint = finished / "checkpoints" / "last.ckpt"
    assert main([*TINY, "--ckpt_path", str(checkpoint)]) == 2
    assert f"the run in {finished} is finished" in capsys.readouterr().err
    shutil.copy(checkpoint, tmp_path / "lonely.ckpt")
    assert main([*TINY, "--ckpt_path", str(tmp_path / "lonely.ckpt")]) == 2
    assert "does not lie in the folder checkpoints of a run" in capsys.readouterr().err
    assert main([*TINY, "--ckpt_path", "nowhere.ckpt"]) == 2
    assert "ckpt_path must be the checkpoint file of a run" in capsys.readouterr().err


def test_checkpoints_hold_nothing_but_tensors_numbers_and_words(fit):
    for name in ("last.ckpt", "best.ckpt"):
        torch.load(fit("--model.lora.r", "4", "--model.uncertainty", "epinet") / "checkpoints" / name, weights_only=True)
