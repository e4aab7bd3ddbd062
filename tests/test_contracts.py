"""Contracts of acquisitions, budgets, clusterings and allocations, found by base class: new ones are tested automatically."""

import random
from dataclasses import replace
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.data.demo import make_reviews
from alft.selection.acquisition import Acquisition, PoolView, Random
from alft.selection.allocation import Allocation, apportion, weigh
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering, distances_to_means
from alft.selection.combined import Mixture
from alft.selection.embedding import TextEmbedding, TokenEmbedding
from alft.selection.seeds import generator

from .conftest import examples, shipped
from .views import pool_view

ACQUISITIONS = shipped(Acquisition)
BUDGETS = shipped(Budget)
CLUSTERINGS = shipped(Clustering)
TOKEN_EMBEDDINGS = shipped(TokenEmbedding)
TEXT_EMBEDDINGS = shipped(TextEmbedding)
ALLOCATIONS = get_args(Allocation)

SIZE, DRAWS, CLASSES, WIDTH = 40, 5, 3, 6


def make_view(logits_KNC: torch.Tensor, seed: int = 0) -> PoolView:
    embeddings_ND = torch.randn(logits_KNC.shape[1], WIDTH, generator=generator("embeddings"))
    clusters_N = torch.arange(logits_KNC.shape[1]) % 3
    return pool_view(
        len(clusters_N),
        seed=seed,
        probs_KNC=logits_KNC.float().softmax(-1),
        clusters_N=clusters_N,
        distances_N=distances_to_means(embeddings_ND, clusters_N),
        embeddings_ND=embeddings_ND,
        features_NF=embeddings_ND.flip(1),
    )


def ordinary_logits() -> torch.Tensor:
    return torch.randn(DRAWS, SIZE, CLASSES, generator=generator("logits")) * 3


EXTREME = {
    "gap of 10,000": torch.tensor([1e4, 0.0, -1e4]).expand(DRAWS, SIZE, 3),
    "all equal": torch.zeros(DRAWS, SIZE, 3),
    "largest float32": torch.tensor([3e38, -3e38, 0.0]).expand(DRAWS, SIZE, 3),
    "float16": torch.tensor([6e4, -6e4, 1.0]).half().expand(DRAWS, SIZE, 3),
    "disagreeing draws": torch.eye(3)[torch.arange(DRAWS) % 3].unsqueeze(1).expand(DRAWS, SIZE, 3) * 200,
}


@pytest.mark.parametrize("kind", ACQUISITIONS)
class TestAcquisition:
    def test_gives_one_number_per_row(self, kind):
        scores_N = kind()(make_view(ordinary_logits()))
        assert scores_N.shape == (SIZE,)
        assert scores_N.is_floating_point()

    @pytest.mark.parametrize("logits", EXTREME.values(), ids=EXTREME.keys())
    def test_is_finite_for_any_finite_logits(self, kind, logits):
        assert kind()(make_view(logits)).isfinite().all()

    def test_same_seed_same_scores(self, kind):
        assert torch.equal(kind()(make_view(ordinary_logits(), 1)), kind()(make_view(ordinary_logits(), 1)))

    def test_leaves_its_input_alone(self, kind):
        view = make_view(ordinary_logits())
        tensors = [tensor for tensor in vars(view).values() if isinstance(tensor, torch.Tensor)]
        copies = [tensor.clone() for tensor in tensors]
        kind()(view).add_(1)
        assert all(torch.equal(tensor, copy) for tensor, copy in zip(tensors, copies, strict=True))

    def test_docstring_says_formula_needs_and_source(self, kind):
        for word in ("Formula:", "Needs", "Source:"):
            assert word in kind.__doc__


@pytest.mark.parametrize(
    "kind", [kind for kind in ACQUISITIONS if kind not in (Random, Mixture)]
)  # chance knows rows by number alone
def test_acquisition_follows_a_permutation_of_the_pool(kind):
    order = torch.randperm(SIZE, generator=generator("order"))
    view = make_view(ordinary_logits())
    permuted = pool_view(
        SIZE,
        probs_KNC=view.probs_KNC[:, order],
        clusters_N=view.clusters_N[order],
        distances_N=view.distances_N[order],
        embeddings_ND=view.embeddings_ND[order],
        features_NF=view.features_NF[order],
    )
    torch.testing.assert_close(kind()(permuted), kind()(view)[order])


def picks(kind: type, view: PoolView, candidates: torch.Tensor, count: int) -> list[int]:
    acquire = kind()
    return acquire.pick(view, acquire(view).float(), candidates, count).tolist()


def taken(rows: list[int]) -> torch.Tensor:
    return torch.zeros(SIZE, dtype=torch.bool).index_fill_(0, torch.tensor(rows), True)


