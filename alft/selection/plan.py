"""Plans the set size of every epoch from the schedule, before training starts (method.md 5 and 7).

N is the number of labelled pool rows, |S_t| the size of the set of epoch t. A share becomes k_t = floor(share N + 0.5) rows
and ``max_unique`` the cap floor(max_unique N + 1e-9) on labels ever bought. The sizes are exact: a selection always reaches
its planned size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from alft.selection.budget import Budget

Mode = Literal["recalculate", "accumulate", "unseen"]
Restart = Literal["never", "each_set"]
Unit = Literal["rows", "words"]
"""What shares, sizes and the cap count."""


@dataclass(frozen=True)
class Words:
    """Words of the labelled rows: of all together, of the shortest row, and of the longest."""

    total: int
    shortest: int
    longest: int


@dataclass(frozen=True)
class Pace:
    """How choices of a set are spread over the epochs of a run, and when training begins anew.

    Args:
        every_n_epochs: Epochs that train on the same set, at least 1.
        restart: ``each_set`` begins every set from the pretrained weights; ``never`` goes on with the weights of the last set.
        refit: Last epochs of the run that choose no set, but begin from the pretrained weights and train on all rows bought.
    """

    every_n_epochs: int = 1
    restart: Restart = "never"
    refit: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every_n_epochs < 1:
            raise ValueError(f"active.every_n_epochs must be at least 1, got {self.every_n_epochs}")
        if self.refit < 0:
            raise ValueError(f"active.refit must be at least 0, got {self.refit}")

    def choices(self, epochs: int) -> int:
        """Number of choices in a run.

        Raises:
            ValueError: No epoch is left before the refit.
        """
        if self.refit >= epochs:
            raise ValueError(
                f"active.refit must be below trainer.max_epochs, whose last epochs they are, got {self.refit} of {epochs}"
            )
        return -(-(epochs - self.refit) // self.every_n_epochs)

    def choice(self, epoch: int, epochs: int) -> int:
        """Number of the choice that an epoch trains on, from 0; that of the last one in a refit."""
        return min(epoch, epochs - self.refit - 1) // self.every_n_epochs

    def is_new(self, epoch: int, epochs: int) -> bool:
        """Whether the rows of an epoch are other ones than those of the epoch before: a choice, or the beginning of a refit."""
        regular = epoch < epochs - self.refit
        return epoch % self.every_n_epochs == 0 if regular else epoch == epochs - self.refit

    def restarts(self, epoch: int, epochs: int) -> bool:
        """Whether an epoch begins from the pretrained weights, other than the first."""
        refits = self.refit > 0 and epoch == epochs - self.refit
        return refits or (self.restart == "each_set" and 0 < epoch < epochs - self.refit and self.is_new(epoch, epochs))


@dataclass(frozen=True)
class Plan:
    """The planned run, one entry per epoch.

    Attributes:
        shares: Shares of the labelled rows that the schedule asks for (the warm start's share in its epoch).
        sizes: Rows trained on, |S_t|; in words with ``active.unit words``, of which a set has that many or slightly fewer.
        decides: Whether the acquisition affects the choice (not for a full set, a random warm start, or a set that is kept).
        bought: Minimum and maximum labels bought up to and including the epoch, in the same unit; they differ only where sets
            may overlap.
        cap: Labels that may ever be bought, in the same unit.
        pace: How choices are spread over the epochs.
        unit: What sizes and the cap count.
        per_row: Mean of the unit in a row.
    """

    shares: tuple[float, ...]
    sizes: tuple[int, ...]
    decides: tuple[bool, ...]
    bought: tuple[tuple[int, int], ...]
    cap: int
    pace: Pace = Pace()
    unit: Unit = "rows"
    per_row: float = 1.0

    def in_rows(self, amount: int) -> int:
        """A number of rows, of an amount in the unit of the plan: exact for rows, the mean for words."""
        return amount if self.unit == "rows" else max(1, round(amount / self.per_row))

    @property
    def epochs(self) -> int:
        """Number of epochs T."""
        return len(self.sizes)

    def is_new(self, epoch: int) -> bool:
        """Whether an epoch trains on other rows than the one before."""
        return self.pace.is_new(epoch, self.epochs)

    def is_refit(self, epoch: int) -> bool:
        """Whether an epoch trains on all rows bought, after the last choice."""
        return epoch >= self.epochs - self.pace.refit

    def choice(self, epoch: int) -> tuple[int, int]:
        """Number of the choice that an epoch trains on, from 0, and the number of all choices."""
        return self.pace.choice(epoch, self.epochs), self.pace.choices(self.epochs)

    def restarts(self, epoch: int) -> bool:
        """Whether an epoch begins from the pretrained weights, other than the first."""
        return self.pace.restarts(epoch, self.epochs)

    def weights_since(self, epoch: int) -> int:
        """The epoch in which the weights of an epoch began."""
        return max(stretch.start for stretch in self.stretches() if stretch.start <= epoch)

    def stretches(self) -> list[range]:
        """Epochs from one beginning at the pretrained weights to the next: each has its own plan of learning rates."""
        starts = [0, *(epoch for epoch in range(1, self.epochs) if self.restarts(epoch)), self.epochs]
        return [range(start, end) for start, end in pairwise(starts)]


def plan_epochs(
    budget: Budget,
    epochs: int,
    pool: int,
    mode: Mode = "recalculate",
    max_unique: float | None = None,
    warm_start: float = 0.0,
    pace: Pace = Pace(),
    words: Words | None = None,
) -> Plan:
    """Compute set sizes from a schedule.

    Args:
        budget: The schedule.
        epochs: Number of epochs T, at least 1.
        pool: Labelled rows N.
        mode: How a share becomes a set, see :func:`next_size`.
        max_unique: Largest share of the labels ever bought, in (0, 1]; None for no cap.
        warm_start: Share of a random first choice that replaces the schedule's; 0 for none.
        pace: How choices are spread over the epochs.
        words: Words of the labelled rows, to count in words; None to count in rows.

    Raises:
        ValueError: A share is outside [0, 1], an epoch would be empty (the message names it), a set may have too few words for
            any row, or the rows of a refit are not known beforehand.

    >>> from alft.selection.budget import Constant
    >>> plan_epochs(Constant(0.2), epochs=4, pool=10, mode="accumulate", max_unique=0.5).sizes
    (2, 4, 5, 5)
    """
    per_row, pool = (1.0, pool) if words is None else (words.total / pool, words.total)
    cap = pool if max_unique is None else math.floor(max_unique * pool + 1e-9)
    unit: Unit = "rows" if words is None else "words"
    sets = _sets(budget, pace.choices(epochs), pool, mode, cap, warm_start, pace.every_n_epochs, unit)
    if words is not None:
        _refuse_few_words(sets, mode, words, pace.every_n_epochs)
    last = sets[-1].bought
    if pace.refit and last[0] != last[1]:
        raise ValueError(
            f"active.refit needs sets whose union is known beforehand (here {last[0]} to {last[1]} {unit}): use active.mode "
            f"accumulate or unseen, got {mode}"
        )
    rows = [sets[pace.choice(epoch, epochs)] for epoch in range(epochs - pace.refit)]
    rows += [_Set(last[1] / pool, last[1], False, last)] * pace.refit
    return Plan(
        shares=tuple(held.share for held in rows),
        sizes=tuple(held.size for held in rows),
        decides=tuple(held.decides and pace.is_new(epoch, epochs) for epoch, held in enumerate(rows)),
        bought=tuple(held.bought for held in rows),
        cap=cap,
        pace=pace,
        unit=unit,
        per_row=per_row,
    )


@dataclass(frozen=True)
class _Set:
    """One choice of the plan."""

    share: float
    size: int
    decides: bool
    bought: tuple[int, int]


def _sets(
    budget: Budget, choices: int, pool: int, mode: Mode, cap: int, warm_start: float, epochs_each: int, unit: Unit
) -> list[_Set]:
    sets: list[_Set] = []
    size = used = 0
    for choice in range(choices):
        warm = choice == 0 and warm_start > 0
        asked = math.floor(warm_start * pool + 0.5) if warm else budget.rows(choice, choices, pool)
        share = warm_start if warm else budget.asked_share(choice, choices, pool)
        candidates = {"recalculate": pool, "accumulate": pool - size, "unseen": pool - used}[mode]
        if mode == "recalculate" and sets and sets[-1].bought[0] == cap:
            candidates = cap  # the cap is used up, so no new row can be chosen
        size, added = next_size(mode, asked, previous=size, bought=used, cap=cap)
        if size == 0:
            raise ValueError(_empty(choice * epochs_each, share, asked, f"{pool} labelled {unit}", mode, used))
        used = min(cap, used + added)
        least = max([size, *(held.size for held in sets)]) if mode == "recalculate" else used
        sets.append(_Set(share, size, not warm and 0 < added < candidates, (least, used)))
    return sets


def _refuse_few_words(sets: Sequence[_Set], mode: Mode, words: Words, epochs_each: int) -> None:
    """Refuse sets that may be empty: unseen rows may all be long ones, and of other modes the shortest row has to fit."""
    fewest = words.longest if mode == "unseen" else words.shortest
    for choice, held in enumerate(sets):
        if held.size < fewest:
            which = "the longest row, which may be all that is left" if mode == "unseen" else "the shortest row"
            raise ValueError(
                f"active.budget leaves epoch {choice * epochs_each} with {held.size} words, and active.mode {mode} needs the "
                f"{fewest} of {which}; raise the share or count, or take fewer epochs"
            )


def next_size(mode: Mode, asked: int, previous: int, bought: int, cap: int) -> tuple[int, int]:
    """Size of the next set, and the number of its rows that are chosen now.

    recalculate: the set is chosen from scratch, min(k_t, cap). accumulate: the share is an increment on top of the last set,
    min(|S_{t-1}| + k_t, cap). unseen: only rows never used before, min(k_t, cap - bought).
    """
    if mode == "accumulate":
        size = min(previous + asked, cap)
        return size, size - previous
    if mode == "unseen":
        size = min(asked, cap - bought)
        return size, size
    size = min(asked, cap)
    return size, size


def _empty(epoch: int, share: float, asked: int, pool: str, mode: Mode, used: int) -> str:
    sentence = f"active.budget leaves epoch {epoch} without a row to train on: share {share:g} of {pool}"
    if asked:
        return f"{sentence}, but with {used} bought, active.max_unique and active.mode {mode} leave no other"
    return sentence if mode == "accumulate" else f"{sentence}; a share of 0 needs active.mode accumulate, got {mode}"
