"""Text embeddings: one vector per text, from the encoder's last hidden states (method.md 6).

Axes: N pool rows, B texts, L tokens, D size of a vector. A new embedding is one frozen dataclass and one line of config: here
if it is computed from hidden states, in :mod:`alft.selection.text_embedding` if it needs no encoder.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


class Embedding:
    """Base class: one vector per text, for clustering."""


class TokenEmbedding(Embedding, ABC):
    """Base class: vectors computed from the encoder's hidden states, in the same pass that scores the pool."""

    def size(self, hidden_size: int) -> int:
        """Size D of a vector, for an encoder's hidden size."""
        return hidden_size

    @abstractmethod
    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Pool each text's last hidden states into one vector, float32 (B, D); the mask is 1 at real tokens."""


class TextEmbedding(Embedding, ABC):
    """Base class: vectors computed from the text alone. They need no encoder, so they are the same in every epoch."""

    @abstractmethod
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Compute one vector per text, float32 (N, D)."""

    def words_found(self, texts: Sequence[str]) -> float | None:
        """Share of word tokens that have a vector of their own, in [0, 1]; None where this does not apply.

        Raises:
            ValueError: The texts cannot be embedded; checked before training.
        """
        return None


@dataclass(frozen=True)
class MeanTokens(TokenEmbedding):
    """Mean of the token vectors, excluding padding.

    Formula: e(i) = sum_l mask_il h_il / sum_l mask_il. Needs the encoder: it costs nothing on top of a scoring pass, and a
    pass of its own otherwise. Use it by default: it is the usual sentence embedding. Source: ours.
    """

    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Masked mean over tokens, accumulated in float32 regardless of the encoder's precision."""
        mask_BL1 = mask_BL.unsqueeze(-1).float()
        return (hidden_BLD.float() * mask_BL1).sum(1) / mask_BL1.sum(1)


@dataclass(frozen=True)
class FirstToken(TokenEmbedding):
    """The first token's vector ([CLS], <s>).

    Formula: e(i) = h_i0. Needs the encoder, and costs the same as MeanTokens. Use it with encoders that were trained to
    represent a sentence there, or to see texts as BERT's own classification head does. Source: ours.
    """

    def __call__(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Position 0, float32; texts are padded on the right."""
        return hidden_BLD[:, 0].float()
