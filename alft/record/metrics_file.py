"""Writes ``metrics.csv``: one line per epoch and one for the test, rewritten each time.

Its lines are stored in the ledger and thus in the checkpoint: a resumed run writes the same file as an uninterrupted one. They
hold what was logged through Lightning (``self.log``), of each epoch the last value. What a callback hands to the loggers by
itself comes without an epoch and goes to ``steps.csv``.
"""

import csv
import io
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from alft.record.steps_file import StepsFile
from alft.system.output import write_text_atomically
from alft.system.run_files import METRICS

Lines = dict[int, dict[str, float]]


class MetricsFile(Logger):
    """The logger used by every run.

    Args:
        folder: The run's folder.
        lines: Metrics by epoch; logged metrics are added here.
    """

    def __init__(self, folder: Path, lines: Lines) -> None:
        super().__init__()
        self.folder = folder
        self.lines = lines
        self.steps = StepsFile(folder)

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.parent.name

    @property
    def version(self) -> str:
        """The run's version, as in the folder name."""
        return self.folder.name

    @property
    def log_dir(self) -> str:
        """The run's folder."""
        return str(self.folder)

    @property
    def save_dir(self) -> str:
        """The folder of all runs."""
        return str(self.folder.parent.parent)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add metrics to the line of their epoch; those without one to ``steps.csv``."""
        if not isinstance(metrics.get("epoch"), int | float):
            self.steps.add(metrics, step)
            return
        line = self.lines.setdefault(int(metrics["epoch"]), {})
        line |= {name: float(value) for name, value in metrics.items() if name != "epoch"}
        if step is not None:
            line["step"] = step

    @rank_zero_only
    def begin(self, epoch: int) -> None:
        """Note the epoch of the figures that come without one."""
        self.steps.begin(epoch)

    @rank_zero_only
    def resume(self, epoch: int) -> None:
        """Discard figures by step of ``epoch`` and later; the lines by epoch are restored with the ledger."""
        self.steps.forget_from(epoch)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: ``config.yaml`` is more complete."""

    @rank_zero_only
    def save(self) -> None:
        """Write the file."""
        names = sorted({name for line in self.lines.values() for name in line} - {"step"})
        text = io.StringIO()
        table = csv.DictWriter(text, ["epoch", "step", *names], lineterminator="\n")
        table.writeheader()
        for epoch, line in sorted(self.lines.items()):
            table.writerow({"epoch": epoch, **line})
        if self.lines:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text_atomically(self.folder / METRICS, text.getvalue())
