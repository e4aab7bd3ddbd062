"""Collects what the tested model predicts for the validation and the test set, from all processes."""

import torch
from lightning import Trainer
from torch import Tensor

from alft.data.pool import TextPool
from alft.data.tokens import Tokens
from alft.loop.scoring import gather
from alft.models.classifier import Classifier
from alft.record.predictions_file import PredictedSet


def predicted_sets(trainer: Trainer, model: Classifier, data: TextPool, measured: bool) -> dict[str, PredictedSet]:
    """Predictions by set, on every process.

    Args:
        trainer: After ``fit`` and, if there is a test set, ``test``.
        model: With the tested weights.
        data: Provides the sets.
        measured: Whether the last validation of this process was one of the tested weights; otherwise they are validated again.
    """
    if not measured:
        validate_again(trainer, model, data)
    sets = {"validation": data.corpus.validation} | ({"test": data.corpus.test} if data.corpus.test is not None else {})
    stages = {"validation": ("val", data.validation_tokens), "test": ("test", data.test_tokens)}
    found = {}
    for split, rows in sets.items():
        stage, tokens = stages[split]
        assert tokens is not None
        found[split] = PredictedSet(rows.labels, _gathered(trainer, model, stage, tokens), tokens.by_text)
    return found


def validate_again(trainer: Trainer, model: Classifier, data: TextPool) -> None:
    """Measure the model on the validation set; the books of the run are closed, so nothing is logged."""
    loggers, trainer.loggers = trainer.loggers, []
    try:
        trainer.validate(model, datamodule=data, verbose=False)
    finally:
        trainer.loggers = loggers


def _gathered(trainer: Trainer, model: Classifier, stage: str, tokens: Tokens) -> Tensor:
    """The outputs (N, C) of all processes; process r of W has the texts r, r + W, ..."""
    part_RC = model.evaluations[stage].logits_NC
    assert part_RC is not None
    table_NC = torch.zeros(tokens.lines, part_RC.shape[1])
    table_NC[tokens.lines_of(torch.arange(trainer.global_rank, len(tokens.lengths), trainer.world_size))] = part_RC
    return gather(trainer, table_NC)
