"""Several predictions for a row: scores of predictions become scores of rows (rule ours).

A task gives a row one prediction, or several: one for each class that may apply, or for each word. The tables of a pass then
have an axis U of predictions instead of N rows: those of row i are at ``starts_N[i]`` up to ``starts_N[i + 1]``, and a last one
belongs to no row.
"""

from typing import Literal

import torch
from torch import Tensor

Reduce = Literal["mean", "max", "sum", "mnlp", "entities"]

DEFAULT_REDUCE: Reduce = "mean"

KINDS: dict[Reduce, str] = {"mean": "mean", "max": "amax", "sum": "sum", "mnlp": "mean", "entities": "mean"}

OUTSIDE_BELOW = 0.95
"""Probability of class 0, no entity, below which a prediction counts in ``entities``."""


def even_starts(rows: int, each: int) -> Tensor:
    """Starts (N + 1,) where every row has as many predictions."""
    return torch.arange(rows + 1) * each


def places(rows: Tensor, starts_N: Tensor) -> Tensor:
    """Numbers of the predictions of some rows, row by row.

    >>> places(torch.tensor([2, 0]), torch.tensor([0, 2, 3, 6])).tolist()
    [3, 4, 5, 0, 1]
    """
    counts = starts_N[rows + 1] - starts_N[rows]
    ends = counts.cumsum(0)
    return torch.arange(int(counts.sum())) + (starts_N[rows] - ends + counts).repeat_interleave(counts)


def by_row(scores_U: Tensor, starts_N: Tensor, reduce: Reduce, outside_U: Tensor | None = None) -> Tensor:
    """One score for each row (N,); a row without a prediction that counts has the lowest score of all, at most 0.

    Args:
        scores_U: One score for each prediction.
        starts_N: Where the predictions of each row begin.
        reduce: ``mean``, ``max`` or ``sum``; ``mnlp``, the mean of -log(1 - a) of scores that are 1 minus a probability, which
            of LeastConfidence is the negated maximum normalised log probability (arXiv 1707.05928); or ``entities``, the mean
            over predictions with a probability of class 0 (no entity, or a class absent) below 0.95.
        outside_U: That probability of each prediction, for ``entities``.

    >>> by_row(torch.tensor([1.0, 3.0, 5.0, 9.9]), torch.tensor([0, 2, 2, 3]), "mean").tolist()
    [2.0, 0.0, 5.0]
    """
    counts_N, scores_U = starts_N.diff(), scores_U[:-1]
    rows_U = torch.arange(len(counts_N)).repeat_interleave(counts_N)
    if reduce == "mnlp":
        scores_U = -torch.log1p(-scores_U)
    if reduce == "entities":
        assert outside_U is not None
        inside_U = outside_U[:-1] < OUTSIDE_BELOW
        rows_U, scores_U = rows_U[inside_U], scores_U[inside_U]
    found_N = scores_U.new_zeros(len(counts_N)).scatter_reduce(0, rows_U, scores_U, KINDS[reduce], include_self=False)
    counted_N = torch.bincount(rows_U, minlength=len(counts_N)) > 0
    return found_N.where(counted_N, found_N.clamp(max=0).min()) if len(found_N) else found_N
