"""Exports a trained model as a folder of files that others read, in one of the formats of :mod:`alft.use.formats`.

Where a format cannot hold an epinet, the export is mu, the model's own head, and the card states how much its probabilities
differ from those of alft.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from alft.data.tokens import Tokens, load_tokenizer
from alft.models.classifier import Classifier
from alft.use.card import Provenance, model_card
from alft.use.predict import probabilities
from alft.use.target import CARD, ExportTarget, replaced, write_list


@dataclass
class TrainedModel:
    """Input of an export: a model, how its texts were read, and what is known about its run.

    ``accelerator`` and ``progress`` are for the pass over the validation texts that an epinet needs.
    """

    model: Classifier
    max_length: int
    provenance: Provenance = field(default_factory=Provenance)
    validation: Tokens | None = None
    accelerator: Any = "auto"
    progress: bool = True


def export(trained: TrainedModel, target: ExportTarget) -> None:
    """Write model, tokenizer and card to a folder next to the target, then rename it to the target.

    The model is converted to float32, regardless of the precision it was trained in.
    """
    model, place = trained.model.float().eval(), target.folder.resolve()
    backbone = model.hparams["backbone"]
    target.check(backbone, model.hparams["lora"], model.hparams["head"]["class_path"])
    refuse_diverged(model)
    tokenizer = load_tokenizer(backbone, trained.max_length)
    tokenizer.model_max_length = trained.max_length  # the limit used by pipeline(..., truncation=True)
    with replaced(place) as new, as_system_failure():
        target.kind.write(model, tokenizer, new)
        written = target.kind.describe(model, tokenizer, str(target.folder))
        gap = None if target.kind.keeps_epinet else _gap(trained)
        card = model_card(model, trained.provenance, target.kind, written, trained.max_length, gap)
        (new / CARD).write_text(card, encoding="utf-8")
        write_list(new)


class DivergedError(ValueError):
    """A model has weights that are not finite, so no later command will export it."""


def refuse_diverged(model: Classifier) -> None:
    """Refuse a model that predicts nothing.

    Raises:
        DivergedError: A weight is not finite.
    """
    for name, weights in model.state_dict().items():
        if not bool(weights.isfinite().all()):
            raise DivergedError(
                f"export: the model has weights that are not finite ({name}), since it has diverged in training; "
                "train with a lower model.lr, or export the best.ckpt of an epoch before"
            )


@contextmanager
def as_system_failure() -> Iterator[None]:
    """Raise the OSError, such as a full disk, that safetensors puts into words."""
    try:
        yield
    except SafetensorError as error:
        if found := re.search(r"os error ([0-9]+)", str(error)):
            number = int(found[1])
            raise OSError(number, os.strerror(number)) from error
        raise


def _gap(trained: TrainedModel) -> float | None:
    """Largest difference, over validation texts and classes, between alft's probabilities and those of mu alone."""
    model, tokens = trained.model, trained.validation
    if model.epinet is None or tokens is None:
        return None
    predicted_NC = probabilities(model, tokens, trained.accelerator, trained.progress)
    epinet, model.epinet = model.epinet, None
    try:
        alone_NC: Tensor = probabilities(model, tokens, trained.accelerator, trained.progress)
    finally:
        model.epinet = epinet
    return float((predicted_NC - alone_NC).abs().max())
