"""Strata of texts that have sets of classes: that of the rarest (rule ours)."""

from collections import Counter
from collections.abc import Collection, Sequence

from alft.task.base import UNLABELLED


def rarest(classes: Sequence[Collection[int] | None]) -> list[int]:
    """The class of each text that the fewest texts have, by its number from 1; 0 for a text with none, -1 without a label.

    >>> rarest([{0, 1}, {0}, (), None])
    [2, 1, 0, -1]
    """
    counts = Counter(number for found in classes if found is not None for number in found)

    def stratum(found: Collection[int] | None) -> int:
        if found is None:
            return UNLABELLED
        return 1 + min(found, key=lambda number: (counts[number], number)) if found else 0

    return [stratum(found) for found in classes]
