"""How wide forecasts are by number of scores, and what their middle says: why `status` uses its words (docs/stopping.md).

    python results/stopping/words.py results/stopping/rounds.csv

The argument is that of calibrate.py. First table: width of the interval, share of forecasts that are told (at most ``WIDEST``
wide), and the change of test macro-F1 by 50 more labels, as the mean over the seeds. Second table: that change after forecasts
whose middle is at least one point, and after the others; where the middle tells something, the first is larger. Third table:
how often the words are said, and the points of test macro-F1 from there to the end of the curve.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from calibrate import Round, advice, read

from alft.selection.forecast import GAIN, HORIZON, Forecast

SCORES = (4, 5, 6, 8, 12)
"""Numbers of scores that are shown."""

ENOUGH = 1.0
"""Points of the middle that the second table divides by."""


@dataclass(frozen=True)
class Told:
    """A forecast, the number of scores behind it, and points of test macro-F1: of 50 more labels, and to the curve's end."""

    scores: int
    forecast: Forecast
    change: float
    left: float

    @property
    def word(self) -> str:
        """What ``status`` says of it."""
        return "stop" if 100 * self.forecast.high < GAIN else "go on" if self.forecast.low > 0 else "cannot tell yet"


def test_change(rounds: Sequence[Round], labels: int) -> float:
    """Points of test macro-F1 by 50 more labels, between rounds along a straight line."""
    counts, scores = [one.labels for one in rounds], [one.test for one in rounds]
    return 100 * float(np.interp(labels + HORIZON, counts, scores) - np.interp(labels, counts, scores))


def told_in(curves: Sequence[Sequence[Round]]) -> Iterator[Told]:
    """Each forecast of 50 labels; its change is the mean over the curves that reach as far."""
    for rounds in curves:
        for number, one in enumerate(advice(rounds), start=1):
            if one.forecast is not None and one.forecast.labels == HORIZON:
                reached = [other for other in curves if other[-1].labels >= one.bought + HORIZON]
                change = fmean(test_change(other, one.bought) for other in reached)
                yield Told(number, one.forecast, change, 100 * (rounds[-1].test - rounds[number - 1].test))


def mean_of(changes: Sequence[float]) -> str:
    """The mean, or a dash."""
    return f"{fmean(changes):+.1f}" if changes else "-"


def main(place: str) -> None:
    """Print both tables as Markdown."""
    found = {data: list(told_in(curves)) for data, curves in read(Path(place)).items()}
    print("| data | scores | width, median (least, most) | told | change by 50 labels |\n| --- |" + " ---: |" * 4)
    for data, told in found.items():
        for scores in SCORES:
            some = [one for one in told if one.scores == scores]
            widths = [100 * (one.forecast.high - one.forecast.low) for one in some]
            if some:
                shown = f"{median(widths):.0f} ({min(widths):.0f}, {max(widths):.0f})"
                share = fmean(one.forecast.tells for one in some)
                print(f"| {data} | {scores} | {shown} | {share:.0%} | {mean_of([one.change for one in some])} |")
    print(f"\n| data | scores | middle at least {ENOUGH:g} | below |\n| --- |" + " ---: |" * 3)
    for data, told in found.items():
        for name, few in (("4 to 8", True), ("more", False)):
            some = [one for one in told if (one.scores <= 8) == few and one.forecast.tells]
            parts = [[one.change for one in some if (100 * one.forecast.gain >= ENOUGH) == high] for high in (True, False)]
            print(f"| {data} | {name} | " + " | ".join(f"{mean_of(part)} ({len(part)})" for part in parts) + " |")
    print("\n| data | scores | stop | go on | cannot tell yet |\n| --- |" + " ---: |" * 4)
    for data, told in found.items():
        for name, few in (("4 to 8", True), ("more", False)):
            some = [one for one in told if (one.scores <= 8) == few]
            parts = [[one.left for one in some if one.word == word] for word in ("stop", "go on", "cannot tell yet")]
            print(f"| {data} | {name} | " + " | ".join(f"{len(part)} ({mean_of(part)})" for part in parts) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
