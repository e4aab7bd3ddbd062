"""With which arm is an arm compared? With the baseline, and with random selection at the same budget (rules ours).

A difference should come from the selection alone, so both must train alike, see :data:`TRAINING`. Of several candidates the
most alike is taken, and in what it still differs is told. Whatever is not named in a summary counts as null.
"""

from collections.abc import Sequence

from alft.report.arms import Arm
from alft.report.settings import agree, agreements, varying

TRAINING = (
    *("backbone", "lora", "lr", "batch_size", "precision", "max_length", "decay", "test_on"),
    *("weight_decay", "warmup", "accumulate", "gradient_clip"),
)
"""What an arm shares with its baseline and with its random control."""

BUDGET = ("epochs", "budget", "mode", "max_unique", "warm_start")
"""What it shares with its random control besides: what decides how many rows and labels each epoch gets."""

SELECTING = (
    *("acquire", "budget", "mode", "max_unique", "warm_start", "cluster", "embedding", "recluster", "allocate"),
    *("scoring_precision", "replay"),
)
"""In what an arm and its baseline cannot but differ: settings of the selection, which a baseline has not."""


def baseline_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on the whole pool; None if there is none, or if this is one itself.

    One with the same number of epochs comes first. Only if there is none, another may stand in.
    """
    if arm.kind == "baseline":
        return None
    alike = [other for other in group if other.kind == "baseline" and agree(arm.settings, other.settings, TRAINING)]
    return _closest(arm, _first(arm, alike, "epochs"))


def random_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on as many rows chosen at random; None if there is none to compare with.

    Neither a baseline nor random selection itself has one. A run that repeats recorded sets buys as many labels as those did,
    so random selection that was not repeated may stand in, if there is none with the same ``replay``.
    """
    if arm.kind != "selection":
        return None
    keys = TRAINING + BUDGET
    alike = [other for other in group if other.kind == "random" and agree(arm.settings, other.settings, keys)]
    return _closest(arm, _first(arm, alike, "replay"))


def differing(arm: Arm, control: Arm) -> list[str]:
    """Settings besides those of the comparison in which a control differs: the difference in F1 is theirs as well.

    Those of the comparison are the acquisition for a random control, and all of the selection for a baseline.
    """
    compared = SELECTING if control.kind == "baseline" else ("acquire",)
    return [key for key in varying([arm.settings, control.settings]) if key not in compared]


def _first(arm: Arm, candidates: list[Arm], key: str) -> list[Arm]:
    """The candidates with the same setting; all of them if none has it."""
    return [other for other in candidates if agree(arm.settings, other.settings, [key])] or candidates


def _closest(arm: Arm, candidates: list[Arm]) -> Arm | None:
    """The candidate with the most settings in common, so that clusters are compared with clusters; ties by label."""
    return min(candidates, key=lambda other: (-agreements(arm.settings, other.settings), other.label), default=None)
