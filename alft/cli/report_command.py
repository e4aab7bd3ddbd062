"""``python -m alft report``: its arguments and output; the report is made in :mod:`alft.report`."""

import csv
import shutil
import sys
from pathlib import Path
from typing import Literal

from alft.cli.parser import SentenceParser
from alft.report import across, as_csv, as_markdown, as_terminal, budgets, compare, contrasts, load_epochs, load_runs, suspects
from alft.report.choice import MOST_ARMS, named, refuse_unknown
from alft.report.contrasts import MOST_PAIRS
from alft.report.suspects import BROKEN, told_broken
from alft.system.output import refuse_output, write_text_atomically
from alft.system.visible import formulas

Format = Literal["table", "markdown", "csv", "csv_contrasts", "csv_suspects"]


def run(parser: SentenceParser, args: list[str]) -> None:
    """Compare finished runs."""
    parser.add_argument("runs", type=str, nargs="+", help="Folders with finished runs, searched to any depth.")
    parser.add_argument(
        "--format",
        type=Format,
        default="table",
        help="table, markdown; unrounded: csv of all arms, csv_contrasts of pairs that differ in one setting, csv_suspects of "
        "rows whose label may be wrong.",
    )
    parser.add_argument(
        "--arms",
        type=str,
        nargs="+",
        default=[],
        help=f"Texts: show only arms with one of them in their label. By default all, of more than {MOST_ARMS} the best.",
    )
    parser.add_argument(
        "--contrasts",
        type=str,
        nargs="+",
        help="Settings: show pairs of arms that differ in one of them alone. By default all settings, in tables for reading "
        f"those with the fewest pairs, {MOST_PAIRS} in all.",
    )
    parser.add_argument("--output", type=str | None, help="File to write instead of the terminal.")
    parser.add_argument("--force", action="store_true", help="Write over the output if it is there already.")
    parser.add_argument("--plots", type=str | None, help="Folder to draw the figures of every group and of all data sets into.")
    settings = parser.parse_args(args)
    roots = [Path(root).expanduser() for root in settings.runs]
    output = None if settings.output is None else Path(settings.output).expanduser()
    plots = None if settings.plots is None else Path(settings.plots).expanduser()
    if plots is not None and plots.exists() and not plots.is_dir():
        raise ValueError(f"plots must be a folder, and {plots} is a file")
    if output is not None:
        refuse_output(output, settings.force)
    text = _text(settings.format, roots, settings.arms, settings.contrasts)
    if settings.format.startswith("csv") and (count := formulas(cell for row in csv.reader(text.splitlines()) for cell in row)):
        print(f"cells that a spreadsheet runs as formulas, since they begin with = + - @: {count}", file=sys.stderr)
    if output is None:
        print(text, end="")
    else:
        write_text_atomically(output, text)
        print(f"report: {output}")
    if plots is not None:
        _draw(roots, plots, settings.arms)


def _text(form: Format, roots: list[Path], arms: list[str], settings: list[str] | None) -> str:
    """The report in one of the formats."""
    if form == "csv_contrasts":
        pairs = contrasts(*roots, settings=settings)
        refuse_unknown([*pairs["arm"], *pairs["other"]], arms)
        return as_csv(pairs[named(pairs["arm"], arms) | named(pairs["other"], arms)])
    if form == "csv_suspects":
        doubtful = suspects(*roots)
        for sentence in (one for faults in doubtful.attrs[BROKEN].values() for one in told_broken(faults)):
            print(sentence, file=sys.stderr)
        return as_csv(doubtful)
    table = compare(*roots)
    refuse_unknown(list(table["arm"]), arms)
    if form == "csv":
        return as_csv(table[named(table["arm"], arms)])
    pairs = contrasts(*roots, settings=settings, most=MOST_PAIRS)
    if form == "markdown":
        return as_markdown(table, pairs, arms, budgets(*roots), suspects(*roots), across(*roots))
    columns = shutil.get_terminal_size((128, 24)).columns  # 128 without a terminal, as in a pipe
    return as_terminal(table, pairs, columns, arms, budgets(*roots), suspects(*roots), across(*roots))


def _draw(roots: list[Path], folder: Path, arms: list[str]) -> None:
    """Draw the plots; their paths go to stderr, so that a CSV on stdout stays valid."""
    from alft.report.plots.draw import draw_all, draw_ranks  # matplotlib takes a second to load, and no other command needs it

    folder.mkdir(parents=True, exist_ok=True)
    runs, epochs = load_runs(*roots), load_epochs(*roots)
    paths = draw_all(runs[named(runs["arm"], arms)], epochs[named(epochs["arm"], arms)], folder)
    paths += draw_ranks(across(*roots), folder)
    print(f"plots: {len(paths)} files in {folder}", file=sys.stderr)
