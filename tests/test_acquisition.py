"""Acquisition functions against independent implementations, and on a pool whose correct ranking is known."""

import math

import numpy as np
import pytest
import torch

from alft.selection.acquisition import Bald, Entropy, Furthest, LeastConfidence, Margin, PoolView, Random, Variance
from alft.selection.clustering import distances_to_means
from alft.selection.seeds import generator

from .views import pool_view


def view_of(probs_KNC, distances_N=None) -> PoolView:
    size = probs_KNC.shape[1]
    distances_N = torch.zeros(size) if distances_N is None else distances_N
    return pool_view(size, probs_KNC=probs_KNC, distances_N=distances_N)


def random_probs(draws=7, size=50, classes=4):
    return (torch.randn(draws, size, classes, generator=generator("probs"), dtype=torch.float64) * 2).softmax(-1)


def plain_entropy(probs):
    return -sum(p * math.log(p) for p in probs if p > 0)


def test_bald_equals_a_plain_loop_over_rows_and_draws():
    probs_KNC = random_probs()
    expected = []
    for row in range(probs_KNC.shape[1]):
        draws = probs_KNC[:, row].tolist()
        mean = [sum(draw[c] for draw in draws) / len(draws) for c in range(len(draws[0]))]
        expected.append(plain_entropy(mean) - sum(plain_entropy(draw) for draw in draws) / len(draws))
    np.testing.assert_allclose(Bald()(view_of(probs_KNC)).numpy(), expected, atol=1e-12)


def test_entropy_margin_and_confidence_equal_numpy():
    mean = random_probs().mean(0).numpy()
    ordered = np.sort(mean, axis=1)
    view = view_of(random_probs())
    np.testing.assert_allclose(Entropy()(view), -(mean * np.log(mean)).sum(1), rtol=1e-12)
    np.testing.assert_allclose(Margin()(view), ordered[:, -2] - ordered[:, -1], rtol=1e-12)
    np.testing.assert_allclose(LeastConfidence()(view), 1 - ordered[:, -1], rtol=1e-12)


def test_variance_equals_numpy():
    probs = random_probs().numpy()
    np.testing.assert_allclose(Variance()(view_of(random_probs())), probs.var(0, ddof=1).sum(1), rtol=1e-12)


def test_bald_lies_between_zero_and_entropy():
    view = view_of(random_probs().float())
    bald, entropy = Bald()(view), Entropy()(view)
    assert (bald >= 0).all()
    assert (bald <= entropy + 1e-6).all()


def test_certain_ambiguous_and_disputed_rows_rank_as_designed():
    certain = [[0.99, 0.01]] * 4
    ambiguous = [[0.5, 0.5]] * 4
    disputed = [[0.99, 0.01], [0.01, 0.99]] * 2
    view = view_of(torch.tensor([certain, ambiguous, disputed]).transpose(0, 1))
    for acquisition in (Bald(), Variance()):
        scores = acquisition(view)
        assert scores.argmax() == 2, "only the draws of the third row disagree"
        torch.testing.assert_close(scores[:2], torch.zeros(2), atol=1e-6, rtol=0)
    for acquisition in (Entropy(), Margin(), LeastConfidence()):
        scores = acquisition(view)
        assert scores.argmin() == 0
        torch.testing.assert_close(scores[1], scores[2])


def test_an_underflowed_probability_counts_as_certain_not_as_nan():
    probs = torch.tensor([[[120.0, 0.0, 0.0], [0.1, 0.0, 0.0]]]).softmax(-1)
    assert Entropy()(view_of(probs)).argmax() == 1


def test_furthest_ranks_by_distance_to_the_own_cluster():
    embeddings = torch.tensor([[0.0], [1.0], [10.0], [14.0], [12.0]])
    clusters = torch.tensor([0, 0, 1, 1, 1])
    distances = distances_to_means(embeddings, clusters)
    torch.testing.assert_close(distances, torch.tensor([0.5, 0.5, 2.0, 2.0, 0.0]))
    view = view_of(torch.zeros(0, 5, 2), distances)
    assert Furthest()(view).argmin() == 4
    assert Furthest(nearest=True)(view).argmax() == 4


def test_random_differs_from_seed_to_seed():
    a, b = (Random()(pool_view(9, seed=seed)) for seed in (0, 1))
    assert not torch.equal(a, b)


@pytest.mark.parametrize("kind", [Bald, Variance])
def test_fewer_than_two_draws_are_refused(kind):
    with pytest.raises(ValueError, match=r"active\.acquire\.passes must be at least 2 .* got 1"):
        kind(passes=1)
