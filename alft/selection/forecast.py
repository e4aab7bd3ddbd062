"""Forecasts the gain in macro-F1 by further labels: a power law through the scores of a run so far (docs/stopping.md).

The curve is f(n) = a - b n^-c with b >= 0, a <= 1 and c in ``EXPONENTS``, fitted to the last ``RECENT`` scores; the gain of h
more labels is f(n + h) - f(n). For a given c, curve and gain are linear in (a, b), so the least squares and the region below a
residual sum have closed forms, and c is profiled over a grid. The gain has the interval of the profile likelihood: all gains of
curves whose residual sum is at most (1 + t^2 / (m - 3)) times the smallest, with t the quantile of Student's distribution with
m - 3 degrees for m scores (Bates and Watts, Nonlinear Regression Analysis, 1988, chapter 6). What a run will measure differs
from it by the noise of two scores, so each arm of the interval is lengthened by t sqrt(2) times the residual deviation, as the
root of the sum of squares; it ends where a score would leave [0, 1]. Nothing is drawn: the same scores
give the same bits. With four to six scores the interval is often as wide as the scale, since then the quantile of Student's
distribution is large; of one wider than ``WIDEST`` only the upper end is told, which one case in twenty exceeds.

Axes: M scores, E exponents.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

HORIZON = 50
"""Further labels that a forecast is about, unless a rule says otherwise."""

GAIN = 2.0
"""Points that these should promise: a rule that ends a run, and the advice to stop a campaign, go by it."""

FEWEST_SCORES = 4
"""Numbers of labels with a score from which on there is a forecast: one more than the curve has parameters."""

RECENT = 12
"""Largest number of scores that are fitted, the last ones: one power law from first to last fits real curves badly, and its
interval is then far too short (docs/stopping.md)."""

CONFIDENCE = 0.9
"""Nominal coverage of the interval: with equal tails, the gain is above its upper end in one case of twenty."""

WIDEST = 0.2
"""Width of the interval above which its middle and lower end tell nothing. On recorded curves 50 labels after the fourth score
gained 5 points at most, as the mean of a data set: the interval is then four times as wide as what it is to tell
(docs/stopping.md)."""

EXPONENTS = np.geomspace(0.05, 3.0, 800)
"""Fine, since the interval is the union over them: with gaps it would be too short on curves with little noise."""


@dataclass(frozen=True)
class Forecast:
    """Gain in validation macro-F1 by further labels, as a fraction: 0.01 is one point.

    Attributes:
        labels: Number of further labels, at least 1.
        gain: Gain on the fitted curve, at least 0.
        low: Lower end of the interval of the gain that will be measured; negative where noise may outweigh the gain.
        high: Upper end.
    """

    labels: int
    gain: float
    low: float
    high: float

    @property
    def tells(self) -> bool:
        """Whether the interval is narrow enough to tell anything."""
        return self.high - self.low <= WIDEST

    @property
    def sentence(self) -> str:
        """The forecast in words and points, or that it cannot tell yet."""
        more = f"{self.labels} more label{'' if self.labels == 1 else 's'}"
        gain, low, high = (100 * value for value in (self.gain, self.low, self.high))
        if not self.tells:
            wide = f"the interval is {high - low:.0f} points wide, and shown up to {100 * WIDEST:g}"
            return f"{more}: cannot tell yet, at most {high:+.1f} points of validation macro-F1 ({wide})"
        return f"{more}: {gain:+.1f} points of validation macro-F1 [{low:.1f}, {high:.1f}]"


def forecast(scores: Mapping[int, float], labels: int) -> Forecast | None:
    """Forecast the gain by ``labels`` more labels than the largest number that has a score.

    Args:
        scores: Macro-F1 in [0, 1] by the number of labels bought, at least 1.
        labels: Number of further labels, at least 1.

    Returns:
        The forecast; None for fewer than ``FEWEST_SCORES`` scores, or if all are equal, as those of a model that predicts a
        single class: no noise can be seen in them, and an interval would have no width.

    >>> forecast({10: 0.5, 20: 0.6}, 50) is None
    True
    """
    recent = sorted(scores)[-RECENT:]
    if len(scores) < FEWEST_SCORES or len({scores[count] for count in recent}) == 1:
        return None
    bought_M, score_M = np.array(recent, dtype=np.float64), np.array([scores[count] for count in recent])
    now = bought_M[-1]
    powers_EM = (bought_M / now) ** -EXPONENTS[:, None]
    rise_E = 1 - (1 + labels / now) ** -EXPONENTS  # gain of a curve with b = 1
    slope_E, steepest_E, spread_E, rest_E = _lines(powers_EM, score_M)
    best_E = np.clip(slope_E, 0, steepest_E)
    sums_E = rest_E + spread_E * (best_E - slope_E) ** 2
    found, free = int(sums_E.argmin()), len(score_M) - FEWEST_SCORES + 1
    quantile = float(stdtrit(free, (1 + CONFIDENCE) / 2))
    most = sums_E[found] * (1 + quantile**2 / free)
    inside_E = sums_E <= most
    width_E = np.sqrt(np.maximum(most - rest_E, 0) / spread_E)
    low_E = np.clip(slope_E - width_E, 0, best_E) * rise_E
    high_E = np.clip(slope_E + width_E, best_E, steepest_E) * rise_E
    gain, noise = float(best_E[found] * rise_E[found]), quantile * math.sqrt(2 * sums_E[found] / free)
    below, above = gain - float(low_E[inside_E].min()), float(high_E[inside_E].max()) - gain
    low, high = gain - math.hypot(below, noise), gain + math.hypot(above, noise)
    lowest, highest = -float(score_M[-1]), 1 - float(score_M[-1])  # a score is never outside [0, 1]
    return Forecast(labels, gain, min(max(low, lowest), gain), max(min(high, highest), gain))


def missing_forecast(more: int, scores: Mapping[int, float]) -> str:
    """Why there is no forecast of ``more`` labels from these scores."""
    if not more:
        return "no more labels can be bought"
    if len(scores) < FEWEST_SCORES:
        return f"it needs {FEWEST_SCORES} numbers of labels with a score, so far {len(scores)}"
    return "the last scores are equal, as those of a model that predicts a single class"


def _lines(powers_EM: np.ndarray, score_M: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each exponent: b of least squares, the largest b with a <= 1, sum of squares of the powers, and of the residuals."""
    mean_E = powers_EM.mean(1)
    spread_E = ((powers_EM - mean_E[:, None]) ** 2).sum(1)
    centred_M = score_M - score_M.mean()
    slope_E = -(powers_EM - mean_E[:, None]) @ centred_M / spread_E
    rest_E = ((centred_M + slope_E[:, None] * (powers_EM - mean_E[:, None])) ** 2).sum(1)
    return slope_E, np.maximum((1 - score_M.mean()) / mean_E, 0), spread_E, rest_E
