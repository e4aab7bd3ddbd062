"""Picks rows whose costs sum up to an amount, by picks that count rows (rule ours; axes: N pool rows)."""

from collections.abc import Callable

import torch
from torch import Tensor

MOST_PICKS = 24
"""Picks after which the search for the number of rows ends with the largest one that was found affordable."""


def worth(pick: Callable[[Tensor, int], Tensor], cost_N: Tensor, generator: torch.Generator) -> Callable[[Tensor, int], Tensor]:
    """A pick of as many rows as cost at most an amount; rows that cost more by themselves are no candidates.

    The number of rows is searched for: each trial picks so many rows anew, with the same random numbers, so that an acquisition
    that chooses rows jointly does so for the number that is taken.

    Args:
        pick: Picks a number of rows from candidates.
        cost_N: Cost of each row, at least 1.
        generator: What the pick draws from.

    >>> cost_N = torch.tensor([5, 1, 1, 4, 2])
    >>> by_cost = worth(lambda candidates_N, count: candidates_N.nonzero().squeeze(1)[:count], cost_N, torch.Generator())
    >>> by_cost(torch.ones(5, dtype=torch.bool), 8).tolist()
    [0, 1, 2]
    """

    def pick_worth(candidates_N: Tensor, amount: int) -> Tensor:
        start, candidates_N = generator.get_state(), candidates_N & (cost_N <= amount)

        def trial(count: int) -> Tensor:
            generator.set_state(start)
            return pick(candidates_N, count)

        rows, total = int(candidates_N.sum()), int(cost_N[candidates_N].sum())
        best, low, high = candidates_N.nonzero().squeeze(1)[:0], (0, 0), (rows, total)
        if total <= amount:
            return trial(rows) if rows else best
        for _ in range(MOST_PICKS):
            if high[0] - low[0] <= 1:
                break
            found = trial(_between(low, high, amount))
            cost = int(cost_N[found].sum())
            if cost <= amount:
                best, low = found, (len(found), cost)
            else:
                high = (len(found), cost)
        return best

    return pick_worth


def _between(low: tuple[int, int], high: tuple[int, int], amount: int) -> int:
    """A number of rows strictly between two whose costs are known: where a straight line has the amount.

    Not nearer to either end than an eighth of the way, so that the search ends soon whatever the costs.
    """
    rows, width = low[0], high[0] - low[0]
    step = round(width * (amount - low[1]) / max(1, high[1] - low[1]))
    margin = max(1, width // 8)
    return rows + min(max(step, margin), width - margin)
