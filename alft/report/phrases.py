"""Phrases for one comparison: better, worse or not distinguishable, with figures and their reliability."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from alft.report.intervals import FEWEST_SEEDS, HONEST_SEEDS, attainable_level

Line = Mapping[str, Any]
"""One line of the table of :func:`alft.report.compare`; missing values are None."""


class Verdicts(NamedTuple):
    """Words for an interval that lies above 0, below 0, or on both sides."""

    above: str
    below: str
    neither: str = "not distinguishable from"


SCORE = Verdicts("better than", "worse than")
SPREAD = Verdicts("less steady than", "steadier than")


def points(value: float | None, low: float | None, high: float | None) -> str:
    """A difference of F1 in points (hundredths), with its interval if there is one.

    >>> points(0.021, 0.004, 0.038), points(-0.01, None, None), points(None, None, None)
    ('+2.1 [+0.4, +3.8]', '-1.0', '-')
    """
    if value is None:
        return "-"
    return f"{100 * value:+.1f}" if low is None or high is None else f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def verdict(low: float, high: float, words: Verdicts = SCORE) -> str:
    """The verdict of an interval of ours minus theirs.

    >>> verdict(0.004, 0.038), verdict(-0.02, -0.01), verdict(-0.01, 0.03), verdict(0.0, 0.0)
    ('better than', 'worse than', 'not distinguishable from', 'not distinguishable from')
    """
    return words.above if low > 0 else words.below if high < 0 else words.neither


def compared(line: Line, name: str, control: str, words: Verdicts = SCORE) -> str:
    """One comparison, as the beginning of a sentence.

    Args:
        line: The arm.
        name: Prefix of the columns of the comparison.
        control: The control, optionally with the quantity compared.
        words: Words for the two directions.
    """
    seeds = line[f"{name}_seeds"]
    if seeds < FEWEST_SEEDS:
        return f"the comparison with {control} is not decidable: {count(seeds)} in common, {FEWEST_SEEDS} are needed"
    low, high = line[f"{name}_low"], line[f"{name}_high"]
    difference = points(line[f"{name}_difference"], low, high)
    return f"{verdict(low, high, words)} {control}: {difference} F1 points, {count(seeds)} in common{_at_most(seeds)}"


def count(seeds: int) -> str:
    """A number of seeds in words.

    >>> count(1), count(5)
    ('1 seed', '5 seeds')
    """
    return f"{seeds} seed{'' if seeds == 1 else 's'}"


def _at_most(seeds: int) -> str:
    """The maximum level of an interval of few seeds; empty if there are enough seeds to reach 95 %."""
    return "" if seeds >= HONEST_SEEDS else f" (an interval of {100 * attainable_level(seeds):.0f} % at most)"
