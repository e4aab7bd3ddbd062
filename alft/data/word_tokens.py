"""Finds the first token of each word, by the characters that a fast tokenizer says it read (axes: W words, L tokens)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeVar

import torch
from torch import Tensor

from alft.task.base import UNLABELLED
from alft.task.sentences import words_in

Value = TypeVar("Value")


@dataclass(frozen=True)
class WordTokens:
    """The words of N texts, one after the other.

    Attributes:
        kept_W: Whether a word has a token of its own. Others were cut off, are in the token of the word before, or hold only
            characters that the tokenizer drops.
        offsets: Word 0 of each text, and the number of all words (N + 1,).
    """

    kept_W: Tensor
    offsets: Tensor

    @property
    def kept_N(self) -> Tensor:
        """Words of each text with a token of their own."""
        return self.starts_N.diff()

    @property
    def starts_N(self) -> Tensor:
        """Where the words of each text that have a token begin among all of them, and their number (N + 1,)."""
        sums = torch.cat([torch.zeros(1, dtype=torch.int64), self.kept_W.cumsum(0)])
        return sums[self.offsets]

    @property
    def lost(self) -> int:
        """Number of words without one."""
        return int((~self.kept_W).sum())

    def count(self, row: int) -> int:
        """Words of a text."""
        return int(self.offsets[row + 1] - self.offsets[row])

    def targets(self, labels: Sequence[Any], rows: Sequence[int]) -> Tensor:
        """Class of each word of some texts; -1 for those of a text without a label."""
        parts = [
            torch.full((self.count(row),), UNLABELLED) if label == UNLABELLED else torch.tensor(label)
            for row, label in zip(rows, labels, strict=True)
        ]
        return torch.cat(parts) if parts else torch.empty(0, dtype=torch.int64)

    def kept_of(self, rows: Sequence[int]) -> Tensor:
        """``kept_W`` of some texts."""
        parts = [self.kept_W[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        return torch.cat(parts) if parts else self.kept_W[:0]

    def by_text(self, values: Sequence[Value], fill: Value) -> list[tuple[Value, ...]]:
        """Values of the words that have a token, by text; ``fill`` for the others."""
        found = iter(values)
        filled = [next(found) if kept else fill for kept in self.kept_W.tolist()]
        bounds = self.offsets.tolist()
        return [tuple(filled[start:end]) for start, end in pairwise(bounds)]


def first_tokens(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[list[bool], list[bool]]:
    """Which tokens are the first of a word (L), and which words have one (W).

    Args:
        text: Words joined by spaces.
        offsets: Characters that each token covers; none for special tokens.

    >>> first_tokens("v Prahe", [(0, 0), (0, 1), (1, 4), (4, 7), (0, 0)])
    ([False, True, True, False, False], [True, True])
    """
    ends = [end - 1 for end in accumulate(len(word) + 1 for word in words_in(text))]
    starts = [0, *(end + 1 for end in ends[:-1])]
    first, kept, word = [False] * len(offsets), [False] * len(ends), 0
    for token, (start, end) in enumerate(offsets):
        while word < len(ends) and ends[word] <= start:
            word += 1
        if start < end and word < len(ends) and starts[word] < end and not kept[word]:
            first[token] = kept[word] = True
    return first, kept
