"""``python -m alft grid``: what it takes, what it refuses before any run starts, and what it tells."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alft.data.pool import TextPool
from alft.grid.cell_folder import LOG, CellFolder
from alft.grid.runner import Ended, run_cells
from alft.grid.sweep_file import read_sweep
from alft.models.classifier import Classifier
from alft.record.folder import SUMMARY, last_checkpoint
from alft.record.resume import first_difference
from alft.run.checks import refuse_fit_settings
from alft.run.interruption import Stopped
from alft.run.parser import SentenceParser
from alft.run.tables import show
from alft.run.wiring import AlftCLI

A_DAY = 86_400.0


class FitSettings(AlftCLI):
    """Parses the settings of a fit, and does nothing with them."""

    def __init__(self, arguments: list[str]) -> None:
        """Parse what follows ``python -m alft fit``."""
        super().__init__(
            Classifier,
            TextPool,
            args=arguments,
            run=False,
            seed_everything_default=0,
            auto_configure_optimizers=False,
            parser_class=SentenceParser,
            parser_kwargs={"allow_abbrev": False},
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse what a fit would refuse."""
        LightningCLI.parse_arguments(self, parser, args)
        refuse_fit_settings(self.config)

    def instantiate_classes(self) -> None:
        """Make no model and read no data."""

    def after_instantiate_classes(self) -> None:
        """There is nothing to check."""

    @property
    def plain(self) -> dict[str, Any]:
        """The settings as ``config.yaml`` has them."""
        settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_none=False))
        return settings


def grid(parser: SentenceParser, args: list[str]) -> None:
    """Run what is left of a sweep."""
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
    left = _left(folders)
    show(f"{sweep}: {len(folders)} runs, {len(folders) - len(left)} finished, {len(left)} to do in {root}")
    failed, elsewhere = _run(left, settings.jobs, settings.drop_checkpoints)
    for folder in elsewhere:
        show(f"left to the process that has it: {folder.path}")
    if failed:
        first = failed[0].folder
        raise ValueError(
            f"{len(failed)} of {len(left)} runs failed, the first in {first.path} ({LOG} there says more): {first.last_words()}"
        )
    show(f"all runs there are: python -m alft report {root}")


def _left(folders: list[CellFolder]) -> list[CellFolder]:
    """The cells without a finished run; every command line is tried first, so that a mistake in the last one costs no night."""
    left = []
    with _progress() as progress:
        task = progress.add_task("reading the settings", total=len(folders))
        for folder in folders:
            settings = FitSettings(list(folder.cell.arguments)).plain
            done = folder.finished
            if (run := done or folder.begun) and (difference := first_difference(settings, run)):
                raise ValueError(f"{difference} in the run in {run}, which was begun before; choose another --root")
            left += [] if done else [folder]
            progress.advance(task)
        progress.update(task, visible=False)
    return left


def _run(left: list[CellFolder], jobs: int, drop_checkpoints: bool) -> tuple[list[Ended], list[CellFolder]]:
    failed: list[Ended] = []
    if not left:
        return [], []
    with _progress() as progress:
        task = progress.add_task("runs", total=len(left))

        def tell(ended: Ended) -> None:
            failed.extend([ended] if ended.exit_code else [])
            progress.console.print(f"{_outcome(ended)}: {ended.folder.cell.label}", highlight=False, soft_wrap=True)
            progress.advance(task)
            if drop_checkpoints and (run := ended.folder.finished):
                shutil.rmtree(last_checkpoint(run).parent, ignore_errors=True)

        try:
            elsewhere = run_cells(left, jobs, tell)
        except Stopped as stop:
            stop.add_note("what was begun goes on when the same command is given again")
            raise
    return failed, elsewhere


def _outcome(ended: Ended) -> str:
    run = ended.folder.finished
    if ended.exit_code or run is None:
        return f"failed after {ended.seconds:.0f} s, {ended.folder.last_words()}"
    score = json.loads((run / SUMMARY).read_text(encoding="utf-8"))["test"]["f1_macro"]
    return f"done in {ended.seconds:.0f} s, test macro-F1 {'-' if score is None else f'{score:.3f}'}"


def _progress() -> Progress:
    """A bar with the time left, judged by all runs so far: they take minutes, so that the usual window would hold none."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left:"))
    return Progress(*columns, TimeRemainingColumn(), speed_estimate_period=A_DAY)
