"""Names of the files of a run, all of which are in ``ROOT/NAME/version_N``."""

import re
from collections.abc import Iterable
from pathlib import Path

CONFIG = "config.yaml"
"""The complete settings, written before anything is scored or trained."""

METRICS = "metrics.csv"
STEPS = "steps.csv"
SELECTION = "selection.parquet"

SUMMARY = "summary.json"
"""The last file of a complete run: a run without it is not finished."""

LOCK = ".lock"
CHECKPOINTS = "checkpoints"


def last_checkpoint(run: Path) -> Path:
    """State of the newest epoch, from which a stopped run resumes."""
    return run / CHECKPOINTS / "last.ckpt"


def best_checkpoint(run: Path) -> Path:
    """State of the epoch with the best validation macro-F1."""
    return run / CHECKPOINTS / "best.ckpt"


def run_of(checkpoint: Path) -> Path | None:
    """Run folder of ``RUN/checkpoints/X.ckpt``; None for a file elsewhere."""
    folder = checkpoint.parent
    return folder.parent if folder.name == CHECKPOINTS else None


def oldest_first(runs: Iterable[Path]) -> list[Path]:
    """The run folders among these paths, in the order of their creation.

    >>> [str(run) for run in oldest_first(map(Path, ["version_10", "version_9", "version_x", "wandb"]))]
    ['version_9', 'version_10']
    """
    numbered = [path for path in runs if re.fullmatch(r"version_[0-9]+", path.name)]
    return sorted(numbered, key=lambda run: int(run.name.removeprefix("version_")))
