"""The DataModule of an adaptation: masked batches for training, fixed masks for the texts held out (B texts, L tokens)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from transformers import PreTrainedTokenizerBase

from alft.adapt.masking import Masking
from alft.data.sampler import Grouping, SubsetSampler
from alft.data.tokens import Tokens, tokenize
from alft.selection.seeds import generator

SHARE_HELD_OUT, MOST_HELD_OUT, LEAST = 0.05, 500, 20
"""Share of the texts that is held out to measure perplexity; its limit; number of texts of which it is one text."""

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Masks:
    """Masks of one purpose: every text has a generator of its own, so that a resumed training draws the same ones."""

    masking: Masking
    seed: int
    purpose: str
    epoch: int = 0

    def batch(self, tokens: Tokens, rows: Sequence[int]) -> Batch:
        """``input_ids`` with masks, ``attention_mask``, ``chosen`` (B, L); ``targets`` of the chosen tokens (M,)."""
        batch = tokens.batch(rows)
        shown_BL, chosen_BL = batch["input_ids"].clone(), torch.zeros_like(batch["input_ids"], dtype=torch.bool)
        for place, row in enumerate(rows):
            length = int(tokens.offsets[row + 1] - tokens.offsets[row])
            random = generator(self.seed, self.purpose, self.epoch, row)
            shown_BL[place, :length], chosen_BL[place, :length] = self.masking(batch["input_ids"][place, :length], random)
        return {**batch, "input_ids": shown_BL, "chosen": chosen_BL, "targets": batch["input_ids"][chosen_BL]}


class MaskedTexts(LightningDataModule):
    """Texts to adapt to.

    Args:
        texts: Texts, each once.
        tokenizer: Tokenizer with a mask token.
        max_length: Tokens per text, special ones included; longer texts are cut.
        batch_size: Texts per step.
        seed: Seed of masks, order and held-out texts.

    Raises:
        ValueError: There are too few texts to hold any out.
    """

    def __init__(
        self, texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int, batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self.masking = Masking.of(tokenizer)
        self.batch_size = batch_size
        self.seed = seed
        self.purpose = "masks"
        self.tokens = tokenize(texts, tokenizer, max_length)
        rows = [row for row in range(len(texts)) if len(self.masking.maskable(self.tokens.batch([row])["input_ids"][0]))]
        if len(rows) < LEAST:
            raise ValueError(
                f"texts: at least {LEAST} different texts are needed, since {SHARE_HELD_OUT:.0%} are held out to measure "
                f"perplexity, got {len(rows)}; give more texts"
            )
        order = torch.tensor(rows)[torch.randperm(len(rows), generator=generator(seed, "held out"))]
        count = min(MOST_HELD_OUT, int(SHARE_HELD_OUT * len(rows)))
        self.held_out, self.trained = order[:count].sort().values, order[count:].sort().values
        self.vectors_ND: Tensor | None = None

    def train_dataloader(self) -> DataLoader[int]:
        """The texts in batches of similar length, with the masks of the coming epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        masks = Masks(self.masking, self.seed, self.purpose, epoch)
        sampler = SubsetSampler(self.trained, self.seed, epoch, Grouping(self.tokens.lengths, self.batch_size))
        return self._loader(len(self.tokens.lengths), partial(_collate, self.tokens, masks, self.vectors_ND), sampler)

    def val_dataloader(self) -> DataLoader[int]:
        """The texts held out, with masks that are always the same."""
        masks = Masks(self.masking, self.seed, "held out")
        return self._loader(self.held_out.tolist(), partial(_collate, self.tokens, masks, None))

    def predict_dataloader(self) -> DataLoader[int]:
        """All texts by length, without masks."""
        return self._loader(self.by_length.tolist(), self.tokens.batch)

    @property
    def by_length(self) -> Tensor:
        """Numbers of all texts, the shortest first."""
        return self.tokens.lengths.argsort(stable=True)

    def _loader(self, rows: int | list[int], collate: Any, sampler: Sampler[int] | None = None) -> DataLoader[int]:
        return DataLoader(
            range(rows) if isinstance(rows, int) else rows,  # type: ignore[arg-type]  # have all that a Dataset needs
            batch_size=self.batch_size,
            sampler=sampler,
            collate_fn=collate,
            generator=torch.Generator(),  # iterating a loader draws a number, which must not be one of the training's
        )


def _collate(tokens: Tokens, masks: Masks, vectors_ND: Tensor | None, rows: list[int]) -> Batch:
    batch = masks.batch(tokens, rows)
    return batch if vectors_ND is None else {**batch, "vectors": vectors_ND[rows]}
