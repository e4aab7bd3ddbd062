"""Differences between two arms over pairs of runs: what the luck of training leaves undecided.

A pair are two runs with the same seed and, where there are folds, the same fold. Their differences get Student's t interval,
whose coverage is nominal for normal differences, where percentile intervals of the bootstrap have 75, 88 and 92 % at 3, 4 and 5
pairs (docs/verdicts.md has the measurements).

Where pairs have different folds, a difference is the mean over the seeds of a fold: seeds of one fold share their rows, and are
no independent pairs. Folds share training rows, so that their differences vary less than independent ones would; their variance
is that of the *corrected resampled t test* (Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52,
2003): (1/n + test/train) s^2 instead of s^2/n, where test/train is 1/(K - 1) for K folds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import stats

Repetition = tuple[int, int]
"""Fold of a run, -1 without folds, and its seed."""

FEWEST_PAIRS = 3
"""Minimum number of differences for an interval (ours)."""

CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE

MOST_FLIPS = 14
"""Maximum number of pairs of which all 2^n changes of sign are tried."""


@dataclass(frozen=True)
class Figures:
    """Figures that become columns of a table."""

    def columns(self, name: str) -> dict[str, float]:
        """The figures as columns of a table, each with a prefix."""
        return {f"{name}_{field.name}": getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Difference(Figures):
    """Mean of paired differences with its 95 % interval; missing values are NaN.

    Attributes:
        pairs: Number of pairs.
        units: Number of differences that the interval is of: the pairs, or the folds, over whose seeds they are averaged.
        difference: Mean difference, in the unit of the values.
        error: Its standard error, corrected for folds; missing below two units.
        low: Lower end of the t interval; missing below three units.
        high: Upper end.
        p: Two-sided p of the t test; of equal differences that of the sign-flip test.
        signs_p: Two-sided p of the exact sign-flip test, where it can be 0.05 or less (from 6 pairs on, to 14); not for folds.
    """

    pairs: int
    units: int
    difference: float = math.nan
    error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    signs_p: float = math.nan


DIFFERENCE = tuple(field.name for field in fields(Difference))
"""Names of the figures."""


def paired_difference(
    ours: Mapping[Repetition, float | None], theirs: Mapping[Repetition, float | None], folds: int | None = None
) -> Difference:
    """Mean difference, ours minus theirs, over the folds and seeds for which both have a value.

    Args:
        ours: Value by fold and seed; None where missing.
        theirs: The same for the control.
        folds: Number of folds that the rows were cut into; None without folds.
    """
    known = ((key, ours[key], theirs[key]) for key in sorted(set(ours) & set(theirs)))
    return mean_over_runs({key: one - other for key, one, other in known if one is not None and other is not None}, folds)


def mean_over_runs(values: Mapping[Repetition, float], folds: int | None = None) -> Difference:
    """Mean of a figure of runs, and its interval; of several folds the mean of their means.

    Args:
        values: Value by fold and seed.
        folds: As for :func:`paired_difference`.
    """
    of_fold: dict[int, list[float]] = {}
    for (fold, _), value in values.items():
        of_fold.setdefault(fold, []).append(value)
    if folds is None or len(of_fold) < 2:
        return difference_of(np.array(list(values.values())))
    means = np.array([np.mean(of_fold[fold]) for fold in sorted(of_fold)])
    return replace(difference_of(means, 1 / (folds - 1)), pairs=len(values))


def difference_of(differences: np.ndarray, shared: float = 0.0) -> Difference:
    """The mean of differences and its interval.

    Args:
        differences: One number per pair.
        shared: Rows of a test set by rows of a training set, where pairs have different test sets and share training rows.

    >>> found = difference_of(np.array([0.01, 0.02, 0.03]))
    >>> [round(value, 4) for value in (found.difference, found.error, found.low, found.high, found.p)]
    [0.02, 0.0058, -0.0048, 0.0448, 0.0742]
    """
    pairs = len(differences)
    mean = float(differences.mean()) if pairs else math.nan
    if pairs < 2:
        return Difference(pairs, pairs, mean)
    error = math.sqrt(1 / pairs + shared) * float(differences.std(ddof=1)) if np.ptp(differences) else 0.0
    if pairs < FEWEST_PAIRS:
        return Difference(pairs, pairs, mean, error)
    half = float(stats.t.ppf(1 - LEVEL / 2, pairs - 1)) * error
    p, signs_p = _t_p(mean, error, pairs), _signs_p(differences, shared)
    return Difference(pairs, pairs, mean, error, mean - half, mean + half, p, signs_p)


def _t_p(mean: float, error: float, pairs: int) -> float:
    """Differences that are all equal have no spread to compare the mean with: their p is that of equal signs."""
    if error == 0:
        return 2 / 2**pairs if mean else 1.0
    return float(2 * stats.t.sf(abs(mean) / error, pairs - 1))


def _signs_p(differences: np.ndarray, shared: float) -> float:
    """P of the sign-flip test, in which each difference is as likely as its opposite."""
    pairs = len(differences)
    if shared or pairs > MOST_FLIPS or 2 / 2**pairs > LEVEL:
        return math.nan
    signs = 1 - 2 * ((np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1)
    sums = np.abs(signs @ differences)
    return float(np.mean(sums >= sums[0] * (1 - 1e-12)))  # the first has no sign changed
