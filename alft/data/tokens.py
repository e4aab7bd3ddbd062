"""Tokenised texts: computed once, stored flat, cut into padded batches (axes: N texts, B rows of a batch, L tokens)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rich.progress import track
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from alft.models.backbone import load_pretrained, longest_input

SLICE = 2_000
"""Texts per tokenizer call: large enough to be fast, small enough for a moving progress bar."""


@dataclass(frozen=True)
class Tokens:
    """Token ids of N texts in one array, 4 bytes each; text i is ``flat[offsets[i]:offsets[i + 1]]``.

    ``cut`` counts the texts that were longer than allowed.
    """

    flat: Tensor
    offsets: Tensor
    padding: int
    cut: int

    @property
    def lengths(self) -> Tensor:
        """Tokens of each text, special tokens included (N,)."""
        return self.offsets.diff()

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """``input_ids`` and ``attention_mask`` (B, L) of the given texts, padded on the right to the longest."""
        texts = [self.flat[self.offsets[row] : self.offsets[row + 1]].long() for row in rows]
        lengths = torch.tensor([len(text) for text in texts])
        input_ids = pad_sequence(texts, batch_first=True, padding_value=self.padding)
        mask = torch.arange(input_ids.shape[1]) < lengths.unsqueeze(1)
        return {"input_ids": input_ids, "attention_mask": mask.long()}


def load_tokenizer(backbone: str, max_length: int) -> PreTrainedTokenizerBase:
    """The tokenizer of a pretrained model.

    Raises:
        ValueError: There is none, or the model cannot read texts of ``max_length`` tokens.
    """
    tokenizer: PreTrainedTokenizerBase = load_pretrained(AutoTokenizer, backbone)
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers builds if it finds no vocabulary
        raise ValueError(f"model.backbone: {backbone} has no tokenizer beside the model (no tokenizer.json, no vocabulary)")
    least = tokenizer.num_special_tokens_to_add() + 1
    most = min(tokenizer.model_max_length, longest_input(load_pretrained(AutoConfig, backbone)))
    if not least <= max_length <= most:
        raise ValueError(f"data.max_length must be in [{least}, {most}], which {backbone} can read, got {max_length}")
    return tokenizer


def tokenize(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> Tokens:
    """Tokenise all texts, cut to ``max_length`` tokens, special tokens included."""
    ids: list[list[int]] = []
    cut = 0
    starts = range(0, len(texts), SLICE)
    for start in track(starts, description="Tokenising", transient=True, disable=len(texts) <= 10 * SLICE):
        part = list(texts[start : start + SLICE])
        found = _numbers(part, tokenizer, max_length + 1)  # one more than needed shows which texts are longer
        long = [position for position, text in enumerate(found) if len(text) > max_length]
        for position, text in zip(long, _numbers([part[p] for p in long], tokenizer, max_length) if long else [], strict=True):
            found[position] = text
        ids += found
        cut += len(long)
    offsets = torch.tensor([0] + [len(text) for text in ids]).cumsum(0)
    flat = torch.tensor([token for text in ids for token in text], dtype=torch.int32)
    return Tokens(flat, offsets, int(tokenizer.pad_token_id or 0), cut)


def _numbers(texts: list[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[list[int]]:
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False, return_token_type_ids=False)
    numbers: list[list[int]] = encoded["input_ids"]
    return numbers
