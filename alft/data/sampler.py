"""In which order does an epoch see its set? A sampler that lives for one epoch.

Lightning freezes the length of a loader when it is built, so a sampler that changed under a living loader would train on the
wrong number of rows. Here the *subset* is dynamic and the sampler is not: every epoch builds a new one.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler

from alft.selection.seeds import generator


class SubsetSampler(Sampler[int]):
    """The given pool rows, each once, shuffled by (seed, epoch) alone: the same order on every process and after a restart."""

    def __init__(self, rows: Tensor, seed: int, epoch: int) -> None:
        """Hold row numbers, seed and epoch; nothing changes afterwards."""
        self.rows = rows
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        """Row numbers of the pool, in the order of this epoch."""
        order = torch.randperm(len(self.rows), generator=generator(self.seed, "order", self.epoch))
        return iter(self.rows[order].tolist())
