"""Differences between two arms over texts: what a test set of this size leaves undecided (rules ours).

The rows of the test set are drawn anew, the same ones for both arms, and macro-F1 is computed anew from each draw: a paired
bootstrap over rows. The predictions of the folds that both arms have for a seed are pooled first. The seeds that both arms
share are drawn anew in each draw as well. Where an arm has one seed only, the interval says nothing of the luck of training.

Only runs with ``predictions.parquet`` can be compared in this way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from alft.report.arms import Arm
from alft.report.intervals import CONFIDENCE, Figures
from alft.report.predictions import SEED, Pooled, Predictions

FEWEST_BEYOND = 10
"""Draws on the other side of 0 below which p is that of a normal distribution: so few say little about a small p."""


@dataclass(frozen=True)
class TextDifference(Figures):
    """Difference of macro-F1 of pooled predictions, with its 95 % interval over texts; missing values are NaN.

    Attributes:
        texts_seeds: Number of seeds that both arms have predictions of.
        texts_difference: Mean difference over these seeds.
        texts_error: Its standard error, the deviation over the draws.
        texts_low: Lower end of the percentile interval.
        texts_high: Upper end.
        texts_p: Two-sided p: twice the smaller share of draws on either side of 0; if these are few, that of the normal
            distribution with this mean and standard error.
    """

    texts_seeds: int = 0
    texts_difference: float = math.nan
    texts_error: float = math.nan
    texts_low: float = math.nan
    texts_high: float = math.nan
    texts_p: float = math.nan


TEXT_DIFFERENCE = tuple(field.name for field in fields(TextDifference))
"""Names of the figures."""


def over_texts(ours: Arm | None, theirs: Arm | None, told: list[str]) -> TextDifference:
    """The difference between two arms of a group, ours minus theirs, over the folds and seeds of which both have predictions.

    Args:
        ours: An arm.
        theirs: Its control.
        told: Gets a sentence if their predictions cannot be compared, since they have other labels for the same rows.
    """
    if ours is None or theirs is None:
        return TextDifference()
    one, other = ours.predictions, theirs.predictions
    pairs = [_shared(one[seed], other[seed]) for seed in sorted(set(one) & set(other))]
    known = [pair for pair in pairs if pair is not None]
    try:
        return difference_over_rows([one for one, _ in known], [other for _, other in known]) if known else TextDifference()
    except ValueError as error:
        told.append(str(error))
        return TextDifference()


def difference_over_rows(ours: Sequence[Pooled], theirs: Sequence[Pooled]) -> TextDifference:
    """The difference of two arms, ours minus theirs, from their predictions by seed, of which there is one or more.

    Raises:
        ValueError: Two of them have other labels for the same rows.
    """
    _refuse_other_rows([*ours, *theirs])
    pairs = list(zip(ours, theirs, strict=True))
    draws = min(len(one.drawn_f1) for one in ours)  # seeds with more folds have more rows, so that they may have fewer
    drawn_SB = np.stack([one.drawn_f1[:draws] - other.drawn_f1[:draws] for one, other in pairs])
    return _interval(len(pairs), float(np.mean([one.f1 - other.f1 for one, other in pairs])), _with_seeds_drawn(drawn_SB))


def _shared(one: Pooled, other: Pooled) -> tuple[Pooled, Pooled] | None:
    """Both for the folds that they have in common; None if there are none."""
    folds = sorted(set(one.of_fold) & set(other.of_fold))
    return (one.only(folds), other.only(folds)) if folds else None


def _interval(seeds: int, plain: float, drawn_B: NDArray[np.float64]) -> TextDifference:
    low, high = np.quantile(drawn_B, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    error = float(drawn_B.std(ddof=1))
    beyond = min(np.count_nonzero(drawn_B <= 0), np.count_nonzero(drawn_B >= 0))
    p = min(1.0, 2 * (1 + beyond) / (len(drawn_B) + 1))
    if beyond < FEWEST_BEYOND and error > 0:
        p = float(2 * stats.norm.sf(abs(plain) / error))
    return TextDifference(seeds, plain, error, float(low), float(high), p)


def _with_seeds_drawn(differences_SB: NDArray[np.float64]) -> NDArray[np.float64]:
    """In each draw the mean over seeds drawn with replacement."""
    seeds, draws = differences_SB.shape
    chosen_SB = np.random.default_rng(SEED).integers(0, seeds, size=(seeds, draws))
    return np.asarray(np.take_along_axis(differences_SB, chosen_SB, axis=0).mean(axis=0))


def _refuse_other_rows(sets: Sequence[Pooled]) -> None:
    first: dict[int, Predictions] = {}
    for fold, held in ((fold, held) for pooled in sets for fold, held in pooled.of_fold.items()):
        known = first.setdefault(fold, held)
        if held.names != known.names or not np.array_equal(held.labels_NC, known.labels_NC):
            raise ValueError(
                f"{known.place} and {held.place} are not compared, since they hold other labels for the same test set"
            )
    if len({held.names for held in first.values()}) > 1:
        places = [held.place for held in first.values()]
        raise ValueError(f"{places[0]} and {places[-1]} are not compared, since their folds have other classes")
