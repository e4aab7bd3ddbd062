"""Which Trainer trains a run? One with alft's defaults, callbacks and run folder, for the command line and for Python."""

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from lightning import Callback, Trainer
from lightning.pytorch.loggers import Logger, WandbLogger

from alft.data.pool import TextPool
from alft.fit.held_folder import HeldFolder
from alft.fit.interruption import StopAtOnce
from alft.fit.journal import Journal
from alft.loop.active import ActiveLearning
from alft.loop.progress import StageProgressBar
from alft.record.checkpoints import AtomicCheckpointIO, run_checkpoints
from alft.record.folder import given_back_on_error
from alft.record.metrics_file import Lines, MetricsFile
from alft.record.workspace import Workspace
from alft.system.quiet import quieten

DEFAULTS: dict[str, Any] = {
    "reload_dataloaders_every_n_epochs": 1,
    "gradient_clip_val": 1.0,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,
    "default_root_dir": "runs",
}
"""What alft sets in place of Lightning's defaults."""


def trainer(data: TextPool, active: ActiveLearning, *, name: str = "alft", **settings: Any) -> Trainer:
    """A Trainer as ``python -m alft fit`` makes one: the same settings train the same run.

    The run folder is the first free ``default_root_dir/NAME/version_N``; :func:`alft.fit.finish.finish` writes its last files.
    Library messages that are expected in such a run are silenced, except with ALFT_DEBUG=1.
    Call ``lightning.seed_everything`` with the seed of ``active`` before the model is made, as the command line does.

    Args:
        data: The pool to select from.
        active: Chooses the rows of every epoch.
        name: Name of the run.
        **settings: Settings of ``lightning.Trainer``, ``max_epochs`` among them.

    Raises:
        ValueError: ``max_epochs`` is not given.

    Returns:
        A Trainer for ``fit(model, datamodule=data)``.
    """
    if settings.get("max_epochs") is None:  # Lightning would put 1000 in its place
        raise ValueError("max_epochs must be given, because the budget is spread over the epochs")
    quieten()
    settings = {**DEFAULTS, **settings}
    workspace = Workspace()
    workspace.claim(settings["default_root_dir"], name)
    with given_back_on_error(workspace.held):
        return make_trainer(workspace.path, data, active, Journal(perf_counter()), settings, [HeldFolder(workspace)])


def make_trainer(
    folder: Path,
    data: TextPool,
    active: ActiveLearning,
    journal: Journal,
    settings: dict[str, Any],
    more: Sequence[Callback] = (),
) -> Trainer:
    """The Trainer of a run in a folder.

    Args:
        folder: The run's folder.
        data: The pool to select from.
        active: Chooses the rows of every epoch.
        journal: Keeps the books.
        settings: Settings of ``lightning.Trainer``.
        more: Callbacks besides those of the settings.
    """
    # The journal comes before ActiveLearning: the end of an epoch is noted before the next selection begins.
    callbacks = [StopAtOnce(), journal, *as_list(settings.get("callbacks")), *progress_bars(settings)]
    if settings.get("enable_checkpointing") is not False:
        callbacks += run_checkpoints(folder)
    return Trainer(
        **{
            **settings,
            "callbacks": [*callbacks, *more, active],
            "logger": run_loggers(folder, data.ledger.metrics, settings.get("logger")),
            "plugins": [AtomicCheckpointIO(), *as_list(settings.get("plugins"))],
        }
    )


def run_loggers(folder: Path, lines: Lines, asked: Any) -> list[Logger]:
    """``metrics.csv`` in the run folder, made of those lines, then what the user asked for, and W&B inside a sweep."""
    more = asked if isinstance(asked, list) else [asked] if isinstance(asked, Logger) else []
    if "WANDB_SWEEP_ID" in os.environ and not any(isinstance(logger, WandbLogger) for logger in more):
        more = [*more, WandbLogger(save_dir=folder)]
    return [MetricsFile(folder, lines), *more]


def progress_bars(settings: dict[str, Any]) -> list[Callback]:
    """The progress bar, unless it is switched off."""
    return [] if settings.get("enable_progress_bar") is False else [StageProgressBar()]


def as_list(value: Any) -> list[Any]:
    """One value, several or none, as Lightning takes callbacks and plugins."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
