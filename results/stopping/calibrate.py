"""Calibrates the advice on stopping with recorded curves: the tables of docs/stopping.md.

    python results/stopping/calibrate.py results/stopping/rounds.csv

The argument is a file of rounds.py, or a folder with finished runs that recorded the test score of each set
(``data.test_each_set``). First table: how often the change of validation macro-F1 by 50 more labels lay in the interval of the
forecast, above it and below it, and how often the change of the mean curve over the seeds lay inside. Second table: what rules
would have saved and lost by the end of the curve, on test.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from alft.report.summaries import find_runs
from alft.selection.forecast import FEWEST_SCORES, forecast
from alft.selection.stopping import HORIZON, Advice, Stop

RULES = {
    "kappa alone": Stop(gain=100.0),
    "forecast alone": Stop(kappa=1e-9, rounds=1),
    "both (default)": Stop(),
    "both, gain 1": Stop(gain=1.0),
    "both, kappa 0.98, gain 4": Stop(kappa=0.98, gain=4.0),
}


@dataclass(frozen=True)
class Round:
    """A number of labels bought, macro-F1 on validation and test, and agreement with the round before."""

    labels: int
    validation: float
    test: float
    kappa: float | None


Curves = dict[str, list[list[Round]]]
"""Rounds of each seed, by data set."""


def read(place: Path) -> Curves:
    """The curves in a file of rounds.py or in a folder of runs."""
    return from_runs(place) if place.is_dir() else from_rounds(place)


def from_rounds(file: Path) -> Curves:
    """The curves in a file of rounds.py."""
    found: dict[tuple[str, str], list[Round]] = defaultdict(list)
    with file.open(newline="") as lines:
        for line in csv.DictReader(lines):
            agreement = float(line["kappa"]) if line["kappa"] else None
            one = Round(int(line["labels"]), float(line["validation"]), float(line["test"]), agreement)
            found[line["data"], line["seed"]].append(one)
    return by_data([(data, rounds) for (data, _), rounds in found.items()])


def from_runs(folder: Path) -> Curves:
    """The curves of the sets of finished runs; the kappa recorded after a set belongs to its labels."""
    found = []
    for run in find_runs(folder):
        sets = [record for record in run.epochs if record.get("test_f1_macro") is not None]
        rounds = [Round(one["bought"], one["val_f1_macro"], one["test_f1_macro"], one.get("kappa")) for one in sets]
        found.append((f"{run.summary['name']} {run.settings.get('acquire')}", rounds))
    return by_data(found)


def by_data(curves: Sequence[tuple[str, list[Round]]]) -> Curves:
    """Curves that are long enough for a forecast."""
    found: Curves = defaultdict(list)
    for data, rounds in curves:
        if len(rounds) > FEWEST_SCORES:
            found[data].append(rounds)
    return found


def advice(rounds: Sequence[Round]) -> list[Advice]:
    """The advice after each round."""
    scores: dict[int, float] = {}
    found = []
    for number, one in enumerate(rounds):
        scores[one.labels] = one.validation
        more = min(HORIZON, rounds[-1].labels - one.labels)
        outlook = forecast(scores, more) if more else None
        found.append(Advice(number, one.labels, one.kappa, outlook, "" if outlook else "none"))
    return found


def gain(rounds: Sequence[Round], labels: int, more: int) -> float:
    """Change of the validation score by further labels, between rounds along a straight line."""
    counts, scores = [one.labels for one in rounds], [one.validation for one in rounds]
    return float(np.interp(labels + more, counts, scores) - np.interp(labels, counts, scores))


def coverage(curves: Sequence[Sequence[Round]]) -> tuple[int, float, float, float, float]:
    """Number of forecasts; shares with the change inside, above and below the interval, and with the mean change inside."""
    inside, above, below, mean_inside = [], [], [], []
    for rounds in curves:
        for told in advice(rounds):
            if told.forecast is not None and told.forecast.labels == HORIZON:
                low, high = told.forecast.low, told.forecast.high
                change = gain(rounds, told.bought, HORIZON)
                mean = fmean(gain(others, told.bought, HORIZON) for others in curves)
                inside.append(low <= change <= high)
                above.append(change > high)
                below.append(change < low)
                mean_inside.append(low <= mean <= high)
    return len(inside), fmean(inside), fmean(above), fmean(below), fmean(mean_inside)


def outcome(curves: Sequence[Sequence[Round]], rule: Stop) -> tuple[float, float, float, float]:
    """Share of runs that the rule ends early, mean share of labels saved, and mean and most points of test macro-F1 lost."""
    ended, saved, lost = [], [], []
    for rounds in curves:
        told = advice(rounds)
        stop = next((i for i in range(len(rounds) - 1) if rule.reason(told[: i + 1]) is not None), len(rounds) - 1)
        ended.append(stop < len(rounds) - 1)
        saved.append(1 - rounds[stop].labels / rounds[-1].labels)
        lost.append(100 * (rounds[-1].test - rounds[stop].test))
    return fmean(ended), fmean(saved), fmean(lost), max(lost)


def main(place: str) -> None:
    """Print both tables as Markdown."""
    curves = read(Path(place))
    print("| data | runs | forecasts | inside | above | below | mean change inside |\n| --- |" + " ---: |" * 6)
    for data, runs in curves.items():
        count, *shares = coverage(runs)
        print(f"| {data} | {len(runs)} | {count} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    print("\n| data | rule | runs ended | labels saved | points lost | at most |\n| --- | --- |" + " ---: |" * 4)
    for data, runs in curves.items():
        for name, rule in RULES.items():
            ended, saved, lost, most = outcome(runs, rule)
            print(f"| {data} | {name} | {ended:.0%} | {saved:.0%} | {lost:+.1f} | {most:+.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
