"""The run folder and its loggers: claimed by one run, written whole or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger, WandbLogger

from alft.run.fit import run_loggers
from alft.run.folder import claim_folder, given_back_on_error
from alft.run.summary import write_atomically

from .conftest import summary_of


def test_wandb_is_one_more_logger_in_a_sweep_and_only_there(tmp_path, monkeypatch):
    folder = tmp_path / "tiny" / "version_0"
    assert [type(logger) for logger in run_loggers(folder, None)] == [CSVLogger]
    assert run_loggers(folder, False)[0].log_dir == str(folder)
    own = WandbLogger(offline=True)
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    assert [type(logger) for logger in run_loggers(folder, None)] == [CSVLogger, WandbLogger]
    assert run_loggers(folder, [own])[1:] == [own], "the user's own is not doubled"


def test_a_run_in_a_sweep_goes_through(fit, monkeypatch):
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert summary_of(fit("--trainer.max_epochs", "1"))["test"]["f1_macro"] is not None


def test_runs_that_start_together_share_no_folder(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: claim_folder(tmp_path, "run"), range(40)))
    assert len(set(folders)) == 40


def test_a_claimed_folder_is_given_back_only_while_it_is_empty(tmp_path):
    for used in (False, True):
        folder = claim_folder(tmp_path / "runs", "name")
        if used:
            (folder / "metrics.csv").touch()
        with pytest.raises(KeyError), given_back_on_error(folder):
            raise KeyError
        assert folder.exists() == used
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
