"""Greedy core-set: every pick is the row furthest from all rows already there (method.md 3).

Axes: B candidates, G rows of the group at the front, D embedding size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from alft.selection.acquisition import PoolView
from alft.selection.clustering import BLOCK
from alft.selection.joint import Joint, mean_of, nearest_squared, points_of, squared_distances, taken_points

GROUP = 2_048
"""Rows that are compared with every new centre at once; the others only when they could be the furthest."""


@dataclass(frozen=True)
class KCenter(Joint):
    """Greedy core-set: picks the row furthest from those already taken, again and again, so that no row is far from all.

    Formula: next = argmax_i min_{j taken} ||e_i - e_j||; without a taken row the first is the one nearest to the mean. Needs
    embeddings, no predictions. Use it to cover a pool with few labels; it likes outliers. Costs O(N D) a pick at most, and far
    less usually. At most twice the radius of the best cover. Source: Gonzalez (1985); for active learning arXiv 1708.00489.
    """

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick from the furthest on; of rows that are equally far up to rounding, either."""
        mean_D = mean_of(view.embeddings_ND, candidates)
        points_BD = points_of(view.embeddings_ND, candidates, mean_D)
        return candidates[furthest_first(points_BD, nearest_squared(points_BD, taken_points(view, mean_D)), count)]


def furthest_first(points_BD: Tensor, nearest_B: Tensor, count: int) -> Tensor:
    """Furthest-first traversal, exact: positions of ``count`` points, in the order in which they are picked.

    A distance to the nearest centre can only fall, so that an old one is an upper bound: of most points it is never renewed.

    Args:
        points_BD: The points.
        nearest_B: Squared distance of each to the nearest point already there; infinite without any.
        count: Points to pick, at most all.
    """
    search = _Search(points_BD, nearest_B, count)
    while search.taken < count:
        search.take(search.furthest())
    return search.order


class _Search:
    """State of a traversal: upper bounds of all points, and a group at the front whose distances are up to date."""

    def __init__(self, points_BD: Tensor, nearest_B: Tensor, count: int) -> None:
        self.points_BD = points_BD
        self.bound_B = nearest_B.clone()
        self.compared_B = torch.zeros(len(points_BD), dtype=torch.int64)
        self.order = torch.empty(count, dtype=torch.int64)
        self.centres_CD = torch.empty(count, points_BD.shape[1])
        self.taken = 0
        self.group = torch.empty(0, dtype=torch.int64)
        if bool(nearest_B.isinf().all()):
            lengths_B = torch.linalg.vector_norm(points_BD, dim=1)
            self.take(int((lengths_B == lengths_B.min()).nonzero()[0]))
            self._renew(torch.arange(len(points_BD)))
        self._open_group()

    def take(self, point: int) -> None:
        """Make a point a centre."""
        self.order[self.taken], self.centres_CD[self.taken] = point, self.points_BD[point]
        self.taken += 1
        self.bound_B[point] = -1.0  # below every distance
        self.compared_B[point] = len(self.order)

    def furthest(self) -> int:
        """The point furthest from all centres, of equal ones the first."""
        while True:
            self._renew(self.group)
            best = float(self.bound_B[self.group].max())
            if best > self.outside:
                return int(self.group[self.bound_B[self.group] == best].min())
            equal = (self.bound_B == best).nonzero().squeeze(1)
            if best == self.outside and bool((self.compared_B[equal] >= self.taken).all()):
                return int(equal[0])
            self._renew(equal)
            self._open_group()

    def _open_group(self) -> None:
        """Bring the points with the highest bounds to the front."""
        bounds, order = self.bound_B.topk(min(GROUP + 1, len(self.bound_B)))
        self.group, self.group_GD = order[:GROUP], self.points_BD[order[:GROUP]]
        self.outside = float(bounds[GROUP]) if len(order) > GROUP else -torch.inf

    def _renew(self, points: Tensor) -> None:
        """Compare points with the centres that they have not been compared with."""
        first = int(self.compared_B[points].min())
        if first >= self.taken:
            return
        for part in torch.split(points, BLOCK):
            points_PD = self.group_GD if points is self.group else self.points_BD[part]
            distances_P = squared_distances(points_PD, self.centres_CD[first : self.taken]).amin(1)
            self.bound_B[part] = torch.minimum(self.bound_B[part], distances_P)
            self.compared_B[part] = self.compared_B[part].clamp(min=self.taken)
