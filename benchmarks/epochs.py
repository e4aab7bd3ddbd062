"""What does an epoch with active learning cost, and what does Lightning? On MiniLM, both sides with batches of one making."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.loop.scoring import Precision, score_pool
from alft.models.classifier import Classifier
from alft.selection.budget import Base
from alft.selection.embedding import MeanTokens
from alft.selection.policy import Policy
from benchmarks.material import MINILM, pool, silent_trainer, train
from benchmarks.measure import Row, at_most, in_turn, ratio_of_medians, ratio_of_minima

SHARE = 0.6


def rows(folder: Path) -> Iterator[Row]:
    """All rows about whole epochs."""
    yield from _active_epoch(pool("slovak", MINILM, folder, max_length=64))
    yield from _lightning(pool("swahili", MINILM, folder, texts=160))


def _active_epoch(data: TextPool) -> Iterator[Row]:
    model, everything = Classifier(MINILM, data.label_names), torch.arange(len(data.lengths))
    plain, float32, bf16 = in_turn(
        lambda: train(model, data, everything),
        lambda: train(model, data, _select(model, data, "float32")),
        lambda: train(model, data, _select(model, data, "bf16")),
    )
    yield at_most(
        "epoch at share 0.6 with float32 scoring, Ward, selection, against a plain one", 0.75, ratio_of_medians(float32, plain)
    )
    yield at_most("the same with bf16 scoring", 0.66, ratio_of_medians(bf16, plain))


def _select(model: Classifier, data: TextPool, precision: Precision) -> Tensor:
    """Rows of one epoch, from scores and clusters made for it."""
    policy = Policy(budget=Base(SHARE))
    plan = policy.plan(1, data.ledger.pool)
    scores = score_pool(silent_trainer(), model, data, embedding=MeanTokens(), precision=precision)
    division = policy.divide(0, plan, data.ledger, scores)
    return policy.decide(0, plan, data.ledger, division, scores).selection.rows


def _lightning(data: TextPool) -> Iterator[Row]:
    def fit() -> None:
        trainer = silent_trainer(
            max_epochs=1,
            callbacks=[ActiveLearning(enabled=False)],
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            gradient_clip_val=1.0,
            limit_val_batches=1,
        )
        data.ledger.forget_from(0)
        trainer.fit(Classifier(MINILM, data.label_names), datamodule=data)

    def loop() -> None:
        model = Classifier(MINILM, data.label_names)
        train(model, data, torch.arange(len(data.lengths)))
        with torch.no_grad():
            model(data.validation_tokens.batch(range(data.batch_size)))

    lightning, by_hand = in_turn(fit, loop, times=5)
    yield at_most("fit through Lightning, against a loop written by hand", 1.03, ratio_of_minima(lightning, by_hand))
