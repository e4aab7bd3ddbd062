"""Tells the weights of the encoder from those of the head, by name."""

from typing import Any

from torch import nn
from transformers import PreTrainedModel

HEAD_INSIDE = "pooler"
"""Layer of a base model that belongs to the head: most encoders come without it, and training makes it."""


class Parts:
    """Encoder and head of a network, also after adapters have been added to it.

    Args:
        network: Without adapters.
    """

    def __init__(self, network: PreTrainedModel) -> None:
        self._network = network
        self._inside = f".{network.base_model_prefix}."

    def in_encoder(self, name: str) -> bool:
        """Whether the weight with this name in the LightningModule belongs to the encoder."""
        return self._inside in f".{name}" and HEAD_INSIDE not in name.split(".")

    def freeze_encoder(self) -> None:
        """Leave all weights of the encoder as they are."""
        for name, weight in self._network.named_parameters():
            if self.in_encoder(name):
                weight.requires_grad = False

    def freeze_embeddings(self) -> None:
        """Leave the embeddings as they are: the module that holds all of them where there is one, or those of the tokens."""
        encoder: Any = self._network.base_model
        embeddings: nn.Module = getattr(encoder, "embeddings", None) or self._network.get_input_embeddings()
        embeddings.requires_grad_(False)
