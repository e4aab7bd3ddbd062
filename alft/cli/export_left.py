"""The export of a run that is finished all but that: how it is asked for, and how it is done without training again."""

import shlex
from pathlib import Path
from typing import Any

from alft.cli.checks import export_target
from alft.cli.export_command import export_checkpoint
from alft.system.run_files import SUMMARY, best_checkpoint, last_checkpoint
from alft.system.terminal import show
from alft.use.target import ExportTarget


class OnlyExportLeftError(Exception):
    """A fit was asked for whose run is finished, all but its export.

    Args:
        run: Folder of the run.
        checkpoint: The weights that it tested.
        target: Target of its export.
    """

    def __init__(self, run: Path, checkpoint: Path, target: ExportTarget) -> None:
        super().__init__(run, checkpoint, target)
        self.run, self.checkpoint, self.target = run, checkpoint, target

    def export(self) -> None:
        """Do what is left."""
        show(f"the run in {self.run} is finished and has the same settings, so it is only exported")
        export_checkpoint(self.checkpoint, self.target)


def refuse_to_train_again(run: Path | None, test_on: str, target: ExportTarget) -> None:
    """Raise an error with what is left to do if a run, found by the settings of a fit, is finished."""
    if run is not None:
        raise OnlyExportLeftError(run, tested_checkpoint(run, test_on), target)


def how_to_export(run: Path, config: Any) -> str | None:
    """The command line that only exports a run whose export failed; None if it is not finished or no export was asked for.

    Args:
        run: Folder of the run.
        config: The parsed command line of ``fit``.
    """
    settings = config.get("fit")
    if settings is None or not (run / SUMMARY).is_file() or (target := export_target(settings)) is None:
        return None
    words = ["python", "-m", "alft", "export", str(tested_checkpoint(run, settings.test_on)), *target.options]
    return f"the run is finished, only its export is missing: {shlex.join(words)}"


def tested_checkpoint(run: Path, test_on: str) -> Path:
    """Checkpoint with the weights that a run tested."""
    return best_checkpoint(run) if test_on == "best" else last_checkpoint(run)
