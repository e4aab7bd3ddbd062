"""What does ``python -m alft report`` take, and where does the report go? What it says is made in :mod:`alft.report`."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd

from alft.report import as_csv, as_markdown, as_terminal, compare, load_epochs, load_runs
from alft.run.parser import SentenceParser
from alft.use.output import refuse_output, write_atomically

Format = Literal["table", "markdown", "csv"]


def report(parser: SentenceParser, args: list[str]) -> None:
    """Compare finished runs."""
    parser.add_argument("runs", type=str, nargs="+", help="Folders with finished runs, searched to any depth.")
    parser.add_argument("--format", type=Format, default="table", help="table, markdown, or csv with all figures unrounded.")
    parser.add_argument("--output", type=str | None, help="File to write instead of the terminal.")
    parser.add_argument("--force", action="store_true", help="Write over the output if it is there already.")
    parser.add_argument("--plots", type=str | None, help="Folder to draw the figures of every group into.")
    settings = parser.parse_args(args)
    roots = [Path(root).expanduser() for root in settings.runs]
    output = None if settings.output is None else Path(settings.output).expanduser()
    if output is not None:
        refuse_output(output, settings.force, endings=None)
    text = _formats()[settings.format](compare(*roots))
    if output is None:
        print(text, end="")
    else:
        write_atomically(output, lambda place: place.write_text(text, encoding="utf-8"))
        print(f"report: {output}")
    if settings.plots is not None:
        _draw(roots, Path(settings.plots).expanduser())


def _formats() -> dict[str, Callable[[pd.DataFrame], str]]:
    columns = shutil.get_terminal_size((128, 24)).columns  # 128 where there is no terminal, as in a pipe
    return {"table": lambda table: as_terminal(table, columns), "markdown": as_markdown, "csv": as_csv}


def _draw(roots: list[Path], folder: Path) -> None:
    """Draw the plots; their paths go to stderr, so that a CSV on stdout stays one."""
    from alft.report.plots import draw_all  # matplotlib takes a second to load, and no other command needs it

    folder.mkdir(parents=True, exist_ok=True)
    paths = draw_all(load_runs(*roots), load_epochs(*roots), folder)
    print("plots:", ", ".join(map(str, paths)), file=sys.stderr)
