"""Which command lines cannot end well? Each is refused in one sentence as soon as it is parsed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alft.use.export import ExportTarget


def refuse_fit_settings(settings: Any) -> None:
    """Refuse what the Trainer would change, or refuse in words that name nothing the user typed.

    Args:
        settings: The parsed settings of ``fit``.
    """
    if settings.trainer.max_epochs is None:  # the Trainer would put 1000 in its place
        raise ValueError(
            "trainer.max_epochs must be given, because the budget is spread over the epochs; try --trainer.max_epochs 8"
        )
    if settings.trainer.barebones:
        raise ValueError("trainer.barebones cannot be used, it switches off the books that a run keeps")
    if settings.test_on == "best" and settings.trainer.enable_checkpointing is False:
        raise ValueError("test_on best needs checkpoints, but trainer.enable_checkpointing is false")
    if target := export_target(settings):
        target.check(settings.model.backbone, settings.model.lora)
    elif settings.adapter or settings.force:
        raise ValueError(f"{'adapter' if settings.adapter else 'force'} belongs to --export DIR, which was not given")


def export_target(settings: Any) -> ExportTarget | None:
    """Where ``--export`` writes to; None without it."""
    if settings.export is None:
        return None
    return ExportTarget(Path(settings.export).expanduser(), settings.adapter, settings.force)


def refuse_fit_only(args: Sequence[str], command: str) -> None:
    """Refuse, on the command line of another command, what only a fit uses; a config of a run may hold it."""
    for arg in args:
        name = arg.split("=")[0]
        if name in ("--test_on", "--export", "--adapter", "--force"):
            raise ValueError(f"{name} is a setting of fit, {command} does not use it")
        if name.startswith(("--model.", "--active.")):
            raise ValueError(f"{name} is a setting of fit, {command} takes the model as the checkpoint has it")
