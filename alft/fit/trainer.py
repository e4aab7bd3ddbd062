"""Makes the Trainer of a run, with alft's defaults, callbacks and run folder, for the command line and for Python."""

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from lightning import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.loggers import Logger, WandbLogger

from alft.data.pool import TextPool
from alft.fit.data_map import DataMap
from alft.fit.held_folder import HeldFolder
from alft.fit.interruption import StopAtOnce
from alft.fit.journal import Journal
from alft.fit.named_settings import named_trainer, refuse_out_of_range
from alft.fit.rehearsal import Rehearsal
from alft.fit.same_threads import SameThreads
from alft.fit.same_weights import SameWeights
from alft.fit.set_scores import SetScores
from alft.loop.active import ActiveLearning
from alft.loop.callback_rules import refuse_callback
from alft.loop.guards import refuse_limits, refuse_strategy
from alft.loop.progress import StageProgressBar
from alft.record.checkpoints import AtomicCheckpointIO, refuse_same_files, run_checkpoints
from alft.record.folder import given_back_on_error
from alft.record.metrics_file import Lines, MetricsFile
from alft.record.workspace import Workspace
from alft.system.quiet import quieten

DEFAULTS: dict[str, Any] = {
    "max_epochs": 4,  # the default recipe of docs/recipes.md
    "reload_dataloaders_every_n_epochs": 1,
    "gradient_clip_val": 1.0,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,
    "default_root_dir": "runs",
}
"""Defaults of alft that replace those of Lightning."""


def trainer(data: TextPool, active: ActiveLearning, *, name: str = "alft", **settings: Any) -> Trainer:
    """Make a Trainer like that of ``python -m alft fit``: the same settings give the same run.

    The run folder is the first free ``default_root_dir/NAME/version_N``; :func:`alft.fit.finish.finish` writes its last files.
    Library messages that are expected in such a run are silenced, except with ALFT_DEBUG=1.
    Call ``lightning.seed_everything`` with the seed of ``active`` before creating the model, as the command line does.

    Args:
        data: The pool to select from.
        active: Chooses the rows of every epoch.
        name: Name of the run.
        **settings: Settings of ``lightning.Trainer``; ``max_epochs`` is 4 by default.

    Raises:
        ValueError: ``max_epochs`` is None, or an argument or setting cannot be used.

    Returns:
        A Trainer for ``fit(model, datamodule=data)``.
    """
    if not isinstance(data, TextPool) or not isinstance(active, ActiveLearning):
        raise ValueError(f"trainer needs a TextPool and an ActiveLearning, got {type(data).__name__}, {type(active).__name__}")
    refuse_out_of_range(settings)
    if not name or Path(name).name != name:
        raise ValueError(f"name must be the name of a folder without a path, got {name!r}")
    settings = {**DEFAULTS, **settings}
    if settings["max_epochs"] is None:  # Lightning would use 1000
        raise ValueError("max_epochs must be given, because the budget is spread over the epochs")
    quieten()
    workspace = Workspace()
    workspace.claim(settings["default_root_dir"], name)
    with given_back_on_error(workspace.held):
        more = [HeldFolder(workspace), Rehearsal(active)]
        return make_trainer(workspace.path, data, active, Journal(perf_counter()), settings, more)


def make_trainer(
    folder: Path,
    data: TextPool,
    active: ActiveLearning,
    journal: Journal,
    settings: dict[str, Any],
    more: Sequence[Callback] = (),
) -> Trainer:
    """Make the Trainer of a run in a folder.

    Args:
        folder: The run's folder.
        data: The pool to select from.
        active: Chooses the rows of every epoch.
        journal: Records the cost of each epoch.
        settings: Settings of ``lightning.Trainer``.
        more: Callbacks in addition to those of the settings.
    """
    # The journal comes before ActiveLearning: the end of an epoch is recorded before the next selection begins.
    theirs = as_list(settings.get("callbacks"))
    for callback in theirs:
        refuse_callback(type(callback))
    refuse_same_files(theirs, folder)
    callbacks = [StopAtOnce(), SameThreads(), journal, SetScores(), DataMap(), *theirs, *progress_bars(settings)]
    if settings.get("enable_checkpointing") is not False:
        callbacks += run_checkpoints(folder)
    ours = {
        "callbacks": [*callbacks, *more, active, SameWeights(folder)],  # the last one sees what the others have done
        "logger": run_loggers(folder, data.ledger.metrics, settings.get("logger")),
        "plugins": [AtomicCheckpointIO(), *as_list(settings.get("plugins"))],
    }
    return named_trainer({**settings, **ours}, settings)


def evaluation_trainer(settings: dict[str, Any]) -> Trainer:
    """Make a Trainer that measures a checkpoint on the whole set and writes nothing.

    Args:
        settings: Settings of ``lightning.Trainer``, such as those of the run.
    """
    theirs = [callback for callback in as_list(settings.get("callbacks")) if not isinstance(callback, Checkpoint)]
    callbacks = [StopAtOnce(), *theirs, *progress_bars(settings)]
    made = named_trainer(
        {**settings, "logger": False, "callbacks": callbacks, "enable_checkpointing": False}, {**settings, "callbacks": theirs}
    )
    refuse_limits(made)
    refuse_strategy(made.strategy)
    return made


def run_loggers(folder: Path, lines: Lines, asked: Any) -> list[Logger]:
    """The logger of ``metrics.csv`` with these lines, then those requested by the user, and W&B inside a sweep."""
    more = asked if isinstance(asked, list) else [asked] if isinstance(asked, Logger) else []
    if "WANDB_SWEEP_ID" in os.environ and not any(isinstance(logger, WandbLogger) for logger in more):
        more = [*more, WandbLogger(save_dir=folder)]
    return [MetricsFile(folder, lines), *more]


def progress_bars(settings: dict[str, Any]) -> list[Callback]:
    """The progress bar, unless it is disabled or the user brings another."""
    theirs = any(isinstance(callback, ProgressBar) for callback in as_list(settings.get("callbacks")))
    return [] if settings.get("enable_progress_bar") is False or theirs else [StageProgressBar()]


def as_list(value: Any) -> list[Any]:
    """One value, several or none as a list, as Lightning accepts callbacks and plugins."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
