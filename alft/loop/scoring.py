"""Scores the pool: one pass over all pool rows without side effects on the run.

Axes: K draws, N pool rows, C classes, D hidden size. Rows are scored in chunks of similar length. The chunks are made for the
whole pool before they are distributed, so padding and dropout masks of a chunk do not depend on the number of processes.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn

from alft.loop.progress import stage
from alft.selection.chunks import chunk_tokens, make_chunks
from alft.selection.embedding import TokenEmbedding
from alft.selection.ledger import Ledger
from alft.selection.outputs import Scores
from alft.selection.plan import Plan
from alft.selection.policy import Precision
from alft.selection.seeds import mix
from alft.selection.several import places
from alft.selection.unlearned import LeftOut
from alft.system.inputs import inputs_of
from alft.system.undisturbed import undisturbed
from alft.task.base import Task


class Pool(Protocol):
    """Interface of the DataModule required by scoring and selection."""

    plan: Plan | None

    @property
    def ledger(self) -> Ledger:
        """Rows that may be selected, and all selections so far."""

    @property
    def fingerprint(self) -> str:
        """Digest of the data that row numbers refer to."""

    @property
    def lengths(self) -> Tensor:
        """Tokens of each pool row (N,)."""

    @property
    def texts(self) -> Sequence[str]:
        """Text of each pool row."""

    @property
    def words_N(self) -> Tensor | None:
        """Words of each pool row that have an output; None where texts have outputs."""

    def pool_batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """Tokens of the given rows."""

    def follow(self, plan: Plan, seed: int, left_out: LeftOut) -> None:
        """Set the planned sizes, the seed of the order within an epoch, and what is left out of training."""


class Scorer(Protocol):
    """Interface of the model required by scoring."""

    hidden_size: int

    @property
    def task(self) -> Task:
        """The prediction task."""

    @property
    def output_layer(self) -> nn.Linear:
        """The linear layer that gives the logits; a LookupError if there is none."""

    def draw_count(self, passes: int) -> int:
        """Number of draws K for an acquisition that compares ``passes`` draws; at least 1."""

    def draws(
        self, batch: dict[str, Tensor], passes: int, seed: int, embedding: TokenEmbedding | None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (K, B, C) and embeddings (B, D) or None."""


def score_pool(
    trainer: Trainer,
    module: LightningModule,
    pool: Pool,
    *,
    passes: int = 0,
    embedding: TokenEmbedding | None = None,
    seed: int = 0,
    precision: Precision = "float32",
    features: bool = False,
) -> Scores:
    """Score every pool row that has a label, distributed over the processes.

    Args:
        trainer: Provides processes and device.
        module: A LightningModule that is a :class:`Scorer`.
        pool: Provides the rows.
        passes: Stochastic draws that the acquisition compares; 0 if it compares none.
        embedding: Embedding of the texts; None for no embeddings.
        seed: Seed of this pass; each chunk and draw has its own stream.
        precision: Precision of the encoder; probabilities are computed in float32 regardless.
        features: Whether to keep what the last layer reads, in a pass without dropout.
    """
    scorer: Scorer = module  # type: ignore[assignment]
    size = len(pool.lengths)
    probs_KNC = scorer.task.score_table(scorer.draw_count(passes), size, pool.words_N)
    embeddings_ND = torch.zeros(size, embedding.size(scorer.hidden_size) if embedding else 0)
    features_NF = torch.zeros(size, scorer.output_layer.in_features if features else 0)
    starts_N = scorer.task.starts(size, pool.words_N)
    chunks = make_chunks(pool.lengths, pool.ledger.selectable_N.nonzero().squeeze(1), chunk_tokens(module.device.type))
    mine = range(trainer.global_rank, len(chunks), trainer.world_size)
    autocast = torch.autocast(module.device.type, torch.bfloat16, enabled=precision == "bf16")
    with stage(trainer, module, "Scoring", len(mine)) as advance, undisturbed(module, module.device), torch.no_grad(), autocast:
        for number in mine:
            chunk = chunks[number]
            batch = {name: tensor.to(module.device) for name, tensor in pool.pool_batch(chunk.tolist()).items()}
            watch: AbstractContextManager[list[Tensor]] = inputs_of(scorer.output_layer) if features else nullcontext([])
            with watch as read:
                if features and passes and embedding is None:  # then there is no other pass without dropout
                    scorer.draws(batch, 0, 0, None)
                logits_KBC, embeddings_BD = scorer.draws(batch, passes, mix(seed, number), embedding)
            lines = chunk if starts_N is None else places(chunk, starts_N)
            probs_KNC[:, lines] = scorer.task.table_entries(logits_KBC).cpu()
            if embeddings_BD is not None:
                embeddings_ND[chunk] = embeddings_BD.float().cpu()
            if features:
                features_NF[chunk] = read[0]
            advance()
    # Some backends reduce only contiguous tensors: the table in its memory layout, (K, C, N).
    probs_KCN = gather(trainer, probs_KNC.transpose(1, 2))
    read_NF = gather(trainer, features_NF) if features else None
    return Scores(probs_KCN.transpose(1, 2), gather(trainer, embeddings_ND), read_NF, starts_N)


def gather(trainer: Trainer, table: Tensor) -> Tensor:
    """Sum the tables of all processes; each holds zeros outside its own rows, so the sum is exact."""
    assert table.is_contiguous()
    if trainer.world_size == 1:
        return table
    gathered: Any = trainer.strategy.reduce(table.to(trainer.strategy.root_device), reduce_op="sum")
    return gathered.cpu()  # type: ignore[no-any-return]
