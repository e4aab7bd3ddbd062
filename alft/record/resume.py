"""Resumes a stopped run, with the same settings, data and state, or not at all.

``fit --ckpt_path last`` resumes the newest unfinished run of the same name, ``fit --ckpt_path RUN/checkpoints/last.ckpt`` that
run. Lightning does the rest: it restores weights, optimizer, schedule and the DataModule's ledger from the checkpoint.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alft.record.checkpoints import read_checkpoint, refuse_unfit_to_resume
from alft.record.folder import RunFolder, claim_unfinished, hold
from alft.record.same_run import first_difference
from alft.system.run_files import CONFIG, SUMMARY, best_checkpoint, last_checkpoint, oldest_first, run_of

LAST = "last"
RUN = "ALFT_RUN"
"""Environment variable by which the first process passes the run folder to those that Lightning starts later."""


@dataclass(frozen=True)
class Resumed:
    """A run to resume: its folder, the checkpoint, and the lock on the folder (None except on the first process)."""

    path: Path
    checkpoint: Path
    folder: RunFolder | None


def find_run(ckpt_path: str, root: str | Path, name: str, first_process: bool) -> Resumed | None:
    """Find the run given by ``--ckpt_path``; None if it is ``last`` and there is none.

    Raises:
        ValueError: The checkpoint does not exist or is not from a run of alft, or its run is finished or still in progress.
    """
    if not first_process:
        return _found_by_first_process(ckpt_path)
    if ckpt_path == LAST:
        return _newest(root, name)
    checkpoint = Path(ckpt_path).expanduser()
    refuse_unfit_to_resume(read_checkpoint(checkpoint), checkpoint)
    run = _run_with_config(checkpoint)
    if (run / SUMMARY).exists():
        raise ValueError(f"ckpt_path: the run in {run} is finished, there is nothing to go on with")
    if last_checkpoint(run).is_dir():
        raise ValueError(f"ckpt_path: {last_checkpoint(run)} is a folder, where the run writes its newest epoch; move it away")
    folder = hold(run)
    if folder is None:
        raise ValueError(f"ckpt_path: the run in {run} is being trained by another process")
    return Resumed(run, checkpoint, folder)


def finished_run(ckpt_path: str, root: str | Path, name: str, settings: Mapping[str, Any]) -> Path | None:
    """The finished run with these settings that ``--ckpt_path`` means, for what is still to be done with it; None if none.

    Args:
        ckpt_path: ``last`` for the newest run of this name, or a checkpoint of the run.
        root: Folder of all runs.
        name: Name of the run.
        settings: The settings of ``fit`` as they are written to ``config.yaml``.
    """
    newest = oldest_first(Path(root, name).glob("version_*"))[-1:]
    run = next(iter(newest), None) if ckpt_path == LAST else run_of(Path(ckpt_path).expanduser())
    if run is None or not (run / SUMMARY).is_file() or not last_checkpoint(run).is_file():
        return None
    try:
        return run if first_difference(settings, run) is None else None
    except (OSError, ValueError):
        return None


def refuse_other_settings(settings: Mapping[str, Any], run: Path) -> None:
    """Refuse settings that differ from the run's own and would change its result.

    Args:
        settings: The settings of ``fit`` as they are written to ``config.yaml``.
        run: The run's folder.

    Raises:
        ValueError: A setting differs; the message gives both values.
    """
    try:
        difference = first_difference(settings, run)
    except (OSError, ValueError) as error:
        raise ValueError(f"ckpt_path: the settings of the run in {run} cannot be read from its config.yaml") from error
    if difference:
        raise ValueError(
            f"{difference} in the run in {run}, which can only go on as it began; leave --ckpt_path out to start another"
        )


def how_to_go_on(run: Path | None, args: Sequence[str]) -> str:
    """The command line that continues or restarts a stopped command.

    Args:
        run: Folder of the run, if it already had one.
        args: The command line.
    """
    if run is not None and last_checkpoint(run).is_file():
        config, checkpoint = shlex.quote(str(run / CONFIG)), shlex.quote(str(last_checkpoint(run)))
        return f"go on with: python -m alft fit --config {config} --ckpt_path {checkpoint}"
    return f"no epoch was finished; start again with: {shlex.join(['python', '-m', 'alft', *args])}"


def _newest(root: str | Path, name: str) -> Resumed | None:
    """The newest unfinished run; its checkpoint is whole, since another one is not gone on with in its place unasked."""
    folder = claim_unfinished(root, name)
    if folder is None:
        return None
    last, best = last_checkpoint(folder.path), best_checkpoint(folder.path)
    other = f"such as {best}" if best.is_file() else "of another run"
    try:
        read_checkpoint(last, f"ckpt_path {LAST}", f"{other}, or move the folder {folder.path} away to start a new run")
    except ValueError:
        folder.release()
        raise
    return Resumed(folder.path, last, folder)


def _found_by_first_process(ckpt_path: str) -> Resumed | None:
    """The run as seen by a process other than the first; the first has done the checks."""
    if ckpt_path != LAST:
        checkpoint = Path(ckpt_path).expanduser()
        return Resumed(_run_with_config(checkpoint), checkpoint, None)
    if RUN not in os.environ:
        raise ValueError(
            "ckpt_path last is for processes that alft starts itself; where a launcher starts them all, give the file: "
            "--ckpt_path RUN/checkpoints/last.ckpt"
        )
    run = Path(os.environ[RUN])
    return Resumed(run, last_checkpoint(run), None) if last_checkpoint(run).is_file() else None


def _run_with_config(checkpoint: Path) -> Path:
    run = run_of(checkpoint)
    if run is None or not (run / CONFIG).is_file():
        raise ValueError(f"ckpt_path: {checkpoint} does not lie in the folder checkpoints of a run with a config.yaml")
    return run
