"""How often intervals hold the truth, and how often studies without any effect have a verdict: the tables of docs/verdicts.md.

python results/verdicts/simulate.py > results/verdicts/tables.md     # about four minutes

Runs are simulated, not trained: scores of a seed are normal, or a run in ten collapses by ten deviations; folds share training
rows. The intervals and verdicts are those of the report, called as it calls them.
"""

import math
from collections.abc import Callable, Iterator
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from alft.report.intervals import Difference, difference_of, mean_over_runs
from alft.report.predictions import Pooled, Predictions
from alft.report.text_luck import difference_over_rows
from alft.report.verdicts import judged, stands

SAMPLES = 2_000
PAIRS = (3, 5, 10)
ARMS = 11

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
"""Differences of as many pairs, with the mean 0."""


def normal(random: np.random.Generator, pairs: int) -> NDArray[np.float64]:
    """Differences of scores that are normal."""
    return random.normal(size=pairs)


def heavy(random: np.random.Generator, pairs: int) -> NDArray[np.float64]:
    """Differences with heavy tails: Student's t with 3 degrees of freedom."""
    return random.standard_t(3, size=pairs)


def collapsing(random: np.random.Generator, pairs: int) -> NDArray[np.float64]:
    """Differences of two arms, each run of which collapses with a probability of 10 %."""
    ours, theirs = (random.normal(size=pairs) - 10 * (random.random(pairs) < 0.1) for _ in range(2))
    return np.asarray((ours - theirs) / math.sqrt(2))


KINDS: dict[str, Draw] = {"normal": normal, "heavy tails": heavy, "one run in ten collapses": collapsing}


def percentile_interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """What the report had before: percentiles of the bootstrap, moved outwards until they are as wide as those of t."""
    pairs = len(differences)
    tail = stats.norm.cdf(stats.t.ppf(0.025, pairs - 1) * math.sqrt(pairs / (pairs - 1)))
    draws = np.random.default_rng(0).integers(0, pairs, size=(2_000, pairs))
    low, high = np.quantile(differences[draws].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def coverage() -> Iterator[str]:
    """Share of intervals that hold the true difference, 0, by kind and number of pairs."""
    yield "| differences | pairs | t interval | percentiles |"
    yield "|---|---|---|---|"
    for kind, draw in KINDS.items():
        for pairs in PAIRS:
            random = np.random.default_rng(pairs)
            samples = [draw(random, pairs) for _ in range(SAMPLES)]
            t = mean(found.low <= 0 <= found.high for found in map(difference_of, samples))
            plain = mean(low <= 0 <= high for low, high in map(percentile_interval, samples))
            yield f"| {kind} | {pairs} | {t:.1%} | {plain:.1%} |"


def false_verdicts() -> Iterator[str]:
    """Share of studies without any effect in which at least one arm is better or worse."""
    yield f"| {ARMS} arms, no effect | pairs | each by itself | after Holm |"
    yield "|---|---|---|---|"
    for kind, draw in KINDS.items():
        for pairs in PAIRS:
            random = np.random.default_rng(100 + pairs)
            counts = np.array([study(random, draw, pairs) for _ in range(SAMPLES // 4)])
            alone, adjusted = counts.any(axis=1).mean(axis=0)
            yield f"| {kind} | {pairs} | {alone:.1%} | {adjusted:.1%} |"


def study(random: np.random.Generator, draw: Draw, pairs: int) -> NDArray[np.bool_]:
    """For each arm whether it has a verdict, by itself and after Holm; the arms share the scores of their control."""
    control = draw(random, pairs)
    found = [difference_of((draw(random, pairs) - control) / math.sqrt(2)) for _ in range(ARMS)]
    return np.array([(one.p <= 0.05, bool(side)) for one, side in zip(found, _sides(found), strict=True)])


def _sides(found: list[Difference]) -> list[int | None]:
    lines = [one.columns("test") for one in found]
    verdicts = judged(lines, "test", ["one"] * len(found))
    return [stands({**line, **verdict}, "test") for line, verdict in zip(lines, verdicts, strict=True)]


def folds_table(folds: int = 5) -> Iterator[str]:
    """Coverage over folds, whose classifiers share training rows."""
    yield "| folds x seeds | corrected t interval | plain t interval |"
    yield "|---|---|---|"
    for seeds in (1, 3, 10):
        random = np.random.default_rng(seeds)
        held = np.array([over_folds(random, folds, seeds) for _ in range(SAMPLES)])
        corrected, plain = held.mean(axis=0)
        yield f"| {folds} x {seeds} | {corrected:.1%} | {plain:.1%} |"


def over_folds(random: np.random.Generator, folds: int, seeds: int, rows: int = 200, features: int = 20) -> tuple[bool, bool]:
    """Whether both intervals hold the true difference in accuracy of two classifiers, which is 0.

    Both take the nearer mean of two classes, each on features of its own that tell equally much, so that neither is better but
    on the rows at hand. A seed trains on four fifths of the training rows: its luck.
    """
    labels = random.integers(0, 2, size=rows)
    views = random.normal(size=(2, rows, features)) + 0.15 * (2 * labels[:, None] - 1)
    differences = {}
    for fold, test in enumerate(np.array_split(random.permutation(rows), folds)):
        train = np.setdiff1d(np.arange(rows), test)
        for seed in range(seeds):
            part = random.permutation(train)[: 4 * len(train) // 5]
            right = [_accuracy(view, labels, part, test) for view in views]
            differences[fold, seed] = right[0] - right[1]
    corrected, plain = mean_over_runs(differences, folds), difference_of(np.array(list(differences.values())))
    return corrected.low <= 0 <= corrected.high, plain.low <= 0 <= plain.high


def _accuracy(view: NDArray[np.float64], labels: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64]) -> float:
    first, second = (view[train[labels[train] == label]].mean(axis=0) for label in (0, 1))
    predicted = (view[test] - (first + second) / 2) @ (second - first) > 0
    return float(np.mean(predicted == labels[test]))


def texts_table() -> Iterator[str]:
    """Share of intervals over texts that hold the true difference of two models on all texts, by rows of the test set."""
    yield "| rows | seeds | interval over texts |"
    yield "|---|---|---|"
    for rows, seeds in ((170, 3), (170, 8), (600, 5), (1_200, 5)):
        random = np.random.default_rng(rows + seeds)
        held = mean(over_texts(random, rows, seeds) for _ in range(SAMPLES // 10))
        yield f"| {rows} | {seeds} | {held:.1%} |"


def over_texts(random: np.random.Generator, rows: int, seeds: int) -> bool:
    """Two arms, each seed of which is right on a text with a probability of its own; equally good on all texts together."""
    labels = (random.random(rows) < 0.7).astype(np.int64)
    hard = random.beta(0.4, 1.6, size=rows)  # probability of an error: most texts are easy
    arms = []
    for _ in range(2):
        own = np.clip(hard + random.normal(0, 0.1, size=rows), 0, 1)  # what this arm finds harder or easier
        wrong = [random.random(rows) < own for _ in range(seeds)]
        one_CC = np.eye(2, dtype=np.float32)
        predicted = [one_CC[np.where(w, 1 - labels, labels)] for w in wrong]
        found = [Predictions("simulated", ("a", "b"), one_CC[labels], p, one_CC[labels] * p) for p in predicted]
        arms.append([Pooled({-1: held}) for held in found])
    difference = difference_over_rows(*arms)
    return difference.texts_low <= 0 <= difference.texts_high


if __name__ == "__main__":
    print("\n\n".join("\n".join(part) for part in (coverage(), false_verdicts(), folds_table(), texts_table())))
