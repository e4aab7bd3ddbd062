"""A classifier of transformers with a head of alft, of texts or of tokens: an encoder, features, dropout, a linear layer.

An ordinary ``PreTrainedModel`` that :mod:`alft.models.own_networks` registers with the Auto classes, so that a saved folder
loads by ``from_pretrained`` and ``pipeline`` wherever alft is imported.
"""

from abc import abstractmethod
from importlib import import_module
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput


class PooledConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Config of an encoder and of the head on it.

    Args:
        encoder: Config of the encoder, as a dict.
        head: Class path and arguments of the head.
    """

    model_type = "alft_pooled"

    def __init__(self, encoder: dict[str, Any] | None = None, head: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.encoder = encoder or {}
        self.head = head or {}

    @classmethod
    def of(cls, network: PreTrainedModel, head: dict[str, Any]) -> Self:
        """Config of the encoder and the label names of a classifier, with another head."""
        labels = {name: getattr(network.config, name) for name in ("num_labels", "id2label", "label2id")}
        encoder: Any = network.base_model
        settings = encoder.config.to_dict()
        settings.pop("_name_or_path", None)  # of no use on another machine
        return cls(encoder=settings, head=head, **labels)

    @property
    def encoder_config(self) -> PreTrainedConfig:
        """Config of the encoder, as an object."""
        values = dict(self.encoder)
        config: PreTrainedConfig = AutoConfig.for_model(values.pop("model_type"), **values)
        return config

    @property
    def hidden_size(self) -> int:
        """Size of the token vectors."""
        size: int = self.encoder_config.hidden_size
        return size


class OwnHead(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Base class: an encoder, dropout and a linear layer; :meth:`features_of` says what the layer reads.

    Args:
        config: Of encoder and head.
        encoder: The encoder, if there is one already; otherwise a random one, as ``from_pretrained`` expects.
        head: The head; otherwise the one in the config, which must have been imported.
    """

    config_class = PooledConfig
    base_model_prefix = "encoder"
    output_class: ClassVar[type[ModelOutput]]
    reads_layers: ClassVar[bool] = False
    """Whether the features are of all layers, which the encoder then gives."""

    def __init__(self, config: PooledConfig, encoder: PreTrainedModel | None = None, head: Any = None) -> None:
        super().__init__(config)
        self.head = head or import_module("alft.models.head").restored(config.head)
        self.encoder: Any = encoder
        if encoder is None:
            from transformers import AutoModel  # importing it registers the subclasses, which need this module

            self.encoder = AutoModel.from_config(config.encoder_config)  # type: ignore[no-untyped-call]
        drop_pooler(self.encoder)
        self.add_layers(self.encoder.config.hidden_size)
        self.dropout = nn.Dropout(self.head.dropout)
        self.classifier = nn.Linear(self.head.width(self.encoder.config.hidden_size), len(config.id2label or ()))
        if encoder is None:
            self.post_init()  # type: ignore[no-untyped-call]
        else:  # post_init would draw pretrained weights anew
            nn.init.normal_(self.classifier.weight, std=getattr(self.encoder.config, "initializer_range", 0.02))
            nn.init.zeros_(self.classifier.bias)

    def add_layers(self, size: int) -> None:
        """Add layers between an encoder with vectors of this size and the dropout; none by default."""

    @classmethod
    def around(cls, network: PreTrainedModel, head: Any, recorded: dict[str, Any]) -> Self:
        """The encoder of a classifier below a new head.

        Args:
            network: Whose encoder and label names are used.
            head: The head.
            recorded: The same, as plain values.
        """
        encoder: Any = network.base_model
        return cls(PooledConfig.of(network, recorded), encoder, head)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
        **_: Any,
    ) -> ModelOutput:
        """Logits, (B, C) of texts or (B, L, C) of tokens, and the hidden states (B, L, D) of all layers if asked.

        ``token_type_ids`` is for pairs of texts and not used; tokenizers pass it along.
        """
        mask_BL = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        layers = output_hidden_states or self.reads_layers
        output = self.encoder(input_ids=input_ids, attention_mask=mask_BL, output_hidden_states=layers)
        features = self.dropout(self.features_of(output, input_ids, mask_BL))
        states = output.hidden_states if output_hidden_states else None
        return self.output_class(logits=self.classifier(features), hidden_states=states)

    @abstractmethod
    def features_of(self, output: Any, input_ids: Tensor, mask_BL: Tensor) -> Tensor:
        """What the linear layer reads, of the output of the encoder."""


def drop_pooler(encoder: Any) -> None:
    """Remove the layer on the first token: nothing would train it, and most checkpoints come without."""
    if isinstance(getattr(encoder, "pooler", None), nn.Module):
        encoder.pooler = None
