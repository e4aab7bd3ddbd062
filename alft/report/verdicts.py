"""Which differences stand: beyond the luck of training, over texts, and after all comparisons with a control (rules ours).

A comparison has two tests: that of :mod:`alft.report.intervals` over pairs of runs, and that of :mod:`alft.report.text_luck`
over texts, where there are predictions. A difference has to show in both, in one direction, so its p is the larger of the two
(an intersection-union test). Of the arms that are compared with one control the best is likely to look good by chance: their p
are adjusted by Holm's method, which holds the probability of one false verdict or more among them at 5 %.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import optimize, stats

from alft.report.intervals import FEWEST_PAIRS, LEVEL

POWER = 0.8
"""Probability with which the smallest visible effect would be seen."""

VERDICT = ("both_p", "adjusted_p", "comparisons", "visible")
"""Names of the figures."""


def judged(lines: Sequence[Mapping[str, Any]], name: str, families: Sequence[Hashable]) -> list[dict[str, float]]:
    """The verdict on one comparison of each line.

    Args:
        lines: Lines with the columns of :class:`alft.report.intervals.Difference` under a prefix, and with those of
            :class:`alft.report.text_luck.TextDifference` if the comparison is one of test scores.
        name: The prefix.
        families: For each line what it shares with the comparisons that it is adjusted for.

    Returns:
        For each line: both_p, the larger p of both tests; adjusted_p, that after Holm; comparisons, the number of comparisons
        with a p in its family; visible, the smallest effect that both tests, taken one by one, would see with a probability of
        80 % at the level 5 % / comparisons, in the unit of the difference. Names have the prefix; missing values are NaN.
    """
    both = [_both_p(line, name) for line in lines]
    members: dict[Hashable, list[int]] = {}
    for number, family in enumerate(families):
        if not math.isnan(both[number]):
            members.setdefault(family, []).append(number)
    adjusted = [math.nan] * len(lines)
    for numbers in members.values():
        for number, p in zip(numbers, holm([both[number] for number in numbers]), strict=True):
            adjusted[number] = p
    counts = [len(members.get(family, ())) for family in families]
    rows = zip(lines, both, adjusted, counts, strict=True)
    return [
        dict(zip((f"{name}_{key}" for key in VERDICT), (p, after, count, _visible(line, name, count)), strict=True))
        for line, p, after, count in rows
    ]


def stands(line: Mapping[str, Any], name: str) -> int | None:
    """Whether a difference stands: 1 above 0, -1 below, 0 if it cannot be told from 0; None without a p.

    Args:
        line: A line with the columns of :func:`judged`; missing values are None.
        name: Their prefix.
    """
    p = line[f"{name}_adjusted_p"]
    if p is None:
        return None
    return 0 if p > LEVEL else 1 if line[f"{name}_difference"] > 0 else -1


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of one or more comparisons (Holm 1979): the k-th smallest of m times m + 1 - k, never falling.

    >>> [round(p, 3) for p in holm([0.01, 0.2, 0.02])]
    [0.03, 0.2, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.sort(p_values) * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted.tolist()


@lru_cache
def needed_shift(pairs: int, level: float) -> float:
    """Mean difference, in standard errors, that a two-sided t test sees with a probability of 80 %.

    >>> round(needed_shift(5, 0.05), 2), round(needed_shift(100_000, 0.05), 2)
    (3.76, 2.8)
    """
    degrees = pairs - 1
    quantile = float(stats.t.ppf(1 - level / 2, degrees))

    def missing(shift: float) -> float:  # the chance of a verdict in the wrong direction is negligible here
        return float(stats.nct.sf(quantile, degrees, shift)) - POWER

    return float(optimize.brentq(missing, 0, 2 * quantile))


def _both_p(line: Mapping[str, Any], name: str) -> float:
    p, texts_p = float(line[f"{name}_p"]), float(line.get(f"{name}_texts_p", math.nan))
    if math.isnan(texts_p) or math.isnan(p):
        return p
    agree = line[f"{name}_difference"] * line[f"{name}_texts_difference"] > 0
    return max(p, texts_p) if agree else 1.0


def _visible(line: Mapping[str, Any], name: str, comparisons: int) -> float:
    units = line[f"{name}_units"]
    if units < FEWEST_PAIRS or not comparisons or not line[f"{name}_error"]:
        return math.nan
    level = LEVEL / comparisons
    over_pairs = needed_shift(units, level) * line[f"{name}_error"]
    texts_error = line.get(f"{name}_texts_error", math.nan)
    shift = float(stats.norm.ppf(1 - level / 2) + stats.norm.ppf(POWER))
    return float(over_pairs if math.isnan(texts_error) else max(over_pairs, shift * texts_error))
