"""The active-learning callback: scores the pool and selects the set of every epoch.

It is stateless: what must survive a restart is in the DataModule's ledger, everything else is a function of the settings. At
the end of epoch t it chooses the set of epoch t + 1, just before Lightning requests a new loader from the DataModule.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from time import perf_counter
from typing import Any, NoReturn

import torch
from lightning import Callback, LightningModule, Trainer

from alft.loop.advice import advises_end
from alft.loop.guards import refuse_by_predictions, refuse_no_features, refuse_too_large, refuse_trainer_settings
from alft.loop.monitors import refuse_unlogged_monitors
from alft.loop.progress import stage as show_stage
from alft.loop.recorded import read_recorded
from alft.loop.scoring import Pool, score_pool
from alft.selection.budget import Full
from alft.selection.clustering import Whole
from alft.selection.embedding import TextEmbedding, TokenEmbedding
from alft.selection.ledger import Ledger, Stage
from alft.selection.outputs import Scores
from alft.selection.plan import Pace, Plan
from alft.selection.policy import Policy
from alft.selection.replay import Replay
from alft.selection.seeds import mix
from alft.selection.several import DEFAULT_REDUCE
from alft.selection.stopping import record_agreement
from alft.system.short_form import short_form


class ActiveLearning(Callback):
    """Chooses the rows of every epoch.

    Args:
        seed: Seed of all randomness in the selection; always ``seed_everything``.
        enabled: false is the baseline: the whole pool in every epoch, all other ``active`` settings ignored.
        replay: Folder of a finished run whose sets are repeated with other seeds or another model, all other ``active``
            settings ignored. The remaining variance between seeds is due to training, not to selection.
        **selection: Fields of :class:`alft.selection.policy.Policy`.
    """

    def __init__(self, seed: int = 0, enabled: bool = True, replay: str | None = None, **selection: Any) -> None:
        self.enabled = enabled
        self.words_found: float | None = None
        self.recorded = read_recorded(replay) if enabled and replay is not None else None
        self.policy: Policy
        if not enabled:
            self.policy = Policy(seed=seed, budget=Full(), cluster=Whole())
        elif self.recorded is not None:
            pace = {
                field.name: self.recorded.settings[field.name] for field in fields(Pace) if field.name in self.recorded.settings
            }
            self.policy = Replay(seed=seed, sets=self.recorded.sets, dropped=self.recorded.dropped, **pace)
        else:
            self.policy = Policy(seed=seed, **selection)

    @property
    def settings(self) -> dict[str, Any]:
        """Selection settings as written to the summary; those that the baseline does not use are None."""
        if self.recorded is not None:
            return {**self.recorded.settings, "replay": self.recorded.name}
        chosen = {field.name: getattr(self.policy, field.name) for field in fields(self.policy) if field.name != "seed"}
        unused = {} if self.enabled else {"acquire": None, "scoring_precision": None}
        if chosen["reduce"] == DEFAULT_REDUCE:  # null where it has no effect, as in runs of earlier versions
            unused["reduce"] = None
        if chosen["unit"] == "rows":
            unused["unit"] = None
        return {name: short_form(value) for name, value in {**chosen, **unused, "replay": None}.items()}

    def state_dict(self) -> dict[str, Any]:
        """The name of the recorded sets, the one input that is not among the settings; empty without a replay."""
        return {} if self.recorded is None else {"replay": self.recorded.name}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Refuse other sets than those that a stopped run began with."""
        if self.recorded is not None and state_dict["replay"] != self.recorded.name:
            self._refuse_changed_replay(f"{state_dict['replay']} then, {self.recorded.name} now")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Plan the run, before the optimizer requests the planned steps."""
        if stage == "fit":
            refuse_by_predictions(self.policy, pl_module)
            if self.policy.acquire.needs_features:
                refuse_no_features(pl_module, self.policy.acquire)
            self.plan(trainer, _pool(trainer))

    def plan(self, trainer: Trainer, pool: Pool) -> None:
        """Refuse settings that would break the plan and texts that cannot be embedded; pass the plan to the DataModule."""
        refuse_trainer_settings(trainer)
        if self.recorded is not None:
            self.recorded.refuse_other_data(pool.fingerprint, pool.ledger.selectable_N)
        assert trainer.max_epochs is not None
        plan = self.policy.plan(trainer.max_epochs, pool.ledger.pool, pool.ledger.row_words)
        if any(plan.decides):
            refuse_too_large(self.policy.cluster, pool.ledger.pool)
        if isinstance(self.policy.embedding, TextEmbedding) and self.policy.uses_embeddings and any(plan.decides):
            self.words_found = self.policy.embedding.words_found(pool.texts)
        pool.follow(plan, self.policy.seed, self.policy.left_out)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the first set, unless it was restored from a checkpoint."""
        ledger = _pool(trainer).ledger
        if self.recorded is not None:  # a checkpoint of an earlier version holds no name of the sets
            for epoch, selection in ledger.selections.items():
                if not torch.equal(selection.rows, self.recorded.sets[epoch]):
                    self._refuse_changed_replay(f"the set of epoch {epoch} differs")
        if ledger.selected is None:
            self._select(trainer, pl_module, epoch=0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Seed the epoch, so that its dropout masks do not depend on what ran before."""
        torch.manual_seed(mix(self.policy.seed, "epoch", trainer.current_epoch, trainer.global_rank))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the next set, unless this was the last epoch."""
        refuse_unlogged_monitors(trainer, pl_module)
        following = trainer.current_epoch + 1
        stopping = trainer.should_stop and following >= (trainer.min_epochs or 0)
        if not stopping and following < (trainer.max_epochs or 0):
            self._select(trainer, pl_module, following)
        else:
            advises_end(trainer, _pool(trainer), self.policy)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Discard a set that was chosen before EarlyStopping, which acts after this callback, ended the run.

        Not in ``on_train_end``, which is not called when a run resumes that had already stopped. Lightning counts the last
        epoch as completed only if ``max_epochs`` was reached.
        """
        progress: Any = trainer.fit_loop.epoch_progress.current
        progress.completed = progress.processed
        _pool(trainer).ledger.forget_from(trainer.current_epoch)

    def _refuse_changed_replay(self, found: str) -> NoReturn:
        assert self.recorded is not None
        raise ValueError(
            f"active.replay: the sets in {self.recorded.run} have changed since the checkpoint was written ({found}); restore "
            "its files, or leave --ckpt_path out to start another run"
        )

    def _select(self, trainer: Trainer, module: LightningModule, epoch: int) -> None:
        """Score on all processes, decide on one, record the decision on all; nothing is chosen if the run is to end."""
        pool = _pool(trainer)
        plan, ledger = _planned(pool), pool.ledger
        with _clock(ledger, epoch, "score"):
            scores = self._score(trainer, module, pool, epoch)
        record_agreement(ledger, epoch - 1, scores)
        if epoch and advises_end(trainer, pool, self.policy):
            return
        decision = None
        if trainer.is_global_zero:
            with _clock(ledger, epoch, "cluster"), show_stage(trainer, module, "Clustering", 1):
                clusters = self.policy.partition(epoch, plan, ledger, scores)
            with _clock(ledger, epoch, "select"):
                decision = self.policy.decide(epoch, plan, ledger, clusters, scores)
        decision = trainer.strategy.broadcast(decision)
        assert decision is not None
        ledger.record(epoch, decision.selection)
        ledger.clusters, ledger.cluster_order_M = decision.clusters, decision.cluster_order_M

    def _score(self, trainer: Trainer, module: LightningModule, pool: Pool, epoch: int) -> Scores:
        """Run the pass over the pool and embed the texts, only as far as this selection needs it."""
        needs = self.policy.needs(epoch, _planned(pool), pool.ledger)
        of_tokens = self.policy.embedding if needs.embeddings and isinstance(self.policy.embedding, TokenEmbedding) else None
        size = len(pool.ledger.selectable_N)
        scores = Scores(torch.zeros(0, size, 1), torch.zeros(size, 0))
        if needs.probs or needs.features or of_tokens:
            scores = score_pool(
                trainer,
                module,
                pool,
                passes=needs.passes,
                embedding=of_tokens,
                seed=mix(self.policy.seed, "scores", epoch),
                precision=self.policy.scoring_precision,
                features=needs.features,
            )
        if needs.embeddings and isinstance(self.policy.embedding, TextEmbedding) and trainer.is_global_zero:
            scores = replace(scores, embeddings_ND=self.policy.embedding(pool.texts))
        return scores


def _pool(trainer: Trainer) -> Pool:
    pool: Any = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
    if not hasattr(pool, "ledger"):
        raise ValueError(f"ActiveLearning needs fit(..., datamodule=TextPool(...)), got {type(pool).__name__}")
    return pool  # type: ignore[no-any-return]


def _planned(pool: Pool) -> Plan:
    assert pool.plan is not None
    return pool.plan


@contextmanager
def _clock(ledger: Ledger, epoch: int, stage: Stage) -> Iterator[None]:
    start = perf_counter()
    yield
    ledger.spend(epoch, stage, perf_counter() - start)
