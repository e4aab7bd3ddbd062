"""Which command lines cannot end well? Each is refused in one sentence as soon as it is parsed."""

from pathlib import Path
from typing import Any

import torch

from alft.data.pool import TextPool


def refuse_fit_settings(settings: Any) -> None:
    """Refuse what the Trainer would change, or refuse in words that name nothing the user typed.

    Args:
        settings: The parsed settings of ``fit``.
    """
    if settings.trainer.max_epochs is None:  # the Trainer would put 1000 in its place
        raise ValueError(
            "trainer.max_epochs must be given, because the budget is spread over the epochs; try --trainer.max_epochs 8"
        )
    if settings.trainer.barebones:
        raise ValueError("trainer.barebones cannot be used, it switches off the books that a run keeps")
    if settings.test_on == "best" and settings.trainer.enable_checkpointing is False:
        raise ValueError("test_on best needs checkpoints, but trainer.enable_checkpointing is false")


def read_trained_labels(ckpt_path: str | None) -> list[str]:
    """Label names, in the order of its outputs, of the model in a checkpoint.

    Raises:
        ValueError: There is no such file, or it is no checkpoint of ours.
    """
    example = "such as runs/maltese/version_0/checkpoints/last.ckpt"
    if ckpt_path is None or not Path(ckpt_path).is_file():
        raise ValueError(f"ckpt_path must be the checkpoint file of a run, {example}, got {ckpt_path}")
    try:
        checkpoint = torch.load(ckpt_path, weights_only=True, map_location="cpu", mmap=True)
        names: list[str] = checkpoint[TextPool.__qualname__]["label_names"]
    except Exception as error:  # a file of any kind may be given, and unpickling raises errors of any kind
        raise ValueError(f"ckpt_path: {ckpt_path} is not the checkpoint of a run, {example}") from error
    return names
