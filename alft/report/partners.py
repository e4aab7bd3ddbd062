"""With which arm is an arm compared? With the baseline, and with random selection at the same budget (rules ours).

A difference should come from the selection alone, so both must train alike: the groups data, model and training of their
settings agree, see :data:`NOT_SHARED`. Of several candidates the most alike is taken, and its other differences are named.
Whatever is not named in a summary counts as null.
"""

from collections.abc import Sequence

from alft.report.arms import Arm
from alft.report.settings import agree, agreements, varying

NOT_SHARED = ("max_epochs", "uncertainty", "epinet")
"""Settings outside the selection in which an arm and its control may differ if no control is closer; they are then named.

An epinet serves the scores, so it belongs to the selection in effect.
"""

BUDGET = ("max_epochs", "budget", "mode", "max_unique", "warm_start")
"""What an arm shares with its random control besides: what decides how many rows and labels each epoch gets."""


def baseline_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on the whole pool; None if there is none, or if this is one itself.

    One with the same number of epochs comes first. Only if there is none, another may stand in.
    """
    if arm.kind == "baseline":
        return None
    alike = [other for other in group if other.kind == "baseline" and _train_alike(arm, other)]
    return _closest(arm, _first(arm, alike, "max_epochs"))


def random_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on as many rows chosen at random; None if there is none to compare with.

    Neither a baseline nor random selection itself has one. A run that repeats recorded sets buys as many labels as those did,
    so random selection that was not repeated may stand in, if there is none with the same ``replay``.
    """
    if arm.kind != "selection":
        return None
    alike = [other for other in group if other.kind == "random" and _train_alike(arm, other)]
    alike = [other for other in alike if agree(arm.settings, other.settings, BUDGET)]
    return _closest(arm, _first(arm, alike, "replay"))


def differing(arm: Arm, control: Arm) -> list[str]:
    """Settings besides those of the comparison in which a control differs: the difference in F1 is theirs as well.

    Those of the comparison are the acquisition for a random control, and all of the selection for a baseline.
    """
    compared = arm.names_in("selection") | control.names_in("selection") if control.kind == "baseline" else {"acquire"}
    return [key for key in varying([arm.settings, control.settings]) if key not in compared]


def _train_alike(arm: Arm, other: Arm) -> bool:
    """Whether all settings agree that are none of the selection, but for :data:`NOT_SHARED`."""
    outside = ("data", "model", "training")
    names = arm.names_in(*outside) | other.names_in(*outside)
    return agree(arm.settings, other.settings, names - set(NOT_SHARED))


def _first(arm: Arm, candidates: list[Arm], key: str) -> list[Arm]:
    """The candidates with the same setting; all of them if none has it."""
    return [other for other in candidates if agree(arm.settings, other.settings, [key])] or candidates


def _closest(arm: Arm, candidates: list[Arm]) -> Arm | None:
    """The candidate with the most settings in common, so that clusters are compared with clusters; ties by label."""
    return min(candidates, key=lambda other: (-agreements(arm.settings, other.settings), other.label), default=None)
