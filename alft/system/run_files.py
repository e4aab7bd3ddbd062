"""Names of the files of a run, all of which are in ``ROOT/NAME/version_N``."""

import re
from collections.abc import Iterable
from pathlib import Path

CONFIG = "config.yaml"
"""The complete settings, written before anything is scored or trained."""

METRICS = "metrics.csv"
STEPS = "steps.csv"
SELECTION = "selection.parquet"
PREDICTIONS = "predictions.parquet"

SUSPECTS = "suspects.csv"
"""Bought rows whose label may be wrong; not there if controls were off or out of time."""

SUSPECT_COLUMNS = ("row", "label", "probability", "likelier", "likelier_probability")

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


def name_of(config: Path) -> str:
    """Name that runs of a config file get: that of the run it was written by, or else its stem.

    >>> name_of(Path("runs/maltese/version_0/config.yaml")), name_of(Path("configs/maltese.yaml"))
    ('maltese', 'maltese')
    """
    return config.parent.parent.name if config.name == CONFIG and _is_version(config.parent) else config.stem


def oldest_first(runs: Iterable[Path]) -> list[Path]:
    """The run folders among these paths, in the order of their creation.

    >>> [str(run) for run in oldest_first(map(Path, ["version_10", "version_9", "version_x", "wandb"]))]
    ['version_9', 'version_10']
    """
    numbered = [path for path in runs if _is_version(path)]
    return sorted(numbered, key=lambda run: int(run.name.removeprefix("version_")))


def _is_version(path: Path) -> bool:
    return re.fullmatch(r"version_[0-9]+", path.name) is not None
