"""Masks tokens of a text for training and measurement: pure functions of ids and a generator (axes: L tokens, V pieces)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

SHARE = 0.15
"""Share of the tokens of a text that are to be predicted, at least one token of each text (Devlin et al. 2019)."""

MASKED, SWAPPED = 0.8, 0.1
"""Of these, the share shown as the mask token, and the share shown as a random piece; the others are shown as they are."""


@dataclass(frozen=True)
class Masking:
    """How the tokens of a tokenizer are masked.

    Attributes:
        mask: Id of the mask token.
        special_V: Whether a piece is special (``<s>``, ``<pad>``, ...): such pieces are neither masked nor drawn.
        drawn: Ids of the pieces that a random piece is drawn from.
    """

    mask: int
    special_V: Tensor
    drawn: Tensor

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> "Masking":
        """The masking for a tokenizer with a mask token."""
        ids = sorted(set(tokenizer.get_vocab().values()))
        special_V = torch.zeros(ids[-1] + 1, dtype=torch.bool)
        special_V[tokenizer.all_special_ids] = True
        return cls(int(tokenizer.mask_token_id), special_V, torch.tensor([number for number in ids if not special_V[number]]))

    def maskable(self, ids_L: Tensor) -> Tensor:
        """Positions of the tokens that may be masked, ascending."""
        return (~self.special_V[ids_L]).nonzero().squeeze(1)

    def __call__(self, ids_L: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Mask a text with at least one maskable token.

        Args:
            ids_L: Its tokens, special ones included.
            random: Decides everything, so that a seed gives the same masks again.

        Returns:
            The tokens as shown to the network (L,), and whether each is to be predicted (L,).
        """
        places = self.maskable(ids_L)
        count = max(1, round(SHARE * len(places)))
        chosen = places[torch.randperm(len(places), generator=random)[:count]]
        fate = torch.rand(count, generator=random)
        swapped = self.drawn[torch.randint(len(self.drawn), (count,), generator=random)]
        shown = torch.where(fate < MASKED + SWAPPED, swapped, ids_L[chosen])
        shown = torch.where(fate < MASKED, self.mask, shown)
        return ids_L.index_put((chosen,), shown), torch.zeros_like(ids_L, dtype=torch.bool).index_fill(0, chosen, True)
