"""Computes what a selection needs to know about the texts of a campaign, with the scoring pass of a run."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor

from alft.campaign.choosing import Choice
from alft.campaign.folder import Pool
from alft.data.tokens import load_tokenizer, tokenize
from alft.loop.guards import refuse_no_features, refuse_too_large
from alft.loop.progress import StageProgressBar
from alft.loop.scoring import score_pool
from alft.models.classifier import Classifier
from alft.selection.embedding import TextEmbedding, TokenEmbedding
from alft.selection.ledger import Ledger
from alft.selection.outputs import Scores
from alft.selection.plan import Plan
from alft.selection.seeds import mix
from alft.selection.unlearned import LeftOut


class CampaignTexts:
    """The texts of a campaign as a scoring pass reads them; those that are not scored have no tokens."""

    plan: Plan | None = None
    fingerprint = ""

    def __init__(self, texts: list[str], ledger: Ledger, eye: "Eye") -> None:
        """Tokenise the texts that may be scored."""
        self.texts = texts
        self.ledger = ledger
        scored = [text if used else "" for text, used in zip(texts, ledger.selectable_N.tolist(), strict=True)]
        tokenizer = load_tokenizer(eye.model.hparams["backbone"], eye.max_length)
        self._tokens = tokenize(scored, tokenizer, eye.max_length, eye.model.task.unit)

    @property
    def lengths(self) -> Tensor:
        """Tokens of each text (N,)."""
        return self._tokens.lengths

    @property
    def words_N(self) -> Tensor | None:
        """Words of each text that have an output; None where texts have outputs."""
        return None if self._tokens.words is None else self._tokens.words.kept_N

    def pool_batch(self, rows: Any) -> dict[str, Tensor]:
        """Tokens of the given rows."""
        return self._tokens.batch(rows)

    def follow(self, plan: Plan, seed: int, left_out: LeftOut) -> None:
        """Do nothing: nothing is trained here."""


@dataclass(frozen=True)
class Eye:
    """A model that looks at the texts, tokens per text, and where it computes."""

    model: Classifier
    max_length: int
    accelerator: str = "auto"
    progress: bool = True


def scores_for(choice: Choice, pool: Pool, eye: Eye | None) -> Scores:
    """What the choice needs, and no more.

    Args:
        choice: The choice of a round.
        pool: The texts.
        eye: The model; None where the choice needs the texts alone.
    """
    needs, policy, size = choice.needs, choice.policy, len(pool)
    of_tokens = policy.embedding if needs.embeddings and isinstance(policy.embedding, TokenEmbedding) else None
    scores = Scores(torch.zeros(0, size, 1), torch.zeros(size, 0))
    if any(choice.plan.decides):
        policy.cluster.check(choice.ledger.pool)
        refuse_too_large(policy.cluster, choice.ledger.pool)
    if needs.probs or needs.features or of_tokens is not None:
        assert eye is not None, "an embedding of texts and no predictions are chosen where there is no model"
        scores = _look(choice, pool, eye, of_tokens)
    if needs.embeddings and isinstance(policy.embedding, TextEmbedding):
        scores = replace(scores, embeddings_ND=policy.embedding(pool.texts))
    return scores


def _look(choice: Choice, pool: Pool, eye: Eye, embedding: TokenEmbedding | None) -> Scores:
    needs, policy = choice.needs, choice.policy
    if needs.features:
        refuse_no_features(eye.model, policy.acquire)
    texts = CampaignTexts(pool.texts, choice.ledger, eye)
    bar = StageProgressBar() if eye.progress else None
    trainer = Trainer(
        accelerator=eye.accelerator,
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=eye.progress,
        callbacks=[bar] if bar else [],
    )
    eye.model.to(trainer.strategy.root_device)
    try:
        return score_pool(
            trainer,
            eye.model,
            texts,
            passes=needs.passes,
            embedding=embedding,
            seed=mix(policy.seed, "scores"),
            precision=policy.scoring_precision,
            features=needs.features,
        )
    finally:
        if bar is not None and bar.progress is not None:
            bar.progress.stop()
