"""Tokenised texts: computed once, stored flat, cut into padded batches (axes: N texts, B rows of a batch, L tokens)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rich.progress import track
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, PreTrainedTokenizerBase

from alft.data.word_tokens import WordTokens, first_tokens
from alft.models.backbone import load_pretrained
from alft.models.positions import longest_input
from alft.models.tokenizer import load_own_tokenizer
from alft.selection.several import places
from alft.system.excerpt import listed
from alft.task.base import FIRST, Task, Unit

Batch = dict[str, Tensor]

LONG = 512
"""Tokens of a rehearsed text, if no text of the data has more and ``max_length`` allows it: memory grows with the square."""

NO_LIMIT = 10**12
"""A tokenizer that knows no limit gives a larger number."""

SLICE = 2_000
"""Texts per tokenizer call: large enough to be fast, small enough for a moving progress bar."""


@dataclass(frozen=True)
class Tokens:
    """Token ids of N texts in one array, 4 bytes each; text i is ``flat[offsets[i]:offsets[i + 1]]``.

    ``cut`` counts the texts that were longer than allowed. Where words have labels, ``first`` marks the first token of each, as
    long as ``flat``, and ``words`` says which words have one; otherwise both are None.
    """

    flat: Tensor
    offsets: Tensor
    padding: int
    cut: int
    first: Tensor | None = None
    words: WordTokens | None = None

    @property
    def lengths(self) -> Tensor:
        """Tokens of each text, special tokens included (N,)."""
        return self.offsets.diff()

    def batch(self, rows: Sequence[int]) -> Batch:
        """``input_ids`` and ``attention_mask`` (B, L) of the given texts, padded on the right to the longest.

        Where words have labels, also :data:`FIRST` (B, L), bool.
        """
        texts = self._cut(self.flat, rows)
        lengths = torch.tensor([len(text) for text in texts])
        input_ids = pad_sequence([text.long() for text in texts], batch_first=True, padding_value=self.padding)
        mask = torch.arange(input_ids.shape[1]) < lengths.unsqueeze(1)
        batch = {"input_ids": input_ids, "attention_mask": mask.long()}
        if self.first is not None:
            batch[FIRST] = pad_sequence(self._cut(self.first, rows), batch_first=True, padding_value=False)
        return batch

    def targets(self, task: Task, labels: Sequence[Any], rows: Sequence[int]) -> Tensor:
        """Targets of the outputs for these texts."""
        if self.words is None:
            return task.targets(labels)
        return self.words.targets(labels, rows)[self.words.kept_of(rows)]

    @property
    def lines(self) -> int:
        """Number of outputs for all texts: one for each, or for each word with a token."""
        return len(self.lengths) if self.words is None else int(self.words.kept_W.sum())

    def lines_of(self, rows: Tensor) -> Tensor:
        """Places of the outputs for these texts among those for all, in order."""
        return rows if self.words is None else places(rows, self.words.starts_N)

    def by_text(self, values: Sequence[Any], fill: Any) -> list[Any]:
        """Values of the outputs for all texts, one for each text or a tuple for its words: ``fill`` where one has no output."""
        return list(values) if self.words is None else self.words.by_text(values, fill)

    def _cut(self, flat: Tensor, rows: Sequence[int]) -> list[Tensor]:
        return [flat[self.offsets[row] : self.offsets[row + 1]] for row in rows]


def labelled_batch(tokens: Tokens, labels: Sequence[Any], task: Task, rows: list[int]) -> Batch:
    """The batch of these texts with row numbers (B,) and the targets of their labels.

    Where words have labels, ``labels`` has a line for each word, ``kept`` (W,) says which of them have an output, and ``words``
    (B,) how many words a text has.
    """
    own, batch = [labels[row] for row in rows], {**tokens.batch(rows), "rows": torch.tensor(rows)}
    if tokens.words is None:
        return batch | {"labels": task.targets(own)}
    words = tokens.words
    return batch | {
        "labels": words.targets(own, rows),
        "kept": words.kept_of(rows),
        "words": torch.tensor([words.count(row) for row in rows]),
    }


def load_tokenizer(backbone: str, max_length: int) -> PreTrainedTokenizerBase:
    """The tokenizer of a pretrained model.

    Raises:
        ValueError: There is none, it has no padding token, or the model cannot read texts of ``max_length`` tokens.
    """
    tokenizer = load_own_tokenizer(backbone)
    name = listed([backbone])
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers builds if it finds no vocabulary
        raise ValueError(f"model.backbone: {name} has no tokenizer beside the model (no tokenizer.json, no vocabulary)")
    if tokenizer.pad_token_id is None:
        raise ValueError(
            f"model.backbone: the tokenizer of {name} has no padding token, which batches of texts need; name one of its "
            "tokens as pad_token in its tokenizer_config.json, and its number as pad_token_id in its config.json"
        )
    _check_length(name, tokenizer, longest_input(load_pretrained(AutoConfig, backbone)), max_length)
    return tokenizer


def _check_length(name: str, tokenizer: PreTrainedTokenizerBase, longest: int | None, max_length: int) -> None:
    """Refuse texts of more tokens than the model can read, or of no token beside the special ones."""
    least = tokenizer.num_special_tokens_to_add() + 1
    most = min(
        [limit for limit in (longest, tokenizer.model_max_length) if limit is not None and limit < NO_LIMIT], default=None
    )
    if most is None and max_length < least:
        raise ValueError(f"data.max_length must be at least {least} for {name}, got {max_length}")
    if most is not None and not least <= max_length <= most:
        raise ValueError(f"data.max_length must be in [{least}, {most}], which {name} can read, got {max_length}")


def tokenize(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int, unit: Unit = "text") -> Tokens:
    """Tokenise all texts, cut to ``max_length`` tokens, special tokens included.

    Args:
        texts: The texts.
        tokenizer: Tokenises them.
        max_length: Most tokens of a text.
        unit: What has labels; of words, first tokens are found.

    Raises:
        ValueError: Words have labels, and the tokenizer does not tell which characters a token covers.
    """
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
    padding = int(tokenizer.pad_token_id)
    if unit == "text":
        return Tokens(flat, offsets, padding, cut)
    return Tokens(flat, offsets, padding, cut, *_words(texts, tokenizer, max_length))


def _words(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> tuple[Tensor, WordTokens]:
    """Which tokens of all texts are first ones, and the words."""
    if not tokenizer.is_fast:
        raise ValueError(
            f"model.backbone: {type(tokenizer).__name__} does not tell which characters a token covers, which data.task tags "
            "needs; give a model with a tokenizer.json"
        )
    first: list[bool] = []
    kept: list[bool] = []
    counts = [0]
    for start in range(0, len(texts), SLICE):
        part = list(texts[start : start + SLICE])
        encoded = tokenizer(part, truncation=True, max_length=max_length, return_offsets_mapping=True)
        for text, offsets in zip(part, encoded["offset_mapping"], strict=True):
            of_tokens, of_words = first_tokens(text, offsets)
            first += of_tokens
            kept += of_words
            counts.append(len(of_words))
    kept_U = torch.tensor(kept, dtype=torch.bool)  # of blank texts alone they are empty lists, which would be numbers
    return torch.tensor(first, dtype=torch.bool), WordTokens(kept_U, torch.tensor(counts).cumsum(0))


def rehearsal_batches(tokens: Tokens, max_length: int) -> list[Batch]:
    """Two short texts of different lengths, if there are such, the first of them alone, and one as long as a text may be."""
    order = tokens.lengths.argsort(stable=True).tolist()
    longer = [row for row in order if tokens.lengths[row] > tokens.lengths[order[0]]]
    ids_BL = tokens.batch([order[-1]])["input_ids"]
    size = ids_BL.shape[1]
    missing = min(max_length, max(LONG, size)) - size
    # The last token may be one that an architecture looks for, so that the text is lengthened before it.
    last = max(0, size - 2)
    ids_BL = torch.cat([ids_BL[:, :-1], ids_BL[:, last : last + 1].expand(1, missing), ids_BL[:, -1:]], dim=1)
    longest = {"input_ids": ids_BL, "attention_mask": torch.ones_like(ids_BL)}
    if tokens.first is not None:
        longest[FIRST] = torch.ones_like(ids_BL, dtype=torch.bool)
    return [tokens.batch([order[0], *longer[:1]]), tokens.batch([order[0]]), longest]


def _numbers(texts: list[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[list[int]]:
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False, return_token_type_ids=False)
    numbers: list[list[int]] = encoded["input_ids"]
    return numbers
