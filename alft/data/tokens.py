"""Texts as token numbers: made once, kept flat, cut into padded batches (axes: N texts, B rows of a batch, L tokens)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rich.progress import track
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerBase

SLICE = 2_000
"""Texts per tokenizer call: large enough to be fast, small enough for a moving progress bar."""


@dataclass(frozen=True)
class Tokens:
    """All token numbers of N texts in one array, 4 bytes each; text i is ``flat[offsets[i]:offsets[i + 1]]``."""

    flat: Tensor
    offsets: Tensor
    padding: int

    @property
    def lengths(self) -> Tensor:
        """Tokens of each text, special tokens included (N,)."""
        return self.offsets.diff()

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """``input_ids`` and ``attention_mask`` (B, L) of those texts, padded on the right to the longest."""
        texts = [self.flat[self.offsets[row] : self.offsets[row + 1]].long() for row in rows]
        lengths = torch.tensor([len(text) for text in texts])
        input_ids = pad_sequence(texts, batch_first=True, padding_value=self.padding)
        mask = torch.arange(input_ids.shape[1]) < lengths.unsqueeze(1)
        return {"input_ids": input_ids, "attention_mask": mask.long()}


def tokenize(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> Tokens:
    """Tokenise all texts, cut to ``max_length`` tokens, special tokens included."""
    ids: list[list[int]] = []
    starts = range(0, len(texts), SLICE)
    for start in track(starts, description="Tokenising", transient=True, disable=len(texts) <= 10 * SLICE):
        part = list(texts[start : start + SLICE])
        ids += tokenizer(part, truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    offsets = torch.tensor([0] + [len(text) for text in ids]).cumsum(0)
    flat = torch.tensor([token for text in ids for token in text], dtype=torch.int32)
    return Tokens(flat, offsets, int(tokenizer.pad_token_id or 0))
