"""Storage and reductions of probability tables: rows innermost, one cache-sized piece at a time.

Axes: K draws, N pool rows, B rows of a piece, C classes. With the few classes innermost, every reduction would run over a few
numbers; with the rows innermost the same formulas are several times faster. The shape is still (K, N, C).
"""

from collections.abc import Callable

import torch
from torch import Tensor

PIECE = 8_192
"""Rows of a piece: ten draws of three classes fit into a core's cache."""


def empty_table(draws: int, rows: int, classes: int) -> Tensor:
    """Zeros, float32 (K, N, C), with the rows innermost in memory."""
    return torch.zeros(draws, classes, rows).transpose(1, 2)


def probabilities(logits_KBC: Tensor) -> Tensor:
    """Softmax over the classes in float32, regardless of the precision of the logits: finite for all finite logits."""
    return logits_KBC.transpose(1, 2).float().contiguous().softmax(1).transpose(1, 2)


def by_piece(score: Callable[[Tensor], Tensor], probs_KNC: Tensor) -> Tensor:
    """Apply a row-wise score, (K, B, C) to (B,), piece by piece: (N,)."""
    rows = probs_KNC.shape[1]
    return torch.cat([score(probs_KNC[:, start : start + PIECE]) for start in range(0, rows, PIECE)] or [torch.zeros(0)])


def entropy(probs: Tensor) -> Tensor:
    """Entropy over the last axis in nats; a probability of 0 contributes 0, where p log p would be NaN."""
    total: Tensor = torch.special.entr(probs).sum(-1)
    return total


def mean_entropy(probs_KNC: Tensor) -> Tensor:
    """Entropy of the mean over the draws, in [0, log C] nats (N,)."""
    return by_piece(lambda probs_KBC: entropy(probs_KBC.mean(0)), probs_KNC)


def confidence(probs_KNC: Tensor) -> Tensor:
    """Largest mean probability, in [1 / C, 1] (N,)."""
    return by_piece(lambda probs_KBC: probs_KBC.mean(0).amax(-1), probs_KNC)


def margin(probs_KNC: Tensor) -> Tensor:
    """Second largest minus largest mean probability, in [-1, 0] (N,)."""

    def score(probs_KBC: Tensor) -> Tensor:
        top_B2 = probs_KBC.mean(0).topk(2).values
        gap_B: Tensor = top_B2[:, 1] - top_B2[:, 0]
        return gap_B

    return by_piece(score, probs_KNC)


def mutual_information(probs_KNC: Tensor) -> Tensor:
    """Entropy of the mean minus mean of the entropies, in nats (N,); rounding errors below 0 are clipped."""

    def score(probs_KBC: Tensor) -> Tensor:
        expected_B = torch.special.entr(probs_KBC).sum((0, 2)) / len(probs_KBC)
        information_B: Tensor = (entropy(probs_KBC.mean(0)) - expected_B).clamp_min(0)
        return information_B

    return by_piece(score, probs_KNC)


def variance(probs_KNC: Tensor) -> Tensor:
    """Sum over the classes of the unbiased variance over the draws, in [0, 1] (N,)."""

    def score(probs_KBC: Tensor) -> Tensor:
        # Written out because torch's own variance takes four times as long over the outermost axis.
        spread_B: Tensor = (probs_KBC - probs_KBC.mean(0)).square().sum((0, 2)) / (len(probs_KBC) - 1)
        return spread_B

    return by_piece(score, probs_KNC)
