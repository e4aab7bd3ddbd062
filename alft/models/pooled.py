"""A sequence classifier of transformers with a head of alft: an encoder, a pooling, an optional norm, a linear layer.

An ordinary ``PreTrainedModel`` that is registered with the Auto classes, so that a saved folder loads by ``from_pretrained``
and ``pipeline`` wherever alft is imported.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

Pool = Callable[[Tensor, Tensor], Tensor]


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


class PooledClassifier(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Token vectors -> one vector per text -> optional layer norm -> features of the head -> dropout -> linear layer.

    Args:
        config: Of encoder and head.
        encoder: The encoder, if there is one already; otherwise a random one, as ``from_pretrained`` expects.
        pooling: The head; otherwise the one in the config, which must have been imported.
    """

    config_class = PooledConfig
    base_model_prefix = "encoder"

    def __init__(self, config: PooledConfig, encoder: PreTrainedModel | None = None, pooling: Any = None) -> None:
        super().__init__(config)
        self.pooling = pooling or import_module("alft.models.head").restored(config.head)
        self.encoder: Any = encoder
        if encoder is None:
            self.encoder = AutoModel.from_config(config.encoder_config)  # type: ignore[no-untyped-call]
        drop_pooler(self.encoder)
        size = self.encoder.config.hidden_size
        self.text_norm = nn.LayerNorm(size) if self.pooling.norm else nn.Identity()
        self.dropout = nn.Dropout(self.pooling.dropout)
        self.classifier = nn.Linear(self.pooling.width(size), len(config.id2label or ()))
        if encoder is None:
            self.post_init()  # type: ignore[no-untyped-call]
        else:  # post_init would draw pretrained weights anew
            nn.init.normal_(self.classifier.weight, std=getattr(self.encoder.config, "initializer_range", 0.02))
            nn.init.zeros_(self.classifier.bias)

    @classmethod
    def around(cls, network: PreTrainedModel, pooling: Any, head: dict[str, Any]) -> Self:
        """The encoder of a sequence classifier below a new head.

        Args:
            network: Whose encoder and label names are used.
            pooling: The head.
            head: The same, as plain values.
        """
        labels = {name: getattr(network.config, name) for name in ("num_labels", "id2label", "label2id")}
        encoder: Any = network.base_model
        settings = encoder.config.to_dict()
        settings.pop("_name_or_path", None)  # of no use on another machine
        return cls(PooledConfig(encoder=settings, head=head, **labels), encoder, pooling)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Logits (B, C), and the hidden states (B, L, D) of all layers if asked.

        ``token_type_ids`` is for pairs of texts and not used; tokenizers pass it along.
        """
        mask_BL = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        output = self.encoder(input_ids=input_ids, attention_mask=mask_BL, output_hidden_states=output_hidden_states)
        hidden_BLD: Tensor = output.last_hidden_state
        vector_BD = self.text_norm(self.pooling.pool(hidden_BLD, mask_BL).to(hidden_BLD.dtype))
        features_BF = self.pooling.features(vector_BD, input_ids, mask_BL)
        states = output.hidden_states if output_hidden_states else None
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(features_BF)), hidden_states=states)


def drop_pooler(encoder: Any) -> None:
    """Remove the layer on the first token: nothing would train it, and most checkpoints come without."""
    if isinstance(getattr(encoder, "pooler", None), nn.Module):
        encoder.pooler = None


AutoConfig.register(PooledConfig.model_type, PooledConfig)
AutoModelForSequenceClassification.register(PooledConfig, PooledClassifier)
