"""``python -m alft status``: how far a campaign is."""

import json
import shlex
from pathlib import Path
from typing import Literal

import rich.table
from rich.text import Text

from alft.campaign.folder import Campaign, read_campaign
from alft.campaign.progress import is_warm
from alft.campaign.status import Status, status_of
from alft.campaign.words import Table, sentences, tables
from alft.cli.parser import SentenceParser
from alft.system.output import refuse_output, write_atomically, write_text_atomically
from alft.system.terminal import show

Format = Literal["text", "json"]


def run(parser: SentenceParser, args: list[str]) -> None:
    """Show the state of a campaign."""
    parser.add_argument("campaign", type=str, help="Folder of the campaign.")
    parser.add_argument("--format", type=Format, default="text", help="text for reading, json for programs.")
    parser.add_argument("--plot", type=str | None, help="PNG file to draw scores, seconds a label and agreement into.")
    parser.add_argument("--html", type=str | None, help="HTML file to write: the same as one page that needs no network.")
    parser.add_argument("--force", action="store_true", help="Write over these files if they are there already.")
    parser.add_argument("--runs", type=str, default="runs", help="Folder of the runs among which fits are looked for.")
    given = parser.parse_args(args)
    plot, html = (_place(name, given[name], ending, given.force) for name, ending in (("plot", ".png"), ("html", ".html")))
    campaign = read_campaign(Path(given.campaign).expanduser())
    status = status_of(campaign, Path(given.runs).expanduser())
    name = campaign.folder.resolve().name
    if given.format == "json":
        print(json.dumps(status.as_json(), indent=2, ensure_ascii=True))
    else:
        shown = [_drawn(table) for table in tables(status) if table[2] or table[0] == "Rounds"]
        show(*shown[:1], *sentences(campaign, status), *shown[1:], status.outlook.sentence, _next(campaign, status))
    if plot is not None:
        from alft.campaign.picture import png  # matplotlib takes a second to load

        content = png(status, name)
        write_atomically(plot, lambda beside: beside.write_bytes(content))
    if html is not None:
        from alft.campaign.page import page

        write_text_atomically(html, page(name, status, sentences(campaign, status), tables(status)))


def _place(name: str, given: str | None, ending: str, force: bool) -> Path | None:
    """The file to write, or none.

    Raises:
        ValueError: It cannot be written.
    """
    if given is None:
        return None
    path = Path(given).expanduser()
    refuse_output(path, force, (ending,), name)
    return path


def _drawn(table: Table) -> rich.table.Table:
    heading, columns, rows = table
    drawn = rich.table.Table(*columns, title=None if heading == "Rounds" else heading, title_justify="left")
    for row in rows:
        drawn.add_row(*map(Text, row))  # square brackets in a name are no markup
    return drawn


def _next(campaign: Campaign, status: Status) -> str:
    trained = max((fit.labels for fit in status.fits), default=0)
    labels = status.texts["train"]
    folder = shlex.quote(str(campaign.folder))
    if is_warm(campaign) and labels > trained:
        new = f"{labels - trained} labels that no fit has seen"
        return f"next: python -m alft fit --config CONFIG --data.source {folder} ({new})"
    if _askable(campaign):
        return f"next: python -m alft ask {folder} --to FILE"
    if any(one.open for one in status.rounds):
        return f"next: python -m alft take {folder} FILE with the answers that are missing, or python -m alft close {folder}"
    fitted = [fit.checkpoint for fit in status.fits if fit.checkpoint.is_file()]
    return f"next: python -m alft export {shlex.quote(str(fitted[-1]))} MODEL" if fitted else "next: nothing is left to ask for"


def _askable(campaign: Campaign) -> bool:
    """Whether ``ask`` finds a text: one that has no label and was not asked in an open round, or a tie."""
    pool, state = campaign.pool, campaign.state
    rows = [row for split in ("train", "validation", "test") for row in pool.rows_of(split) if pool.labels[row] is None]
    return bool(state.ties_to_ask()) or any(
        pool.ids[row] not in state.resolutions and not state.is_asked(pool.ids[row]) for row in rows
    )
