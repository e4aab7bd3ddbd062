"""Plans the set size of every epoch from the schedule, before training starts (method.md 5 and 7).

N is the number of labelled pool rows, |S_t| the size of the set of epoch t. A share becomes k_t = floor(share N + 0.5) rows
and ``max_unique`` the cap floor(max_unique N + 1e-9) on labels ever bought. The sizes are exact: a selection always reaches
its planned size.
"""

import math
from dataclasses import dataclass
from typing import Literal

from alft.selection.budget import Budget

Mode = Literal["recalculate", "accumulate", "unseen"]


@dataclass(frozen=True)
class Plan:
    """The planned run, one entry per epoch.

    Attributes:
        shares: Shares from the schedule (the warm start's share in its epoch).
        sizes: Rows trained on, |S_t|.
        decides: Whether the acquisition affects the choice (not for a full set or a random warm start).
        bought: Minimum and maximum labels bought up to and including the epoch; they differ only where sets may overlap.
        cap: Labels that may ever be bought.
    """

    shares: tuple[float, ...]
    sizes: tuple[int, ...]
    decides: tuple[bool, ...]
    bought: tuple[tuple[int, int], ...]
    cap: int


def plan_epochs(
    budget: Budget,
    epochs: int,
    pool: int,
    mode: Mode = "recalculate",
    max_unique: float | None = None,
    warm_start: float = 0.0,
) -> Plan:
    """Compute set sizes from a schedule.

    Args:
        budget: The schedule.
        epochs: Number of epochs T, at least 1.
        pool: Labelled rows N.
        mode: How a share becomes a set, see :func:`next_size`.
        max_unique: Largest share of the labels ever bought, in (0, 1]; None for no cap.
        warm_start: Share of a random first epoch that replaces the schedule's; 0 for none.

    Raises:
        ValueError: A share is outside [0, 1], or an epoch would be empty (the message names it).

    >>> from alft.selection.budget import Constant
    >>> plan_epochs(Constant(0.2), epochs=4, pool=10, mode="accumulate", max_unique=0.5).sizes
    (2, 4, 5, 5)
    """
    cap = pool if max_unique is None else math.floor(max_unique * pool + 1e-9)
    shares: list[float] = []
    sizes: list[int] = []
    decides: list[bool] = []
    bought: list[tuple[int, int]] = []
    size = used = 0
    for epoch in range(epochs):
        warm = epoch == 0 and warm_start > 0
        share = warm_start if warm else _share(budget, epoch, epochs)
        asked = math.floor(share * pool + 0.5)
        candidates = {"recalculate": pool, "accumulate": pool - size, "unseen": pool - used}[mode]
        if mode == "recalculate" and bought and bought[-1][0] == cap:
            candidates = cap  # the cap is used up, so no new row can be chosen
        size, added = next_size(mode, asked, previous=size, bought=used, cap=cap)
        if size == 0:
            raise ValueError(_empty(epoch, share, asked, pool, mode, used))
        used = min(cap, used + added)
        least = max([size, *sizes]) if mode == "recalculate" else used
        shares.append(share)
        sizes.append(size)
        decides.append(not warm and 0 < added < candidates)
        bought.append((least, used))
    return Plan(tuple(shares), tuple(sizes), tuple(decides), tuple(bought), cap)


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


def _share(budget: Budget, epoch: int, epochs: int) -> float:
    share = budget(epoch, epochs)
    if not 0 <= share <= 1:
        raise ValueError(f"active.budget must give shares in [0, 1], got {share} from {budget} in epoch {epoch}")
    return share


def _empty(epoch: int, share: float, asked: int, pool: int, mode: Mode, used: int) -> str:
    sentence = f"active.budget leaves epoch {epoch} without a row to train on: share {share:g} of {pool} labelled rows"
    if asked:
        return f"{sentence}, but with {used} bought, active.max_unique and active.mode {mode} leave no other"
    return sentence if mode == "accumulate" else f"{sentence}; a share of 0 needs active.mode accumulate, got {mode}"
