"""With which arm is an arm compared? With the baseline, and with random selection at the same budget (rules ours).

A difference should come from the selection alone, so both must train alike: the same encoder, LoRA, learning rate, batch size,
precision, length, decay, and choice of the weights to test. Whatever is not named in a summary counts as null.
"""

from collections.abc import Sequence

from alft.report.arms import Arm
from alft.report.settings import agree, agreements, varying

TRAINING = ("backbone", "lora", "lr", "batch_size", "precision", "max_length", "decay", "test_on")
"""What an arm shares with its baseline and with its random control."""

BUDGET = ("epochs", "budget", "mode", "max_unique", "warm_start", "replay")
"""What it shares with its random control besides: what decides how many rows and labels each epoch gets."""


def baseline_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on the whole pool; None if there is none, or if this is one itself.

    One with the same number of epochs comes first. Only if there is none, another may stand in, and :func:`same_epochs` tells.
    """
    if arm.kind == "baseline":
        return None
    alike = [other for other in group if other.kind == "baseline" and agree(arm.settings, other.settings, TRAINING)]
    return _closest(arm, [other for other in alike if same_epochs(arm, other)] or alike)


def random_of(arm: Arm, group: Sequence[Arm]) -> Arm | None:
    """The arm of the group that trains alike on as many rows chosen at random; None if there is none to compare with.

    Neither a baseline nor random selection itself has one.
    """
    if arm.kind != "selection":
        return None
    keys = TRAINING + BUDGET
    return _closest(arm, [other for other in group if other.kind == "random" and agree(arm.settings, other.settings, keys)])


def same_epochs(arm: Arm, other: Arm) -> bool:
    """Whether both train for the same number of epochs."""
    return agree(arm.settings, other.settings, ["epochs"])


def differing(arm: Arm, random: Arm) -> list[str]:
    """Settings besides the acquisition in which a random control differs: the difference is theirs as well."""
    return [key for key in varying([arm.settings, random.settings]) if key != "acquire"]


def _closest(arm: Arm, candidates: list[Arm]) -> Arm | None:
    """The candidate with the most settings in common, so that clusters are compared with clusters; ties by label."""
    return min(candidates, key=lambda other: (-agreements(arm.settings, other.settings), other.label), default=None)
