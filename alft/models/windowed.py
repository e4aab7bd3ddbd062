"""A token classifier of transformers with a head of alft: vectors of the middle layers of an encoder, in a window of tokens."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import TokenClassifierOutput
from transformers.utils.generic import ModelOutput

from alft.models.own_head import OwnHead


class WindowedClassifier(OwnHead):  # type: ignore[no-untyped-call]
    """Hidden states of the middle layers -> a vector per token -> its neighbours' beside it -> dropout -> linear layer."""

    output_class: ClassVar[type[ModelOutput]] = TokenClassifierOutput
    reads_layers: ClassVar[bool] = True

    def features_of(self, output: Any, input_ids: Tensor, mask_BL: Tensor) -> Tensor:
        """Vectors of each token and its neighbours (B, L, F)."""
        return in_window(middle(output.hidden_states) * mask_BL.unsqueeze(-1), self.head.reach)


def middle(states: tuple[Tensor, ...]) -> Tensor:
    """Mean over the middle half of the layers of their states (B, L, D), each token's normalised to mean 0 and variance 1.

    Args:
        states: Of the embeddings and of each layer.
    """
    layers = len(states) - 1
    chosen = states[max(1, round(layers / 4)) : max(2, round(layers * 3 / 4) + 1)]
    normal = [nn.functional.layer_norm(state_BLD.float(), state_BLD.shape[-1:]) for state_BLD in chosen]
    return torch.stack(normal).mean(0).to(states[-1].dtype)


def in_window(vectors_BLD: Tensor, reach: int) -> Tensor:
    """The vectors of the tokens up to ``reach`` before and behind each token side by side, 0 beyond the ends.

    >>> in_window(torch.tensor([[[1.0], [2.0], [3.0]]]), 1).tolist()
    [[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0]]]
    """
    padded = nn.functional.pad(vectors_BLD, (0, 0, reach, reach))
    length = vectors_BLD.shape[1]
    return torch.cat([padded[:, step : step + length] for step in range(2 * reach + 1)], -1)
