"""Schedules against tables, and the set sizes planned from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.selection.budget import Constant, Cosine, Exponential, Full, Linear, Step
from alft.selection.dif_build import DifBuild
from alft.selection.plan import plan_epochs


@pytest.mark.parametrize(
    ("budget", "shares"),
    [
        (Full(), [1, 1, 1, 1, 1]),
        (Constant(0.3), [0.3, 0.3, 0.3, 0.3, 0.3]),
        (Linear(1.0, 0.5), [1.0, 0.875, 0.75, 0.625, 0.5]),
        (Linear(0.2, 0.6), [0.2, 0.3, 0.4, 0.5, 0.6]),
        (Cosine(1.0, 0.5), [1.0, 0.75 + 0.25 * 0.5**0.5, 0.75, 0.75 - 0.25 * 0.5**0.5, 0.5]),
        (Exponential(1.0, 0.0625), [1.0, 0.5, 0.25, 0.125, 0.0625]),
        (Step(0.8, 0.4), [0.8, 0.8, 0.8, 0.4, 0.4]),
        (DifBuild(0.75), [0.4, 0.2, 0.1, 0.05, 0.0]),
        (DifBuild(0.5, opens="clusters"), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (Linear(0.9, 0.1), [0.9]),
        (Cosine(0.9, 0.1), [0.9]),
        (Exponential(0.9, 0.1), [0.9]),
        (Step(0.9, 0.1), [0.9]),
        (DifBuild(0.7), [0.7]),
        (DifBuild(0.7), [0.4, 0.2, 0.1, 0.0]),
        (DifBuild(0.7), [0.7, 0.0]),
    ],
)
def test_shares(budget, shares):
    assert [budget(epoch, len(shares)) for epoch in range(len(shares))] == pytest.approx(shares)


def test_clusters_open_step_by_step():
    assert [DifBuild(opens="clusters").open_clusters(epoch, 4, 10) for epoch in range(4)] == [3, 5, 8, 10]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Constant(1.5), r"active\.budget\.share must be in \[0, 1\], got 1\.5"),
        (lambda: Constant(float("nan")), r"active\.budget\.share must be in \[0, 1\], got nan"),
        (lambda: Linear(1.0, -0.1), r"active\.budget\.stop must be in \[0, 1\], got -0\.1"),
        (lambda: Cosine(2.0), r"active\.budget\.start must be in"),
        (lambda: Step(0.5, 7), r"active\.budget\.stop must be in"),
        (lambda: Exponential(1.0, 0.0), r"active\.budget\.stop must be in \(0, 1\], got 0\.0"),
        (lambda: DifBuild(1.1), r"active\.budget\.total must be in"),
    ],
)
def test_shares_out_of_range_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("budget", "arguments", "sizes", "choices"),
    [
        # 594 rows: the cap is floor(415.8) = 415, a share of 0.2 is floor(118.8 + 0.5) = 119.
        (
            Constant(0.2),
            {"epochs": 5, "pool": 594, "mode": "accumulate", "max_unique": 0.7},
            (119, 238, 357, 415, 415),
            "11110",
        ),
        (Constant(0.1), {"epochs": 7, "pool": 594, "mode": "unseen", "max_unique": 0.7}, (59,) * 7, "1111111"),
        (Linear(), {"epochs": 3, "pool": 594, "max_unique": 0.7}, (415, 415, 297), "101"),
        (Linear(), {"epochs": 3, "pool": 10}, (10, 8, 5), "011"),
        (Full(), {"epochs": 2, "pool": 10}, (10, 10), "00"),
        (Full(), {"epochs": 2, "pool": 10, "warm_start": 0.5}, (5, 10), "00"),
        (Full(), {"epochs": 2, "pool": 10, "warm_start": 0.5, "max_unique": 0.3}, (3, 3), "00"),
        (Constant(0.5), {"epochs": 3, "pool": 10, "mode": "accumulate", "warm_start": 0.2}, (2, 7, 10), "010"),
        (Constant(0.4), {"epochs": 3, "pool": 10, "mode": "unseen"}, (4, 4, 2), "110"),
        (DifBuild(0.7), {"epochs": 4, "pool": 100, "mode": "accumulate"}, (40, 60, 70, 70), "1110"),
        (Constant(0.5), {"epochs": 1, "pool": 1}, (1,), "0"),
        (Constant(0.25), {"epochs": 1, "pool": 2}, (1,), "1"),  # halves are rounded up
    ],
)
def test_planned_sizes(budget, arguments, sizes, choices):
    plan = plan_epochs(budget, **arguments)
    assert plan.sizes == sizes
    assert plan.decides == tuple(letter == "1" for letter in choices)


def test_only_overlapping_sets_leave_the_labels_bought_open():
    assert plan_epochs(Constant(0.4), 3, 10).bought == ((4, 4), (4, 8), (4, 10))
    assert plan_epochs(Linear(), 3, 10).bought == ((10, 10),) * 3
    assert plan_epochs(Constant(0.4), 3, 10, mode="unseen").bought == ((4, 4), (8, 8), (10, 10))


@pytest.mark.parametrize(
    ("budget", "arguments", "sentence"),
    [
        (Constant(0.0), {"epochs": 2, "pool": 10}, r"active\.budget leaves epoch 0 without a row .* share 0 of 10"),
        (Linear(1.0, 0.0), {"epochs": 3, "pool": 10}, r"leaves epoch 2 without a row"),
        (
            Constant(0.5),
            {"epochs": 3, "pool": 10, "mode": "unseen"},
            r"leaves epoch 2 .* with 10 bought, active\.max_unique and active\.mode unseen leave no other",
        ),
        (Full(), {"epochs": 1, "pool": 10, "max_unique": 0.05}, r"leaves epoch 0 .* active\.max_unique"),
        (DifBuild(0.7), {"epochs": 2, "pool": 10}, r"a share of 0 needs active\.mode accumulate, got recalculate"),
    ],
)
def test_an_empty_epoch_is_refused_and_named(budget, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        plan_epochs(budget, **arguments)


@given(
    share=st.floats(0.01, 1),
    epochs=st.integers(1, 12),
    pool=st.integers(1, 300),
    mode=st.sampled_from(["recalculate", "accumulate", "unseen"]),
    max_unique=st.none() | st.floats(0.01, 1),
    warm_start=st.just(0.0) | st.floats(0.01, 1),
)
@settings(max_examples=300, deadline=None)
def test_no_plan_exceeds_pool_or_cap(share, epochs, pool, mode, max_unique, warm_start):
    try:
        plan = plan_epochs(Constant(share), epochs, pool, mode, max_unique, warm_start)
    except ValueError as error:
        assert "without a row" in str(error)  # noqa: PT017
        return
    assert plan.cap <= pool
    assert all(0 < size <= plan.cap for size in plan.sizes)
    assert all(least <= most <= plan.cap for least, most in plan.bought)
    if mode == "unseen":
        assert sum(plan.sizes) <= plan.cap
