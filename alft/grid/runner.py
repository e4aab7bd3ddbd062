"""Executes the runs of a grid: several at a time, each in its own process; stopped runs are resumed the next time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock

from alft.grid.cell_folder import CellFolder

PATIENCE = 30.0
"""Seconds that a run has to stop after SIGTERM before it is killed."""


@dataclass(frozen=True)
class Ended:
    """A run that has ended, successfully (exit code 0) or not."""

    folder: CellFolder
    exit_code: int
    seconds: float


@dataclass(frozen=True)
class _Started:
    folder: CellFolder
    process: subprocess.Popen[bytes]
    lock: FileLock
    at: float


def run_cells(folders: Sequence[CellFolder], jobs: int, tell: Callable[[Ended], None], pause: float = 0.2) -> list[CellFolder]:
    """Run cells until all have ended.

    Args:
        folders: The cells to run, in this order.
        jobs: Number of runs at a time, at least 1.
        tell: Called for every run that ends.
        pause: Seconds between two polls.

    Returns:
        The cells that another process is running, or has finished in the meantime: see their ``finished``.

    Any interruption (Ctrl-C, SIGTERM) first stops the runs and waits for them.
    """
    threads = max(1, cores() // jobs)
    waiting, elsewhere = list(folders), []
    with _stopped_on_error() as running:
        while waiting or running:
            while waiting and len(running) < jobs:
                folder = waiting.pop(0)
                lock = folder.claim()
                if lock is None or folder.finished is not None:
                    elsewhere.append(folder)
                    _release(lock)
                else:
                    running.append(_Started(folder, folder.start(threads), lock, time.monotonic()))
            for started in _ended(running):
                running.remove(started)
                _release(started.lock)
                tell(Ended(started.folder, started.process.returncode, time.monotonic() - started.at))
            time.sleep(pause)
    return elsewhere


def cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ended(running: list[_Started]) -> list[_Started]:
    return [started for started in running if started.process.poll() is not None]


@contextmanager
def _stopped_on_error() -> Iterator[list[_Started]]:
    running: list[_Started] = []
    try:
        yield running
    finally:
        for started in running:
            started.process.terminate()
        for started in running:
            try:
                started.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                _kill(started.process)
                started.process.wait()
            _release(started.lock)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a run and the processes it has started; only the current epoch is lost."""
    if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:  # it leads its own process group
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _release(lock: FileLock | None) -> None:
    if lock is not None:
        lock.release()
