"""Finds the controls of an arm: the baseline, and random selection at the same budget (rules ours).

A difference should be due to the selection alone, so both must train alike: the groups data, model and training of their
settings agree, see :data:`NOT_SHARED`. Of several candidates the most similar is used, and its other differences are named.
Settings missing in a summary count as null.
"""

from collections.abc import Sequence

from alft.report.arms import Arm
from alft.report.settings import agree, agreements, varying

NOT_SHARED = ("max_epochs", "uncertainty", "epinet")
"""Settings outside the selection in which an arm and its control may differ if no control is closer; they are then named.

An epinet serves scoring, so it effectively belongs to the selection.
"""

BUDGET = ("max_epochs", "budget", "unit", "mode", "max_unique", "warm_start")
"""Further settings that an arm shares with its random control: those that determine the rows and labels per epoch."""


def baseline_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on the whole pool; None if there is none, or if ``arm`` is a baseline.

    One with the same number of epochs is preferred; only if there is none, another is used.
    """
    if arm.kind == "baseline":
        return None
    alike = [other for other in group if other.kind == "baseline" and _train_alike(arm, other)]
    return _closest(arm, _first(arm, alike, "max_epochs"))


def random_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on equally many rows chosen at random; None if there is none.

    Baselines and random selection itself have none. A run that repeats recorded sets buys as many labels as the original run,
    so random selection without ``replay`` is used if there is none with the same ``replay``.
    """
    if arm.kind != "selection":
        return None
    alike = [other for other in group if other.kind == "random" and _train_alike(arm, other)]
    alike = [other for other in alike if agree(arm.settings, other.settings, BUDGET)]
    return _closest(arm, _first(arm, alike, "replay"))


def differing(arm: Arm, control: Arm) -> list[str]:
    """Settings outside the comparison in which a control differs: the difference in F1 may be due to them as well.

    The comparison covers the acquisition for a random control, and all selection settings for a baseline.
    """
    compared = arm.names_in("selection") | control.names_in("selection") if control.kind == "baseline" else {"acquire"}
    return [key for key in varying([arm.settings, control.settings]) if key not in compared]


def _train_alike(arm: Arm, other: Arm) -> bool:
    """Whether all settings outside the selection agree, except :data:`NOT_SHARED`."""
    outside = ("data", "model", "training")
    names = arm.names_in(*outside) | other.names_in(*outside)
    return agree(arm.settings, other.settings, names - set(NOT_SHARED))


def _first(arm: Arm, candidates: list[Arm], key: str) -> list[Arm]:
    """The candidates with the same setting; all of them if none has it."""
    return [other for other in candidates if agree(arm.settings, other.settings, [key])] or candidates


def _closest(arm: Arm, candidates: list[Arm]) -> Arm | None:
    """The candidate with the most settings in common, so that clusters are compared with clusters; ties by label."""
    return min(candidates, key=lambda other: (-agreements(arm.settings, other.settings), other.label), default=None)
