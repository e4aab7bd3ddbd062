"""How does a trained model come back? A Classifier out of a checkpoint, with all that it was made of."""

from pathlib import Path
from typing import Any

import torch

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
    if path is None or not Path(path).is_file():
        raise ValueError(f"ckpt_path must be the checkpoint file of a run, {EXAMPLE}, got {path}")
    try:
        checkpoint: Checkpoint = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
        checkpoint["hyper_parameters"]["label_names"], checkpoint["state_dict"]  # ours have both
    except Exception as error:  # a file of any kind may be given, and unpickling raises errors of any kind
        raise ValueError(f"ckpt_path: {path} is not the checkpoint of a run, {EXAMPLE}") from error
    return checkpoint


def load_classifier(path: str | Path, backbone: str | None = None) -> Classifier:
    """The model of a checkpoint, in eval mode.

    Args:
        path: The checkpoint.
        backbone: Where the pretrained encoder lies now, if not where it did; only its architecture is used.
    """
    checkpoint = read_checkpoint(path)
    settings = {name: value for name, value in checkpoint["hyper_parameters"].items() if not name.startswith("_")}
    for name, kind in {"lora": Lora, "epinet": Epinet}.items():
        settings[name] = None if settings[name] is None else kind(**settings[name])
    model = Classifier(**settings | ({"backbone": backbone} if backbone else {}))
    model.load_state_dict(checkpoint["state_dict"])
    return model.eval()
