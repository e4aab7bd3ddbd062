"""How far is a cell? Each has a folder of its own below the grid's root, and ``fit`` makes its run folder inside.

``ROOT/CELL/NAME/version_0`` is finished if it has a summary, begun if it has a checkpoint, busy while a live process holds it.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from alft.grid.sweep_file import Cell
from alft.record.folder import SUMMARY, hold, last_checkpoint

LOG = "log.txt"
COMMAND = "command.txt"


@dataclass(frozen=True)
class CellFolder:
    """A cell and the folder that holds its runs."""

    cell: Cell
    path: Path

    @property
    def runs(self) -> list[Path]:
        """Its run folders, whatever became of them."""
        return sorted(self.path.glob("*/version_*"))

    @property
    def finished(self) -> Path | None:
        """Its finished run."""
        return next((run for run in self.runs if (run / SUMMARY).is_file()), None)

    @property
    def begun(self) -> Path | None:
        """A run that can go on."""
        return next((run for run in reversed(self.runs) if last_checkpoint(run).is_file()), None)

    @property
    def arguments(self) -> list[str]:
        """What follows ``python -m alft fit``: the cell's own, where its runs go, and to go on with one that was broken off."""
        return [*self.cell.arguments, "--trainer.default_root_dir", str(self.path), "--ckpt_path", "last"]

    def claim(self) -> FileLock | None:
        """Hold the cell; None if another grid does, or a run that outlived its grid is still training."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        if any(map(_is_busy, self.runs)):
            lock.release()
            return None
        return lock

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        """Train it in a process of its own, which writes to the cell's log.

        Args:
            threads: For OpenMP, unless OMP_NUM_THREADS says otherwise. Waiting threads sleep: they would take a core from the
                run beside them.
        """
        command = ["-m", "alft", "fit", *self.arguments]
        (self.path / COMMAND).write_text(subprocess.list2cmdline(["python", *command]) + "\n", encoding="utf-8")
        environment = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", **os.environ}
        with (self.path / LOG).open("ab") as log:
            return subprocess.Popen(  # a session of its own: Ctrl-C is for the grid, which stops its runs in order  # noqa: S603
                [sys.executable, *command, "--trainer.enable_progress_bar=false"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def last_words(self) -> str:
        """The last line of the log: where a run failed, it says why."""
        lines = (self.path / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _is_busy(run: Path) -> bool:
    folder = hold(run)
    if folder is not None:
        folder.release()
    return folder is None
