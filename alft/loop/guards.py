"""Checks before training: Trainer settings that would silently break the plan, and clusterings that exceed memory."""

from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.strategies import DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy

from alft.loop.callback_rules import refuse_callback, refuse_unreadable_state
from alft.loop.monitors import refuse_senseless_monitors
from alft.selection.acquisition import Acquisition
from alft.selection.clustering import Clustering
from alft.selection.policy import Policy
from alft.selection.several import DEFAULT_REDUCE
from alft.system.memory import free_gib


def refuse_trainer_settings(trainer: Trainer) -> None:
    """Raise a ValueError that names the first setting under which training would deviate from the planned sets."""
    for refused, setting, reason in (*_rules(trainer), *_limits(trainer)):
        if refused:
            raise ValueError(f"trainer.{setting}: {reason}")
    refuse_strategy(trainer.strategy)
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by the constructor, unknown to the type checker
        refuse_callback(type(callback))
        refuse_unreadable_state(callback)
    refuse_senseless_monitors(trainer)


def refuse_limits(trainer: Trainer) -> None:
    """Refuse to measure parts of an evaluation set, which no summary could tell from the whole.

    Raises:
        ValueError: The message names the setting.
    """
    for refused, setting, reason in _limits(trainer):
        if refused:
            raise ValueError(f"trainer.{setting}: {reason}")


def refuse_strategy(strategy: Any) -> None:
    """Refuse strategies that shard the model or start processes their own way.

    Raises:
        ValueError: The message says what to use instead.
    """
    if isinstance(strategy, FSDPStrategy | DeepSpeedStrategy | ModelParallelStrategy):
        raise ValueError(
            "trainer.strategy: FSDP, DeepSpeed and other strategies that shard the model cannot be used, the processes score "
            "unequal parts of the pool; use ddp"
        )
    # A launcher that starts the command again knows its cluster; the others run a function in copies of this process.
    if strategy.launcher is not None and not hasattr(strategy.launcher, "cluster_environment"):
        raise ValueError(
            "trainer.strategy: strategies that fork or spawn this process cannot be used, the books of the run would stay in "
            "its copies, which end with the training; use ddp from a script, or trainer.devices 1 in a notebook"
        )


def _rules(trainer: Any) -> list[tuple[bool, str, str]]:
    # Any: some of these attributes are set by the Trainer's constructor in ways that its types do not declare.
    timers = any(isinstance(callback, Timer) for callback in trainer.callbacks)
    return [
        (
            trainer.reload_dataloaders_every_n_epochs != 1,
            "reload_dataloaders_every_n_epochs",
            f"must be 1, because every epoch trains on a new set, got {trainer.reload_dataloaders_every_n_epochs}",
        ),
        (
            trainer.max_epochs is None or trainer.max_epochs < 1,
            "max_epochs",
            f"must be given and at least 1, because the budget is spread over the epochs, got {trainer.max_epochs}",
        ),
        (
            bool(trainer.fast_dev_run),
            "fast_dev_run",
            "cannot be used, it replaces the planned epochs; use data.limit and trainer.max_epochs 1 for a trial",
        ),
        (trainer.max_steps != -1, "max_steps", "cannot be used, it ends the planned epochs early; use trainer.max_epochs"),
        (timers, "max_time", "cannot be used, it ends the planned epochs early; use trainer.max_epochs"),
        (bool(trainer.min_steps), "min_steps", "cannot be used, epochs are planned and not steps; use trainer.min_epochs"),
        # Before limit_train_batches, which Lightning changes when this is set.
        (
            trainer.overfit_batches > 0,
            "overfit_batches",
            "cannot be used, it trains on the first rows of the pool and not on the set; use data.limit",
        ),
        (
            not _is_whole(trainer.limit_train_batches),
            "limit_train_batches",
            f"cannot be used, rows would count as trained on that were not{_got(trainer.limit_train_batches)}; use data.limit",
        ),
        (
            trainer.check_val_every_n_epoch != 1 or not _is_whole(trainer.val_check_interval),
            "check_val_every_n_epoch" if trainer.check_val_every_n_epoch != 1 else "val_check_interval",
            "must be 1, because every epoch is measured at its end"
            + ("" if trainer.check_val_every_n_epoch != 1 else _got(trainer.val_check_interval)),
        ),
    ]


def _limits(trainer: Any) -> list[tuple[bool, str, str]]:
    part = "cannot be used, no summary could tell a part of an evaluation set from the whole"
    return [
        (
            not _is_whole(trainer.limit_val_batches),
            "limit_val_batches",
            f"{part}{_got(trainer.limit_val_batches)}; use data.limit_validation",
        ),
        (
            not _is_whole(trainer.limit_test_batches),
            "limit_test_batches",
            f"{part}{_got(trainer.limit_test_batches)}; give data.source a smaller test set",
        ),
        (
            not _is_whole(trainer.limit_predict_batches),
            "limit_predict_batches",
            "has no effect, python -m alft predict reads the whole file; leave it out",
        ),
    ]


def _is_whole(limit: Any) -> bool:
    """Whether a limit is the share 1.0; the number 1 means one batch."""
    return isinstance(limit, float) and limit == 1


def _got(limit: Any) -> str:
    return f", got {limit}" + (" (one batch; 1.0 is all of them)" if isinstance(limit, int) and limit == 1 else "")


def refuse_too_large(cluster: Clustering, rows: int) -> None:
    """Refuse, before training, a clustering of this many rows that needs more memory than is free.

    Raises:
        ValueError: The message gives the memory needed and the memory free.
    """
    needed, free = cluster.memory_gib(rows), free_gib()
    if needed > free:
        raise ValueError(
            f"active.cluster: {cluster} of a pool of {rows} rows needs {needed:.1f} GiB of memory, of which {free:.1f} GiB are "
            "free; Ward without exact, or KMeans, need less"
        )


def refuse_no_features(model: LightningModule, acquire: Acquisition) -> None:
    """Refuse an acquisition that reads the input of the last layer, with a model without such a layer or one input per text.

    Raises:
        ValueError: The message names the acquisition.
    """
    if _gives_several(model):
        raise ValueError(f"active.acquire {type(acquire).__name__} needs one prediction per row, unlike this data.task")
    try:
        _ = model.output_layer
    except (AttributeError, LookupError) as error:
        raise ValueError(
            f"active.acquire: {acquire} needs what the last layer of the model reads, but {error}; take another acquisition or "
            "another model.head"
        ) from error


def refuse_by_predictions(policy: Policy, model: LightningModule) -> None:
    """Refuse settings that need one prediction per text where it has several, and a way to reduce scores that would be ignored.

    Raises:
        ValueError: The message names the setting.
    """
    several = _gives_several(model)
    if several and policy.allocate == "disagreement":
        raise ValueError("active.allocate disagreement needs one prediction per row, unlike this data.task")
    if policy.reduce == DEFAULT_REDUCE or (several and policy.reads_predictions):
        return
    task: Any = model.task
    reason = f"data.task {task.name}, which gives a text one prediction"
    if several:
        reason = f"active.acquire {type(policy.acquire).__name__}, which looks at no prediction"
    raise ValueError(f"active.reduce must be {DEFAULT_REDUCE} with {reason}, got {policy.reduce}")


def _gives_several(model: Any) -> bool:
    """Whether the task of a model gives a text several predictions."""
    return hasattr(model, "task") and model.task.starts(1, torch.ones(1, dtype=torch.int64)) is not None
