"""How does a trained model come back? A Classifier out of a checkpoint, and how its texts were read."""

from pathlib import Path
from typing import Any

import torch

from alft.data.pool import TextPool
from alft.models.classifier import Classifier
from alft.models.epinet import Epinet
from alft.models.lora import Lora

EXAMPLE = "such as runs/maltese/version_0/checkpoints/last.ckpt"

Checkpoint = dict[str, Any]


def read_checkpoint(path: str | Path | None) -> Checkpoint:
    """What a run saved, its tensors left on disk until they are used.

    Raises:
        ValueError: There is no such file, or it is no checkpoint of ours.
    """
    place = None if path is None else Path(path).expanduser()
    if place is None or not place.is_file():
        raise ValueError(f"ckpt_path must be the checkpoint file of a run, {EXAMPLE}, got {path}")
    try:
        checkpoint: Checkpoint = torch.load(place, weights_only=True, map_location="cpu", mmap=True)
        checkpoint["hyper_parameters"]["label_names"], checkpoint["state_dict"], reading_of(checkpoint)["max_length"]
    except Exception as error:  # a file of any kind may be given, and unpickling raises errors of any kind
        raise ValueError(f"ckpt_path: {path} is not the checkpoint of a run of this version of alft, {EXAMPLE}") from error
    return checkpoint


def reading_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the DataModule saved: ledger, fingerprint, text_column and max_length."""
    state: dict[str, Any] = checkpoint[TextPool.__qualname__]
    return state


def load_classifier(checkpoint: Checkpoint, backbone: str | None = None) -> Classifier:
    """The model of a checkpoint, in eval mode and float32.

    Args:
        checkpoint: As read.
        backbone: Where the pretrained encoder lies now, if not where it did. Its weights are replaced.

    Raises:
        ValueError: The backbone cannot be loaded or has another architecture.
    """
    settings = {name: value for name, value in checkpoint["hyper_parameters"].items() if not name.startswith("_")}
    for name, kind in {"lora": Lora, "epinet": Epinet}.items():
        settings[name] = None if settings[name] is None else kind(**settings[name])
    model = Classifier(**settings | ({"backbone": backbone} if backbone else {}))
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        place = model.hparams["backbone"]
        raise ValueError(f"model.backbone: {place} is not of the architecture that the checkpoint was trained with") from error
    return model.eval()
