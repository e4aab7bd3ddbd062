"""Gradients of the last layer that are long and point in different directions (method.md 3).

Axes: K draws, N pool rows, B candidates, C classes, F features, M points already chosen.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.clustering import BLOCK
from alft.selection.probabilities import by_piece

STALE = 16
"""Points after which the distances of all rows are brought up to date."""


@dataclass(frozen=True)
class Badge(Acquisition):
    """Batch by diverse gradients: k-means++ on the gradient that each row would give the last layer.

    Formula: g(i) = (pbar_i - onehot(argmax pbar_i)) outer f_i, with f what the last layer reads; the first row has the longest
    g, every other one is drawn with a probability in proportion to ||g(i) - g(j)||^2 for the nearest picked j. Needs one pass.
    Use it where both doubt and diversity matter, and no number should balance them. The recorded score is the length of g.
    Costs O(N (F + C)) a pick; the gradients, C times F numbers a row, are never computed. Source: arXiv 1906.03671.
    """

    needs_features: ClassVar[bool] = True

    def __call__(self, view: PoolView) -> Tensor:
        """Length of the gradient."""
        lengths_N: Tensor = torch.linalg.vector_norm(view.features_NF, dim=1, dtype=torch.float32)
        return lengths_N * by_piece(lambda probs_KBC: torch.linalg.vector_norm(residuals(probs_KBC), dim=1), view.probs_KNC)

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Draw by k-means++ from the view's generator; where all gradients are equal, in the order of the rows."""
        gradients = Gradients(view.features_NF, residuals(view.probs_KNC[:, candidates]), candidates)
        return candidates[plus_plus(gradients, scores_N[candidates], count, view.generator)]


def residuals(probs_KBC: Tensor) -> Tensor:
    """Mean probabilities minus 1 at the most probable class, float32 (B, C)."""
    mean_BC: Tensor = probs_KBC.float().mean(0)
    predicted_B1 = mean_BC.argmax(1, keepdim=True)
    mean_BC.scatter_add_(1, predicted_B1, torch.full_like(mean_BC, -1.0))
    return mean_BC


class Gradients:
    """Rank-one matrices a b^T, one for each candidate, kept as their two factors."""

    def __init__(self, features_NF: Tensor, residuals_BC: Tensor, candidates: Tensor) -> None:
        """Take the factors.

        Args:
            features_NF: Features of all pool rows.
            residuals_BC: Residuals of the candidates.
            candidates: Row numbers of the candidates.
        """
        whole = len(candidates) == len(features_NF)  # then a second table is unnecessary
        self.features_BF = (features_NF if whole else features_NF[candidates]).float()
        self.residuals_BC = residuals_BC
        self.squared_B = residuals_BC.square().sum(1) * torch.linalg.vector_norm(self.features_BF, dim=1).square()

    def squared_distances(self, points: Tensor, others: Tensor) -> Tensor:
        """Squared Frobenius distances (P, M): <a b^T, c d^T> = <a, c> <b, d>."""
        products_PM = self.features_BF[points] @ self.features_BF[others].T
        products_PM *= self.residuals_BC[points] @ self.residuals_BC[others].T
        squares_PM = self.squared_B[points, None] + self.squared_B[others]
        distances_PM: Tensor = (squares_PM - 2 * products_PM).clamp_(min=0)
        return distances_PM.masked_fill_(points[:, None] == others, 0)


def plus_plus(gradients: Gradients, lengths_B: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Positions of ``count`` rows by k-means++ seeding: exact draws from squared distances that are mostly out of date.

    Distances can only fall. A row is drawn in proportion to an old distance and accepted with the share of it that is left;
    otherwise its distance is brought up to date, and another row is drawn.

    Args:
        gradients: The rows.
        lengths_B: Lengths of their gradients; the first row is the longest, of equal ones the first.
        count: Rows to pick, at most all.
        generator: Source of the draws.
    """
    picked = [int((lengths_B == lengths_B.max()).nonzero()[0])]
    bound_B, compared = _renewed(gradients, torch.full((len(lengths_B),), torch.inf), picked), 1
    while len(picked) < count:
        if len(picked) - compared >= STALE:
            bound_B, compared = _renewed(gradients, bound_B, picked[compared:]), len(picked)
        sums_B = bound_B.double().cumsum(0)
        if float(sums_B[-1]) <= 0:
            left_B = torch.ones_like(bound_B, dtype=torch.bool)
            left_B[picked] = False
            return torch.tensor(picked + left_B.nonzero().squeeze(1)[: count - len(picked)].tolist())
        point = _draw(sums_B, generator)
        old = float(bound_B[point])
        left = min(old, float(gradients.squared_distances(torch.tensor([point]), torch.tensor(picked)).min()))
        bound_B[point] = left
        if float(torch.rand((), generator=generator)) * old < left:
            picked.append(point)
            bound_B[point] = 0.0
    return torch.tensor(picked)


def _draw(sums_B: Tensor, generator: torch.Generator) -> int:
    """A position in proportion to its step in the running sum; never one without a step."""
    at = torch.rand((), generator=generator, dtype=torch.float64) * sums_B[-1]
    return min(int(torch.searchsorted(sums_B, at, right=True)), int(torch.searchsorted(sums_B, sums_B[-1])))


def _renewed(gradients: Gradients, bound_B: Tensor, picked: list[int]) -> Tensor:
    """Bounds after a comparison of all rows with some picked ones."""
    others = torch.tensor(picked)
    rows = torch.arange(len(bound_B))
    parts = [gradients.squared_distances(part, others).amin(1) for part in torch.split(rows, BLOCK)]
    return torch.minimum(bound_B, torch.cat(parts)).index_fill_(0, others, 0.0)
