"""Allocation of a set over the clusters by largest remainders (method.md 6).

Axes: N pool rows, M clusters. Quotas are exact (rational arithmetic): the same on every machine, and they always sum to
the total. A new allocation is one more value of ``Allocation`` and its line in :func:`weigh`.
"""

from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from alft.selection.acquisition import PoolView
from alft.selection.probabilities import mean_entropy

Allocation = Literal["proportional", "equal", "difficulty", "disagreement"]

BY_PREDICTION: tuple[Allocation, ...] = ("difficulty", "disagreement")
"""Those that need class probabilities."""


def weigh(allocate: Allocation, counts_M: Tensor, candidates_N: Tensor, view: PoolView) -> Tensor:
    """Weight of each cluster, float64 (M,).

    proportional: formula w(c) = candidates in c. Needs nothing. Use it by default: every cluster is sampled at the same rate,
    so a set resembles the pool.

    equal: formula w(c) = 1. Needs nothing. Use it where small clusters, such as rare topics or dialects, must not be
    outweighed by large ones.

    difficulty: formula w(c) = sum of H(pbar) over the candidates in c, in nats. Needs one pass. Use it to take more rows where
    the model is uncertain, while still covering every cluster.

    disagreement: formula w(c) = candidates in c that are predicted otherwise than most candidates in c, at least 1. Needs one
    pass. Use it to take more rows where texts that look alike are told apart, rightly or wrongly.

    None costs anything besides the pass that the last two need. Source: the first three are ours; disagreement is after the
    pseudo-errors of arXiv 2307.00968, which draws rows among them.
    """
    clusters_B = view.clusters_N[candidates_N]
    if allocate == "equal":
        return torch.ones(len(counts_M), dtype=torch.float64)
    if allocate == "difficulty":
        doubt_N = view.doubt_by_row(mean_entropy(view.probs_KNC)).double()
        return torch.zeros(len(counts_M), dtype=torch.float64).index_add_(0, clusters_B, doubt_N[candidates_N])
    if allocate == "disagreement":
        return _otherwise(counts_M, clusters_B, view.probs_KNC[:, candidates_N])
    return counts_M.double()


def _otherwise(counts_M: Tensor, clusters_B: Tensor, probs_KBC: Tensor) -> Tensor:
    """Rows of each cluster whose predicted class is not the most frequent one there, float64 (M,)."""
    classes = probs_KBC.shape[2]
    cells_B = clusters_B * classes + probs_KBC.mean(0).argmax(-1)
    most_M = torch.bincount(cells_B, minlength=len(counts_M) * classes).view(-1, classes).amax(1)
    return (counts_M - most_M).clamp(min=1).double()


def apportion(total: int, weights: list[float], counts: list[int]) -> list[int]:
    """Distribute ``total`` rows over the clusters by weight, with at most ``counts`` rows from each.

    Largest-remainder method; a cluster whose quota exceeds its rows contributes all of them and drops out, and the remainder
    is distributed again by the same rule. Equal remainders go to the lower cluster number. When all remaining weights are 0,
    the counts serve as weights.

    Args:
        total: Rows to distribute, at most ``sum(counts)``.
        weights: One finite number >= 0 per cluster.
        counts: Rows available in each cluster.

    Returns:
        Rows per cluster, summing to ``total``.

    >>> apportion(5, weights=[1, 1, 1], counts=[10, 1, 10])
    [2, 1, 2]
    """
    if not 0 <= total <= sum(counts):
        raise ValueError(f"cannot take {total} rows from clusters that hold {sum(counts)}")
    quotas = [0] * len(counts)
    open_ = [cluster for cluster, count in enumerate(counts) if count > 0]
    while open_:
        asked = _largest_remainder(total, [weights[c] for c in open_], [counts[c] for c in open_])
        short = [c for c, want in zip(open_, asked, strict=True) if want > counts[c]]
        for cluster, want in zip(open_, asked, strict=True):
            quotas[cluster] = min(want, counts[cluster])
        if not short:
            return quotas
        total -= sum(counts[c] for c in short)
        open_ = [c for c in open_ if c not in short]
    return quotas


def _largest_remainder(total: int, weights: list[float], counts: list[int]) -> list[int]:
    exact = [Fraction(weight) for weight in weights]
    if not any(exact):
        exact = [Fraction(count) for count in counts]
    scale = total / sum(exact)
    shares = [weight * scale for weight in exact]
    quotas = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda c: (quotas[c] - shares[c], c))
    for cluster in by_remainder[: total - sum(quotas)]:
        quotas[cluster] += 1
    return quotas
