"""The number of tokens that an encoder can read, from its own position embeddings."""

from typing import Any

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, PreTrainedConfig

from alft.system.quiet import silenced


def longest_input(config: PreTrainedConfig) -> int | None:
    """Maximum number of tokens of the encoder; None if it has no limit, as with relative positions.

    The limit is ``max_position_embeddings`` of the config, where it is a number of tokens. Encoders whose positions start
    behind the padding number, as RoBERTa's do, leave the embeddings up to it unused.
    """
    with silenced("transformers"):  # XLNet's config remarks on this question
        declared = getattr(config, "max_position_embeddings", None)
    limits = [declared] if isinstance(declared, int) and declared > 0 else []  # -1: no limit
    return min([*limits, *(layer.weight.shape[0] - layer.padding_idx - 1 for layer in _shifted(config))], default=None)


def _shifted(config: PreTrainedConfig) -> list[Any]:
    """Position embeddings that keep a place for padding, whatever their class: quantised ones are no ``nn.Embedding``."""
    layers: list[Any] = [layer for name, layer in _skeleton(config).named_modules() if "position" in name.split(".")[-1]]
    return [layer for layer in layers if isinstance(getattr(layer, "padding_idx", None), int) and hasattr(layer, "weight")]


def _skeleton(config: PreTrainedConfig) -> nn.Module:
    """The network without weights; an empty one for an architecture that has no sequence classifier."""
    try:
        with silenced("transformers"), torch.random.fork_rng(devices=[]), torch.device("meta"):
            network: nn.Module = AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
    except Exception:  # the same architecture is refused, with its reason, where its weights are loaded
        return nn.Module()
    return network