POOLS = {
    "ordinary": {},
    "rows taken": {"bought_N": taken([1, 5, 8]), "taken_N": taken([1, 5, 8])},
    "all rows equal": {
        "embeddings_ND": torch.ones(SIZE, WIDTH),
        "features_NF": torch.ones(SIZE, WIDTH),
        "probs_KNC": torch.full((DRAWS, SIZE, 3), 1 / 3),
    },
    "all at 0": {"embeddings_ND": torch.zeros(SIZE, WIDTH), "features_NF": torch.zeros(SIZE, WIDTH)},
    "each row twice": {
        name: getattr(make_view(ordinary_logits()), name)[torch.arange(SIZE) // 2] for name in ("embeddings_ND", "features_NF")
    },
    "float16": {name: getattr(make_view(ordinary_logits()), name).half() for name in ("embeddings_ND", "features_NF")},
    "far away": {"embeddings_ND": make_view(ordinary_logits()).embeddings_ND + 1e4},
}


@pytest.mark.parametrize("kind", ACQUISITIONS)
@pytest.mark.parametrize("parts", POOLS.values(), ids=POOLS.keys())
class TestPick:
    def view(self, parts, seed=0):
        return replace(make_view(ordinary_logits(), seed), clusters_N=torch.zeros(SIZE, dtype=torch.int64), **parts)

    @pytest.mark.parametrize("count", [1, 2, 7, 30])
    def test_picks_exactly_as_many_distinct_candidates(self, kind, parts, count):
        candidates = (~taken([1, 5, 8, 11, 12, 20, 21, 22, 23, 39])).nonzero().squeeze(1)
        rows = picks(kind, self.view(parts), candidates, count)
        assert len(rows) == len(set(rows)) == count
        assert set(rows) <= set(candidates.tolist())

    def test_same_seed_same_rows(self, kind, parts):
        candidates = torch.arange(10, SIZE)
        assert picks(kind, self.view(parts, 3), candidates, 9) == picks(kind, self.view(parts, 3), candidates, 9)

    def test_leaves_its_input_alone(self, kind, parts):
        view, candidates = self.view(parts), torch.arange(10, SIZE)
        scores_N = kind()(view).float()
        tensors = [scores_N, candidates, *(tensor for tensor in vars(view).values() if isinstance(tensor, torch.Tensor))]
        copies = [tensor.clone() for tensor in tensors]
        kind().pick(view, scores_N, candidates, 9).add_(1)
        assert all(torch.equal(tensor, copy) for tensor, copy in zip(tensors, copies, strict=True))

    def test_scores_are_finite(self, kind, parts):
        assert kind()(self.view(parts)).isfinite().all()


@pytest.mark.parametrize("kind", BUDGETS)
class TestBudget:
    @pytest.mark.parametrize("epochs", [1, 2, 3, 10, 2000])
    def test_gives_shares_and_starts_above_zero(self, kind, epochs):
        shares = [kind()(epoch, epochs) for epoch in range(epochs)]
        assert all(isinstance(share, float) and 0 <= share <= 1 for share in shares)
        assert shares[0] > 0

    def test_opens_at_least_one_cluster_and_all_at_the_end(self, kind):
        opened = [kind().open_clusters(epoch, 4, 10) for epoch in range(4)]
        assert all(1 <= count <= 10 for count in opened)
        assert opened[-1] == 10

    def test_is_equal_to_itself_and_printable(self, kind):
        assert kind() == kind()
        assert str(kind()).startswith(tuple(name.__name__ for name in kind.__mro__))  # Base prints as Constant


@pytest.mark.parametrize("kind", CLUSTERINGS)
class TestClustering:
    def points(self) -> torch.Tensor:
        return torch.randn(SIZE, WIDTH, generator=generator("points"))

    def test_labels_are_numbered_by_lowest_row(self, kind):
        labels = kind()(self.points(), seed=0)
        assert labels.shape == (SIZE,)
        assert labels.dtype == torch.int64
        firsts = [labels.tolist().index(label) for label in range(int(labels.max()) + 1)]
        assert firsts == sorted(firsts)

    def test_gives_the_number_of_clusters_asked_for(self, kind):
        assert int(kind()(self.points(), seed=0).max()) + 1 == kind().clusters

    def test_same_seed_same_labels(self, kind):
        assert torch.equal(kind()(self.points(), seed=3), kind()(self.points(), seed=3))

    def test_a_permutation_changes_names_only(self, kind):
        # Well separated groups: k-means starts at random, so only a clear partition is the same from every start.
        centres = torch.randn(10, WIDTH, generator=generator("centres")) * 100
        points = centres.repeat_interleave(4, 0) + self.points() * 0.01
        order = torch.randperm(SIZE, generator=generator("order"))
        labels, permuted = kind()(points, seed=0), kind()(points[order], seed=0)
        together = labels.unsqueeze(0) == labels.unsqueeze(1)
        assert torch.equal(permuted.unsqueeze(0) == permuted.unsqueeze(1), together[order][:, order])

    def test_leaves_its_input_alone(self, kind):
        points = self.points()
        copy = points.clone()
        kind()(points, seed=0)
        assert torch.equal(points, copy)

    def test_identical_rows_do_not_break_it(self, kind):
        assert kind()(torch.ones(SIZE, WIDTH), seed=0).shape == (SIZE,)


@pytest.mark.parametrize("kind", TOKEN_EMBEDDINGS)
def test_token_embedding_ignores_padding_and_is_float32(kind):
    hidden_BLD = torch.randn(2, 5, WIDTH, generator=generator("hidden"))
    mask_BL = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    vectors = kind()(hidden_BLD, mask_BL)
    changed = hidden_BLD.clone()
    changed[0, 3:] = 1e6
    assert vectors.shape == (2, kind().size(WIDTH))
    assert torch.equal(kind()(changed, mask_BL), vectors)
    assert kind()(hidden_BLD.bfloat16(), mask_BL).dtype == torch.float32


@pytest.mark.parametrize("kind", TEXT_EMBEDDINGS)
def test_text_embedding_is_a_function_of_the_texts(kind, word_vectors):
    texts = [text for text, _ in make_reviews(random.Random(0), SIZE, noisy=True)]
    embedding = kind(**examples(kind, word_vectors))
    vectors, order = embedding(texts), torch.randperm(SIZE, generator=generator("order"))
    renumbered = embedding([texts[row] for row in order])
    assert vectors.shape[0] == SIZE
    assert vectors.dtype == torch.float32
    assert vectors.isfinite().all()
    assert torch.equal(embedding(texts), vectors)
    angles, expected = renumbered @ renumbered.T, (vectors @ vectors.T)[order][:, order]
    torch.testing.assert_close(angles, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", [*ACQUISITIONS, *BUDGETS, *CLUSTERINGS, *TOKEN_EMBEDDINGS, *TEXT_EMBEDDINGS])
def test_docstring_says_formula_needs_use_cost_and_source(kind):
    for word in ("Formula", "Needs", "Use it", "costs", "Source"):
        assert word.lower() in kind.__doc__.lower(), f"{kind.__name__} does not say: {word}"


@pytest.mark.parametrize("allocate", ALLOCATIONS)
def test_docstring_of_an_allocation_says_formula_needs_and_use(allocate):
    (paragraph,) = [part for part in weigh.__doc__.split("\n\n") if part.strip().startswith(f"{allocate}:")]
    assert all(word in paragraph for word in ("formula", "Needs", "Use it"))


def seen(clusters_N, probs_KNC):
    return pool_view(len(clusters_N), clusters_N=clusters_N, probs_KNC=probs_KNC)


@pytest.mark.parametrize("allocate", ALLOCATIONS)
class TestAllocation:
    @given(
        clusters=st.lists(st.integers(0, 4), min_size=1, max_size=40),
        chosen=st.data(),
    )
    @settings(max_examples=60, deadline=None)
    def test_quotas_sum_to_the_total_and_never_exceed_a_cluster(self, allocate, clusters, chosen):
        clusters_N = torch.tensor(clusters)
        candidates_N = torch.tensor(chosen.draw(st.lists(st.booleans(), min_size=len(clusters), max_size=len(clusters))))
        probs_KNC = torch.rand(2, len(clusters), 3, generator=generator(len(clusters))).softmax(-1)
        counts_M = torch.bincount(clusters_N[candidates_N], minlength=int(clusters_N.max()) + 1)
        total = chosen.draw(st.integers(0, int(candidates_N.sum())))
        weights_M = weigh(allocate, counts_M, candidates_N, seen(clusters_N, probs_KNC))
        quotas = apportion(total, weights_M.tolist(), counts_M.tolist())
        assert sum(quotas) == total
        assert all(0 <= quota <= count for quota, count in zip(quotas, counts_M.tolist(), strict=True))

    def test_leaves_its_input_alone_and_repeats_itself(self, allocate):
        clusters_N = torch.arange(SIZE) % 4
        candidates_N = torch.arange(SIZE) % 3 > 0
        probs_KNC = ordinary_logits().softmax(-1)
        counts_M = torch.bincount(clusters_N[candidates_N])
        inputs = [counts_M, clusters_N, candidates_N, probs_KNC]
        copies = [tensor.clone() for tensor in inputs]
        first = weigh(allocate, counts_M, candidates_N, seen(clusters_N, probs_KNC))
        assert torch.equal(first, weigh(allocate, counts_M, candidates_N, seen(clusters_N, probs_KNC)))
        assert first.isfinite().all()
        assert all(torch.equal(tensor, copy) for tensor, copy in zip(inputs, copies, strict=True))

    def test_follows_a_renumbering_of_the_rows(self, allocate):
        order = torch.randperm(SIZE, generator=generator("order"))
        clusters_N, candidates_N = torch.arange(SIZE) % 4, torch.arange(SIZE) % 3 > 0
        probs_KNC, counts_M = (
            ordinary_logits().softmax(-1),
            torch.bincount((torch.arange(SIZE) % 4)[torch.arange(SIZE) % 3 > 0]),
        )
        torch.testing.assert_close(
            weigh(allocate, counts_M, candidates_N[order], seen(clusters_N[order], probs_KNC[:, order])),
            weigh(allocate, counts_M, candidates_N, seen(clusters_N, probs_KNC)),
        )
