"""Makes the loader of a set of rows: tokens and labels in batches, for one process or the share of several."""

from functools import partial

import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Sampler

from alft.data.rows import Rows
from alft.data.sampler import Shard
from alft.data.tokens import Tokens, labelled_batch
from alft.task.base import Task


def make_loader(
    rows: Rows,
    tokens: Tokens,
    task: Task,
    trainer: Trainer,
    batch_size: int,
    num_workers: int,
    sampler: Sampler[int] | None = None,
) -> DataLoader[int]:
    """Loader of batches of tokens, ``labels`` and ``rows``.

    Args:
        rows: Texts and labels.
        tokens: The same texts as tokens.
        task: Makes targets of labels.
        trainer: Tells the number of processes, and which this is.
        batch_size: Texts per batch.
        num_workers: Processes that build batches.
        sampler: Order of the rows; without one all in order, or with several processes a share of them.
    """
    if sampler is None and trainer.world_size > 1:
        sampler = Shard(len(rows), trainer.global_rank, trainer.world_size)
    return DataLoader(
        range(len(rows)),  # type: ignore[arg-type]  # a range has all that a map-style Dataset needs
        batch_size=batch_size,
        sampler=sampler,
        collate_fn=partial(labelled_batch, tokens, rows.labels, task),
        num_workers=num_workers,
        # Iterating a loader draws a number from this generator; from the global one, resumed runs would differ.
        generator=torch.Generator(),
    )
