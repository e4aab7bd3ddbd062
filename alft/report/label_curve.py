"""The F1-labels curve of a run, and figures derived from it (definitions ours).

The curve is a step function through (labels bought after epoch t, validation macro-F1 after epoch t). The last epoch at each
number of labels counts, epochs without validation are omitted, and below the first purchase the curve is 0.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A step function from labels to validation macro-F1.

    Attributes:
        labels: Numbers of labels at which it steps, ascending, at least one.
        f1: Value from that number of labels on, in [0, 1].
    """

    labels: tuple[int, ...]
    f1: tuple[float, ...]

    @classmethod
    def of(cls, epochs: Iterable[Mapping[Any, Any]]) -> "Curve":
        """The curve of a run, from its epochs in order, at least one of which was validated."""
        last = {record["bought"]: record["val_f1_macro"] for record in epochs if record["val_f1_macro"] is not None}
        labels = tuple(sorted(last))
        return cls(labels, tuple(float(last[count]) for count in labels))

    def at(self, labels: int) -> float:
        """Value at a number of labels; 0 below the first purchase.

        >>> curve = Curve((10, 30), (0.5, 0.8))
        >>> curve.at(9), curve.at(10), curve.at(29), curve.at(30)
        (0.0, 0.5, 0.5, 0.8)
        """
        step = bisect_right(self.labels, labels)
        return self.f1[step - 1] if step else 0.0

    def reaches(self, f1: float) -> int | None:
        """Fewest labels from which on the curve stays at or above ``f1``; None if it ends below.

        As with :meth:`area`, fewer labels may be due to slower buying in recalculate mode, not to better labels.

        >>> curve = Curve((10, 20, 30), (0.5, 0.7, 0.6))
        >>> curve.reaches(0.5), curve.reaches(0.6), curve.reaches(0.7)
        (10, 20, None)
        """
        below = [step for step, value in enumerate(self.f1) if value < f1]
        first = below[-1] + 1 if below else 0
        return self.labels[first] if first < len(self.labels) else None

    def mean_height(self) -> float:
        """Mean height, between the first and the last number of labels, of the line that connects the values; in [0, 1].

        >>> round(Curve((10, 20, 40), (0.4, 0.6, 0.8)).mean_height(), 4)  # (10 x 0.5 + 20 x 0.7) / 30
        0.6333
        """
        if len(self.f1) == 1:
            return self.f1[0]
        middles = (np.array(self.f1[1:]) + np.array(self.f1[:-1])) / 2
        return float(np.dot(np.diff(self.labels), middles) / (self.labels[-1] - self.labels[0]))

    def area(self, pool: int) -> float:
        """Mean height over [0, pool] labels, in [0, 1]: higher means good earlier; 0 if the whole pool is bought at once.

        In recalculate mode two runs may buy the same labels at different epochs. The slower buyer has then trained longer at
        each number of labels, and has the larger area for that reason alone.

        >>> Curve((10, 30), (0.5, 0.8)).area(40)  # (20 x 0.5 + 10 x 0.8) / 40
        0.45
        """
        return float(np.dot(np.diff([*self.labels, pool]), self.f1) / pool)


def last_validated(epochs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last epoch with a score, given epochs in order."""
    return [record for record in epochs if record["val_f1_macro"] is not None][-1]


def is_one_step(epochs: Iterable[Mapping[Any, Any]]) -> bool:
    """Whether all labels were bought in epoch 0, as with a Linear budget from 1.0: such a curve is uninformative."""
    return len({record["bought"] for record in epochs}) == 1
