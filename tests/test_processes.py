"""Several processes: with equal weights they choose, count and measure as one does."""

import itertools
import socket
from pathlib import Path

import pandas as pd
import pytest

from .conftest import summary_of
from .faults import run, run_together

TINY = ["fit", "--config", "configs/tiny.yaml", "--data.limit", "61", "--data.limit_validation", "23"]  # nothing divides evenly
SCORES = [("Entropy", "dropout"), ("Bald", "dropout"), ("Bald", "epinet"), ("Variance", "dropout"), ("Furthest", "dropout")]
MODES = ["recalculate", "accumulate", "unseen"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def check_equal(workplace: Path, score: tuple[str, str], mode: str, processes: int) -> None:
    acquire, uncertainty = score
    share = "0.6" if mode == "recalculate" else "0.3"
    more = ["--active.acquire", acquire, "--model.uncertainty", uncertainty, "--active.mode", mode, "--model.lr", "0"]
    more += ["--active.recluster", "every_epoch", "--active.budget", "Base", "--active.budget.share", share]
    assert run([*TINY, *more], workplace).code == 0
    for ended in run_together([*TINY, *more], workplace, processes, free_port()):
        assert ended.code == 0, ended.err
    one, several = sorted((workplace / "runs" / "tiny").iterdir())
    chosen = [pd.read_parquet(run / "selection.parquet") for run in (one, several)]
    assert chosen[0].drop(columns="score").equals(chosen[1].drop(columns="score"))
    summaries = [summary_of(run) for run in (one, several)]
    assert summaries[0]["labels"] == summaries[1]["labels"]
    assert summaries[0]["test"]["predicted"] == summaries[1]["test"]["predicted"], "no row was measured twice"
    assert summaries[0]["test"]["loss"] == pytest.approx(summaries[1]["test"]["loss"], abs=1e-6)
    metrics = [pd.read_csv(run / "metrics.csv").drop(columns=["step", "train_loss"]) for run in (one, several)]
    pd.testing.assert_frame_equal(*metrics, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("score", "mode", "processes"),
    [(SCORES[1], "recalculate", 2), (SCORES[2], "accumulate", 3), (SCORES[4], "unseen", 2)],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_equal_weights_give_the_rows_and_the_metrics_of_one_process(workplace, score, mode, processes):
    check_equal(workplace, score, mode, processes)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("score", "mode", "processes"),
    list(itertools.product(SCORES, MODES, [2, 3])),
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_every_score_and_mode_on_two_and_three_processes(workplace, score, mode, processes):
    check_equal(workplace, score, mode, processes)


def test_the_first_selection_of_a_learning_run_is_that_of_one_process(workplace):
    more = ["--active.budget.start", "0.5", "--trainer.max_epochs", "1"]
    assert run([*TINY, *more], workplace).code == 0
    for ended in run_together([*TINY, *more], workplace, 2, free_port()):
        assert ended.code == 0, ended.err
    one, two = sorted((workplace / "runs" / "tiny").iterdir())
    assert pd.read_parquet(one / "selection.parquet").equals(pd.read_parquet(two / "selection.parquet"))


def test_fewer_rows_than_processes_are_refused(workplace):
    ended = run_together([*TINY[:3], "--data.limit_validation", "2"], workplace, 3, free_port())
    assert {end.code for end in ended} == {2}
    assert "trainer.devices: an evaluation set of 2 rows cannot be shared among 3 processes" in ended[0].err


def test_last_needs_processes_that_alft_starts_itself(workplace):
    ended = run_together([*TINY, "--ckpt_path", "last"], workplace, 1, free_port())
    assert ended[0].code == 0
    from alft.run.resume import find_run

    with pytest.raises(ValueError, match="where a launcher starts them all, give the file"):
        find_run("last", "runs", "tiny", first_process=False)
