"""Differences between two arms over texts: what a test set of this size leaves undecided (rules ours).

The rows of the test set are drawn anew, the same ones for both arms, and macro-F1 is computed anew from each draw: a paired
bootstrap over rows. The predictions of all folds are pooled first, so that each labelled row is tested once by each seed. The
seeds that both arms share are drawn anew in each draw as well. Where an arm has one seed only, the interval says nothing of the
luck of training.

Only runs with ``predictions.parquet`` can be compared in this way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from alft.report.arms import Arm
from alft.report.intervals import CONFIDENCE
from alft.report.predictions import SEED, Predictions


@dataclass(frozen=True)
class TextDifference:
    """Difference of macro-F1 of pooled predictions, with its 95 % interval over texts; missing values are NaN.

    Attributes:
        texts_difference: Mean difference over the seeds.
        texts_error: Its standard error, the deviation over the draws.
        texts_low: Lower end of the percentile interval.
        texts_high: Upper end.
        texts_p: Two-sided p: twice the smaller share of draws on either side of 0.
    """

    texts_difference: float = math.nan
    texts_error: float = math.nan
    texts_low: float = math.nan
    texts_high: float = math.nan
    texts_p: float = math.nan

    def columns(self, name: str) -> dict[str, float]:
        """The figures as columns of a table, each with a prefix."""
        return {f"{name}_{field.name}": getattr(self, field.name) for field in fields(self)}


TEXT_DIFFERENCE = tuple(field.name for field in fields(TextDifference))
"""Names of the figures."""


def over_texts(ours: Arm | None, theirs: Arm | None) -> TextDifference:
    """The difference between two arms of a group, ours minus theirs, over the seeds of which both have predictions.

    Raises:
        ValueError: Two of the runs have other labels for the same rows.
    """
    if ours is None or theirs is None:
        return TextDifference()
    one, other = ours.predictions, theirs.predictions
    seeds = sorted(set(one) & set(other))
    if not seeds:
        return TextDifference()
    return difference_over_rows([one[seed] for seed in seeds], [other[seed] for seed in seeds])


def difference_over_rows(ours: Sequence[Predictions], theirs: Sequence[Predictions]) -> TextDifference:
    """The difference of two arms, ours minus theirs, from their predictions by seed, of which there is one or more.

    Raises:
        ValueError: Two of them have other labels for the same rows.
    """
    _refuse_other_rows([*ours, *theirs])
    pairs = list(zip(ours, theirs, strict=True))
    drawn_SB = np.stack([one.drawn_f1 - other.drawn_f1 for one, other in pairs])
    return _interval(float(np.mean([one.f1 - other.f1 for one, other in pairs])), _with_seeds_drawn(drawn_SB))


def _interval(plain: float, drawn_B: NDArray[np.float64]) -> TextDifference:
    low, high = np.quantile(drawn_B, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    sides = 1 + min(np.count_nonzero(drawn_B <= 0), np.count_nonzero(drawn_B >= 0))
    return TextDifference(plain, float(drawn_B.std(ddof=1)), float(low), float(high), min(1.0, 2 * sides / (len(drawn_B) + 1)))


def _with_seeds_drawn(differences_SB: NDArray[np.float64]) -> NDArray[np.float64]:
    """In each draw the mean over seeds drawn with replacement."""
    seeds, draws = differences_SB.shape
    chosen_SB = np.random.default_rng(SEED).integers(0, seeds, size=(seeds, draws))
    return np.asarray(np.take_along_axis(differences_SB, chosen_SB, axis=0).mean(axis=0))


def _refuse_other_rows(sets: Sequence[Predictions]) -> None:
    for held in sets[1:]:
        if held.names != sets[0].names or not np.array_equal(held.labels_N, sets[0].labels_N):
            raise ValueError(
                f"{sets[0].place} and {held.place} hold other labels for the same test set, so that their predictions "
                "cannot be compared row by row"
            )
