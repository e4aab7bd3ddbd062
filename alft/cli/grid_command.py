"""``python -m alft grid``: its arguments, its checks before any run starts, and its output."""

import json
import shlex
import shutil
import signal
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alft.cli.parser import SentenceParser
from alft.cli.settings_service import SettingsService
from alft.grid.cell_folder import LOG, CellFolder
from alft.grid.runner import Ended, run_cells
from alft.grid.sweep_file import read_sweep
from alft.record.same_run import first_difference
from alft.system.run_files import CONFIG, SUMMARY, last_checkpoint
from alft.system.signals import Stopped
from alft.system.terminal import show

A_DAY = 86_400.0


def run(parser: SentenceParser, args: list[str]) -> None:
    """Run the unfinished runs of a sweep."""
    parser.add_argument(
        "sweep", type=str, help="Sweep file in W&B's format, such as sweeps/languages.yaml; its method is grid."
    )
    parser.add_argument("--jobs", type=int, default=1, help="Runs at a time; the processor's cores are shared among them.")
    parser.add_argument("--root", type=str | None, help="Folder for the runs; by default runs/ and the name of the sweep file.")
    parser.add_argument(
        "--drop_checkpoints",
        action="store_true",
        help="Remove a run's checkpoints when it has finished: two of up to 1.3 GB for a BERT of the usual size.",
    )
    settings = parser.parse_args(args)
    if settings.jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {settings.jobs}")
    sweep = Path(settings.sweep).expanduser()
    if not sweep.is_file():
        raise ValueError(f"there is no sweep file {sweep}")
    root = Path(settings.root).expanduser() if settings.root else Path("runs", sweep.stem)
    folders = [CellFolder(cell, root / cell.name) for cell in read_sweep(sweep)]
    try:
        run_folders(str(sweep), root, folders, settings.jobs, settings.drop_checkpoints)
    except Stopped as stop:
        stop.add_note("what was begun goes on when the same command is given again")
        raise


def run_folders(name: str, root: Path, folders: list[CellFolder], jobs: int, drop_checkpoints: bool) -> None:
    """Determine the unfinished cells, run them, and report the outcome.

    Args:
        name: Name of the whole, for the reader.
        root: Folder of the cells.
        folders: The cells.
        jobs: Runs at a time.
        drop_checkpoints: Whether to remove the checkpoints of finished runs.

    Raises:
        ValueError: The settings of a cell cannot be used, or runs have failed.
    """
    left = _left(folders)
    show(f"{name}: {len(folders)} runs, {len(folders) - len(left)} finished, {len(left)} to do in {root}")
    if drop_checkpoints:
        for folder in set(folders) - set(left):
            _drop(folder)
    failed = _run_left(left, jobs, drop_checkpoints) if left else []
    if failed:
        raise ValueError(
            f"{len(failed)} of {len(left)} runs failed, the first in {failed[0].folder.path} ({LOG} there says more): "
            f"{_reason(failed[0])}"
        )
    others = sum(folder.finished is None for folder in folders)
    there = f"{others} are still run by another process, the others are there" if others else "all runs are there"
    show(f"{there}: python -m alft report {shlex.quote(str(root))}")


def _left(folders: list[CellFolder]) -> list[CellFolder]:
    """The cells without a finished run; all command lines are checked first, so that an error in the last one is found early.

    Errors that depend on the data, such as the size of a pool, are found when a run starts.
    """
    left = []
    with _progress() as progress, SettingsService() as service:
        task = progress.add_task("reading the settings", total=len(folders))
        for folder in folders:
            done = folder.finished
            settings = service.settings_of(folder.cell.arguments, check=done is None)
            run = done or folder.begun
            # If only summaries were kept, the name of the cell, which contains its arguments, must suffice.
            if run and (run / CONFIG).exists() and (difference := first_difference(settings, run)):
                raise ValueError(f"{difference} in the run in {run}, which was begun before; choose another --root")
            if not done:
                left.append(folder)
            progress.advance(task)
        progress.update(task, visible=False)
    return left


def _run_left(left: list[CellFolder], jobs: int, drop_checkpoints: bool) -> list[Ended]:
    """Run cells; return those that failed."""
    failed: list[Ended] = []
    with _progress() as progress:
        task = progress.add_task("runs", total=len(left))
        progress.advance(task, 0)  # the remaining time is estimated from here on

        def tell(ended: Ended) -> None:
            if _is_failure(ended):  # what failed, such as an export, can still be done from its checkpoints
                failed.append(ended)
            elif drop_checkpoints:
                _drop(ended.folder)
            line = f"{_outcome(ended)}: {ended.folder.cell.label}"
            progress.console.print(line, highlight=False, markup=False, soft_wrap=True)
            progress.advance(task)

        for folder in run_cells(left, jobs, tell):
            line = f"{'finished' if folder.finished else 'taken'} by another process: {folder.path}"
            progress.console.print(line, highlight=False, markup=False, soft_wrap=True)
            progress.advance(task)
    return failed


def _drop(folder: CellFolder) -> None:
    """Remove the checkpoints of a finished run."""
    if run := folder.finished:
        shutil.rmtree(last_checkpoint(run).parent, ignore_errors=True)


def _is_failure(ended: Ended) -> bool:
    return ended.exit_code != 0 or ended.folder.finished is None


def _outcome(ended: Ended) -> str:
    run = ended.folder.finished
    if run is None or _is_failure(ended):
        return f"failed after {ended.seconds:.0f} s, {_reason(ended)}"
    score = json.loads((run / SUMMARY).read_text(encoding="utf-8"))["test"]["f1_macro"]
    return f"done in {ended.seconds:.0f} s, test macro-F1 {'-' if score is None else f'{score:.3f}'}"


def _reason(ended: Ended) -> str:
    killed = f"killed by {signal.Signals(-ended.exit_code).name}; before that: " if ended.exit_code < 0 else ""
    return killed + ended.folder.last_words()


def _progress() -> Progress:
    """A bar with the remaining time, estimated from all runs so far: they take minutes, longer than the default window."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left:"))
    return Progress(*columns, TimeRemainingColumn(), speed_estimate_period=A_DAY)
