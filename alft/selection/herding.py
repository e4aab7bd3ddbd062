"""Herding: every pick is the row that adds most to how well the pool is covered (method.md 3).

Axes: N pool rows, B candidates of a part, T rows already taken, D embedding size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from alft.selection.acquisition import PoolView
from alft.selection.joint import Joint, a_few, mean_of, points_of, squared_distances

PART = 3_000
"""Most candidates that are compared with one another at a time: the table of their kernel takes 36 MB."""

EQUAL = 1e-5
"""Gains that differ by a smaller share are equal: two rows that cover only each other have equal gains, but for rounding."""

PICKS = 300
"""Most picks from one part, where there are several."""

STRIP = 64
"""Rows of the table that are worked on at once: they fit into a core's cache."""


@dataclass(frozen=True)
class MaxHerding(Joint):
    """Greedy generalised coverage: picks the row that brings most rows of the pool closest to a taken one.

    Formula: next = argmax_i sum_n max(0, k(x_n, x_i) - max_{j taken} k(x_n, x_j)), with k(x, y) = exp(-||x - y||^2 /
    bandwidth^2) and x the embedding minus the mean of the candidates, scaled to length 1. Needs embeddings, no predictions.
    Use it for the first labels: it takes typical rows, and none near those already there. Costs O(B^2 D) for B candidates; of
    more than 3,000 it sees a random part, or several where many are picked. Source: arXiv 2407.12212; centring and parts are
    ours.

    Args:
        bandwidth: Width of the kernel, above 0: about 1 for vectors of length 1.
    """

    bandwidth: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a width that is no positive number."""
        if not 0 < self.bandwidth < float("inf"):
            raise ValueError(f"active.acquire.bandwidth must be above 0, got {self.bandwidth}")

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick by the largest gain in coverage; ties go to the lower row number."""
        return herd(view, candidates, count, self.bandwidth, torch.ones(view.size))


def herd(view: PoolView, candidates: Tensor, count: int, bandwidth: float, weights_N: Tensor) -> Tensor:
    """Pick greedily by gain in weighted coverage, part by part.

    Args:
        view: The pool.
        candidates: Ascending row numbers to pick from.
        count: Number of rows to pick.
        bandwidth: Width of the kernel.
        weights_N: How much it matters that a row is covered.
    """
    mean_D = mean_of(view.embeddings_ND, candidates)
    picked = candidates[:0]
    parts = _parts(candidates, count, view.generator)
    for number, part in enumerate(parts):
        quota = count * (number + 1) // len(parts) - len(picked)
        points_BD = directions(view.embeddings_ND, part, mean_D)
        covered_B = torch.zeros(len(part))
        for others in a_few(torch.cat([view.taken_N.nonzero().squeeze(1), picked])):
            others_TD = directions(view.embeddings_ND, others, mean_D)
            torch.maximum(covered_B, kernel(points_BD, others_TD, bandwidth).amax(1), out=covered_B)
        kernel_BB = kernel(points_BD, points_BD, bandwidth)
        picked = torch.cat([picked, part[greedy(kernel_BB, covered_B, weights_N[part], quota)]])
    return picked


def directions(embeddings_ND: Tensor, rows: Tensor, mean_D: Tensor) -> Tensor:
    """Embeddings of rows relative to a mean, scaled to length 1, float32 (B, D); a row at the mean stays there."""
    return torch.nn.functional.normalize(points_of(embeddings_ND, rows, mean_D), dim=1)


def kernel(points_BD: Tensor, others_TD: Tensor, bandwidth: float) -> Tensor:
    """Gaussian kernel exp(-||x - y||^2 / bandwidth^2), in (0, 1] (B, T)."""
    return squared_distances(points_BD, others_TD).div_(-(bandwidth**2)).exp_()


def greedy(kernel_BB: Tensor, covered_B: Tensor, weights_B: Tensor, count: int) -> Tensor:
    """Positions of ``count`` rows, each the one that adds most to sum_n w_n max_j k(n, j); exact.

    Only the rows that a pick covers better change what others add, and they get fewer with every pick.

    Args:
        kernel_BB: Symmetric kernel.
        covered_B: Coverage of each row before, at least 0.
        weights_B: Weight of each row's coverage, at least 0.
        count: Rows to pick, at most all.
    """
    covered_B = covered_B.clone()
    gains_B = torch.zeros(len(covered_B), dtype=torch.float64)
    for part in torch.split(torch.arange(len(covered_B)), STRIP):
        gains_B += weights_B[part] @ (kernel_BB[part] - covered_B[part, None]).clamp_(min=0)
    picked: list[int] = []
    for _ in range(count):
        most = float(gains_B.max())
        best = int((gains_B >= most - abs(most) * EQUAL).nonzero()[0])
        picked.append(best)
        for part in torch.split((kernel_BB[best] > covered_B).nonzero().squeeze(1), STRIP):
            before_P1, after_P1 = covered_B[part, None], kernel_BB[best, part, None]
            gains_B -= weights_B[part] @ kernel_BB[part].clamp_(before_P1, after_P1).sub_(before_P1)
        torch.maximum(covered_B, kernel_BB[best], out=covered_B)
        gains_B[best] = -torch.inf
    return torch.tensor(picked)


def _parts(candidates: Tensor, count: int, generator: torch.Generator) -> list[Tensor]:
    """Random parts of the candidates of equal size, ascending: as few as ``count`` allows, all of them where one suffices."""
    parts = -(-len(candidates) // PART)
    if parts == 1:
        return [candidates]
    needed = min(parts, -(-count // PICKS))
    order = candidates[torch.randperm(len(candidates), generator=generator)]
    return [part.sort().values for part in order.tensor_split(parts)[:needed]]
