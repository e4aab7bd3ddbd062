"""Names the setting of the Trainer that is at fault: a range that it does not check, or an error of its constructor."""

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from inspect import signature
from typing import Any

from lightning import Trainer

from alft.system.excerpt import excerpt

Settings = Mapping[str, Any]

MENDS: dict[str, str] = {
    "accelerator": "use auto or cpu",
    "devices": "give as many as this machine has, or auto",
    "num_nodes": "give the number of machines",
    "strategy": "use auto, or ddp for several processes",
    "precision": "use 32-true or bf16-mixed",
    "profiler": "use simple, advanced or pytorch",
    "gradient_clip_algorithm": "use norm or value",
}
"""What to set instead; other settings are best left out."""

PLACE = ("accelerator", "devices")
"""Settings that say where a run is computed, on which others depend."""

NAMES = {"64": "64-true", "32": "32-true", "16": "16-mixed", "bf16": "bf16-mixed"}
"""Lightning's long names of its short ones for the precision."""


def _at_least(least: int) -> Callable[[Any], bool]:
    return lambda value: value is None or value >= least


def _is_bound(value: Any) -> bool:
    return value is None or (value >= 0 and math.isfinite(value))


RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "accumulate_grad_batches": (_at_least(1), "must be at least 1"),
    "gradient_clip_val": (_is_bound, "must be a finite number of at least 0, which is none"),
    "log_every_n_steps": (_at_least(0), "must be at least 0"),
    "profiler": (
        lambda value: value != "xla" or find_spec("torch_xla") is not None,
        "must be simple, advanced or pytorch without torch_xla",
    ),
    "min_epochs": (_at_least(0), "must be at least 0"),
    "use_distributed_sampler": (
        lambda value: value is not False,
        "must be true, else each of several processes trains on the whole set",
    ),
}
"""Values that the Trainer accepts, and ignores or fails on later."""


def named_trainer(settings: Settings, asked: Settings) -> Trainer:
    """Make a Trainer.

    Args:
        settings: All arguments of the Trainer.
        asked: Those of the user, under whose names mistakes are reported.

    Raises:
        ValueError: A setting cannot be used; the message names it.
    """
    refuse_out_of_range(asked)
    try:
        made = Trainer(**settings)
    except Exception as error:  # the constructor refuses mistakes by exceptions of many kinds
        raise ValueError(_told(error, asked)) from error
    _refuse_replaced_precision(made, asked.get("precision"))
    return made


def refuse_out_of_range(asked: Settings) -> None:
    """Refuse values that the Trainer's constructor accepts, but that make no sense.

    Raises:
        ValueError: The message names the setting and the rule.
    """
    known = list(signature(Trainer).parameters)
    for name in asked:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise ValueError(f"there is no setting trainer.{name}" + (f"; did you mean {close[0]}?" if close else ""))
    for name, (allowed, rule) in RANGES.items():
        if name in asked and not allowed(asked[name]):
            raise ValueError(f"trainer.{name} {rule}, got {asked[name]}")
    fewest, most = asked.get("min_epochs"), asked.get("max_epochs")
    if fewest is not None and most is not None and fewest > most >= 1:
        raise ValueError(f"trainer.min_epochs must be at most trainer.max_epochs ({most}), got {fewest}")


def _told(error: Exception, asked: Settings) -> str:
    """The sentence for an error: about the first setting that fails with defaults for the others, or about all of them."""
    given = {name: asked[name] for name in dict.fromkeys([*PLACE, *asked]) if asked.get(name) is not None}
    for name, value in given.items():
        before = PLACE[: PLACE.index(name)] if name in PLACE else PLACE
        if reason := _refused({**{other: given[other] for other in before if other in given}, name: value}):
            return f"trainer.{name} cannot be {excerpt(value)}: {reason}; {MENDS.get(name, 'leave it out')}"
    return f"trainer: these settings do not go together: {_short(error)}"


def _refused(settings: Settings) -> str | None:
    """Why the Trainer refuses these settings, with defaults for all others; None if it does not."""
    quiet: dict[str, Any] = {"logger": False, "enable_checkpointing": "callbacks" in settings, "enable_model_summary": False}
    try:
        Trainer(**{**quiet, **settings})
    except Exception as error:
        return _short(error)
    return None


def _short(error: Exception) -> str:
    """The first sentence of a library's message."""
    text = " ".join(str(error).split()).replace("`", "")
    first = text.split(". ")[0].rstrip(".!")
    return first if len(first) <= 160 else f"{first[:157]}..."


def _refuse_replaced_precision(made: Trainer, precision: Any) -> None:
    """Refuse a precision that the hardware does not have and Lightning has replaced."""
    asked = NAMES.get(str(precision), precision)
    if precision is not None and made.precision != asked:
        raise ValueError(
            f"trainer.precision cannot be {precision} on this hardware, which would compute in {made.precision}; set that"
        )
