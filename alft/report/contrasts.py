"""What does one setting do? Arms that differ in it alone, compared by seed (rules ours).

Clusters or none, once or anew, warm or cold, whole or LoRA: such a claim is about two arms that are alike in all else, whatever
their controls are. The two controls themselves, the baseline and random selection, are those of :mod:`alft.report.partners`.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.intervals import paired_difference
from alft.report.settings import phrase, varying

ALONG = {"lora": {"lr"}, "uncertainty": {"epinet"}}
"""What may change along with a setting, since it has another meaning there: LoRA learns at a rate of its own."""

COLUMNS = ("name", "fingerprint", "setting", "arm", "other", "change", "difference", "low", "high", "seeds")
"""In the order of the CSV."""


def contrasts(*roots: str | Path) -> pd.DataFrame:
    """One line per pair of arms that differ in one setting, over the finished runs below the roots.

    A baseline is paired with baselines only, and random selection is paired with no other acquisition, as both are in
    :func:`alft.report.compare`.

    Returns:
        name, fingerprint, setting, arm and other (labels), change (the value of arm, and that of other), and of test F1, arm
        minus other, paired by seed: difference, low, high, seeds. Sorted by group, setting and labels; it may be empty.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    lines = [line for group in groups_of(gather(*roots)) for line in _of_group(group)]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def single_difference(one: Arm, other: Arm) -> str | None:
    """The one setting in which two arms differ; None if they differ in several, or are compared as arm and control."""
    if (one.kind == "baseline") != (other.kind == "baseline"):
        return None
    differing = varying([one.settings, other.settings])
    found = [key for key in differing if set(differing) <= {key, *ALONG.get(key, ())}]
    controlled = "acquire" in found and "random" in (one.kind, other.kind)
    return found[0] if len(found) == 1 and not controlled else None


def _of_group(group: Sequence[Arm]) -> list[dict[str, Any]]:
    pairs = [(setting, *_without_first(pair)) for pair in combinations(group, 2) if (setting := single_difference(*pair))]
    pairs.sort(key=lambda pair: pair[0])  # within a setting as the arms are listed
    return [_line(*pair) for pair in pairs]


def _without_first(pair: tuple[Arm, Arm]) -> tuple[Arm, Arm]:
    """The arm that leaves a setting null comes first, so that the difference is what the setting adds."""
    one, other = pair
    given = [sum(value is not None for value in arm.settings.values()) for arm in pair]
    return (other, one) if given[1] < given[0] else (one, other)


def _line(setting: str, other: Arm, arm: Arm) -> dict[str, Any]:
    found = paired_difference(arm.scores_on_test, other.scores_on_test)
    return {
        "name": arm.name,
        "fingerprint": arm.fingerprint,
        "setting": setting,
        "arm": arm.label,
        "other": other.label,
        "change": f"{_value(setting, arm)} instead of {_value(setting, other)}",
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "seeds": found.seeds,
    }


def _value(setting: str, arm: Arm) -> str:
    value = arm.settings.get(setting)
    return f"no {setting}" if value is None else phrase(setting, value)
