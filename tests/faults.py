"""Runs in separate processes, and faults in them: kills at chosen points, signals, full disks, several processes.

Processes are forked from a server that has imported everything, so a run takes one second instead of ten. The server never
trains: torch cannot be forked after that.
"""

import contextlib
import io
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.faults", "alft.cli.main", "alft.cli.fit_command"])  # what a fit imports takes seconds


@dataclass(frozen=True)
class Kill:
    """SIGKILL at the ``number``-th time that a stage is entered (from 1), or after ``number`` hundredths of a second.

    The stage ``half`` is a write of a journal, half of which is done; ``line`` one of :data:`LINES`, and number 0 counts these.
    """

    stage: str
    number: int

    @classmethod
    def drawn(cls, seed: int) -> "Kill":
        """A moment drawn at random."""
        rng = random.Random(seed)
        stage = rng.choice([*(name for name in STAGES if name not in ("sync", "rename")), "clock"])
        return cls(stage, rng.randint(1, MOST.get(stage, 40)))


STAGES: dict[str, str] = {
    "training": "alft.models.classifier:Classifier.training_step",
    "scoring": "alft.models.classifier:Classifier.draws",
    "clustering": "alft.selection.ward:Ward.__call__",
    "validation": "alft.models.classifier:Classifier.validation_step",
    "test": "alft.models.classifier:Classifier.test_step",
    "choice": "alft.selection.policy:Policy.decide",
    "checkpoint": "torch:save",
    "replacement": "alft.system.output:sync_file",
    "sync": "os:fsync",
    "rename": "os:replace",
    "summary": "alft.fit.finish:summarise",
}
MOST = {"training": 15, "scoring": 8, "clustering": 3, "validation": 9, "test": 3, "choice": 3, "checkpoint": 6, "summary": 1}
"""A stage is not entered much more often in a run of three epochs."""

LINES = ("campaign/asking", "campaign/folder", "campaign/journal", "cli/ask_command", "cli/campaign_places", "cli/take_command")
LINES = tuple(f"/alft/{name}.py" for name in (*LINES, "system/output"))
"""Files of alft in whose lines a command of a campaign is killed: all that read and write a campaign."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (negative: killed by that signal) and what it printed."""

    code: int
    out: str
    err: str


def start(args: Sequence[str], folder: Path, kill: Kill | None = None, environment: Mapping[str, str] = {}, limit: int = 0):
    """Start a command in ``folder``; returns the process."""
    process = SERVER.Process(target=_run, args=(list(args), str(folder), kill, dict(environment), limit))
    process.start()
    return process


def finish(process, folder: Path) -> Ended:
    """Wait for a process."""
    process.join(300)
    assert process.exitcode is not None, "the process hangs"
    out, err = (_printed(folder, process.pid, stream) for stream in ("out", "err"))
    return Ended(process.exitcode, out, err)


def run(args: Sequence[str], folder: Path, kill: Kill | None = None, limit: int = 0, **environment: str) -> Ended:
    """Run a command in ``folder``.

    Args:
        args: The command line.
        folder: Where it is run.
        kill: When it is killed.
        limit: Largest size of a file in bytes, as of a disk that is full; 0 for none.
        environment: Variables to set.
    """
    return finish(start(args, folder, kill, environment, limit), folder)


def run_together(args: Sequence[str], folder: Path, processes: int, port: int) -> list[Ended]:
    """Run a command on several processes, as a launcher outside of Lightning would start them."""
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes), "NODE_RANK": "0"}
    more = ["--trainer.strategy", "ddp", "--trainer.devices", str(processes)]
    started = [start([*args, *more], folder, None, {**where, "LOCAL_RANK": str(rank)}) for rank in range(processes)]
    return [finish(process, folder) for process in started]


