"""Tables of probabilities against float64 and plain formulas, for ordinary and for extreme logits."""

import pytest
import torch

from alft.selection.acquisition import Bald, Entropy, LeastConfidence, Margin, PoolView, Variance
from alft.selection.probabilities import PIECE, by_piece, empty_table, probabilities
from alft.selection.seeds import generator

from .views import pool_view

ROWS = PIECE + 100  # two pieces


def view_of(probs_KNC: torch.Tensor) -> PoolView:
    rows = probs_KNC.shape[1]
    return pool_view(rows, probs_KNC=probs_KNC)


def logits_of(kind: str) -> torch.Tensor:
    logits_KNC = torch.randn(10, ROWS, 3, generator=generator("logits"))
    return {
        "ordinary": logits_KNC * 3,
        "certain": logits_KNC * 1000,
        "gap of 10,000": logits_KNC.sign() * 5000,
        "all equal": torch.ones_like(logits_KNC),
        "float16": (logits_KNC * 20).half(),
        "bfloat16": (logits_KNC * 20).bfloat16(),
    }[kind]


def reference(logits_KNC: torch.Tensor) -> dict[type, torch.Tensor]:
    log_p = logits_KNC.double().log_softmax(-1)
    p, mean = log_p.exp(), log_p.exp().mean(0)
    each = -(p * log_p.nan_to_num(neginf=0)).sum(-1).mean(0)
    of_mean = -(mean * mean.log().nan_to_num(neginf=0)).sum(-1)
    top = mean.sort(descending=True).values
    return {
        Entropy: of_mean,
        Margin: top[:, 1] - top[:, 0],
        LeastConfidence: 1 - top[:, 0],
        Bald: of_mean - each,
        Variance: p.var(0).sum(-1),
    }


@pytest.mark.parametrize("kind", ["ordinary", "certain", "gap of 10,000", "all equal", "float16", "bfloat16"])
def test_scores_are_within_3e_6_of_float64(kind):
    logits_KNC = logits_of(kind)
    table_KNC = empty_table(*logits_KNC.shape)
    table_KNC[:, :50], table_KNC[:, 50:] = probabilities(logits_KNC[:, :50]), probabilities(logits_KNC[:, 50:])
    for acquisition, expected_N in reference(logits_KNC).items():
        scores_N = acquisition()(view_of(table_KNC))
        assert scores_N.dtype == torch.float32
        assert float((scores_N - expected_N).abs().max()) <= 3e-6, acquisition


def test_the_layout_changes_nothing():
    table_KNC = probabilities(logits_of("ordinary"))
    for acquisition in (Entropy, Margin, LeastConfidence, Bald, Variance):
        torch.testing.assert_close(acquisition()(view_of(table_KNC.contiguous())), acquisition()(view_of(table_KNC)))


def test_rows_lie_innermost():
    assert empty_table(2, 7, 3).stride() == (21, 1, 7)
    assert probabilities(torch.zeros(2, 7, 3)).stride() == (21, 1, 7)


def test_a_pool_of_no_rows_has_no_scores():
    assert by_piece(lambda probs_KBC: probs_KBC.sum((0, 2)), torch.zeros(2, 0, 3)).shape == (0,)
