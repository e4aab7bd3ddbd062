"""The folder of a grid cell, which holds its state: each cell has its own below the grid's root, with the run folder inside.

``ROOT/CELL/NAME/version_0`` is finished if it has a summary, and started if it has a checkpoint.
"""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from alft.grid.sweep_file import Cell
from alft.record.folder import hold
from alft.system.run_files import SUMMARY, last_checkpoint, oldest_first

LOG = "log.txt"
COMMAND = "command.txt"
PROCESS = ".process"
"""File with the process that runs the cell: its number and start time, since numbers are reused."""

PROMPT = "$ "
"""Prefix of the line of the log with the command that was started."""


@dataclass(frozen=True)
class CellFolder:
    """A cell and the folder of its runs."""

    cell: Cell
    path: Path

    @property
    def runs(self) -> list[Path]:
        """Its run folders, whatever their state."""
        return oldest_first(self.path.glob("*/version_*"))

    @property
    def finished(self) -> Path | None:
        """Its finished run."""
        return next((run for run in self.runs if (run / SUMMARY).is_file()), None)

    @property
    def begun(self) -> Path | None:
        """A run that can be resumed."""
        return next((run for run in reversed(self.runs) if last_checkpoint(run).is_file()), None)

    @property
    def arguments(self) -> list[str]:
        """Arguments of ``python -m alft fit``: those of the cell, the folder of its runs, and to resume an interrupted run."""
        return [*self.cell.arguments, "--trainer.default_root_dir", str(self.path), "--ckpt_path", "last"]

    def claim(self) -> FileLock | None:
        """Lock the cell; None if another grid holds it, or a run that outlived its grid is still training."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        if self._is_being_run():
            lock.release()
            return None
        return lock

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        """Train the cell in a separate process, which writes to the cell's log.

        Args:
            threads: OpenMP threads, unless OMP_NUM_THREADS is set. Waiting threads sleep: otherwise they would take a core
                from the other runs.
        """
        command = ["-m", "alft", "fit", *self.arguments]
        typed = shlex.join(["python", *command])
        (self.path / COMMAND).write_text(typed + "\n", encoding="utf-8")
        with (self.path / LOG).open("ab") as log:
            log.write(f"{PROMPT}{typed}\n".encode())
            log.flush()
            process = subprocess.Popen(  # its own session: Ctrl-C is for the grid, which stops its runs in order  # noqa: S603
                [sys.executable, *command, "--trainer.enable_progress_bar=false"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", **os.environ},
                start_new_session=True,
            )
        (self.path / PROCESS).write_text(json.dumps([process.pid, _began(process.pid)]), encoding="utf-8")
        return process

    def last_words(self) -> str:
        """Last line written by its newest run: if it failed, the reason."""
        lines = (self.path / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), PROMPT)
        return "it said nothing" if last.startswith(PROMPT.strip()) else last

    def _is_being_run(self) -> bool:
        """Whether another process is running it, also one left over from a grid that no longer exists."""
        try:
            number, began = json.loads((self.path / PROCESS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            number, began = 0, None
        return (began is not None and _began(number) == began) or any(map(_is_held, self.runs))


def _began(process: int) -> float | None:
    """Start time of a process, in seconds since 1970; None if it has ended."""
    try:
        found = psutil.Process(process)
        return None if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    except psutil.NoSuchProcess:
        return None


def _is_held(run: Path) -> bool:
    folder = hold(run)
    if folder is not None:
        folder.release()
    return folder is None
