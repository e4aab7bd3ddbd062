"""Compares settings with the ``config.yaml`` of a run, to determine whether they give the same run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alft.record.config_file import read_config
from alft.system.earlier import writes_defaults_out, written_out

BLOCKS = ("model", "data", "active")
OTHERS = ("seed_everything", "test_on")
TRAINING = (
    *("max_epochs", "min_epochs", "precision", "accumulate_grad_batches"),
    *("gradient_clip_val", "gradient_clip_algorithm"),
)
"""Trainer settings with plain values that change the result of a run; also recorded in the summary."""

TRAINER = (*TRAINING, "deterministic", "callbacks", "plugins", "inference_mode")
"""All Trainer settings that change the result of a run; hardware and loggers may change."""


def first_difference(settings: Mapping[str, Any], run: Path) -> str | None:
    """The first setting that makes these settings a different run, with both values; None if there is none.

    Args:
        settings: The settings of ``fit`` as they are written to ``config.yaml``.
        run: The run's folder.

    Raises:
        OSError: The run has no ``config.yaml``.
        ValueError: It cannot be read.
    """
    now, then = _that_matter(settings), _that_matter(read_config(run))
    if writes_defaults_out(then):
        now["model"] = written_out(now["model"] or {})
    for name, ours, theirs in _differences(now, then):
        return f"{name} is {_shown(ours)}, but {_shown(theirs)}"
    return None


def _that_matter(settings: Mapping[str, Any]) -> dict[str, Any]:
    trainer = settings.get("trainer") or {}
    return {
        **{name: settings.get(name) for name in (*BLOCKS, *OTHERS)},
        "trainer": {name: trainer.get(name) for name in TRAINER},
    }


def _differences(ours: Any, theirs: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Full name and both values of the settings that differ; a block that one side lacks counts as one setting.

    A setting missing on their side was added in a later version, since ``config.yaml`` is complete.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(theirs):
            yield from _differences(ours.get(key), theirs.get(key), f"{name}.{key}" if name else key)
    elif ours != theirs:
        yield name, ours, theirs


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
