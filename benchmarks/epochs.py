"""Cost of an epoch with active learning, and of Lightning, on MiniLM with identical batches on both sides."""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from itertools import count
from pathlib import Path

import torch
from torch import Tensor

from alft.data.pool import TextPool
from alft.fit.journal import Journal
from alft.fit.trainer import run_loggers
from alft.loop.active import ActiveLearning
from alft.loop.scoring import score_pool
from alft.models.classifier import Classifier
from alft.selection.budget import Constant
from alft.selection.embedding import MeanTokens
from alft.selection.policy import Policy, Precision
from benchmarks.material import Material, silent_trainer, train
from benchmarks.measure import Row, at_most, in_turn, ratio_of_medians, ratio_of_minima

SHARE = 0.6


def rows(material: Material) -> Iterator[Row]:
    """All rows about whole epochs."""
    yield from _active_epoch(material)
    yield from _lightning(material)


def _active_epoch(material: Material) -> Iterator[Row]:
    data = material.pool("slovak", material.small_encoder, max_length=64)
    model, everything = Classifier(material.small_encoder, data.label_names), torch.arange(len(data.lengths))
    plain, float32, bf16 = in_turn(
        lambda: train(model, data, everything),
        lambda: train(model, data, _select(model, data, "float32")),
        lambda: train(model, data, _select(model, data, "bf16")),
        times=material.times(3),
    )
    what = f"epoch at share {SHARE} with float32 scoring, Ward, selection, against a plain one, {material.label('slovak')}"
    yield at_most(what, 0.75, ratio_of_medians(float32, plain))
    yield at_most("the same with bf16 scoring", 0.66, ratio_of_medians(bf16, plain))


def _select(model: Classifier, data: TextPool, precision: Precision) -> Tensor:
    """Rows of one epoch, from scores and clusters computed for it."""
    policy = Policy(budget=Constant(SHARE))
    plan = policy.plan(1, data.ledger.pool)
    scores = score_pool(silent_trainer(), model, data, embedding=MeanTokens(), precision=precision)
    return policy.select(0, plan, data.ledger, scores).selection.rows


def _lightning(material: Material) -> Iterator[Row]:
    """A baseline epoch with the callbacks and the logger of ``alft fit``; neither side writes a checkpoint.

    Texts are cut short: the less a step computes, the larger the share of an overhead.
    """
    data = material.pool("slovak", material.small_encoder, max_length=16)
    versions = count()

    def fit() -> None:
        trainer = silent_trainer(
            logger=run_loggers(Path(material.folder, "runs", f"version_{next(versions)}"), data.ledger.metrics, None),
            max_epochs=1,
            callbacks=[Journal(0.0), ActiveLearning(enabled=False)],
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            gradient_clip_val=1.0,
        )
        data.ledger.forget_from(0)
        with redirect_stdout(io.StringIO()):  # the plan of a run is not part of this table
            trainer.fit(Classifier(material.small_encoder, data.label_names), datamodule=data)

    def loop() -> None:
        model = Classifier(material.small_encoder, data.label_names)
        train(model, data, torch.arange(len(data.lengths)))
        with torch.no_grad():
            model(data.validation_tokens.batch(range(len(data.corpus.validation))))

    lightning, by_hand = in_turn(fit, loop, times=material.times(5))
    what = f"fit through Lightning, against a loop written by hand, {material.label('slovak')}"
    yield at_most(what, 1.03, ratio_of_minima(lightning, by_hand))
