"""Picks by cost against a search over all numbers of rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from alft.selection.seeds import generator
from alft.selection.worth import worth


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(0, 900), st.integers(0, 5))
def test_the_largest_number_of_rows_that_is_affordable_is_picked(costs, amount, seed):
    """A pick in a fixed order costs more with each row, so that the best number is known."""
    cost_N = torch.tensor(costs)
    order = torch.randperm(len(costs), generator=generator(seed))
    random = generator(seed, "draws")

    def pick(candidates_N, count):
        torch.rand(3, generator=random)
        return order[candidates_N[order]][:count]

    candidates_N = torch.rand(len(costs), generator=generator(seed, "candidates")) < 0.8
    rows = worth(pick, cost_N, random)(candidates_N, amount)
    in_order = order[candidates_N[order] & (cost_N[order] <= amount)]
    affordable = int((cost_N[in_order].cumsum(0) <= amount).sum())
    assert rows.tolist() == in_order[:affordable].tolist()


def test_random_picks_do_not_depend_on_how_often_they_are_tried():
    cost_N = torch.randint(1, 40, (500,), generator=generator("costs"))
    everyone_N = torch.ones(500, dtype=torch.bool)
    random = generator("pick")
    start, tries = random.get_state(), []

    def pick(candidates_N, count):
        tries.append(count)
        return torch.randperm(500, generator=random)[:count]

    rows = worth(pick, cost_N, random)(everyone_N, 3000)
    random.set_state(start)
    expected = torch.randperm(500, generator=random)
    assert rows.tolist() == expected[: len(rows)].tolist()
    assert int(cost_N[rows].sum()) <= 3000 < int(cost_N[expected[: len(rows) + 1]].sum())
    assert len(tries) < 15
