"""Checks of callbacks that monitor a metric, such as EarlyStopping: its name, and the direction in which it is better."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, EarlyStopping, LearningRateMonitor

DIRECTIONS: dict[str, str | None] = {
    "val_f1_macro": "max",
    "val_accuracy": "max",
    "val_loss": "min",
    "train_loss": "min",
    "labels_bought": None,
    "rows_selected": None,
    "unique_saving": None,
    "exposure_saving": None,
}
"""What alft logs in every epoch, and whether more or less of it is better; None if neither."""

COUNTS = ("epoch", "step")
"""What Lightning adds for checkpoints."""


def refuse_senseless_monitors(trainer: Any) -> None:
    """Refuse, before training, to monitor what nothing logs, or to take worse for better.

    Raises:
        ValueError: The message gives the nearest name, or the right mode.
    """
    ours = all(_logs_nothing_else(part) for part in (*trainer.callbacks, getattr(trainer, "lightning_module", None)))
    for callback in trainer.callbacks:
        if ours:
            _refuse_unknown(callback, DIRECTIONS)
        _refuse_wrong_way(callback)
        if isinstance(callback, EarlyStopping) and callback.patience < 0:
            raise ValueError(
                f"trainer.callbacks: patience of {type(callback).__name__} must be at least 0, got {callback.patience}"
            )


def refuse_unlogged_monitors(trainer: Trainer, module: LightningModule) -> None:
    """Refuse, at the end of an epoch, to monitor what was not logged in it: a callback of the user might have done so.

    A model of the user may log after the callbacks; Lightning itself refuses then.

    Raises:
        ValueError: The message gives the nearest name.
    """
    if not _logs_nothing_else(module):
        return
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by the constructor, unknown to the type checker
        if getattr(callback, "strict", True):
            _refuse_unknown(callback, trainer.callback_metrics)


def _logs_nothing_else(part: Any) -> bool:
    """Whether all that a callback or model logs is in DIRECTIONS, or goes to the loggers alone."""
    known = part is None or type(part).__module__.split(".")[0] in ("lightning", "alft")
    return known and not isinstance(part, LearningRateMonitor)


def _refuse_unknown(callback: Callback, logged: Iterable[str]) -> None:
    monitor = getattr(callback, "monitor", None)
    known = [*logged, *(COUNTS if isinstance(callback, Checkpoint) else ())]
    if isinstance(monitor, str) and monitor not in known:
        inside = [name for name in known if monitor and monitor in name]
        close = inside or get_close_matches(monitor, known, n=1, cutoff=0.3)
        meant = f"; did you mean {close[0]}?" if close else "."
        raise ValueError(
            f"trainer.callbacks: {type(callback).__name__} monitors {monitor[:80]}, which nothing logs{meant} "
            f"Logged: {', '.join(known)}"
        )


def _refuse_wrong_way(callback: Callback) -> None:
    monitor, mode = getattr(callback, "monitor", None), getattr(callback, "mode", None)
    better = DIRECTIONS.get(monitor) if isinstance(monitor, str) else None
    if better is not None and mode in ("min", "max") and mode != better:
        raise ValueError(
            f"trainer.callbacks: {type(callback).__name__} takes a {'lower' if mode == 'min' else 'higher'} {monitor} for "
            f"better; set its mode to {better}, got {mode}"
        )
