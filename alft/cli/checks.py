"""Checks of the parsed command line: settings that must fail are refused in one sentence before anything runs."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from alft.fit.trainer import as_list
from alft.loop.callback_rules import refuse_callback
from alft.models.defaults import plain_defaults
from alft.system.nulls import refuse_nulls
from alft.task.known import import_task
from alft.use.target import ExportTarget, asked_format

MOST_SEED = 2**32 - 1
"""The largest seed that numpy takes."""


def refuse_fit_settings(settings: Any) -> None:
    """Refuse settings that the Trainer would change, or refuse without naming what the user typed.

    Args:
        settings: The parsed settings of ``fit``.
    """
    import_task(settings.data.task)
    if settings.trainer.max_epochs is None:  # the Trainer would use 1000
        raise ValueError(
            "trainer.max_epochs must be given, because the budget is spread over the epochs; try --trainer.max_epochs 8"
        )
    if settings.trainer.default_root_dir is None:
        raise ValueError("trainer.default_root_dir must be given, it cannot be null")
    for name, parsed in _objects(settings.active, "active") + _objects(settings.trainer, "trainer"):
        refuse_nulls(_class_of(parsed), _arguments(parsed), name)
    if not 0 <= settings.seed_everything <= MOST_SEED:
        raise ValueError(f"seed_everything must be in [0, {MOST_SEED}], got {settings.seed_everything}")
    for callback in as_list(settings.trainer.callbacks):
        refuse_callback(_class_of(callback))
    if settings.trainer.barebones:
        raise ValueError("trainer.barebones cannot be used, it switches off the books that a run keeps")
    if settings.test_on == "best" and settings.trainer.enable_checkpointing is False:
        raise ValueError("test_on best needs checkpoints, but trainer.enable_checkpointing is false")
    if target := export_target(settings):
        head = settings.model.head.class_path if settings.model.head else None
        default: str = plain_defaults({"head": None}, settings.data.task)["head"]["class_path"]
        target.check(settings.model.backbone, settings.model.lora, head or default)
    elif left := next((name for name in ("format", "adapter", "force") if settings[name]), None):
        raise ValueError(f"{left} belongs to --export DIR, which was not given")


def export_target(settings: Any) -> ExportTarget | None:
    """Target of ``--export``; None without it."""
    if settings.export is None:
        return None
    return ExportTarget(Path(settings.export).expanduser(), asked_format(settings.format, settings.adapter), settings.force)


def refuse_fit_only(args: Sequence[str], command: str) -> None:
    """Refuse settings used only by fit on the command line of another command; the config of a run may contain them."""
    for arg in args:
        name = arg.split("=")[0]
        if name in ("--arm", "--test_on", "--controls", "--export", "--format", "--adapter", "--force"):
            raise ValueError(f"{name} is a setting of fit, {command} does not use it")
        if name.startswith(("--model.", "--active.")):
            raise ValueError(f"{name} is a setting of fit, {command} takes the model as the checkpoint has it")


def _objects(settings: Any, name: str) -> list[tuple[str, Any]]:
    """Parsed objects that are not made yet, in a block of settings and inside each other, with the name of their setting."""
    if not isinstance(settings, Namespace):
        return []
    is_object = "class_path" in settings
    found = [(name, settings)] if is_object else []
    for key, value in (_arguments(settings) if is_object else vars(settings)).items():
        for entry in as_list(value):
            found += _objects(entry, f"{name}.{key}")
    return found


def _arguments(parsed: Any) -> dict[str, Any]:
    """Arguments of a parsed object; jsonargparse leaves the block out if there is none."""
    return vars(parsed.init_args) if "init_args" in parsed else {}


def _class_of(parsed: Any) -> type:
    """The class of a parsed object that is not made yet."""
    module, _, name = parsed.class_path.rpartition(".")
    kind: type = getattr(import_module(module), name)
    return kind
