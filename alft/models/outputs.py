"""Outputs of a batch, by what has labels: a line for each text, or for each word with a token, text after text.

Axes: B texts of a batch, L tokens, U words with a token, W words, D hidden size, C classes.
"""

import torch
from torch import Tensor

from alft.selection.embedding import MeanTokens
from alft.task.base import FIRST
from alft.task.tally import Words

Batch = dict[str, Tensor]


def lines_of(outputs: Tensor, batch: Batch) -> Tensor:
    """Outputs of texts (B, C) as they are, or of words (U, C) from those of tokens (B, L, C)."""
    return outputs[batch[FIRST]] if FIRST in batch else outputs


def features_of(hidden_BLD: Tensor, batch: Batch) -> Tensor:
    """A vector for each line: the mean of the tokens of a text, or the first token of a word."""
    return hidden_BLD[batch[FIRST]] if FIRST in batch else MeanTokens()(hidden_BLD, batch["attention_mask"])


def targets_of(batch: Batch) -> Tensor:
    """The target of each line."""
    return batch["labels"][batch["kept"]] if "kept" in batch else batch["labels"]


def words_of(batch: Batch) -> Words | None:
    """The words of a batch with labels; None where texts have labels."""
    return Words(batch["words"], batch["kept"]) if "kept" in batch else None


def by_text(probs: Tensor, batch: Batch) -> Tensor:
    """One probability for each text (B,): that of its label, or the lowest of its words, 1 without one.

    A mean would say of nearly every sentence that it is learned, since most of its words are in no entity.
    """
    if FIRST not in batch:
        return probs
    counts_B = batch[FIRST].sum(1)
    texts_U = torch.arange(len(counts_B), device=probs.device).repeat_interleave(counts_B)
    return probs.new_ones(len(counts_B)).scatter_reduce(0, texts_U, probs, "amin")
