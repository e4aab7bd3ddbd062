"""The effect of single settings: pairs of arms that differ in one setting only, compared by fold and seed (rules ours).

With or without clusters, clustering once or every epoch, warm or cold start, full fine-tuning or LoRA: such a claim is about
two arms that are otherwise equal, whatever their controls. The two controls, the baseline and random selection, are handled
by :mod:`alft.report.partners`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from alft.report.arms import Arm, gather, groups_of
from alft.report.intervals import DIFFERENCE, paired_difference
from alft.report.names import in_words
from alft.report.settings import Settings, phrase, varying, written
from alft.report.text_luck import TEXT_DIFFERENCE, over_texts
from alft.report.verdicts import VERDICT, judged
from alft.system.excerpt import excerpt, listed

ALONG = {"lora": {"lr"}, "uncertainty": {"epinet"}}
"""Settings that may change together with a setting, since they depend on it: LoRA uses its own learning rate."""

COLUMNS = (
    *("name", "fingerprint", "setting", "arm", "other", "change"),
    *(f"test_{key}" for key in (*DIFFERENCE, *TEXT_DIFFERENCE, *VERDICT)),
)
"""Columns in the order of the CSV."""

MOST_PAIRS = 200
"""Maximum number of pairs of a group in a report for reading: a sweep over 600 learning rates has 179,700."""

LEFT_OUT = "left_out"
"""Key of ``DataFrame.attrs``: for each fingerprint, the settings whose pairs are left out, and the number of pairs."""

Pair = tuple[str, Arm, Arm]
"""A setting, and two arms that differ in nothing else."""


def contrasts(*roots: str | Path, settings: Collection[str] | None = None, most: int | None = None) -> pd.DataFrame:
    """One line per pair of arms that differ in one setting, over the finished runs below the roots.

    A baseline is paired only with baselines, and random selection with no other acquisition, since
    :func:`alft.report.compare` covers both.

    Args:
        *roots: Folders.
        settings: Settings whose pairs are wanted; None for all.
        most: Maximum number of pairs of a group if ``settings`` is None: those of the settings with the fewest pairs, each
            with all its pairs or none. What is left out is counted in ``attrs``, see :data:`LEFT_OUT`.

    Returns:
        name, fingerprint, setting, arm and other (labels), change (the value of arm, and that of other), and under the prefix
        test the comparison of test F1, arm minus other, with the figures that :func:`alft.report.compare` has; it is adjusted
        for the pairs of the same setting in the group. Sorted by group and setting, arms in the order of the report; it may be
        empty.

    Raises:
        ValueError: There is no run, a summary is broken, two runs of one arm have the same seed, or no two arms differ in one
            of ``settings`` alone.
    """
    pairs = {group[0].fingerprint: find_pairs(group) for group in groups_of(gather(*roots))}
    counts = {fingerprint: Counter(pair[0] for pair in found) for fingerprint, found in pairs.items()}
    _refuse_unknown(settings or (), {setting for counted in counts.values() for setting in counted})
    kept = {fingerprint: _kept(counted, settings, most) for fingerprint, counted in counts.items()}
    lines = [_line(*pair) for fingerprint, found in pairs.items() for pair in found if pair[0] in kept[fingerprint]]
    verdicts = judged(lines, "test", [(line["fingerprint"], line["setting"]) for line in lines])
    judged_lines = [line | verdict for line, verdict in zip(lines, verdicts, strict=True)]
    table = pd.DataFrame(judged_lines, columns=list(COLUMNS))
    table.attrs[LEFT_OUT] = {
        fingerprint: {setting: counted[setting] for setting in sorted(counted) if setting not in kept[fingerprint]}
        for fingerprint, counted in counts.items()
    }
    return table


def single_difference(one: Arm, other: Arm) -> str | None:
    """The one setting in which two arms differ; None if they differ in several, or are compared as arm and control."""
    if (one.kind == "baseline") != (other.kind == "baseline"):
        return None
    differing = varying([one.settings, other.settings])
    found = [key for key in differing if set(differing) <= {key, *ALONG.get(key, ())}]
    controlled = "acquire" in found and "random" in (one.kind, other.kind)
    return found[0] if len(found) == 1 and not controlled else None


def find_pairs(group: Sequence[Arm]) -> list[Pair]:
    """The pairs of a group by setting, within a setting in the order of the arms; the difference is second minus first.

    Only arms that agree in all but one setting, and in what may change along with it, are compared: comparing all with all
    would take minutes for a thousand arms.
    """
    found: set[tuple[str, int, int]] = set()
    forms = [{key: written(value) for key, value in arm.settings.items()} for arm in group]
    for key in varying([arm.settings for arm in group]):
        apart = {key, *ALONG.get(key, ())}
        alike = defaultdict(list)
        for number, form in enumerate(forms):
            rest = frozenset((name, value) for name, value in form.items() if name not in apart and value != written(None))
            alike[rest].append(number)
        for numbers in alike.values():
            pairs = combinations(numbers, 2)
            found |= {(key, *pair) for pair in pairs if single_difference(group[pair[0]], group[pair[1]]) == key}
    return [(key, *_without_first((group[one], group[other]))) for key, one, other in sorted(found)]


def _kept(counted: Counter[str], settings: Collection[str] | None, most: int | None) -> set[str]:
    """The settings whose pairs are shown."""
    if settings is not None:
        return set(settings)
    kept: set[str] = set()
    total = 0
    for setting, pairs in sorted(counted.items(), key=lambda entry: (entry[1], entry[0])):
        total += pairs
        if most is None or total <= most:
            kept.add(setting)
    return kept


def _refuse_unknown(settings: Collection[str], known: set[str]) -> None:
    for setting in settings:
        if setting not in known:
            there = f"they do in {listed(sorted(known))}" if known else "no two differ in a single setting"
            raise ValueError(f"contrasts: no two arms differ in {excerpt(setting)} alone; {there}")


def _without_first(pair: tuple[Arm, Arm]) -> tuple[Arm, Arm]:
    """Put the arm with the null setting first, so that the difference is the effect of adding the setting."""
    one, other = pair
    given = [sum(value is not None for value in arm.settings.values()) for arm in pair]
    return (other, one) if given[1] < given[0] else (one, other)


def _line(setting: str, other: Arm, arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "fingerprint": arm.fingerprint,
        "setting": setting,
        "arm": arm.label,
        "other": other.label,
        "change": " instead of ".join(_value(setting, one.settings, [arm.settings, other.settings]) for one in (arm, other)),
        **paired_difference(arm.scores_on_test, other.scores_on_test, arm.folds).columns("test"),
        **over_texts(arm, other, []).columns("test"),
    }


def _value(setting: str, settings: Settings, both: Sequence[Settings]) -> str:
    value = settings.get(setting)
    return in_words(setting, settings, both) or (f"no {setting}" if value is None else phrase(setting, value))
