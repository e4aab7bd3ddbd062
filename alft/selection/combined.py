"""Acquisitions made of others: one after another, and two side by side (method.md 3).

Both may hold any acquisition, also one of these. Axes: N pool rows.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, Entropy, PoolView, Random
from alft.selection.typiclust import TypiClust


class Combined(Acquisition):
    """Base class: needs what any of its members needs."""

    @property
    @abstractmethod
    def members(self) -> tuple[Acquisition, ...]:
        """The acquisitions that this one is made of."""

    @property
    def passes(self) -> int:
        """The largest number of draws that a member compares."""
        return max(member.passes for member in self.members)

    @property
    def needs_probs(self) -> bool:  # type: ignore[override]  # depends on the members, so it is no constant of the class
        """Whether any member does."""
        return any(member.needs_probs for member in self.members)

    @property
    def needs_distances(self) -> bool:  # type: ignore[override]
        """Whether any member does."""
        return any(member.needs_distances for member in self.members)

    @property
    def needs_embeddings(self) -> bool:  # type: ignore[override]
        """Whether any member does."""
        return any(member.needs_embeddings for member in self.members)

    @property
    def needs_features(self) -> bool:  # type: ignore[override]
        """Whether any member does."""
        return any(member.needs_features for member in self.members)


@dataclass(frozen=True)
class Switch(Combined):
    """One acquisition at the beginning, another one later.

    Formula: a = first while fewer than ``at`` labels are bought (or epochs begun), then a = then. Needs in each epoch only what
    the one that chooses needs. Use it to cover the pool with the first labels and to ask about doubt once the model knows
    something. Costs what its members cost. Source: arXiv 2403.03728, with TypiClust, then Margin; the rule by labels is ours.

    Args:
        first: Chooses at the beginning.
        then: Chooses later.
        at: Labels bought, or number of the epoch, from which on ``then`` chooses; at least 1.
        unit: What ``at`` counts.
    """

    first: Acquisition = TypiClust()
    then: Acquisition = Entropy()
    at: int = 100
    unit: Literal["labels", "epochs"] = "labels"

    def __post_init__(self) -> None:
        """Refuse members of a wrong class, a switch at the start and an unknown unit."""
        _check_members(self, "first", "then")
        if self.at < 1:
            raise ValueError(f"active.acquire.at must be at least 1, got {self.at}")
        if self.unit not in ("labels", "epochs"):
            raise ValueError(f"active.acquire.unit must be labels or epochs, got {self.unit!r}")

    @property
    def members(self) -> tuple[Acquisition, ...]:
        """Both."""
        return self.first, self.then

    def now(self, epoch: int, bought: int) -> Acquisition:
        """The member whose turn it is."""
        past = (bought if self.unit == "labels" else epoch) >= self.at
        return (self.then if past else self.first).now(epoch, bought)

    def __call__(self, view: PoolView) -> Tensor:
        """Scores of the member whose turn it is, by labels; a run asks :meth:`now` beforehand."""
        return self.now(0, int(view.bought_N.sum()))(view)


@dataclass(frozen=True)
class Mixture(Combined):
    """Part of every set by one acquisition, the rest by another.

    Formula: of n rows, floor(share n + 0.5) are picked by ``a``, and then the others by ``b``, which sees those as taken. Needs
    what both need. Use it to keep part of a set random, so that its labels also tell how common the classes are, or to add some
    coverage to uncertainty. The recorded score is the mean of both ranks, in [0, 1], weighted by the shares. Costs what both
    cost together. Source: ours; the mixing of criteria is old.

    Args:
        a: Picks first.
        b: Picks the rest.
        share: Share that ``a`` picks, in [0, 1].
    """

    a: Acquisition = Entropy()
    b: Acquisition = Random()
    share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse members of a wrong class and a share outside [0, 1]."""
        _check_members(self, "a", "b")
        if not 0 <= self.share <= 1:
            raise ValueError(f"active.acquire.share must be in [0, 1], got {self.share}")

    @property
    def members(self) -> tuple[Acquisition, ...]:
        """Both."""
        return self.a, self.b

    def now(self, epoch: int, bought: int) -> Acquisition:
        """A mixture of the members whose turn it is."""
        return replace(self, a=self.a.now(epoch, bought), b=self.b.now(epoch, bought))

    def __call__(self, view: PoolView) -> Tensor:
        """Weighted mean of both ranks; equal scores have equal ranks."""
        return self.share * _ranks(view.by_row(self.a(view))) + (1 - self.share) * _ranks(view.by_row(self.b(view)))

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick by ``a``, then by ``b`` from what is left."""
        by_a = int(self.share * count + 0.5)
        picked = self.a.pick(view, view.by_row(self.a(view)), candidates, by_a) if by_a else candidates[:0]
        if by_a == count:
            return picked
        taken_N = view.taken_N.clone()
        taken_N[picked] = True
        left, view = candidates[~taken_N[candidates]], replace(view, taken_N=taken_N)
        return torch.cat([picked, self.b.pick(view, view.by_row(self.b(view)), left, count - by_a)])


def _ranks(scores_N: Tensor) -> Tensor:
    """Share of the rows with a lower score, in [0, 1)."""
    return torch.searchsorted(scores_N.sort().values, scores_N) / max(1, len(scores_N))


def _check_members(acquisition: Acquisition, *names: str) -> None:
    for name in names:
        member = getattr(acquisition, name)
        if not isinstance(member, Acquisition):
            raise ValueError(f"active.acquire.{name} must be an object of a subclass of Acquisition, got {member!r}")
