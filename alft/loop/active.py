"""When is the pool scored, and what is done with the scores? The callback that refreshes the set of every epoch.

It has no state: what must survive a restart is in the DataModule's ledger, all else is a function of the settings. At the end
of epoch t it chooses the set of epoch t + 1, just before Lightning asks the DataModule for a new loader.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from alft.loop.guards import refuse_trainer_settings
from alft.loop.memory import refuse_too_large
from alft.loop.progress import stage as show_stage
from alft.loop.recorded import read_recorded
from alft.loop.scoring import Pool, Precision, score_pool
from alft.selection.acquisition import Acquisition, Entropy
from alft.selection.allocation import Allocation
from alft.selection.budget import Budget, Full, Linear
from alft.selection.clustering import Clustering, Whole
from alft.selection.embedding import Embedding, MeanTokens, TextEmbedding, TokenEmbedding
from alft.selection.ledger import Ledger, Stage
from alft.selection.plan import Mode, Plan
from alft.selection.policy import Policy, Recluster, Scores
from alft.selection.replay import Replay
from alft.selection.seeds import mix
from alft.selection.ward import Ward


class ActiveLearning(Callback):
    """Chooses the rows of every epoch.

    Args:
        seed: Seed of everything random in the selection; always ``seed_everything``.
        enabled: false is the baseline: the whole pool in every epoch, all other ``active`` settings ignored.
        acquire: What makes a row worth training on.
        budget: Share of the pool each epoch may use.
        mode: How a share becomes a set: chosen afresh from the pool (recalculate), added to the last set (accumulate), or only
            rows never used (unseen).
        max_unique: Largest share of the labels ever bought, in (0, 1]; null for no cap.
        warm_start: Share of the pool, in [0, 1], that a random first epoch trains on; 0 lets the untrained model choose.
        cluster: How the pool is divided; every cluster gives its part of a set.
        embedding: One vector per text, for the clusters: out of the encoder, or of the text alone (``TfIdf``, ``WordVectors``).
        recluster: Cluster ``once``, before training, or in ``every_epoch`` that chooses, with the encoder as it then is.
        allocate: How many rows each cluster gives: in proportion to its candidates, equally, or by its difficulty, the summed
            entropy of its candidates.
        scoring_precision: Precision in which the encoder computes when it scores the pool, independent of trainer.precision
            unless that makes the weights themselves bf16.
        replay: Folder of a finished run whose sets are to be repeated, all other ``active`` settings ignored: with other
            seeds or another model. What the seeds then still differ in is luck of training, none of selection.
    """

    def __init__(
        self,
        seed: int = 0,
        enabled: bool = True,
        acquire: Acquisition = Entropy(),
        budget: Budget = Linear(),
        mode: Mode = "recalculate",
        max_unique: float | None = None,
        warm_start: float = 0.0,
        cluster: Clustering = Ward(),
        embedding: Embedding = MeanTokens(),
        recluster: Recluster = "once",
        allocate: Allocation = "proportional",
        scoring_precision: Precision = "float32",
        replay: str | None = None,
    ) -> None:
        if not isinstance(embedding, TokenEmbedding | TextEmbedding):
            raise ValueError(f"active.embedding must be a TokenEmbedding or a TextEmbedding, got {type(embedding).__name__}")
        if isinstance(embedding, TextEmbedding) and recluster == "every_epoch" and enabled and replay is None:
            name = type(embedding).__name__
            raise ValueError(f"active.recluster must be once with an embedding of texts, which never changes ({name})")
        self.enabled = enabled
        self.embedding = embedding if enabled else MeanTokens()
        self.words_found: float | None = None
        self.scoring_precision: Precision = scoring_precision
        self.recorded = read_recorded(replay) if enabled and replay is not None else None
        self.policy: Policy
        if not enabled:
            self.policy = Policy(seed, budget=Full(), cluster=Whole())
        elif self.recorded is not None:
            self.policy = Replay(seed, sets=self.recorded.sets)
        else:
            self.policy = Policy(seed, acquire, budget, mode, max_unique, warm_start, cluster, recluster, allocate)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Plan the run, before the optimizer asks for the planned steps."""
        if stage == "fit":
            self.plan(trainer, _pool(trainer))

    def plan(self, trainer: Trainer, pool: Pool) -> None:
        """Refuse what would break the plan or cannot be embedded, and tell the DataModule the plan."""
        refuse_trainer_settings(trainer)
        assert trainer.max_epochs is not None
        plan = self.policy.plan(trainer.max_epochs, pool.ledger.pool)
        if any(plan.choices):
            refuse_too_large(self.policy.cluster, pool.ledger.pool)
        if isinstance(self.embedding, TextEmbedding) and self.policy.uses_embeddings and any(plan.choices):
            self.words_found = self.embedding.words_found(pool.texts)
        pool.follow(plan, self.policy.seed)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the first set, unless a checkpoint brought one along."""
        if _pool(trainer).ledger.selected is None:
            self._select(trainer, pl_module, epoch=0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make the epoch a function of its start: whatever ran before leaves no mark on its dropout masks."""
        torch.manual_seed(mix(self.policy.seed, "epoch", trainer.current_epoch, trainer.global_rank))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the next set, unless this was the last epoch."""
        following = trainer.current_epoch + 1
        stopping = trainer.should_stop and following >= (trainer.min_epochs or 0)
        if not stopping and following < (trainer.max_epochs or 0):
            self._select(trainer, pl_module, following)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take back a set that was chosen before EarlyStopping, which acts after this callback, ended the run.

        Here and not at the end of the training, of which there is none where a run goes on that had stopped already. Lightning
        counts its last epoch as done only where ``max_epochs`` was reached.
        """
        progress: Any = trainer.fit_loop.epoch_progress.current
        progress.completed = progress.processed
        _pool(trainer).ledger.forget_from(trainer.current_epoch)

    def _select(self, trainer: Trainer, module: LightningModule, epoch: int) -> None:
        """Score on all processes, decide on one, enter the decision everywhere."""
        pool = _pool(trainer)
        plan, ledger = _planned(pool), pool.ledger
        with _clock(ledger, epoch, "score"):
            scores = self._score(trainer, module, pool, epoch)
        decision = None
        if trainer.is_global_zero:
            with _clock(ledger, epoch, "cluster"), show_stage(trainer, module, "Clustering", 1):
                division = self.policy.divide(epoch, plan, ledger, scores)
            with _clock(ledger, epoch, "select"):
                decision = self.policy.decide(epoch, plan, ledger, division, scores)
        decision = trainer.strategy.broadcast(decision)
        assert decision is not None
        ledger.record(epoch, decision.selection)
        ledger.division, ledger.cluster_order_M = decision.division, decision.cluster_order_M

    def _score(self, trainer: Trainer, module: LightningModule, pool: Pool, epoch: int) -> Scores:
        """Make the pass over the pool, and embed the texts, if and as far as this selection needs it."""
        needs = self.policy.needs(epoch, _planned(pool), pool.ledger)
        of_tokens = self.embedding if needs.embeddings and isinstance(self.embedding, TokenEmbedding) else None
        size = len(pool.ledger.labelled_N)
        scores = Scores(torch.zeros(0, size, 1), torch.zeros(size, 0))
        if needs.probs or of_tokens:
            scores = score_pool(
                trainer,
                module,
                pool,
                passes=needs.passes,
                embedding=of_tokens,
                seed=mix(self.policy.seed, "scores", epoch),
                precision=self.scoring_precision,
            )
        if needs.embeddings and isinstance(self.embedding, TextEmbedding) and trainer.is_global_zero:
            scores = replace(scores, embeddings_ND=self.embedding(pool.texts))
        return scores


def _pool(trainer: Trainer) -> Pool:
    pool: Pool = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
    return pool


def _planned(pool: Pool) -> Plan:
    assert pool.plan is not None
    return pool.plan


@contextmanager
def _clock(ledger: Ledger, epoch: int, stage: Stage) -> Iterator[None]:
    start = perf_counter()
    yield
    ledger.spend(epoch, stage, perf_counter() - start)
