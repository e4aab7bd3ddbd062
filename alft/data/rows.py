"""Rows with labels, and stratified draws among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from alft.selection.allocation import apportion
from alft.selection.seeds import generator
from alft.task.base import UNLABELLED


@dataclass(frozen=True)
class Rows:
    """Texts and their labels in class numbers; -1 means no label."""

    texts: list[str]
    labels: list[Any]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> "Rows":
        """The given rows, in the given order."""
        return Rows([self.texts[row] for row in rows], [self.labels[row] for row in rows])

    @property
    def labelled(self) -> list[int]:
        """Row numbers of the rows with a label."""
        return [row for row, label in enumerate(self.labels) if label != UNLABELLED]

    @property
    def labelled_N(self) -> Tensor:
        """Which rows have a label, bool."""
        return torch.tensor([label != UNLABELLED for label in self.labels], dtype=torch.bool)


def stratified(labels: Sequence[int], count: int, seed: int, purpose: str, least: int = 0, left: int = 0) -> list[int]:
    """Draw ``count`` row numbers at random, ascending, stratified by label (rows without a label form a stratum too).

    Args:
        labels: Stratum of each row; -1 for no label.
        count: Rows to draw; fewer are drawn if ``left`` does not allow as many.
        seed: Seed of the draw.
        purpose: Name of the draw: different purposes give independent draws.
        least: Rows to draw from each class at least, as far as ``count`` and the class allow.
        left: Rows to leave of each class at least.

    >>> stratified([0, 0, 0, 0, 1, 1], count=3, seed=0, purpose="doctest")
    [0, 1, 4]
    """
    strata = sorted(set(labels))
    rows_of: dict[int, list[int]] = {stratum: [] for stratum in strata}
    for row, label in enumerate(labels):
        rows_of[label].append(row)
    members = [rows_of[stratum] for stratum in strata]
    sizes = [len(rows) for rows in members]
    allowed = [max(0, size - left) for size in sizes]
    quotas = apportion(min(count, sum(allowed)), [float(size) for size in sizes], allowed)
    _lift([place for place, stratum in enumerate(strata) if stratum != UNLABELLED], quotas, allowed, least)
    random = generator(seed, purpose)
    drawn = []
    for rows, quota in zip(members, quotas, strict=True):
        drawn += [rows[i] for i in torch.randperm(len(rows), generator=random)[:quota].tolist()]
    return sorted(drawn)


def _lift(classes: list[int], quotas: list[int], allowed: list[int], least: int) -> None:
    """Raise the quotas of classes to ``least``, one row at a time, each taken from the largest quota."""
    for place in classes:
        while quotas[place] < min(least, allowed[place]):
            largest = max(range(len(quotas)), key=lambda other: (quotas[other], -other))
            if quotas[largest] <= least:
                return
            quotas[largest] -= 1
            quotas[place] += 1
