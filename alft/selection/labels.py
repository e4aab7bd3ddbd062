"""A budget in labels: how many rows each choice asks for, whatever the size of the pool (method.md 4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from alft.selection.budget import Budget


@dataclass(frozen=True)
class Labels(Budget):
    """A number of rows for every choice.

    Formula: k_t = counts[t], and 0 after the last of them. Needs nothing. Use it in accumulate mode, where each count is bought
    on top of the last set, when labels are paid for by number: of 20,000 texts nobody pays for a share. Costs what it says;
    more than the pool or ``active.max_unique`` has left is cut to that. Source: ours.

    Args:
        counts: Rows of each choice, the first at least 1, the others at least 0.
    """

    counts: Sequence[int] = (100,)

    def __post_init__(self) -> None:
        """Refuse no counts, a first one of 0, and negative ones; keep them as a tuple."""
        object.__setattr__(self, "counts", tuple(self.counts))
        if not self.counts or self.counts[0] < 1 or min(self.counts) < 0:
            raise ValueError(
                f"active.budget.counts must be numbers of rows, the first at least 1 and none negative, got {list(self.counts)}"
            )

    def __call__(self, epoch: int, epochs: int) -> float:
        """The count as a share of all counts, in [0, 1]; a run asks :meth:`rows`."""
        return self._count(epoch) / sum(self.counts)

    def rows(self, epoch: int, epochs: int, pool: int) -> int:
        """The count of this choice.

        Raises:
            ValueError: There are more counts than choices, so that some would never be bought.
        """
        if len(self.counts) > epochs:
            raise ValueError(
                f"active.budget.counts must be at most one for each choice of the run, which makes {epochs}, "
                f"got {len(self.counts)}: raise trainer.max_epochs, or lower active.every_n_epochs"
            )
        return self._count(epoch)

    def asked_share(self, epoch: int, epochs: int, pool: int) -> float:
        """The count as a share of the pool; above 1 if it asks for more than there is."""
        return self._count(epoch) / pool

    def _count(self, epoch: int) -> int:
        return self.counts[epoch] if epoch < len(self.counts) else 0
