"""``python -m alft status``: how far a campaign is."""

import json
from pathlib import Path
from typing import Literal

from rich.table import Table

from alft.campaign.folder import Campaign, read_campaign
from alft.campaign.progress import is_warm
from alft.campaign.source import how_to_add
from alft.campaign.status import Status, status_of
from alft.cli.parser import SentenceParser
from alft.system.excerpt import listed
from alft.system.terminal import show
from alft.system.visible import visible

Format = Literal["text", "json"]


def run(parser: SentenceParser, args: list[str]) -> None:
    """Show the state of a campaign."""
    parser.add_argument("campaign", type=str, help="Folder of the campaign.")
    parser.add_argument("--format", type=Format, default="text", help="text for reading, json for programs.")
    parser.add_argument("--runs", type=str, default="runs", help="Folder of the runs among which fits are looked for.")
    given = parser.parse_args(args)
    campaign = read_campaign(Path(given.campaign).expanduser())
    status = status_of(campaign, Path(given.runs).expanduser())
    if given.format == "json":
        print(json.dumps(status.as_json(), indent=2, ensure_ascii=True))
        return
    show(_rounds(status), *_sentences(campaign, status), *([_fits(status)] if status.fits else []), _next(campaign, status))


def _rounds(status: Status) -> Table:
    table = Table("round", "asked", "labels", "skips", "ties", "open", "closed", "s/label", "chosen by")
    for one in status.rounds:
        counts = (one.number, one.asked, one.answered, one.skipped, one.tied, one.open, one.closed)
        table.add_row(*map(str, counts), _figure(one.seconds, 1), one.policy)
    return table


def _fits(status: Status) -> Table:
    table = Table("run", "labels", "F1 on the random sample")
    for fit in status.fits:
        table.add_row(visible(str(fit.run)), str(fit.labels), _figure(fit.validation_f1, 3))
    return table


def _sentences(campaign: Campaign, status: Status) -> list[str]:
    told = []
    for split, counts in status.labels.items():
        if campaign.pool.rows_of(split):
            shown = ", ".join(f"{counts.get(name, 0)} {name}" for name in campaign.settings.classes)
            told.append(f"labels, {split}: {sum(counts.values())} ({shown})")
    found = status.agreement
    value = f", {found.measure} {found.value:.2f}" if found.value is not None else ""
    told.append(f"answers: {status.answers}; by several annotators: {found.texts} texts, {found.annotators} annotators{value}")
    if status.new_classes:
        told.append(f"labels that are no class: {listed(list(status.new_classes))}; {how_to_add(campaign)}")
    return told


def _next(campaign: Campaign, status: Status) -> str:
    trained = max((fit.labels for fit in status.fits), default=0)
    labels = sum(status.labels["train"].values())
    if is_warm(campaign) and labels > trained:
        new = f"{labels - trained} labels that no fit has seen"
        return f"next: python -m alft fit --config CONFIG --data.source {campaign.folder} ({new})"
    return f"next: python -m alft ask {campaign.folder} --to FILE"


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
