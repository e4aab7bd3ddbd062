"""Callbacks that cannot take part in a run, by the base class that says what they do.

A run must go on from any epoch as if it had never stopped, and its books must hold what was trained. What a callback of a user
does is not known before it runs: :mod:`alft.fit.same_weights` watches the weights.
"""

import io

import torch
from lightning import Callback
from lightning.pytorch.callbacks import (
    BaseFinetuning,
    BasePredictionWriter,
    BatchSizeFinder,
    GradientAccumulationScheduler,
    LearningRateFinder,
    ModelPruning,
    OnExceptionCheckpoint,
    SpikeDetection,
    StochasticWeightAveraging,
    ThroughputMonitor,
    Timer,
    WeightAveraging,
)

from alft.system.excerpt import excerpt

BEHIND = "it changes weights behind the books, and a run that was stopped would test others"

RULES: dict[type[Callback], str] = {
    WeightAveraging: f"{BEHIND}; use model.ema",
    StochasticWeightAveraging: f"{BEHIND}; leave it out",
    ModelPruning: f"{BEHIND}; leave it out, and prune the exported model",
    BaseFinetuning: "it changes what is trained behind the planned learning rate; use model.lora to train few weights",
    LearningRateFinder: "it trains before the plan; set model.lr",
    BatchSizeFinder: "it trains before the plan; set data.batch_size",
    GradientAccumulationScheduler: "the planned steps know one value; use trainer.accumulate_grad_batches",
    SpikeDetection: "it breaks a run off and leaves out rows that count as trained on; use trainer.gradient_clip_val",
    Timer: "it ends the planned epochs early; use trainer.max_epochs",
    ThroughputMonitor: "it logs seconds among the metrics of an epoch, which are reproducible; summary.json has the seconds",
    OnExceptionCheckpoint: "it saves within an epoch, where no run goes on; checkpoints/last.ckpt has the last finished epoch",
    BasePredictionWriter: "it has no effect, a fit predicts nothing; use python -m alft predict",
}
"""Reasons by base class: all that changes weights behind the books, trains before the plan, departs from it or does nothing."""


def refuse_callback(kind: type) -> None:
    """Refuse a class of callbacks under which a run would not be what its books say.

    Raises:
        ValueError: The message says why, and what to use instead.
    """
    if not issubclass(kind, Callback):
        raise ValueError(f"trainer.callbacks: {kind.__name__} is no callback; give a subclass of lightning.Callback")
    for base, reason in RULES.items():
        if issubclass(kind, base):
            raise ValueError(f"trainer.callbacks: {kind.__name__} cannot be used, {reason}")


def refuse_unreadable_state(callback: Callback) -> None:
    """Refuse a callback whose state could be written to a checkpoint, but not read again.

    Raises:
        ValueError: The message shows the state.
    """
    state, file = callback.state_dict(), io.BytesIO()
    try:
        torch.save(state, file)
        file.seek(0)
        torch.load(file, weights_only=True)
    except Exception as error:  # pickling may raise any error
        raise ValueError(
            f"trainer.callbacks: the state of {type(callback).__name__} cannot be read from a checkpoint, so the run could "
            f"not go on: {excerpt(state)}; its state_dict may hold tensors, numbers, words, lists and dicts"
        ) from error
