"""Checks before training: Trainer settings that would silently break the plan, and clusterings that exceed memory."""

from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler, Timer
from lightning.pytorch.strategies import DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy

from alft.selection.clustering import Clustering
from alft.system.memory import free_gib


def refuse_trainer_settings(trainer: Trainer) -> None:
    """Raise a ValueError that names the first setting under which training would deviate from the planned sets."""
    for refused, setting, reason in _rules(trainer):
        if refused:
            raise ValueError(f"trainer.{setting}: {reason}")


def _rules(trainer: Any) -> list[tuple[bool, str, str]]:
    # Any: some of these attributes are set by the Trainer's constructor in ways that its types do not declare.
    sharded = isinstance(trainer.strategy, FSDPStrategy | DeepSpeedStrategy | ModelParallelStrategy)
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
        # Before limit_train_batches, which Lightning changes when this is set.
        (
            trainer.overfit_batches > 0,
            "overfit_batches",
            "cannot be used, it trains on the first rows of the pool and not on the set; use data.limit",
        ),
        (
            trainer.limit_train_batches != 1.0,
            "limit_train_batches",
            "cannot be used, rows would count as trained on that were not; use data.limit",
        ),
        (
            trainer.check_val_every_n_epoch != 1 or trainer.val_check_interval != 1.0,
            "check_val_every_n_epoch" if trainer.check_val_every_n_epoch != 1 else "val_check_interval",
            "must be 1, because every epoch is measured at its end",
        ),
        (
            any(isinstance(callback, GradientAccumulationScheduler) for callback in trainer.callbacks),
            "callbacks",
            "GradientAccumulationScheduler cannot be used, the planned steps know one value; use accumulate_grad_batches",
        ),
        (
            trainer.limit_val_batches == 0,
            "limit_val_batches",
            "must not be 0, every epoch is measured on the validation set; use data.limit_validation",
        ),
        (
            sharded,
            "strategy",
            "FSDP, DeepSpeed and other strategies that shard the model cannot be used, the processes score "
            "unequal parts of the pool; use ddp",
        ),
    ]


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
