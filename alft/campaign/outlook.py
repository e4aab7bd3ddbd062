"""Tells from the scores of a campaign's fits whether further labels are worth asking for: go on, stop, or cannot tell yet.

The forecast is that of a run (:mod:`alft.selection.forecast`), through the macro-F1 of the fits on the random validation
sample. The rule (ours): stop if even its upper end is below ``GAIN``; go on if even its lower end is a gain; else it cannot be
told. The middle of the forecast decides nothing: on recorded curves it did not tell which 50 labels helped (docs/stopping.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alft.campaign.comparable import Curve, curve_of
from alft.campaign.fits import Fit
from alft.selection.forecast import GAIN, HORIZON, Forecast, forecast, missing_forecast

Word = Literal["go on", "stop", "cannot tell yet"]


@dataclass(frozen=True)
class Sample:
    """The random validation sample: its texts, and how many have a label."""

    texts: int
    labelled: int


@dataclass(frozen=True)
class Outlook:
    """What is known about further labels.

    Attributes:
        word: What to do.
        reason: Why, in words.
        curve: Macro-F1 by number of labels, of the fits that are compared.
        forecast: Gain by further labels; None where there is none.
    """

    word: Word
    reason: str
    curve: Curve
    forecast: Forecast | None = None

    @property
    def scores(self) -> dict[int, float]:
        """Macro-F1 by number of labels."""
        return self.curve.scores

    @property
    def sentence(self) -> str:
        """Word and reason."""
        return f"{self.word}: {self.reason}"


def outlook_of(fits: Sequence[Fit], sample: Sample, left: int) -> Outlook:
    """Judge whether to ask for more labels.

    Args:
        fits: Finished fits, oldest first.
        sample: The random validation sample.
        left: Texts without a label that may still be asked for.
    """
    curve = curve_of(fits)
    scores = curve.scores
    if not left:
        return Outlook("stop", "no text is left to ask for", curve)
    if not sample.texts:
        return Outlook("cannot tell yet", "without a random validation sample no score can be trusted", curve)
    more = min(HORIZON, left)
    found = forecast(scores, more)
    if found is None:
        return Outlook("cannot tell yet", f"no forecast, {missing_forecast(more, scores)}", curve)
    return Outlook(*_judged(found, sample), curve, found)


def _judged(found: Forecast, sample: Sample) -> tuple[Word, str]:
    if 100 * found.high < GAIN:
        return "stop", f"{found.labels} more labels promise at most {100 * found.high:.1f} points, below {GAIN:g}"
    if found.low > 0:
        return "go on", found.sentence
    noise = f"one of the {sample.labelled} texts of the random sample is {100 / max(sample.labelled, 1):.1f} points of accuracy"
    return "cannot tell yet", f"{found.sentence.replace('cannot tell yet, ', '')}; {noise}"
