"""A run that is killed at any point, stopped by a signal, or runs out of disk space loses nothing."""

import os
import signal
import time
from pathlib import Path

import pytest
import torch
import yaml

from alft.record.resume import how_to_go_on

from .conftest import summary_of
from .faults import Kill, differences, finish, run, start, wait_for
from .resuming import GO_ON, TINY, arguments, check_kill, first_step_of, runs

KILLS = [
    Kill("scoring", 6),
    Kill("clustering", 2),
    Kill("checkpoint", 3),
    Kill("checkpoint", 4),
    Kill("replacement", 10),
    Kill("summary", 1),
]


def test_a_killed_run_goes_on_to_the_same_end(workplace):
    more = arguments("recalculate", "every_epoch", "dropout", False, 0)
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    for kill in KILLS:
        assert check_kill(workplace, whole, kill, more) == 1, kill


@pytest.mark.soak
def test_twenty_kills_at_moments_drawn_at_random_lose_nothing(workplace, tell_figure):
    more = arguments("accumulate", "once", "epinet", False, 0)
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    killed = {seed: check_kill(workplace, whole, Kill.drawn(seed), more) for seed in range(40)}
    stages = sorted({Kill.drawn(seed).stage for seed, count in killed.items() if count})
    tell_figure(f"{sum(killed.values())} of {len(killed)} runs killed, in {', '.join(stages)}; none lost anything")
    assert sum(killed.values()) >= 20


def test_the_best_weights_survive_a_kill_too(workplace):
    # So trained, the tiny model leaves the majority class late, in the sixth epoch and further in the seventh.
    more = ["--test_on", "best", "--active.enabled", "false", "--model.lr", "1e-2", "--trainer.max_epochs", "8"]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    scores = [record["val_f1_macro"] for record in summary_of(whole)["epochs"]]
    better = [epoch for epoch, score in enumerate(scores) if score > max(scores[:epoch], default=-1.0)]
    assert better[-1] > 0, scores
    # Each epoch writes last.ckpt, a better one best.ckpt before. Of the newest better one, best.ckpt is whole, last.ckpt not.
    written = sum(1 + (epoch in better) for epoch in range(better[-1]))
    assert check_kill(workplace, whole, Kill("checkpoint", written + 2), more) == 1


NEVER_BETTER = {"monitor": "val_f1_macro", "mode": "max", "min_delta": 2.0, "patience": 1}
EARLY = {"class_path": "EarlyStopping", "init_args": NEVER_BETTER}


@pytest.mark.parametrize("stage", ["test", "training"])
def test_a_run_that_stopped_early_stays_stopped(workplace, stage):
    Path("early.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [EARLY]}}))
    more = ["--config", "early.yaml"]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    assert len(summary_of(whole)["epochs"]) == 2
    assert check_kill(workplace, whole, Kill(stage, 1 if stage == "test" else first_step_of(1, whole)), more) == 1


ENDLESS = ["--trainer.max_epochs", "400"]


def test_a_living_run_is_left_alone_and_sigterm_says_how_to_go_on(workplace):
    process = start([*TINY, *ENDLESS], workplace)
    checkpoint = workplace / "runs" / "tiny" / "version_0" / "checkpoints" / "last.ckpt"
    wait_for(checkpoint)
    refused = run([*TINY, *ENDLESS, "--ckpt_path", str(checkpoint)], workplace)
    assert refused.code == 2
    assert "is being trained by another process" in refused.err
    os.kill(process.pid, signal.SIGTERM)
    ended = finish(process, workplace)
    assert ended.code == 143
    (line,) = ended.err.strip().splitlines()
    place = "runs/tiny/version_0"
    command = f"python -m alft fit --config {place}/config.yaml --ckpt_path {place}/checkpoints/last.ckpt"
    assert line == f"alft: stopped by SIGTERM; go on with: {command}"
    again = start(command.split()[3:], workplace)
    time.sleep(0.5)
    newest = torch.load(checkpoint, weights_only=True)["epoch"]
    wait_for(workplace / place / ".lock")
    end = time.monotonic() + 60
    while torch.load(checkpoint, weights_only=True)["epoch"] <= newest:
        assert time.monotonic() < end
        time.sleep(0.1)
    os.kill(again.pid, signal.SIGINT)
    assert finish(again, workplace).code == 130
    assert len(runs(workplace)) == 1


def test_before_the_first_checkpoint_the_advice_is_to_start_again():
    args = ["fit", "--config", "my file.yaml"]
    assert how_to_go_on(None, args) == "no epoch was finished; start again with: python -m alft fit --config 'my file.yaml'"


def test_a_full_disk_is_told_and_leaves_what_was_there(workplace):
    assert run(TINY, workplace).code == 0
    whole = runs(workplace)[0]
    limit = (whole / "checkpoints" / "last.ckpt").stat().st_size
    small = run([*TINY, "--trainer.max_epochs", "2"], workplace, limit=limit // 2)
    assert small.code == 2
    assert "alft: error: the disk is full (" in small.err
    assert "no epoch was finished; start again with: python -m alft fit" in small.err
    assert run(TINY, workplace, Kill("training", first_step_of(1, whole))).code == -9
    place = runs(workplace)[2]
    kept = (place / "checkpoints" / "last.ckpt").read_bytes()
    full = run(GO_ON, workplace, limit=limit // 2)
    assert full.code == 2
    assert f"go on with: python -m alft fit --config {place.relative_to(workplace)}/config.yaml" in full.err
    assert (place / "checkpoints" / "last.ckpt").read_bytes() == kept
    assert run(GO_ON, workplace).code == 0
    assert differences(whole, place) == []
