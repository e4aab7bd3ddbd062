"""Cost of acquisition functions given the probabilities, against direct implementations of the formulas."""

from collections.abc import Iterator

import torch
from torch import Tensor

from alft.selection.probabilities import (
    PIECE,
    empty_table,
    margin,
    mean_entropy,
    mutual_information,
    probabilities,
    variance,
)
from benchmarks.material import Material
from benchmarks.measure import Row, at_most, in_turn, ratio_of_medians

DRAWS, ROWS, CLASSES = 10, 1_000_000, 3


def rows(material: Material) -> Iterator[Row]:
    """Entropy, margin, mutual information and variance of 10 draws of a million rows of three classes."""
    size = material.size(ROWS)
    logits_KNC = torch.randn((DRAWS, size, CLASSES), generator=torch.Generator().manual_seed(0)) * 3
    ours, plain = in_turn(lambda: _ours(logits_KNC), lambda: _plain(logits_KNC), times=material.times(5))
    what = f"acquisition, {size:,} x {DRAWS} x {CLASSES}, against the plain torch form"
    yield at_most(what, 0.3, ratio_of_medians(ours, plain))
    exact = _plain(logits_KNC.double())
    gap = max(float((one - other).abs().max()) for one, other in zip(_ours(logits_KNC), exact, strict=True))
    yield at_most("acquisition, largest difference from float64", 3e-6, gap)


def _ours(logits_KNC: Tensor) -> list[Tensor]:
    table_KNC = empty_table(*logits_KNC.shape)
    for start in range(0, logits_KNC.shape[1], PIECE):
        table_KNC[:, start : start + PIECE] = probabilities(logits_KNC[:, start : start + PIECE])
    return [score(table_KNC) for score in (mean_entropy, margin, mutual_information, variance)]


def _plain(logits_KNC: Tensor) -> list[Tensor]:
    p = logits_KNC.softmax(-1)
    mean = p.mean(0)
    entropy = -(mean * mean.log()).sum(-1)
    top = mean.topk(2, -1).values
    expected = -(p * p.log()).sum(-1).mean(0)
    return [entropy, top[:, 1] - top[:, 0], entropy - expected, p.var(0).sum(-1)]
