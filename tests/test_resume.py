"""A run that was stopped after any epoch, or killed anywhere, ends as the run that was not."""

import itertools
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
import yaml

from alft.record.folder import oldest_first
from alft.record.resume import how_to_go_on
from alft.run.cli import main

from .conftest import summary_of
from .faults import Kill, differences, finish, run, start, wait_for

TINY = ["fit", "--config", "configs/tiny.yaml"]
GO_ON = [*TINY, "--ckpt_path", "last"]


def runs(workplace: Path) -> list[Path]:
    return oldest_first((workplace / "runs" / "tiny").iterdir())


def first_step_of(epoch: int, whole: Path) -> int:
    """Number of the first training step of an epoch, from 1: batches are of 8 rows."""
    return 1 + sum(-(-record["selected"] // 8) for record in summary_of(whole)["epochs"][:epoch])


def arguments(mode: str, recluster: str, uncertainty: str, lora: bool, workers: int) -> list[str]:
    """A run of three epochs that each choose."""
    budget = {
        "recalculate": ["Linear", "0.6", "0.4"],
        "accumulate": ["Linear", "0.3", "0.2"],
        "unseen": ["Linear", "0.3", "0.2"],
    }
    name, first, last = budget[mode]
    return [
        *("--active.mode", mode, "--active.budget", name, "--active.budget.start", first, "--active.budget.stop", last),
        *("--active.recluster", recluster, "--model.uncertainty", uncertainty, "--active.acquire", "Bald"),
        *("--active.acquire.passes", "2", "--data.num_workers", str(workers)),
        *("--data.limit", "61"),  # savings are then no round numbers
        *(["--model.lora.r", "4", "--model.lr", "1e-2"] if lora else []),
    ]


ALL = list(
    itertools.product(
        ["recalculate", "accumulate", "unseen"], ["once", "every_epoch"], ["dropout", "epinet"], [False, True], [0, 2]
    )
)
SOME = [c for c in ALL if c[4] == 0 and (c[0] == "recalculate" or (c[1] == "once") == (c[2] == "epinet"))]
LONG_TABLE = [c for c in ALL if c[4] == 0 or c[3:] == (False, 2)]
WITH_WORKERS = [("accumulate", "every_epoch", "dropout", False, 2), ("recalculate", "once", "epinet", True, 2)]


@pytest.mark.parametrize("combination", [*SOME, *WITH_WORKERS], ids=lambda c: "-".join(map(str, c)))
def test_a_run_stopped_after_an_epoch_ends_as_the_whole_one(workplace, combination):
    check_resume(workplace, combination, [1 + ALL.index(combination) // 2 % 2])


@pytest.mark.soak
@pytest.mark.parametrize("combination", LONG_TABLE, ids=lambda c: "-".join(map(str, c)))
def test_every_combination_goes_on_after_every_epoch(workplace, combination):
    check_resume(workplace, combination, [1, 2])


def check_resume(workplace: Path, combination: tuple, epochs: list[int]) -> None:
    more = arguments(*combination)
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    for number, epoch in enumerate(epochs, start=1):
        assert run([*TINY, *more], workplace, Kill("training", first_step_of(epoch, whole))).code == -9
        ended = run([*GO_ON, *more], workplace)
        assert ended.code == 0, ended.err
        assert f"going on with the run in runs/tiny/version_{number}" in ended.out
        assert len(runs(workplace)) == 1 + number, "it went on in its own folder"
        assert differences(whole, runs(workplace)[number]) == []


def check_kill(workplace: Path, whole: Path, kill: Kill, more: list[str]) -> int:
    """Kill a run, let it go on until it ends, and compare; how often it was killed."""
    before = len(runs(workplace))
    killed = run([*TINY, *more], workplace, kill).code == -9
    stopped = runs(workplace)[-1] if len(runs(workplace)) > before else None
    if stopped is not None and (stopped / "summary.json").exists():  # it was complete when the kill came, or before
        assert differences(whole, stopped) == []
        return int(killed)
    for path in stopped.rglob("*") if stopped else []:
        if path.suffix == ".ckpt":
            torch.load(path, weights_only=True)  # whole, whenever the kill came
    ended = run([*GO_ON, *more], workplace)
    assert ended.code == 0, ended.err
    resumed = f"going on with the run in {stopped.relative_to(workplace)}" in ended.out if stopped else False
    assert resumed == (killed and stopped is not None and (stopped / "checkpoints" / "last.ckpt").is_file())
    end = stopped if resumed else runs(workplace)[-1]
    assert differences(whole, end) == [], kill
    leftovers = [path.name for path in end.rglob(".*") if path.name != ".lock"]
    assert all(name.startswith((".last.ckpt", ".best.ckpt")) for name in leftovers), leftovers
    return int(killed)


@pytest.mark.parametrize(
    "kill",
    [
        Kill("scoring", 6),
        Kill("clustering", 2),
        Kill("checkpoint", 3),
        Kill("checkpoint", 4),
        Kill("replacement", 10),
        Kill("summary", 1),
    ],
    ids=lambda kill: f"{kill.stage}-{kill.number}",
)
def test_a_killed_run_goes_on_to_the_same_end(workplace, kill):
    more = arguments("recalculate", "every_epoch", "dropout", False, 0)
    assert run([*TINY, *more], workplace).code == 0
    assert check_kill(workplace, runs(workplace)[0], kill, more) == 1


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
    more = ["--test_on", "best", "--model.lr", "1e-2"]
    assert run([*TINY, *more], workplace).code == 0
    check_kill(workplace, runs(workplace)[0], Kill("checkpoint", 5), more)  # best.ckpt of the last epoch, but not last.ckpt


EARLY = {"class_path": "EarlyStopping", "init_args": {"monitor": "val_f1_macro", "min_delta": 2.0, "patience": 1}}


@pytest.mark.parametrize("stage", ["test", "training"])
def test_a_run_that_stopped_early_stays_stopped(workplace, stage):
    Path("early.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [EARLY]}}))
    more = ["--config", "early.yaml"]
    assert run([*TINY, *more], workplace).code == 0
    whole = runs(workplace)[0]
    assert len(summary_of(whole)["epochs"]) == 2
    check_kill(workplace, whole, Kill(stage, 1 if stage == "test" else first_step_of(1, whole)), more)


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


@pytest.fixture
def stopped(workplace):
    """A run that was killed in its second epoch."""
    assert run(TINY, workplace, Kill("training", 8)).code == -9
    return runs(workplace)[0]


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
    assert f"the run in {finished} is finished" in capsys.readouterr().err.replace("runs/", f"{workplace}/runs/", 0)
    shutil.copy(checkpoint, tmp_path / "lonely.ckpt")
    assert main([*TINY, "--ckpt_path", str(tmp_path / "lonely.ckpt")]) == 2
    assert "does not lie in the folder checkpoints of a run" in capsys.readouterr().err
    assert main([*TINY, "--ckpt_path", "nowhere.ckpt"]) == 2
    assert "ckpt_path must be the checkpoint file of a run" in capsys.readouterr().err


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


def test_checkpoints_hold_nothing_but_tensors_numbers_and_words(fit):
    for name in ("last.ckpt", "best.ckpt"):
        torch.load(fit("--model.lora.r", "4", "--model.uncertainty", "epinet") / "checkpoints" / name, weights_only=True)
