"""Where does a text lie? One vector per text, out of the encoder's last hidden states (method.md 6).

Axes: B texts, L tokens, D hidden size. A new embedding is one frozen dataclass here and one line of config.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor


class Embedding(ABC):
    """A vector per text for the clusters."""

    @abstractmethod
    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Make one vector of each text's last hidden states, float32 (B, D); the mask is 1 at real tokens."""


@dataclass(frozen=True)
class MeanTokens(Embedding):
    """Mean of the real tokens' vectors, padding left out. The usual sentence embedding; the default. Source: ours."""

    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Masked mean over tokens, accumulated in float32 whatever the encoder's precision."""
        mask_BL1 = mask_BL.unsqueeze(-1).float()
        return (hidden_BLD.float() * mask_BL1).sum(1) / mask_BL1.sum(1)


@dataclass(frozen=True)
class FirstToken(Embedding):
    """The first token's vector ([CLS], <s>): what BERT's own classification head sees. Source: ours."""

    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Position 0, float32; texts are padded on the right."""
        return hidden_BLD[:, 0].float()
