"""Suspected wrong labels: bought rows for which a regression that has not seen them finds another label likelier.

The ranking is the probability of its label out of fold, an idea of confident learning (arXiv 1911.00068), whose margins and
means by class rank worse on the texts that it was measured on (docs/suspects.md).

Axes: N rows, C classes that occur.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alft.controls.out_of_fold import out_of_fold
from alft.controls.regression import Block, Matrix, fit_regression

MOST = 200
"""Largest number of suspects of a run."""

FEWEST = 20
"""Number of rows below which nothing is said of any."""


@dataclass(frozen=True)
class Suspect:
    """A row whose label may be wrong.

    Attributes:
        row: Number of its text in the pool.
        label: Number of its label.
        probability: That of its label by regressions on the other rows, in [0, 1].
        likelier: Number of the label that they find likeliest.
        likelier_probability: That of this label.
    """

    row: int
    label: int
    probability: float
    likelier: int
    likelier_probability: float


def find_suspects(
    *blocks: Block, rows: Sequence[int], labels: Sequence[int], check: Callable[[], None] = lambda: None
) -> list[Suspect]:
    """The rows whose label is not the likeliest one, the least probable label first; at most ``MOST``.

    The strength of the regression is chosen on all rows, and classes weigh as many rows as they have. A label with a single
    row, of which the other rows know nothing, is no suspect.

    Args:
        *blocks: Features of the rows, side by side, of lengths about 1.
        rows: Numbers of the rows in the pool.
        labels: Number of the label of each.
        check: Called at every step; may raise an error to end the fits.
    """
    counts = Counter(labels)
    known = [place for place, label in enumerate(labels) if counts[label] > 1]
    given = [labels[place] for place in known]
    if len(known) < FEWEST or len(set(given)) < 2:
        return []
    blocks = tuple(block[known] for block in blocks)
    strength, _ = fit_regression(*blocks, labels=given, check=check).chosen
    classes, probs_NC = out_of_fold(*blocks, labels=given, chosen=(strength, False), check=check)
    return ranked([rows[place] for place in known], given, classes, probs_NC)


def ranked(rows: Sequence[int], labels: Sequence[int], classes: Sequence[int], probs_NC: Matrix) -> list[Suspect]:
    """Suspects from probabilities, the least probable label first; rows with equal ones in their order.

    >>> [one.row for one in ranked([5, 6, 7], [0, 0, 1], [0, 1], np.array([[0.4, 0.6], [0.9, 0.1], [0.8, 0.2]]))]
    [7, 5]
    """
    column = {label: number for number, label in enumerate(classes)}
    own_N = probs_NC[np.arange(len(rows)), [column[label] for label in labels]]
    best_N = probs_NC.argmax(1)
    order = [place for place in np.argsort(own_N, kind="stable").tolist() if own_N[place] < probs_NC[place, best_N[place]]]
    return [
        Suspect(
            row=rows[place],
            label=labels[place],
            probability=float(own_N[place]),
            likelier=classes[best_N[place]],
            likelier_probability=float(probs_NC[place, best_N[place]]),
        )
        for place in order[:MOST]
    ]
