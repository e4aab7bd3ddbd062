"""LoRA: trains low-rank adapters in the encoder, and all weights outside it (method.md 8)."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import peft
from torch import nn
from transformers import PreTrainedModel

from alft.system.excerpt import excerpt, listed
from alft.system.nulls import refuse_nulls
from alft.task.base import Unit

LAST_LAYER = "classifier"
"""Name of the last layer of every transformers sequence classifier with an encoder of the BERT family."""

ALL_LINEAR = "all-linear"
"""All linear layers of the encoder. peft's own word takes poolers and heads along, and fails on DistilBERT."""

LARGEST = 65_536
"""Upper limit on rank and alpha: wider than any layer, and small enough for torch's integers."""


@dataclass
class Lora:
    """Settings of low-rank adaptation.

    Args:
        r: Rank of the adapters.
        alpha: Scale; adapters are multiplied by alpha / r.
        dropout: Dropout before the adapters, in [0, 1).
        target_modules: Names of the layers that get an adapter, or ``all-linear`` for all linear layers of the encoder; by
            default peft's choice for the architecture, or all linear layers where peft has none.
        use_dora: Adapt direction and magnitude of the weights separately (DoRA): slower, often better at a low rank.
        use_rslora: Scale by alpha / sqrt(r) (rank-stabilised LoRA), which keeps high ranks learning.
        train_pooler: Train every pooler or head layer outside the encoder, not only the last one. With BERT models peft alone
            leaves the pooler frozen, and with most checkpoints that pooler is randomly initialised.
    """

    r: int = 8
    alpha: int = 16
    dropout: float = 0.1
    target_modules: list[str] | Literal["all-linear"] | None = None
    use_dora: bool = False
    use_rslora: bool = False
    train_pooler: bool = True

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        refuse_nulls(Lora, vars(self), "model.lora")
        for name in ("r", "alpha"):
            if not 1 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"model.lora.{name} must be at least 1 and at most {LARGEST}, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"model.lora.dropout must be in [0, 1), got {self.dropout}")


KINDS: dict[Unit, peft.TaskType] = {"text": peft.TaskType.SEQ_CLS, "word": peft.TaskType.TOKEN_CLS}


def add_lora(network: PreTrainedModel, lora: Lora, unit: Unit = "text") -> nn.Module:
    """Freeze the network, add adapters, and keep its head trainable; ``unit`` is what it gives outputs for."""
    head = head_layers(network)
    config = peft.LoraConfig(
        task_type=KINDS[unit],
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(lora.target_modules, network),
        use_dora=lora.use_dora,
        use_rslora=lora.use_rslora,
        modules_to_save=head if lora.train_pooler else [LAST_LAYER],
    )
    try:
        adapted: nn.Module = peft.get_peft_model(network, config)
    except ValueError as error:
        raise ValueError(f"model.lora.target_modules: {listed([str(error)], width=200)}") from error
    if not lora.train_pooler:
        # peft matches names by suffix, so "classifier" also matched "pre_classifier".
        for name, parameter in adapted.named_parameters():
            if set(name.split(".")) & (set(head) - {LAST_LAYER}):
                parameter.requires_grad = False
    return adapted


def _targets(asked: list[str] | str | None, network: PreTrainedModel) -> list[str]:
    """Names of the layers that get an adapter."""
    known = peft.utils.constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
    encoder: Any = network.base_model
    model_type: str = encoder.config.model_type
    if asked == ALL_LINEAR or (asked is None and model_type not in known):
        return encoder_layers(network)
    if asked is None:
        return list(known[model_type])
    assert isinstance(asked, list)
    _check_targets(asked, network)
    return asked


def _check_targets(targets: list[str], network: PreTrainedModel) -> None:
    """Refuse names that no layer of the encoder ends with: peft leaves them out without a word if another name is right."""
    inside = f"{network.base_model_prefix}."
    own = [name for name, layer in network.named_modules() if any(True for _ in layer.parameters(recurse=False))]
    layers = [name for name in own if name.startswith(inside)]
    unknown = [target for target in targets if not any(f".{name}".endswith(f".{target}") for name in layers)]
    if unknown or not targets:
        known = sorted({name.split(".")[-1] for name in encoder_layers(network)} or set(layers))
        close = get_close_matches(unknown[0], known, n=1) if unknown else []
        asked = f"; did you mean {close[0]}?" if close else ";"
        found = f"there is no layer {excerpt(unknown[0])} in the encoder{asked}" if unknown else "must name layers, got [];"
        raise ValueError(f"model.lora.target_modules: {found} linear layers are {listed(known)}")


def encoder_layers(network: PreTrainedModel) -> list[str]:
    """Full names of all linear layers inside the encoder."""
    inside = f"{network.base_model_prefix}."
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and name.startswith(inside) and not name.startswith(f"{inside}pooler")
    ]


def head_layers(network: PreTrainedModel) -> list[str]:
    """Names of all layers with weights outside the encoder: classifier, pre-classifier, pooler, wherever it is defined."""
    base = network.base_model_prefix
    outside = [(name, layer) for name, layer in network.named_children() if name != base]
    outside += [(name, layer) for name, layer in network.base_model.named_children() if name == "pooler"]
    return [name for name, layer in outside if any(True for _ in layer.parameters())]
