"""What does an epoch with active learning cost, and what does Lightning? On MiniLM, both sides with batches of one making."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import get_linear_schedule_with_warmup

from alft.data.pool import TextPool
from alft.data.sampler import SubsetSampler
from alft.loop.active import ActiveLearning
from alft.loop.scoring import Precision, score_pool
from alft.models.classifier import Classifier
from alft.selection.budget import Base
from alft.selection.embedding import MeanTokens
from alft.selection.policy import Policy
from benchmarks.material import MINILM, pool, silent_trainer
from benchmarks.measure import Row, at_most, in_turn, ratio_of_medians, ratio_of_minima

SHARE = 0.6


def rows(folder: Path) -> Iterator[Row]:
    """All rows about whole epochs."""
    yield from _active_epoch(pool("slovak", MINILM, folder, max_length=64))
    yield from _lightning(pool("swahili", MINILM, folder, texts=160))


def _active_epoch(data: TextPool) -> Iterator[Row]:
    model, everything = Classifier(MINILM, data.label_names), torch.arange(len(data.lengths))
    plain, float32, bf16 = in_turn(
        lambda: _train(model, data, everything),
        lambda: _train(model, data, _select(model, data, "float32")),
        lambda: _train(model, data, _select(model, data, "bf16")),
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
        _train(model, data, torch.arange(len(data.lengths)))
        model.eval()
        with torch.no_grad():
            model(data.validation_tokens.batch(range(data.batch_size)))

    lightning, by_hand = in_turn(fit, loop, times=5)
    yield at_most("fit through Lightning, against a loop written by hand", 1.03, ratio_of_minima(lightning, by_hand))


def _train(model: Classifier, data: TextPool, rows: Tensor) -> None:
    """One epoch over those rows as a user without Lightning would write it."""
    model.train()
    labels, order = torch.tensor(data.corpus.pool.labels), torch.tensor(list(SubsetSampler(rows, seed=0, epoch=0)))
    batches = torch.split(order, data.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    scheduler = get_linear_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))  # type: ignore[no-untyped-call]
    for batch in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.pool_batch(batch.tolist())), labels[batch]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
