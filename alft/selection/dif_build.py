"""DifBuild, the schedule that interacts with clusters: two readings of one name in the paper (method.md 6)."""

import math
from dataclasses import dataclass
from typing import Literal

from alft.selection.budget import Budget, check_shares


@dataclass(frozen=True)
class DifBuild(Budget):
    """Builds up the set by rows or by clusters.

    Formula, ``opens: rows``: halving increments, share(t) = total 2^(T-2-t) / (2^(T-1) - 1) and 0 in the last epoch (T = 4,
    total 0.7: 0.4, 0.2, 0.1, 0); T = 1 gives total. Needs accumulate mode. Use it to buy most labels early and then refine.

    Formula, ``opens: clusters``: share(t) = total (t + 1) / T, and epoch t may pick only from the first ceil(M (t + 1) / T) of
    M clusters, ordered by their mean entropy at the first selection, easiest first; more are opened when those hold too few
    rows. Needs recalculate mode, clusters computed once, and a pass before the first epoch. Use it as a curriculum from easy
    regions of the pool to hard ones.

    Costs ``total`` of the labels; of the training, about total (T - 1) / T and total / 2. Source: the paper's name, and
    its "interaction between scheduler and clusters"; both readings are ours.

    Args:
        total: Share of the pool reached at the end, in [0, 1].
        opens: What a new epoch adds: ``rows`` or ``clusters``.
    """

    total: float = 0.7
    opens: Literal["rows", "clusters"] = "rows"

    def __post_init__(self) -> None:
        check_shares(self, "total")

    def __call__(self, epoch: int, epochs: int) -> float:
        """Increment (rows) or level (clusters) of this epoch."""
        if self.opens_clusters:
            return self.total * (epoch + 1) / epochs
        if epochs == 1:
            return self.total
        if epoch == epochs - 1:
            return 0.0
        # 2^(T-2-t) / (2^(T-1) - 1), both terms divided by 2^(T-1): no overflow for any number of epochs.
        return self.total * math.ldexp(0.5, -epoch) / (1.0 - math.ldexp(1.0, 1 - epochs))

    @property
    def opens_clusters(self) -> bool:
        """True with ``opens: clusters``."""
        return self.opens == "clusters"

    def open_clusters(self, epoch: int, epochs: int, clusters: int) -> int:
        """ceil(M (t + 1) / T) clusters with ``opens: clusters``, else all."""
        return -(-clusters * (epoch + 1) // epochs) if self.opens_clusters else clusters
