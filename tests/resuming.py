"""Shared by the tests of stopped and killed runs: a run, its interruption, and the check that resuming completes it."""

import csv
from collections.abc import Callable
from pathlib import Path

import torch

from alft.cli.main import main
from alft.system.run_files import oldest_first

from .conftest import summary_of
from .faults import Kill, differences, run

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


QUIET = ["--trainer.enable_progress_bar", "false"]
FEW = ["--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2"]
"""A run that buys 13 of 64 rows in each epoch."""

GO_ON_FEW = [*TINY, *FEW, *QUIET, "--ckpt_path", "last"]


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


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