def _run(args: list[str], folder: str, kill: Kill | None, environment: dict[str, str], limit: int) -> None:
    os.setsid()  # a kill is to reach what the run has started, too: workers would wait for ever, 400 MB each
    os.chdir(folder)
    os.environ.update({"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment})
    streams = [_place(folder, os.getpid(), stream).open("w", buffering=1) for stream in ("out", "err")]
    sys.stdout, sys.stderr = streams
    from lightning.pytorch.utilities import rank_zero_only

    from alft.cli.main import main

    rank_zero_only.rank = int(environment.get("LOCAL_RANK", "0"))  # Lightning reads it when it is imported
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if kill is not None:
        _arm(kill)
    code = main(args)
    for stream in streams:
        stream.flush()
    os._exit(code)


def _arm(kill: Kill) -> None:
    if kill.stage == "clock":
        threading.Timer(kill.number / 100, os.killpg, (os.getpid(), signal.SIGKILL)).start()
        return
    if kill.stage == "line":
        _kill_before_a_line(kill.number)
        return
    if kill.stage == "half":
        _kill_within_a_write(kill.number)
        return
    place, _, name = STAGES[kill.stage].partition(":")
    owner = __import__(place, fromlist=["_"])
    *path, name = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    entered, ordinary = iter(range(1, 10**9)), getattr(owner, name)

    def killing(*args, **kwargs):
        if next(entered) == kill.number:
            if kill.stage == "checkpoint":  # half of it is on disk then
                with contextlib.suppress(Exception):
                    args[1].write(_half(ordinary, args[0]))
                    args[1].flush()
            os.killpg(os.getpid(), signal.SIGKILL)
        return ordinary(*args, **kwargs)

    setattr(owner, name, killing)


def _kill_before_a_line(number: int) -> None:
    """Without a number, write down how many lines there were."""
    seen = 0

    def on_line(frame, event, argument):
        nonlocal seen
        if event == "line":
            seen += 1
            if seen == number:
                os.killpg(os.getpid(), signal.SIGKILL)
            if not number:
                Path(".lines").write_text(str(seen))
        return on_line

    sys.settrace(lambda frame, event, argument: on_line if frame.f_code.co_filename.endswith(LINES) else None)


def _kill_within_a_write(number: int) -> None:
    entered, ordinary = iter(range(1, 10**9)), os.write

    def killing(descriptor, content):
        if next(entered) == number:
            ordinary(descriptor, content[: len(content) // 2])
            os.killpg(os.getpid(), signal.SIGKILL)
        return ordinary(descriptor, content)

    os.write = killing


def _half(save: Callable, state: object) -> bytes:
    buffer = io.BytesIO()
    save(state, buffer)
    return buffer.getvalue()[: buffer.tell() // 2]


def _place(folder: str | Path, pid: int | None, stream: str) -> Path:
    return Path(folder) / f".{stream}-{pid}"


def _printed(folder: Path, pid: int | None, stream: str) -> str:
    place = _place(folder, pid, stream)
    text = place.read_text() if place.is_file() else ""
    place.unlink(missing_ok=True)
    return text


def wait_for(path: Path, seconds: float = 60) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


FILES = ("metrics.csv", "selection.parquet", "predictions.parquet")


def differences(one: Path, other: Path) -> list[str]:
    """In what two run folders differ: weights, files to the byte, summaries but for seconds and memory."""
    import torch

    found = [name for name in FILES if (one / name).read_bytes() != (other / name).read_bytes()]
    for name in ("last.ckpt", "best.ckpt"):
        states = [torch.load(run / "checkpoints" / name, weights_only=True) for run in (one, other)]
        for key in ("state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step"):
            found += [f"{name}: {key}" for _ in range(1) if not _equal(states[0][key], states[1][key])]
    summaries = [without_cost(json.loads((run / "summary.json").read_text())) for run in (one, other)]
    return found + [f"summary: {key}" for key in summaries[0] if summaries[0][key] != summaries[1].get(key)]


def without_cost(summary: dict) -> dict:
    """A summary without what no two runs have in common."""
    for place in (summary, *summary["epochs"]):
        for name in ("seconds", "memory_mib", "gpu_memory_mib", "break_even"):
            place.pop(name, None)
    return summary


def _equal(one: object, other: object) -> bool:
    import torch

    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return one == other
