"""The effect of single settings: pairs of arms that differ in one setting only, compared by seed (rules ours).

With or without clusters, clustering once or every epoch, warm or cold start, full fine-tuning or LoRA: such a claim is about
two arms that are otherwise equal, whatever their controls. The two controls, the baseline and random selection, are handled
by :mod:`alft.report.partners`.
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
"""Settings that may change together with a setting, since they depend on it: LoRA uses its own learning rate."""

COLUMNS = ("name", "fingerprint", "setting", "arm", "other", "change", "difference", "low", "high", "seeds")
"""Columns in the order of the CSV."""


def contrasts(*roots: str | Path) -> pd.DataFrame:
    """One line per pair of arms that differ in one setting, over the finished runs below the roots.

    A baseline is paired only with baselines, and random selection with no other acquisition, since
    :func:`alft.report.compare` covers both.

    Returns:
        name, fingerprint, setting, arm and other (labels), change (the value of arm, and that of other), and for test F1, arm
        minus other, paired by seed: difference, low, high, seeds. Sorted by group and setting, arms in the order of the
        report; it may be empty.

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
    pairs.sort(key=lambda pair: pair[0])  # within a setting in the order of the arms
    return [_line(*pair) for pair in pairs]


def _without_first(pair: tuple[Arm, Arm]) -> tuple[Arm, Arm]:
    """Put the arm with the null setting first, so that the difference is the effect of adding the setting."""
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
