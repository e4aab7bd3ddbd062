"""Several processes: with equal weights they select, count and evaluate like a single one."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import psutil
import pytest

from .conftest import ROOT, summary_of
from .faults import Kill, differences, run, run_together, wait_for

TINY = ["fit", "--config", "configs/tiny.yaml", "--data.limit", "61", "--data.limit_validation", "23"]  # nothing divides evenly
SCORES = [("Entropy", "dropout"), ("Bald", "dropout"), ("Bald", "epinet"), ("Variance", "dropout"), ("Furthest", "dropout")]
JOINT = [(name, "dropout") for name in ("KCenter", "TypiClust", "MaxHerding", "UncertaintyHerding", "Badge")]
MODES = ["recalculate", "accumulate", "unseen"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


PROBE = ["--model.head", "Mean", "--model.head_start", "probe", "--model.class_weights", "balanced"]


def check_equal(workplace: Path, score: tuple[str, str], mode: str, processes: int, recipe: Sequence[str] = ()) -> None:
    acquire, uncertainty = score
    share = "0.6" if mode == "recalculate" else "0.3"
    more = ["--active.acquire", acquire, "--model.uncertainty", uncertainty, "--active.mode", mode, "--model.lr", "0", *recipe]
    more += ["--active.recluster", "every_epoch", "--active.budget", "Constant", "--active.budget.share", share]
    assert run([*TINY, *more], workplace).code == 0
    for ended in run_together([*TINY, *more], workplace, processes, free_port()):
        assert ended.code == 0, ended.err
    one, several = sorted((workplace / "runs" / "tiny").iterdir())
    chosen = [pd.read_parquet(run / "selection.parquet") for run in (one, several)]
    assert chosen[0].drop(columns=["score", "learned"]).equals(chosen[1].drop(columns=["score", "learned"]))
    summaries = [summary_of(run) for run in (one, several)]
    assert summaries[0]["labels"] == summaries[1]["labels"]
    assert summaries[0]["test"]["predicted"] == summaries[1]["test"]["predicted"], "no row was measured twice"
    assert summaries[0]["test"]["loss"] == pytest.approx(summaries[1]["test"]["loss"], abs=1e-6)
    metrics = [pd.read_csv(run / "metrics.csv").drop(columns=["step", "train_loss"]) for run in (one, several)]
    pd.testing.assert_frame_equal(*metrics, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("score", "mode", "processes"),
    [(SCORES[1], "recalculate", 2), (SCORES[2], "accumulate", 3), (SCORES[4], "unseen", 2), (JOINT[4], "accumulate", 2)],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_equal_weights_give_the_rows_and_the_metrics_of_one_process(workplace, score, mode, processes):
    check_equal(workplace, score, mode, processes)


def test_a_probe_is_that_of_one_process(workplace):
    check_equal(workplace, SCORES[0], "recalculate", 3, PROBE)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("score", "mode", "processes"),
    list(itertools.product([*SCORES, *JOINT], MODES, [2, 3])),
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
    chosen = [pd.read_parquet(run / "selection.parquet").drop(columns="learned") for run in (one, two)]  # other dropout masks
    assert chosen[0].equals(chosen[1])


def test_fewer_rows_than_processes_are_refused(workplace):
    ended = run_together([*TINY[:3], "--data.limit_validation", "2"], workplace, 3, free_port())
    assert {end.code for end in ended} == {2}
    assert "trainer.devices: an evaluation set of 2 rows cannot be shared among 3 processes" in ended[0].err


@pytest.mark.soak
@pytest.mark.parametrize(("processes", "strategy"), [(2, "ddp"), (3, "ddp_find_unused_parameters_true")])
def test_a_run_on_several_processes_goes_on_to_the_same_end(workplace, processes, strategy):
    """Started as users do: Lightning starts the other processes, one signal ends them all.

    Plain DDP puts its gradients into another order after the first step of a process, and the sum of three depends on that.
    """
    several = [*TINY, "--trainer.max_epochs", "12", "--trainer.strategy", strategy, "--trainer.devices", str(processes)]
    command = [sys.executable, "-m", "alft", *several]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    assert subprocess.run(command, capture_output=True, env=environment).returncode == 0
    whole = workplace / "runs" / "tiny" / "version_0"
    for kill in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True)
        number = 1 if kill == signal.SIGTERM else 2
        run_folder = whole.with_name(f"version_{number}")
        wait_for(run_folder / "checkpoints" / "last.ckpt", 120)
        started = children(process.pid)
        process.send_signal(kill)
        told = process.communicate(timeout=120)[1]
        assert process.returncode == (143 if kill == signal.SIGTERM else -kill)
        if kill == signal.SIGTERM:
            assert "alft: stopped by SIGTERM; go on with: python -m alft fit --config runs/tiny/version_1/config.yaml" in told
        for child in started:  # of a killed first process nobody ends the others: as a scheduler does
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert not (run_folder / "summary.json").exists(), "it was stopped in time"
        ended = subprocess.run([*command, "--ckpt_path", "last"], capture_output=True, env=environment, text=True)
        assert ended.returncode == 0, ended.stderr
        assert "going on with the run in" in ended.stdout
        assert differences(whole, run_folder) == []


def children(process: int) -> list[int]:
    return [child.pid for child in psutil.Process(process).children(recursive=True)]


def test_another_number_of_processes_would_be_another_run(workplace):
    assert run(TINY, workplace, Kill("training", 8)).code == -9
    checkpoint = "runs/tiny/version_0/checkpoints/last.ckpt"
    ended = run_together([*TINY, "--ckpt_path", checkpoint], workplace, 2, free_port())
    assert {end.code for end in ended} == {2}
    assert "trainer.devices: the run began on 1 processes and would be another one on 2" in ended[0].err


def test_last_needs_processes_that_alft_starts_itself(workplace):
    ended = run_together([*TINY, "--ckpt_path", "last"], workplace, 1, free_port())
    assert ended[0].code == 0
    from alft.record.resume import find_run

    with pytest.raises(ValueError, match="where a launcher starts them all, give the file"):
        find_run("last", "runs", "tiny", first_process=False)
