"""``python -m alft report``: its arguments and output; the report is made in :mod:`alft.report`."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from alft.cli.parser import SentenceParser
from alft.report import as_csv, as_markdown, as_terminal, compare, contrasts, load_epochs, load_runs
from alft.system.output import refuse_output, write_text_atomically

Format = Literal["table", "markdown", "csv", "csv_contrasts"]


def run(parser: SentenceParser, args: list[str]) -> None:
    """Compare finished runs."""
    parser.add_argument("runs", type=str, nargs="+", help="Folders with finished runs, searched to any depth.")
    parser.add_argument(
        "--format",
        type=Format,
        default="table",
        help="table, markdown; unrounded: csv of all arms, csv_contrasts of pairs that differ in one setting.",
    )
    parser.add_argument("--output", type=str | None, help="File to write instead of the terminal.")
    parser.add_argument("--force", action="store_true", help="Write over the output if it is there already.")
    parser.add_argument("--plots", type=str | None, help="Folder to draw the figures of every group into.")
    settings = parser.parse_args(args)
    roots = [Path(root).expanduser() for root in settings.runs]
    output = None if settings.output is None else Path(settings.output).expanduser()
    plots = None if settings.plots is None else Path(settings.plots).expanduser()
    if plots is not None and plots.exists() and not plots.is_dir():
        raise ValueError(f"plots must be a folder, and {plots} is a file")
    if output is not None:
        refuse_output(output, settings.force)
    text = _formats()[settings.format](roots)
    if output is None:
        print(text, end="")
    else:
        write_text_atomically(output, text)
        print(f"report: {output}")
    if plots is not None:
        _draw(roots, plots)


def _formats() -> dict[str, Callable[[list[Path]], str]]:
    columns = shutil.get_terminal_size((128, 24)).columns  # 128 without a terminal, as in a pipe
    return {
        "table": lambda roots: as_terminal(compare(*roots), contrasts(*roots), columns),
        "markdown": lambda roots: as_markdown(compare(*roots), contrasts(*roots)),
        "csv": lambda roots: as_csv(compare(*roots)),
        "csv_contrasts": lambda roots: as_csv(contrasts(*roots)),
    }


def _draw(roots: list[Path], folder: Path) -> None:
    """Draw the plots; their paths go to stderr, so that a CSV on stdout stays valid."""
    from alft.report.plots.draw import draw_all  # matplotlib takes a second to load, and no other command needs it

    folder.mkdir(parents=True, exist_ok=True)
    paths = draw_all(load_runs(*roots), load_epochs(*roots), folder)
    print(f"plots: {len(paths)} files in {folder}", file=sys.stderr)
