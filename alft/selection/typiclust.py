"""Typical rows of clusters without a label (method.md 3).

Axes: R rows of a cluster of the run, taken ones included, D embedding size.
"""

import heapq
import warnings
from dataclasses import dataclass

import torch
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from torch import Tensor

from alft.selection.acquisition import PoolView
from alft.selection.clustering import number_by_lowest_row
from alft.selection.joint import Joint, mean_of, points_of, squared_distances

FEW = 50
"""Most parts that are found by ordinary k-means; for more, and from ten thousand rows on, it works on batches."""

STRIP = 1_024
"""Rows whose distances are computed at once."""


@dataclass(frozen=True)
class TypiClust(Joint):
    """Most typical row of the largest part of the pool without a label, again and again.

    Formula: k-means into as many parts as there are rows taken and to be picked, at most ``most_parts``; next = the row with
    the smallest mean distance to its ``neighbours`` nearest rows of the part, in the part with the fewest taken rows, of these
    the largest. Needs embeddings, no predictions. Use it for the first labels, a few for each class. Costs a k-means and the
    distances within its parts. Source: arXiv 2202.02794; parts of fewer than five rows come last.

    Args:
        neighbours: Nearest rows whose mean distance says how typical a row is, at least 1.
        most_parts: Upper limit on the number of parts, at least 1.
    """

    neighbours: int = 20
    most_parts: int = 500

    def __post_init__(self) -> None:
        """Refuse numbers below 1."""
        for name in ("neighbours", "most_parts"):
            if getattr(self, name) < 1:
                raise ValueError(f"active.acquire.{name} must be at least 1, got {getattr(self, name)}")

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick part by part; equally typical rows in the order of their numbers."""
        inside_N = view.clusters_N == view.clusters_N[candidates[0]]
        taken = (view.taken_N & inside_N).nonzero().squeeze(1)
        rows = torch.cat([candidates, taken])
        points_RD = points_of(view.embeddings_ND, rows, mean_of(view.embeddings_ND, candidates))
        seed = int(torch.randint(2**31, (), generator=view.generator))
        parts_R = split(points_RD, min(len(taken) + count, self.most_parts), seed)
        queues, held = [], torch.bincount(parts_R[len(candidates) :], minlength=int(parts_R.max()) + 1).tolist()
        for part in range(len(held)):
            members = (parts_R == part).nonzero().squeeze(1)
            order = members[typicality(points_RD[members], self.neighbours).sort(descending=True, stable=True).indices]
            queues.append(order[order < len(candidates)].tolist())
        return candidates[torch.tensor(in_turn(queues, held, torch.bincount(parts_R).tolist(), count))]


def in_turn(queues: list[list[int]], held: list[int], sizes: list[int], count: int) -> list[int]:
    """Take from the part that holds the fewest taken rows, of these from the largest, until there are enough.

    Args:
        queues: What each part offers, best first; all of them together at least ``count``.
        held: Rows of each part that are taken already.
        sizes: Rows of each part.
        count: Rows to take.

    >>> in_turn([[0, 1], [2], [3, 4]], held=[0, 1, 0], sizes=[7, 9, 8], count=4)
    [3, 0, 2, 4]
    """
    small = [size < 5 for size in sizes]
    heap = [(small[part], held[part], -sizes[part], part, 0) for part, queue in enumerate(queues) if queue]
    heapq.heapify(heap)
    taken: list[int] = []
    while len(taken) < count:
        rank, had, size, part, place = heapq.heappop(heap)
        taken.append(queues[part][place])
        if place + 1 < len(queues[part]):
            heapq.heappush(heap, (rank, had + 1, size, part, place + 1))
    return taken


def split(points_RD: Tensor, parts: int, seed: int) -> Tensor:
    """k-means into at most ``parts`` parts, numbered from 0 without gaps, int64 (R,)."""
    if parts == 1:
        return torch.zeros(len(points_RD), dtype=torch.int64)
    few = parts <= FEW and len(points_RD) < 10_000
    kind = KMeans(parts, n_init=1, random_state=seed) if few else MiniBatchKMeans(parts, n_init=1, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than parts
        labels_R = torch.from_numpy(kind.fit_predict(points_RD.numpy())).long()
    return number_by_lowest_row(labels_R)


def typicality(points_RD: Tensor, neighbours: int) -> Tensor:
    """Minus the mean Euclidean distance to the nearest other points, in (-inf, 0] (R,); 0 for a single point."""
    nearest = min(neighbours, len(points_RD) - 1)
    if nearest == 0:
        return torch.zeros(len(points_RD))
    typical = []
    for start in range(0, len(points_RD), STRIP):
        distances_SR = squared_distances(points_RD[start : start + STRIP], points_RD)
        distances_SR.diagonal(start).fill_(torch.inf)
        typical.append(-distances_SR.topk(nearest, largest=False).values.sqrt().mean(1))
    return torch.cat(typical)
