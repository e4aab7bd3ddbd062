"""The run folder and its loggers: claimed by one run, written atomically."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lightning.pytorch.loggers import WandbLogger

from alft.fit.trainer import run_loggers
from alft.record.folder import claim_new, claim_unfinished, given_back_on_error, hold
from alft.record.metrics_file import MetricsFile
from alft.system.output import write_atomically
from alft.system.run_files import last_checkpoint

from .conftest import summary_of


def test_wandb_is_one_more_logger_in_a_sweep_and_only_there(tmp_path, monkeypatch):
    folder = tmp_path / "tiny" / "version_0"
    assert [type(logger) for logger in run_loggers(folder, {}, None)] == [MetricsFile]
    assert run_loggers(folder, {}, False)[0].log_dir == str(folder)
    own = WandbLogger(offline=True)
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    assert [type(logger) for logger in run_loggers(folder, {}, None)] == [MetricsFile, WandbLogger]
    assert run_loggers(folder, {}, [own])[1:] == [own], "the user's own is not doubled"


def test_a_run_in_a_sweep_goes_through(fit, monkeypatch):
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert summary_of(fit("--trainer.max_epochs", "1"))["test"]["f1_macro"] is not None


def test_runs_that_start_together_share_no_folder(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: claim_new(tmp_path, "run"), range(40)))
    assert len({folder.path for folder in folders}) == 40


def test_a_claimed_folder_is_given_back_only_while_it_is_empty(tmp_path):
    for used in (False, True):
        folder = claim_new(tmp_path / "runs", "name")
        if used:
            (folder.path / "metrics.csv").touch()
        with pytest.raises(KeyError), given_back_on_error(folder):
            raise KeyError
        assert folder.path.exists() == used
        assert (tmp_path / "runs").exists() == used


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_a_folder_is_held_by_one_process_until_it_is_let_go(tmp_path):
    folder = claim_new(tmp_path, "run")
    assert hold(folder.path) is None
    folder.release()
    again = hold(folder.path)
    assert again.path == folder.path
    again.release()
    assert list(folder.path.iterdir()) == [], "a lock that was let go leaves no file"


def test_the_newest_run_that_can_go_on_is_found(tmp_path):
    held = [claim_new(tmp_path, "run") for _ in range(12)]
    for number, folder in enumerate(held):
        if number != 11:  # the newest was stopped before its first checkpoint
            last_checkpoint(folder.path).parent.mkdir()
            last_checkpoint(folder.path).touch()
        if number != 9:  # a live process's
            folder.release()
    (held[10].path / "summary.json").touch()
    assert claim_unfinished(tmp_path, "other") is None
    first, second = (claim_unfinished(tmp_path, "run") for _ in range(2))
    assert [first.path.name, second.path.name] == ["version_8", "version_7"], "the numbers count, not the letters"
