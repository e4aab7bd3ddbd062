"""From scores to rows: quotas, ties, modes and the cap, against worked examples, brute force and invariants."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.selection.acquisition import Entropy
from alft.selection.allocation import apportion
from alft.selection.choice import Standing, choose, growing_groups, mask, pick_at_random, pick_by_cluster
from alft.selection.plan import next_size
from alft.selection.seeds import generator

from .views import pool_view

NO_PROBS = torch.zeros(0, 0, 2)


@pytest.mark.parametrize(
    ("total", "weights", "counts", "quotas"),
    [
        (10, [50, 30, 20], [50, 30, 20], [5, 3, 2]),  # exact shares stay exact
        (4, [1, 1, 1], [5, 5, 5], [2, 1, 1]),  # equal remainders: the lower number
        (5, [1, 2, 3], [9, 9, 9], [1, 2, 2]),  # remainders 5/6, 4/6, 3/6
        (9, [1, 1, 1], [1, 9, 9], [1, 4, 4]),  # the small one gives all and leaves
        (9, [8, 1, 1], [2, 3, 9], [2, 3, 4]),  # and so does the next one, in a second round
        (3, [0, 0, 0], [1, 0, 4], [1, 0, 2]),  # no weight left: by size
        (3, [1, 0, 0], [1, 2, 4], [1, 1, 1]),  # the only heavy one is exhausted: the rest by size
        (0, [1, 2], [3, 3], [0, 0]),
        (6, [1, 2], [3, 3], [3, 3]),
        (2, [0.1, 0.1, 0.1], [3, 3, 3], [1, 1, 0]),
    ],
)
def test_apportion(total, weights, counts, quotas):
    assert apportion(total, weights, counts) == quotas


def test_apportion_refuses_more_than_there_is():
    with pytest.raises(ValueError, match="cannot take 5 rows from clusters that hold 4"):
        apportion(5, [1, 1], [2, 2])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), min_size=1, max_size=8), st.data())
@settings(max_examples=200, deadline=None)
def test_no_cluster_that_can_give_more_is_a_whole_row_below_its_share(clusters, data):
    counts, weights = [c for c, _ in clusters], [float(w) for _, w in clusters]
    total = data.draw(st.integers(0, sum(counts)))
    quotas = apportion(total, weights, counts)
    assert sum(quotas) == total
    spare = [c for c in range(len(counts)) if quotas[c] < counts[c] and weights[c] > 0]
    for one in spare:
        for other in spare:  # within the last round, shares per weight differ by less than one row on each side
            gap = Fraction(quotas[one]) - Fraction(quotas[other]) * Fraction(weights[one]) / Fraction(weights[other])
            assert gap < 1 + Fraction(weights[one]) / Fraction(weights[other])


def standing(size=20, bought=(), previous=(), cap=20, labelled=None):
    selectable = torch.ones(size, dtype=torch.bool) if labelled is None else mask(torch.tensor(labelled), size)
    return Standing(
        selectable,
        mask(torch.tensor(bought, dtype=torch.int64), size),
        torch.tensor(previous, dtype=torch.int64),
        cap,
    )


def by_score(scores, clusters=None):
    clusters = torch.zeros(len(scores), dtype=torch.int64) if clusters is None else clusters
    return by_cluster(scores, clusters)


def by_cluster(scores, clusters, allocate="proportional", probs=NO_PROBS):
    view = pool_view(len(scores), probs_KNC=probs, clusters_N=clusters)
    return pick_by_cluster(Entropy(), view, scores, allocate)


SCORES = torch.arange(20.0)  # the best row is the last


def test_the_best_of_each_cluster_and_the_lower_row_at_ties():
    scores = torch.tensor([1.0, 3.0, 3.0, 3.0, 0.5, 9.0])
    pick = by_cluster(scores, torch.tensor([0, 0, 0, 0, 1, 1]), "equal")
    assert pick(torch.ones(6, dtype=torch.bool), 3).tolist() == [1, 2, 5]
    assert pick(torch.arange(6) != 5, 2).tolist() == [1, 4]


def test_recalculate_takes_the_best_of_the_pool():
    assert choose(3, "recalculate", standing(bought=[0, 1]), by_score(SCORES)).tolist() == [17, 18, 19]


def test_accumulate_adds_the_best_of_the_rest_to_the_last_set():
    state = standing(bought=[18, 19], previous=[18, 19])
    assert choose(4, "accumulate", state, by_score(SCORES)).tolist() == [16, 17, 18, 19]
    assert choose(2, "accumulate", state, by_score(SCORES)).tolist() == [18, 19]


def test_unseen_takes_rows_never_used():
    assert choose(2, "unseen", standing(bought=[18, 19], previous=[19]), by_score(SCORES)).tolist() == [16, 17]


def test_rows_without_a_label_are_never_taken():
    assert choose(3, "recalculate", standing(labelled=[0, 4, 7, 9]), by_score(SCORES)).tolist() == [4, 7, 9]


def test_at_the_cap_bought_rows_fill_the_set():
    # Four labels may be bought and three are: of the two rows that the ordinary choice would add, one can be paid for.
    state = standing(bought=[0, 1, 18], cap=4)
    assert choose(3, "recalculate", state, by_score(SCORES)).tolist() == [1, 18, 19]
    assert choose(4, "recalculate", state, by_score(SCORES)).tolist() == [0, 1, 18, 19]


@pytest.mark.parametrize(("allocate", "taken"), [("proportional", [6, 2]), ("equal", [4, 4]), ("difficulty", [3, 5])])
def test_the_allocation_decides_how_many_each_cluster_gives(allocate, taken):
    clusters = (torch.arange(20) >= 15).long()
    probs = torch.tensor([[0.999, 0.001]] * 15 + [[0.5, 0.5]] * 5).unsqueeze(0)  # doubt is in the second, of five rows
    rows = choose(8, "recalculate", standing(), by_cluster(SCORES, clusters, allocate, probs))
    assert torch.bincount(clusters[rows]).tolist() == taken


def test_groups_open_until_the_set_is_full():
    clusters = torch.arange(20) // 5
    groups = growing_groups(clusters, torch.tensor([2, 0, 3, 1]), first=1)
    assert choose(4, "recalculate", standing(), by_score(SCORES, clusters), groups).tolist() == [11, 12, 13, 14]
    rows = choose(6, "recalculate", standing(), by_score(SCORES, clusters), groups).tolist()
    assert set(rows) <= {*range(10, 15), *range(5)}
    assert len(rows) == 6


def test_a_random_pick_is_uniform_over_candidates():
    pick = pick_at_random(generator(0))
    hits = sum(mask(pick(torch.arange(20) < 10, 3), 20).float() for _ in range(2000))
    assert hits[10:].sum() == 0
    assert (hits[:10] - 600).abs().max() < 100  # mean 600, standard deviation 20


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_every_set_has_its_planned_size_and_the_cap_holds(data):
    """Five epochs of any mode over a random pool: the ledger's laws, whatever scores and clusters say."""
    size = data.draw(st.integers(2, 25))
    labelled = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=size, unique=True))
    cap = data.draw(st.integers(1, len(labelled)))
    mode = data.draw(st.sampled_from(["recalculate", "accumulate", "unseen"]))
    clusters = torch.tensor(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    order = torch.randperm(int(clusters.max()) + 1, generator=generator(size))
    state = standing(size, cap=cap, labelled=labelled)
    for _ in range(5):
        asked = data.draw(st.integers(0, len(labelled)))
        count, _ = next_size(mode, asked, len(state.previous), int(state.bought_N.sum()), cap)
        scores = torch.tensor(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))).float()
        groups = growing_groups(clusters, order, 1) if data.draw(st.booleans()) else None
        rows = choose(count, mode, state, by_score(scores, clusters), groups)
        assert len(set(rows.tolist())) == len(rows) == count
        assert state.selectable_N[rows].all()
        if mode == "unseen":
            assert not state.bought_N[rows].any()
        if mode == "accumulate":
            assert set(state.previous.tolist()) <= set(rows.tolist())
        bought = state.bought_N | mask(rows, size)
        assert int(bought.sum()) <= cap
        state = Standing(state.selectable_N, bought, rows, cap)
