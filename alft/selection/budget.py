"""How much of the pool may an epoch use? A schedule: share(t) of the pool, a pure function of t and T (method.md 4).

Epochs t = 0 .. T-1; shares in [0, 1]. How shares become rows (the mode, the cap) is a second choice, made in
:mod:`alft.selection.plan`. A new schedule is one frozen dataclass here and one line of config.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal


class Budget(ABC):
    """A share of the pool for every epoch, known before training starts."""

    @abstractmethod
    def __call__(self, epoch: int, epochs: int) -> float:
        """Share in [0, 1] for ``epoch`` of ``epochs``; the first must be above 0."""

    @property
    def opens_clusters(self) -> bool:
        """Whether early epochs may pick from some clusters only; then :meth:`open_clusters` says from how many."""
        return False

    def open_clusters(self, epoch: int, epochs: int, clusters: int) -> int:
        """How many of the clusters, in order of difficulty, ``epoch`` may pick from: all, unless a schedule says less."""
        return clusters


@dataclass(frozen=True)
class Full(Budget):
    """The whole pool in every epoch: share(t) = 1. The baseline; nothing is ever selected. Source: the paper."""

    def __call__(self, epoch: int, epochs: int) -> float:
        """Always 1."""
        return 1.0


@dataclass(frozen=True)
class Base(Budget):
    """The same share in every epoch: share(t) = share.

    Source: the paper's name, the authors' value 0.75; the formula is ours.

    Args:
        share: Share of the pool, in [0, 1].
    """

    share: float = 0.75

    def __post_init__(self) -> None:
        _check(self, "share")

    def __call__(self, epoch: int, epochs: int) -> float:
        """The constant share."""
        return self.share


@dataclass(frozen=True)
class Linear(Budget):
    """A straight line: share(t) = start - (start - stop) t / (T - 1); T = 1 gives start.

    From 1.0 in recalculate mode without a cap, every label is bought in epoch 0 and the unique saving is 0 by
    construction. Source: the paper's name and "falls each epoch"; the formula is ours.

    Args:
        start: Share of the first epoch, in [0, 1].
        stop: Share of the last epoch, in [0, 1]; above start, the sets grow.
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        _check(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the line from start to stop."""
        return self.start - (self.start - self.stop) * _progress(epoch, epochs)


@dataclass(frozen=True)
class Cosine(Budget):
    """Half a cosine wave: share(t) = stop + (start - stop)(1 + cos(pi t / (T - 1))) / 2; T = 1 gives start. Source: ours.

    Args:
        start: Share of the first epoch, in [0, 1].
        stop: Share of the last epoch, in [0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        _check(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the half wave from start to stop."""
        return self.stop + (self.start - self.stop) * (1 + math.cos(math.pi * _progress(epoch, epochs))) / 2


@dataclass(frozen=True)
class Exponential(Budget):
    """The same factor from epoch to epoch: share(t) = start (stop / start)^(t / (T - 1)); T = 1 gives start.

    Falls fast, then slowly. Source: ours.

    Args:
        start: Share of the first epoch, in (0, 1].
        stop: Share of the last epoch, in (0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        """Refuse shares outside (0, 1]: a factor cannot lead to or from 0."""
        _check(self, "start", "stop", above_zero=True)

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the geometric series from start to stop."""
        return self.start * math.pow(self.stop / self.start, _progress(epoch, epochs))


@dataclass(frozen=True)
class Step(Budget):
    """Two levels: start while t < T / 2, then stop; T = 1 gives start. Source: ours.

    Args:
        start: Share of the first half, in [0, 1].
        stop: Share of the second half, in [0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        _check(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Start in the first half, stop in the second."""
        return self.start if epoch < epochs / 2 else self.stop


@dataclass(frozen=True)
class DifBuild(Budget):
    """Build up by difficulty: the paper names an "interaction between scheduler and clusters"; both readings are ours.

    ``opens: rows``, meant for accumulate mode: halving increments, share(t) = total 2^(T-2-t) / (2^(T-1) - 1) and 0 in the
    last epoch (T = 4, total 0.7: 0.4, 0.2, 0.1, 0); T = 1 gives total.

    ``opens: clusters``, meant for recalculate mode: share(t) = total (t + 1) / T, and epoch t may pick only from the first
    ceil(M (t + 1) / T) of M clusters, in the order of their mean entropy at the first selection, the easiest first; more are
    opened when those hold too few rows.

    Args:
        total: Share of the pool reached at the end, in [0, 1].
        opens: What a new epoch adds: ``rows`` or ``clusters``.
    """

    total: float = 0.7
    opens: Literal["rows", "clusters"] = "rows"

    def __post_init__(self) -> None:
        _check(self, "total")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Increment (rows) or level (clusters) of this epoch."""
        if self.opens_clusters:
            return self.total * (epoch + 1) / epochs
        if epochs == 1:
            return self.total
        if epoch == epochs - 1:
            return 0.0
        # 2^(T-2-t) / (2^(T-1) - 1) with both sides divided by 2^(T-1): no overflow for any number of epochs.
        return self.total * math.ldexp(0.5, -epoch) / (1.0 - math.ldexp(1.0, 1 - epochs))

    @property
    def opens_clusters(self) -> bool:
        """With ``opens: clusters``."""
        return self.opens == "clusters"

    def open_clusters(self, epoch: int, epochs: int, clusters: int) -> int:
        """ceil(M (t + 1) / T) clusters when it opens clusters, else all."""
        return -(-clusters * (epoch + 1) // epochs) if self.opens_clusters else clusters


def _progress(epoch: int, epochs: int) -> float:
    """How far the run is: 0 in the first epoch, 1 in the last; 0 when there is only one."""
    return epoch / (epochs - 1) if epochs > 1 else 0.0


def _check(budget: Budget, *names: str, above_zero: bool = False) -> None:
    for name in names:
        share = getattr(budget, name)
        # Written so that NaN, which fails every comparison, is refused as well.
        if not (0 <= share <= 1) or (above_zero and share == 0):
            bounds = "(0, 1]" if above_zero else "[0, 1]"
            raise ValueError(f"active.budget.{name} must be in {bounds}, got {share}")
