"""Herding of doubt: coverage of the rows that the model is unsure about (method.md 3).

Axes: N pool rows, B candidates, T rows already taken, D embedding size.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alft.selection.acquisition import PoolView
from alft.selection.herding import directions, herd
from alft.selection.joint import Joint, mean_of, squared_distances
from alft.selection.probabilities import mean_entropy

WIDEST = 1.0
"""Width of the kernel while fewer than two rows are taken."""

LARGEST = 2_000
"""Most taken rows whose spacing is measured."""


@dataclass(frozen=True)
class UncertaintyHerding(Joint):
    """Greedy coverage of doubt: like MaxHerding, but a row counts by the entropy of its prediction.

    Formula: next = argmax_i sum_n H(pbar_n) max(0, k(x_n, x_i) - max_{j taken} k(x_n, x_j)), with the kernel of MaxHerding.
    Without a fixed bandwidth it is the median distance of a taken row to the nearest other one, at most 1: the more labels
    there are, the narrower, so that the choice goes from coverage to uncertainty by itself. Needs embeddings and one pass.
    Use it when the number of labels is not known beforehand. The recorded score is the entropy in nats. Costs the same as
    MaxHerding. Source: arXiv 2412.20644, which scales the logits as well; the median is ours.

    Args:
        bandwidth: Width of the kernel, above 0; null to follow the taken rows.
    """

    needs_probs: ClassVar[bool] = True
    needs_distances: ClassVar[bool] = False

    bandwidth: float | None = None

    def __post_init__(self) -> None:
        """Refuse a width that is no positive number."""
        if self.bandwidth is not None and not 0 < self.bandwidth < float("inf"):
            raise ValueError(f"active.acquire.bandwidth must be above 0, or null, got {self.bandwidth}")

    def __call__(self, view: PoolView) -> Tensor:
        """Entropy of the mean over draws."""
        return mean_entropy(view.probs_KNC)

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick by the largest gain in covered entropy; ties go to the lower row number."""
        bandwidth = spacing(view, candidates) if self.bandwidth is None else self.bandwidth
        return herd(view, candidates, count, bandwidth, scores_N)


def spacing(view: PoolView, candidates: Tensor) -> float:
    """Median distance of a taken row to the nearest other one, in (0, 1], as MaxHerding sees them; 1 with fewer than two."""
    taken = view.taken_N.nonzero().squeeze(1)
    if len(taken) < 2:
        return WIDEST
    some = taken[torch.randperm(len(taken), generator=view.generator)[:LARGEST]]
    points_TD = directions(view.embeddings_ND, some, mean_of(view.embeddings_ND, candidates))
    nearest_T = squared_distances(points_TD, points_TD).fill_diagonal_(torch.inf).amin(1).sqrt()
    return min(WIDEST, max(float(nearest_T.median()), 1e-3))
