"""Phrases for one comparison: better, worse or not distinguishable, with figures and what could have been seen."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from alft.report.intervals import FEWEST_PAIRS
from alft.report.verdicts import stands

Line = Mapping[str, Any]
"""One line of the table of :func:`alft.report.compare`; missing values are None."""


class Verdicts(NamedTuple):
    """Words for a difference that stands above 0, stands below 0, or cannot be told from 0."""

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
    return f"{100 * value:+.1f} {interval(low, high)}".rstrip()


def verdict(line: Line, name: str, words: Verdicts = SCORE) -> str:
    """The verdict on a comparison in words; "not decidable" with too few pairs.

    Args:
        line: A line with the columns of :func:`alft.report.verdicts.judged`.
        name: Their prefix.
        words: Words for the two directions.

    >>> line = {"test_adjusted_p": 0.03, "test_difference": 0.02}
    >>> verdict(line, "test"), verdict({**line, "test_adjusted_p": 0.2}, "test"), verdict({"test_adjusted_p": None}, "test")
    ('better than', 'not distinguishable from', 'not decidable')
    """
    side = stands(line, name)
    return "not decidable" if side is None else {1: words.above, -1: words.below, 0: words.neither}[side]


def compared(line: Line, name: str, control: str, words: Verdicts = SCORE) -> str:
    """One comparison, as the beginning of a sentence.

    Args:
        line: The arm.
        name: Prefix of the columns of the comparison.
        control: The control, optionally with the quantity compared.
        words: Words for the two directions.
    """
    units, pairs = line[f"{name}_units"], line[f"{name}_pairs"]
    if units < FEWEST_PAIRS:
        common = count(pairs) if units == pairs else f"{units} folds"
        return f"the comparison with {control} is not decidable: {common} in common, {FEWEST_PAIRS} are needed"
    figures = f"{100 * line[f'{name}_difference']:+.1f} F1 points, {reliability(line, name)}"
    hidden = "" if stands(line, name) or line[f"{name}_visible"] is None else f"; {missed(line, name)}"
    return f"{verdict(line, name, words)} {control}: {figures}{hidden}"


def reliability(line: Line, name: str) -> str:
    """Both intervals of a difference of F1, its p, and for how many comparisons that is adjusted."""
    texts, asked = interval(line.get(f"{name}_texts_low"), line.get(f"{name}_texts_high")), f"{name}_texts_low" in line
    over_texts = f", {texts} over texts" if texts else ", not known over texts" if asked else ""
    return (
        f"{interval(line[f'{name}_low'], line[f'{name}_high'])} over {count(line[f'{name}_pairs'])}{over_texts}; "
        f"{adjusted(line, name)}"
    )


def adjusted(line: Line, name: str) -> str:
    """The p of a comparison, after the others with the same control."""
    comparisons = int(line[f"{name}_comparisons"])
    after = f" after Holm for {comparisons} comparisons" if comparisons > 1 else ""
    return f"p {probability(line[f'{name}_adjusted_p'])}{after}"


def missed(line: Line, name: str) -> str:
    """How large an effect could have hidden."""
    return f"an effect below {100 * line[f'{name}_visible']:.1f} points was likely to be missed"


def interval(low: float | None, high: float | None) -> str:
    """An interval of F1 in points; empty where there is none.

    >>> interval(0.004, 0.038), interval(None, None)
    ('[+0.4, +3.8]', '')
    """
    return "" if low is None or high is None else f"[{100 * low:+.1f}, {100 * high:+.1f}]"


def probability(p: float | None) -> str:
    """A p value.

    >>> probability(0.0312), probability(0.00002), probability(None)
    ('0.031', 'below 0.001', '-')
    """
    return "-" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"


def count(pairs: int) -> str:
    """A number of pairs in words.

    >>> count(1), count(5)
    ('1 pair of runs', '5 pairs of runs')
    """
    return f"{pairs} pair{'' if pairs == 1 else 's'} of runs"
