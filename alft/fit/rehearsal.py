"""Rehearses the passes of a run before it starts: an encoder that cannot be used here is refused in one sentence."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from alft.data.pool import TextPool
from alft.data.tokens import Batch
from alft.loop.active import ActiveLearning
from alft.models.classifier import Classifier
from alft.selection.embedding import TokenEmbedding
from alft.system.excerpt import listed
from alft.system.undisturbed import undisturbed
from alft.task.base import FIRST

ADVICE = "give an encoder of the BERT family; ALFT_DEBUG=1 shows where it fails"

NOTICED = 1e-3
"""Change of the outputs, as a share of the largest, above which padding is told: a hundred times what rounding explains."""


class Rehearsal(Callback):
    """Calls :func:`rehearse` before anything is planned, scored or trained."""

    def __init__(self, active: ActiveLearning) -> None:
        self.active = active

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Rehearse a fit; other stages use a model that was trained."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        if stage == "fit" and isinstance(pl_module, Classifier) and isinstance(data, TextPool):
            rehearse(pl_module, data, self.active)


def rehearse(model: Classifier, data: TextPool, active: ActiveLearning) -> None:
    """Run the model on two padded texts, and on one of the maximum length, as training, scoring and validation will.

    Modes and random state stay as they are. Outputs that depend on padding become a remark of the data.

    Raises:
        ValueError: The tokenizer has more tokens than the model, a pass fails, or its outputs are not finite.
    """
    _check_vocabulary(model, data)
    policy = active.policy
    embedding = policy.embedding if policy.uses_embeddings and isinstance(policy.embedding, TokenEmbedding) else None
    short, first, long = data.rehearsal_batches()
    with undisturbed(model, model.device), torch.no_grad():
        outputs_BC = _outputs(model, short, embedding)
        outputs_1C = _outputs(model, first, embedding)
        _outputs(model, long, embedding)
    change = 0.0
    if len(outputs_1C):  # a text may have no word with a token
        gap = (outputs_BC[: len(outputs_1C)] - outputs_1C).abs().max()
        change = float(gap / outputs_1C.abs().max().clamp(min=1e-6))
    data.model_remarks = [_on_padding(model, change)] if change > NOTICED else []


def _outputs(model: Classifier, batch: Batch, embedding: TokenEmbedding | None) -> Tensor:
    """Outputs for prediction (B, C), after the same pass with all dropout layers active."""
    batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
    rows, tokens = batch["input_ids"].shape
    try:
        if not any(hasattr(module, "running_mean") for module in model.modules()):  # statistics are no part of the modes
            model.train()(batch)
        logits_KBC, embeddings_BD = model.draws(batch, passes=0, seed=0, embedding=embedding)
        lines = int(batch[FIRST].sum()) if FIRST in batch else rows
        assert logits_KBC.shape[1:] == (lines, model.task.outputs), f"outputs of the shape {tuple(logits_KBC.shape[1:])}"
        if embedding is not None and embeddings_BD is not None:
            width = embedding.size(model.hidden_size)
            assert embeddings_BD.shape == (rows, width), f"embeddings of the shape {tuple(embeddings_BD.shape)}"
    except Exception as error:  # whatever the code of an architecture raises
        cause = listed([f"{type(error).__name__}: {error}"], width=160)
        raise ValueError(
            f"model.backbone: {_name(model)} cannot be used here, a pass over {rows} texts of {tokens} tokens fails ({cause}); "
            f"{ADVICE}"
        ) from error
    if not logits_KBC.isfinite().all():
        raise ValueError(f"model.backbone: {_name(model)} gives outputs that are not finite; its weights are damaged")
    return logits_KBC.mean(0)


def _on_padding(model: Classifier, change: float) -> str:
    return (
        f"model.backbone: {_name(model)} reads padding (its outputs change by {min(change, 9.99):.0%}), so that the scores of "
        "a text depend on the texts beside it in a batch"
    )


def _check_vocabulary(model: Classifier, data: TextPool) -> None:
    """Refuse a tokenizer that is not the model's own; an architecture without token embeddings has no such limit."""
    network: Any = model.network
    try:
        rows = network.get_input_embeddings().weight.shape[0]
    except (AttributeError, NotImplementedError):
        return
    if data.highest_token >= rows:
        raise ValueError(
            f"model.backbone: the tokenizer of {_name(model)} has token numbers up to {data.highest_token}, the model only up "
            f"to {rows - 1}; take the model's own tokenizer, or enlarge its embeddings with resize_token_embeddings"
        )


def _name(model: Classifier) -> str:
    return listed([model.hparams["backbone"]])
