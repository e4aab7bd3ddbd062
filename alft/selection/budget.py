"""Budget schedules: the share of the pool used in each epoch, a pure function of t and T (method.md 4).

Epochs t = 0 .. T-1; shares in [0, 1]. How shares become rows (the mode, the cap) is a separate choice, made in
:mod:`alft.selection.plan`. A new schedule is one frozen dataclass here and one line of config;
:mod:`alft.selection.dif_build` holds the schedule that interacts with clusters.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass


class Budget(ABC):
    """Base class: the share of the pool for every epoch, known before training starts."""

    @abstractmethod
    def __call__(self, epoch: int, epochs: int) -> float:
        """Share in [0, 1] for ``epoch`` of ``epochs``; the first must be above 0."""

    def rows(self, epoch: int, epochs: int, pool: int) -> int:
        """Rows that ``epoch`` asks for, of ``pool`` labelled ones: k_t = floor(share N + 0.5).

        Raises:
            ValueError: The share is outside [0, 1].
        """
        return math.floor(self.asked_share(epoch, epochs, pool) * pool + 0.5)

    def asked_share(self, epoch: int, epochs: int, pool: int) -> float:
        """The same as a share of the pool, for the plan.

        Raises:
            ValueError: It is outside [0, 1].
        """
        share = self(epoch, epochs)
        if not 0 <= share <= 1:
            raise ValueError(f"active.budget must give shares in [0, 1], got {share} from {self} in epoch {epoch}")
        return share

    @property
    def opens_clusters(self) -> bool:
        """Whether early epochs may pick from some clusters only; :meth:`open_clusters` then gives their number."""
        return False

    def open_clusters(self, epoch: int, epochs: int, clusters: int) -> int:
        """Number of clusters, in order of difficulty, that ``epoch`` may pick from: all, unless a schedule limits it."""
        return clusters


@dataclass(frozen=True)
class Full(Budget):
    """The whole pool in every epoch.

    Formula: share(t) = 1. Needs nothing. Use it as the baseline without selection. Costs every label and full training.
    Source: the paper.
    """

    def __call__(self, epoch: int, epochs: int) -> float:
        """Always 1."""
        return 1.0


@dataclass(frozen=True)
class Constant(Budget):
    """The same share in every epoch.

    Formula: share(t) = share, or count / N. Needs nothing. Use it to measure the effect of another schedule, and with
    accumulate or unseen, where it buys labels at a constant rate. Costs ``share`` of full training in recalculate mode.
    Source: the paper, which calls it "base"; the authors' value 0.75; the formula and the count are ours.

    Args:
        share: Share of the pool, in [0, 1].
        count: Rows instead of a share, at least 1.
    """

    share: float = 0.75
    count: int | None = None

    def __post_init__(self) -> None:
        """Refuse a share outside [0, 1] and a count below 1."""
        check_shares(self, "share")
        if self.count is not None and self.count < 1:
            raise ValueError(f"active.budget.count must be at least 1, or null for a share, got {self.count}")

    def __call__(self, epoch: int, epochs: int) -> float:
        """The constant share."""
        return self.share

    def rows(self, epoch: int, epochs: int, pool: int) -> int:
        """The count, if there is one."""
        return super().rows(epoch, epochs, pool) if self.count is None else self.count

    def asked_share(self, epoch: int, epochs: int, pool: int) -> float:
        """The count as a share, if there is one."""
        return super().asked_share(epoch, epochs, pool) if self.count is None else self.count / pool

    def __repr__(self) -> str:
        """The name that runs are compared by: both classes have the same, and only what has an effect is shown."""
        return f"Constant(share={self.share})" if self.count is None else f"Constant(count={self.count})"


@dataclass(frozen=True, repr=False)
class Base(Constant):
    """The paper's name for :class:`Constant`, understood wherever a schedule is named.

    Formula and needs: those of :class:`Constant`. Use it to keep the paper's word. Costs ``share``. Source: the paper.

    Args:
        share: Share of the pool, in [0, 1].
        count: Rows instead of a share, at least 1.
    """


@dataclass(frozen=True)
class Linear(Budget):
    """Linear schedule from start to stop.

    Formula: share(t) = start - (start - stop) t / (T - 1); T = 1 gives start. Needs nothing. Use it by default, in recalculate
    mode: broad at first, then only the rows that are still hard. Costs (start + stop) / 2 of full training. From 1.0 without
    a cap every label is bought in epoch 0, and the unique saving is 0 by construction. Source: the paper's name and "falls
    each epoch"; the formula is ours.

    Args:
        start: Share of the first epoch, in [0, 1].
        stop: Share of the last epoch, in [0, 1]; if it is above start, the sets grow.
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        check_shares(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the line from start to stop."""
        return self.start - (self.start - self.stop) * _progress(epoch, epochs)


@dataclass(frozen=True)
class Cosine(Budget):
    """Half-cosine schedule from start to stop.

    Formula: share(t) = stop + (start - stop)(1 + cos(pi t / (T - 1))) / 2; T = 1 gives start. Needs nothing. Use it to stay
    near start and near stop for longer than Linear does. Costs the same as Linear. Source: ours.

    Args:
        start: Share of the first epoch, in [0, 1].
        stop: Share of the last epoch, in [0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        check_shares(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the half cosine from start to stop."""
        return self.stop + (self.start - self.stop) * (1 + math.cos(math.pi * _progress(epoch, epochs))) / 2


@dataclass(frozen=True)
class Exponential(Budget):
    """Exponential schedule: a constant factor between epochs.

    Formula: share(t) = start (stop / start)^(t / (T - 1)); T = 1 gives start. Needs nothing. Use it to fall fast, then slowly.
    Costs less training than Linear with the same start and stop. Source: ours.

    Args:
        start: Share of the first epoch, in (0, 1].
        stop: Share of the last epoch, in (0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        """Refuse shares outside (0, 1]: a factor cannot lead to or from 0."""
        check_shares(self, "start", "stop", above_zero=True)

    def __call__(self, epoch: int, epochs: int) -> float:
        """Share on the geometric series from start to stop."""
        return self.start * math.pow(self.stop / self.start, _progress(epoch, epochs))


@dataclass(frozen=True)
class Step(Budget):
    """Step schedule with two levels.

    Formula: share(t) = start while t < T / 2, then stop; T = 1 gives start. Needs nothing. Use it to train broadly first and
    then only on a selection. Costs the same as Linear. Source: ours.

    Args:
        start: Share of the first half, in [0, 1].
        stop: Share of the second half, in [0, 1].
    """

    start: float = 1.0
    stop: float = 0.5

    def __post_init__(self) -> None:
        check_shares(self, "start", "stop")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Start in the first half, stop in the second."""
        return self.start if epoch < epochs / 2 else self.stop


def _progress(epoch: int, epochs: int) -> float:
    """Progress of the run: 0 in the first epoch, 1 in the last; 0 when there is only one."""
    return epoch / (epochs - 1) if epochs > 1 else 0.0


def check_shares(budget: Budget, *names: str, above_zero: bool = False) -> None:
    """Refuse fields outside [0, 1], or (0, 1] with ``above_zero``."""
    for name in names:
        share = getattr(budget, name)
        # Written so that NaN, which fails every comparison, is rejected as well.
        if not (0 <= share <= 1) or (above_zero and share == 0):
            bounds = "(0, 1]" if above_zero else "[0, 1]"
            raise ValueError(f"active.budget.{name} must be in {bounds}, got {share}")
