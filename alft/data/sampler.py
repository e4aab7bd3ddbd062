"""Samplers: the order of rows within one epoch, and the shards of an evaluation set.

Lightning fixes the length of a loader when it is built, so a sampler that changed while its loader is in use would train on
the wrong number of rows. Here the *subset* is dynamic and the sampler is not: every epoch builds a new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DistributedSampler, Sampler

from alft.selection.seeds import generator

STRETCH = 50
"""Maximum number of batches sorted together, at most a quarter of a small set, so that batches remain mostly random."""


class SubsetSampler(Sampler[int]):
    """The given pool rows, shuffled by (seed, epoch) only: the same order on every process and after a restart.

    Args:
        rows: Row numbers of the pool.
        seed: Seed of the run.
        epoch: Epoch, from 0.
        grouping: Groups rows of similar length; None for a purely random order.
    """

    def __init__(self, rows: Tensor, seed: int, epoch: int, grouping: "Grouping | None" = None) -> None:
        self.rows = rows
        self.seed = seed
        self.epoch = epoch
        self.grouping = grouping

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        """Row numbers of the pool, in the order of this epoch."""
        random = generator(self.seed, "order", self.epoch)
        rows = self.rows[torch.randperm(len(self.rows), generator=random)]
        if self.grouping is not None:
            rows = self.grouping.arrange(rows, random)
        return iter(rows.tolist())


@dataclass(frozen=True)
class Grouping:
    """Batches of texts of similar length, in random order: less padding, but batches are less random.

    Args:
        lengths_N: Tokens of each pool row.
        batch: Batch size over all processes.
    """

    lengths_N: Tensor
    batch: int

    def arrange(self, rows: Tensor, random: torch.Generator) -> Tensor:
        """Sort stretches of several batches by length, then shuffle the batches; the last, incomplete batch stays last."""
        full = len(rows) // self.batch
        stretch = self.batch * min(STRETCH, max(1, full // 4))
        stretches = torch.split(rows[: full * self.batch], stretch)
        by_length = [part[self.lengths_N[part].sort(stable=True).indices] for part in stretches]
        batches = torch.cat(by_length or [rows[:0]]).view(full, self.batch)
        return torch.cat([batches[torch.randperm(full, generator=random)].flatten(), rows[full * self.batch :]])


class Shard(DistributedSampler[int]):
    """The shard of an evaluation set for one of several processes: every row is in exactly one shard.

    The base class would repeat rows until all shards are equal, and Lightning replaces any other sampler by it; a repeated
    row would count twice.

    Args:
        rows: Rows of the set, at least one for each process.
        rank: Rank of this process.
        processes: Number of processes.

    >>> [list(Shard(5, rank, 2)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3]]
    """

    def __init__(self, rows: int, rank: int, processes: int) -> None:
        if rows < processes:
            raise ValueError(f"trainer.devices: an evaluation set of {rows} rows cannot be shared among {processes} processes")
        super().__init__(range(rows), num_replicas=processes, rank=rank, shuffle=False)  # type: ignore[arg-type]  # sized
        self.part = range(rank, rows, processes)

    def __len__(self) -> int:
        """Number of rows of this shard."""
        return len(self.part)

    def __iter__(self) -> Iterator[int]:
        """Row numbers, ascending."""
        return iter(self.part)
