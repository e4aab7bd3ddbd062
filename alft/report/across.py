"""Arms over several data sets: their test F1 side by side, mean ranks, and how far apart ranks have to be (rules ours).

An arm is the same in two data sets if all its settings agree but those of the data and the encoder; one that a data set has
several times, with other encoders or lengths, is left out there. Ranks take the arms that all of at least :data:`FEWEST_SETS`
data sets have, each of a name of its own: the same texts with another limit or split are no further data set, and the mean over
them counts. The best rank is 1, equal scores share the mean of their ranks. Demsar ("Statistical Comparisons of Classifiers
over Multiple Data Sets", Journal of Machine Learning Research 7, 2006) describes the tests.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pandas as pd
from scipy import stats

from alft.report.arms import KINDS, Arm, bought_share, gather, given_name, groups_of
from alft.report.intervals import LEVEL
from alft.report.names import name_arms
from alft.report.settings import Settings, written

FEWEST_SETS = 4
"""Minimum number of data sets for ranks."""

COLUMNS = ("arm", "kind", "name", "fingerprint", "runs", "test_f1", "bought_share")
"""Columns in the order of the CSV."""

Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of arms over data sets.

    Attributes:
        mean: Mean rank of each arm, at least 1: low is good.
        sets: Number of data sets.
        p: Of the test that all arms rank alike.
        test: Its name: Friedman's, or for two arms the sign test, to which Friedman's then amounts.
        critical_difference: Least difference of two mean ranks that Nemenyi's test tells apart at 5 %, for all pairs together;
            None for two arms, of which the sign test has told.
    """

    mean: Mapping[str, float]
    sets: int
    p: float
    test: str
    critical_difference: float | None


def across(*roots: str | Path) -> pd.DataFrame:
    """One line per arm and data set, for the arms that two or more data sets have.

    Returns:
        arm: its name among all arms that are shown; kind (baseline, random or selection); name and fingerprint of the group;
        runs with a test score; test_f1: their mean, in [0, 1]; bought_share: mean share of the pool whose labels were bought.
        Arms in the order of a report. No lines if no two data sets have an arm in common.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same fold and seed.
    """
    of_key: dict[Key, list[Arm]] = {}
    for group in groups_of(gather(*roots)):
        tested = [arm for arm in group if any(score is not None for score in arm.scores_on_test.values())]
        times = Counter(map(_key, tested))
        for arm in (arm for arm in tested if times[_key(arm)] == 1):
            of_key.setdefault(_key(arm), []).append(arm)
    found = [arms for arms in of_key.values() if len({arm.fingerprint for arm in arms}) > 1]
    runs = [[run for arm in arms for run in arm.runs] for arms in found]
    names = name_arms([_compared(arms[0]) for arms in found], [*map(bought_share, runs)], [*map(given_name, runs)])
    ordered = sorted(zip(names, found, strict=True), key=lambda entry: (KINDS.index(entry[1][0].kind), entry[0]))
    return pd.DataFrame([_line(name, arm) for name, arms in ordered for arm in arms], columns=list(COLUMNS))


def ranks(table: pd.DataFrame) -> Ranks | None:
    """Mean ranks of the arms that all data sets have; None with fewer than two of these, or too few data sets.

    Args:
        table: Result of :func:`across`.
    """
    scores = table.pivot_table(index="name", columns="arm", values="test_f1", sort=False).dropna(axis=1)
    sets, arms = scores.shape
    if sets < FEWEST_SETS or arms < 2:
        return None
    mean = scores.rank(axis=1, ascending=False).mean()
    test = "Friedman's test" if arms > 2 else "sign test"
    difference = critical_difference(arms, sets) if arms > 2 else None
    return Ranks({str(arm): float(rank) for arm, rank in mean.items()}, sets, _p(scores), test, difference)


def critical_difference(arms: int, sets: int) -> float:
    """Nemenyi's critical difference of mean ranks at 5 %.

    >>> round(critical_difference(arms=4, sets=14), 2)  # q of Demsar's Table 5: 2.569
    1.25
    """
    quantile = float(stats.studentized_range.ppf(1 - LEVEL, arms, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(arms * (arms + 1) / (6 * sets))


def _p(scores: pd.DataFrame) -> float:
    """P that all columns rank alike over the rows."""
    if (scores.nunique(axis=1) == 1).all():
        return 1.0
    if scores.shape[1] > 2:
        return float(stats.friedmanchisquare(*(scores[arm] for arm in scores)).pvalue)
    differences = (scores.iloc[:, 0] - scores.iloc[:, 1]).loc[lambda values: values != 0]
    return float(stats.binomtest(int((differences > 0).sum()), len(differences)).pvalue) if len(differences) else 1.0


def _compared(arm: Arm) -> Settings:
    """The settings of an arm that it has to share with others to be the same."""
    return {name: arm.settings.get(name) for name in sorted(arm.names_in("model", "training", "selection") - {"backbone"})}


def _key(arm: Arm) -> Key:
    return tuple((name, written(value)) for name, value in _compared(arm).items() if written(value) != written(None))


def _line(name: str, arm: Arm) -> dict[str, object]:
    scores = [score for score in arm.scores_on_test.values() if score is not None]
    labels = [run.summary["labels"] for run in arm.runs]
    return {
        **{"arm": name, "kind": arm.kind, "name": arm.name, "fingerprint": arm.fingerprint},
        **{"runs": len(scores), "test_f1": fmean(scores)},
        "bought_share": fmean(counts["bought"] / counts["pool"] for counts in labels),
    }
