"""What acquisitions share that choose rows jointly, by where they lie: a base class and distances (method.md 3).

Axes: N pool rows, B candidates, T rows already taken, D embedding size.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.clustering import BLOCK

SAME = 1e-6
"""Squared distances below this share of the squared lengths are rounding errors: the rows are the same."""


class Joint(Acquisition):
    """Base class: a row is worth what it adds to the rows beside it, so that :meth:`pick` decides, and no score of one row.

    The score that is recorded with each row tells how central the row is: minus the distance to the mean of its cluster, in
    (-inf, 0].
    """

    needs_probs: ClassVar[bool] = False
    needs_distances: ClassVar[bool] = True
    needs_embeddings: ClassVar[bool] = True

    def __call__(self, view: PoolView) -> Tensor:
        """Minus the distance to the mean of the own cluster."""
        return -view.distances_N

    @abstractmethod
    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick rows that complement each other and those in ``view.taken_N``; see :meth:`Acquisition.pick`."""


def points_of(table_ND: Tensor, rows: Tensor, mean_D: Tensor) -> Tensor:
    """Rows of a table relative to a mean, float32 (B, D): near the origin, products of rows lose fewer digits."""
    return table_ND[rows].float().sub_(mean_D)


def mean_of(table_ND: Tensor, rows: Tensor) -> Tensor:
    """Mean of some rows of a table, float32 (D,), without a copy of them."""
    sums_D = torch.zeros(table_ND.shape[1], dtype=torch.float64)
    for part in torch.split(rows, BLOCK):
        sums_D += table_ND[part].double().sum(0)
    return (sums_D / len(rows)).float()


def squared_distances(points_BD: Tensor, others_TD: Tensor) -> Tensor:
    """Squared Euclidean distances (B, T); 0 for rows that are equal up to rounding."""
    lengths_B1, lengths_T = points_BD.square().sum(1, keepdim=True), others_TD.square().sum(1)
    lengths_BT = lengths_B1 + lengths_T
    distances_BT = torch.addmm(lengths_BT, points_BD, others_TD.T, alpha=-2)
    return distances_BT.masked_fill_(distances_BT <= lengths_BT.mul_(SAME), 0)


def nearest_squared(points_BD: Tensor, others: Iterator[Tensor]) -> Tensor:
    """Squared distance of each point to the nearest of other points, given in parts (B,); infinite without any."""
    nearest_B = torch.full((len(points_BD),), torch.inf)
    for others_TD in others:
        for start in range(0, len(points_BD), BLOCK):
            part = slice(start, start + BLOCK)
            torch.minimum(nearest_B[part], squared_distances(points_BD[part], others_TD).amin(1), out=nearest_B[part])
    return nearest_B


def taken_points(view: PoolView, mean_D: Tensor) -> Iterator[Tensor]:
    """The rows already taken, relative to a mean, a few at a time (T, D)."""
    for some in a_few(view.taken_N.nonzero().squeeze(1)):
        yield points_of(view.embeddings_ND, some, mean_D)


def a_few(rows: Tensor, size: int = 512) -> Iterator[Tensor]:
    """Row numbers, a few at a time; nothing without any."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
