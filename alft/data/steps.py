"""Counts optimizer steps before they are taken, which a plan of learning rates needs."""

import math
from collections.abc import Sequence

from lightning import Trainer


def count_steps(sizes: Sequence[int], batch_size: int, trainer: Trainer) -> list[int]:
    """Optimizer steps of epochs on sets of these sizes.

    Args:
        sizes: Rows of each epoch.
        batch_size: Rows of a batch, for each process.
        trainer: Tells the number of processes, and of batches that a step takes.
    """
    batches = [math.ceil(math.ceil(size / trainer.world_size) / batch_size) for size in sizes]
    return [math.ceil(count / trainer.accumulate_grad_batches) for count in batches]
