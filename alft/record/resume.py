"""How does a stopped run go on? With the settings, the data and the state that it had, or not at all.

``fit --ckpt_path last`` takes the newest unfinished run of the same name, ``fit --ckpt_path RUN/checkpoints/last.ckpt`` that
one. The rest is Lightning's: it restores weights, optimizer, schedule and the DataModule's ledger out of the checkpoint.
"""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alft.record.config_file import NAME, read_config
from alft.record.folder import SUMMARY, RunFolder, claim_unfinished, hold, last_checkpoint
from alft.use.restore import read_checkpoint

LAST = "last"
RUN = "ALFT_RUN"
"""Environment variable in which the first process tells those that Lightning starts after it where the run is."""

BLOCKS = ("model", "data", "active")
OTHERS = ("seed_everything", "test_on")
TRAINER = (
    *("max_epochs", "min_epochs", "precision", "accumulate_grad_batches", "gradient_clip_val", "gradient_clip_algorithm"),
    *("deterministic", "callbacks", "plugins", "inference_mode"),
)
"""Settings of the Trainer that would make another run of it; where it runs and what it logs to may change."""


@dataclass(frozen=True)
class Resumed:
    """A run to go on with: its folder, the checkpoint, and the lock on the folder (none on further processes)."""

    path: Path
    checkpoint: Path
    folder: RunFolder | None


def find_run(ckpt_path: str, root: str | Path, name: str, first_process: bool) -> Resumed | None:
    """The run that ``--ckpt_path`` means; None where it is ``last`` and there is none.

    Raises:
        ValueError: The checkpoint is not there, or not one of a run of ours, or its run is finished or in other hands.
    """
    if not first_process:
        return _told(ckpt_path)
    if ckpt_path == LAST:
        folder = claim_unfinished(root, name)
        return Resumed(folder.path, last_checkpoint(folder.path), folder) if folder else None
    checkpoint = Path(ckpt_path).expanduser()
    read_checkpoint(checkpoint)
    run = _run_of(checkpoint)
    if (run / SUMMARY).exists():
        raise ValueError(f"ckpt_path: the run in {run} is finished, there is nothing to go on with")
    folder = hold(run)
    if folder is None:
        raise ValueError(f"ckpt_path: the run in {run} is being trained by another process")
    return Resumed(run, checkpoint, folder)


def refuse_other_settings(settings: Mapping[str, Any], run: Path) -> None:
    """Refuse settings that differ from the run's own, where another run would come of it.

    Args:
        settings: The settings of ``fit`` as they are written to ``config.yaml``.
        run: The run's folder.

    Raises:
        ValueError: One differs; the sentence has both values.
    """
    try:
        difference = first_difference(settings, run)
    except (OSError, ValueError) as error:
        raise ValueError(f"ckpt_path: the settings of the run in {run} cannot be read from its config.yaml") from error
    if difference:
        raise ValueError(
            f"{difference} in the run in {run}, which can only go on as it began; leave --ckpt_path out to start another"
        )


def first_difference(settings: Mapping[str, Any], run: Path) -> str | None:
    """The first setting in which a run is another than these would give, with both values; None if there is none.

    Raises:
        OSError: The run has no ``config.yaml``.
        ValueError: It cannot be read.
    """
    for name, ours, theirs in _differences(_that_matter(settings), _that_matter(read_config(run))):
        return f"{name} is {_shown(ours)}, but {_shown(theirs)}"
    return None


def how_to_go_on(run: Path | None, args: Sequence[str]) -> str:
    """What to type to get what a stopped command was to give.

    Args:
        run: Folder of the run, if it had one already.
        args: The command line.
    """
    if run is not None and last_checkpoint(run).is_file():
        config, checkpoint = shlex.quote(str(run / NAME)), shlex.quote(str(last_checkpoint(run)))
        return f"go on with: python -m alft fit --config {config} --ckpt_path {checkpoint}"
    return f"no epoch was finished; start again with: {shlex.join(['python', '-m', 'alft', *args])}"


def _told(ckpt_path: str) -> Resumed | None:
    """On another process than the first, which has decided already."""
    if ckpt_path != LAST:
        checkpoint = Path(ckpt_path).expanduser()
        return Resumed(_run_of(checkpoint), checkpoint, None)
    if RUN not in os.environ:
        raise ValueError(
            "ckpt_path last is for processes that alft starts itself; where a launcher starts them all, give the file: "
            "--ckpt_path RUN/checkpoints/last.ckpt"
        )
    run = Path(os.environ[RUN])
    return Resumed(run, last_checkpoint(run), None) if last_checkpoint(run).is_file() else None


def _run_of(checkpoint: Path) -> Path:
    if checkpoint.parent.name != "checkpoints" or not (checkpoint.parent.parent / NAME).is_file():
        raise ValueError(f"ckpt_path: {checkpoint} does not lie in the folder checkpoints of a run with a config.yaml")
    return checkpoint.parent.parent


def _that_matter(settings: Mapping[str, Any]) -> dict[str, Any]:
    trainer = settings.get("trainer") or {}
    return {
        **{name: settings.get(name) for name in (*BLOCKS, *OTHERS)},
        "trainer": {name: trainer.get(name) for name in TRAINER},
    }


def _differences(ours: Any, theirs: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Full name and both values of the settings that differ; a block that one side has not is one setting.

    One that their side does not name came with a later version: ``config.yaml`` is complete.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(theirs):
            yield from _differences(ours.get(key), theirs.get(key), f"{name}.{key}" if name else key)
    elif ours != theirs:
        yield name, ours, theirs


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
