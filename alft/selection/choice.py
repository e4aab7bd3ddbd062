"""Chooses the rows of the next set from mode, cap, clusters and scores (method.md 5 and 6).

Axes: N pool rows. All masks are over the whole pool: a row has the same number everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.allocation import Allocation, apportion, weigh
from alft.selection.plan import Mode
from alft.selection.probabilities import mean_entropy

Pick = Callable[[Tensor, int], Tensor]
"""Maps candidates (bool, N) and a count to that many row numbers."""


@dataclass(frozen=True)
class Standing:
    """State of the run before a selection.

    Attributes:
        selectable_N: Rows that may be selected.
        bought_N: Rows used in any epoch so far.
        previous: Row numbers of the last set; empty before the first.
        cap: Labels that may ever be bought, or words of theirs where rows cost as many as they have.
        cost_N: What the label of each row costs; None for 1 each.
    """

    selectable_N: Tensor
    bought_N: Tensor
    previous: Tensor
    cap: int
    cost_N: Tensor | None = None

    @property
    def room(self) -> int:
        """What may still be spent."""
        return self.cap - self.cost(self.bought_N)

    def cost(self, rows: Tensor) -> int:
        """Cost of rows, given by their numbers or a mask."""
        if self.cost_N is not None:
            return int(self.cost_N[rows].sum())
        return int(rows.sum()) if rows.dtype == torch.bool else len(rows)

    def candidates(self, mode: Mode) -> Tensor:
        """Rows that may be chosen now: all (recalculate), all outside the last set (accumulate), never used (unseen)."""
        if mode == "accumulate":
            return self.selectable_N & ~mask(self.previous, len(self.selectable_N))
        return self.selectable_N & ~self.bought_N if mode == "unseen" else self.selectable_N


def choose(size: int, mode: Mode, standing: Standing, pick: Pick, open_first: list[Tensor] | None = None) -> Tensor:
    """Choose the rows of the next set, ascending.

    If the regular choice would buy more new labels than the cap allows, the candidates become the bought rows and the
    best unbought rows that the cap allows, and the regular choice is made among those.

    Args:
        size: Planned size |S_t|, in the unit of the costs.
        mode: How the set relates to the last one.
        standing: Labels, purchases, last set and cap.
        pick: How rows of at most a given cost are picked from candidates.
        open_first: Masks of growing groups of clusters; the first that holds enough rows limits the candidates.
    """
    kept = standing.previous if mode == "accumulate" else standing.previous[:0]
    count = size - standing.cost(kept)
    candidates_N = _first_large_enough(standing.candidates(mode), count, standing, open_first or [])
    rows = pick(candidates_N, count)
    if standing.cost(rows[~standing.bought_N[rows]]) > standing.room:
        unbought_N = candidates_N & ~standing.bought_N
        affordable_N = mask(pick(unbought_N, min(standing.room, standing.cost(unbought_N))), len(candidates_N))
        rows = pick((candidates_N & standing.bought_N) | affordable_N, count)
    return torch.cat([kept, rows]).sort().values


def pick_by_cluster(acquire: Acquisition, view: PoolView, scores_N: Tensor, allocate: Allocation) -> Pick:
    """Pick by quotas over the clusters and, within each, by the acquisition's ``pick``.

    Raises:
        ValueError: The acquisition picked a row that is no candidate, a row twice, or a wrong number of rows.
    """
    clusters_N = view.clusters_N

    def pick(candidates_N: Tensor, count: int) -> Tensor:
        counts_M = torch.bincount(clusters_N[candidates_N], minlength=int(clusters_N.max()) + 1)
        weights_M = weigh(allocate, counts_M, candidates_N, view)
        quotas = apportion(count, weights_M.tolist(), counts_M.tolist())
        rows = candidates_N.nonzero().squeeze(1)
        members = torch.split(rows[clusters_N[rows].sort(stable=True).indices], counts_M.tolist())
        chosen = rows[:0]
        for own, quota in zip(members, quotas, strict=True):
            if quota:
                # A selection may be made more than once, from other candidates: what can be chosen again is not taken.
                seen = replace(view, taken_N=(view.bought_N & ~candidates_N).index_fill_(0, chosen, True))
                chosen = torch.cat([chosen, acquire.pick(seen, scores_N, own, quota)])
        _refuse_wrong_picks(acquire, chosen, candidates_N, count)
        return chosen.sort().values

    return pick


def pick_at_random(generator: torch.Generator) -> Pick:
    """Pick uniformly, regardless of the clusters (the warm start)."""

    def pick(candidates_N: Tensor, count: int) -> Tensor:
        rows = candidates_N.nonzero().squeeze(1)
        return rows[torch.randperm(len(rows), generator=generator)[:count]]

    return pick


def mask(rows: Tensor, size: int) -> Tensor:
    """Row numbers as a boolean mask of the pool."""
    mask_N = torch.zeros(size, dtype=torch.bool)
    mask_N[rows] = True
    return mask_N


def order_by_entropy(view: PoolView) -> Tensor:
    """Cluster numbers by the mean entropy of their rows, easiest first; ties go to the lower number (M,)."""
    clusters_N = view.clusters_N
    selectable_N = clusters_N >= 0
    counts_M = torch.bincount(clusters_N[selectable_N])
    doubt_N = view.doubt_by_row(mean_entropy(view.probs_KNC)).double()
    sums_M = torch.zeros(len(counts_M), dtype=torch.float64)
    return (sums_M.index_add_(0, clusters_N[selectable_N], doubt_N[selectable_N]) / counts_M).sort(stable=True).indices


def growing_groups(clusters_N: Tensor, order: Tensor, first: int) -> list[Tensor]:
    """Masks of the rows in the first ``first`` clusters of ``order``, each mask with one more cluster, up to all."""
    position_M = torch.empty_like(order)
    position_M[order] = torch.arange(len(order))
    position_N = position_M[clusters_N]
    return [position_N < opened for opened in range(first, len(order) + 1)]


def _first_large_enough(candidates_N: Tensor, count: int, standing: Standing, groups: list[Tensor]) -> Tensor:
    for group_N in groups:
        inside_N = candidates_N & group_N
        bought = standing.cost(inside_N & standing.bought_N)
        if bought + min(standing.room, standing.cost(inside_N) - bought) >= count:
            return inside_N
    return candidates_N


def _refuse_wrong_picks(acquire: Acquisition, rows: Tensor, candidates_N: Tensor, count: int) -> None:
    inside = bool(((rows >= 0) & (rows < len(candidates_N))).all()) and bool(candidates_N[rows].all())
    distinct = len(set(rows.tolist()))
    if len(rows) != count or not inside or distinct < count:
        raise ValueError(
            f"active.acquire: {type(acquire).__name__}.pick must return as many distinct candidates as it is asked for, "
            f"got {distinct} distinct rows for {count}{'' if inside else ', some of them no candidates'}"
        )
