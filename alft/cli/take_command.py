"""``python -m alft take``: records the answers of a file in the journal of a campaign."""

import shlex
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from alft.campaign.folder import Campaign, read_campaign, text_with_classes, write_settings
from alft.campaign.journal import held
from alft.campaign.matching import match_label
from alft.campaign.new_classes import how_to_add
from alft.campaign.placed import in_place
from alft.campaign.progress import by_class, is_warm, train_labels
from alft.campaign.taking import Outcome, named, take
from alft.campaign.tools.known import tool_of_content
from alft.campaign.tools.label_studio_server import SERVER, fetch, title_of
from alft.cli.class_names import parse_classes
from alft.cli.parser import SentenceParser
from alft.system.excerpt import listed
from alft.system.terminal import progress_bar, show

STEPS = 4
"""Steps of the progress bar: the campaign is read, then the file; answers are compared with the journal; events are written."""


def run(parser: SentenceParser, args: list[str]) -> None:
    """Take answers."""
    parser.add_argument("campaign", type=str, help="Folder of the campaign.")
    parser.add_argument(
        "file", type=str, help="File with answers, any part of them, in any order, again and again; or label-studio."
    )
    parser.add_argument("--annotator", type=str, default="", help="Who answered, where the file does not say it.")
    parser.add_argument(
        "--add_classes",
        type=str | None,
        help="Names of classes that were forgotten, separated by commas; they are added to campaign.yaml before answers are "
        "matched, and count for labels that were taken before as well.",
    )
    given = parser.parse_args(args)
    new = [] if given.add_classes is None else parse_classes("add_classes", given.add_classes)
    folder, path = Path(given.campaign).expanduser(), Path(given.file).expanduser()
    if given.file != SERVER and not path.is_file():
        raise ValueError(f"take: no such file: {given.file}")
    content = fetch(title_of(read_campaign(folder))) if given.file == SERVER else path.read_bytes()
    tool = tool_of_content(
        content, path, read_campaign(folder).settings.task
    )  # a campaign that is missing is told before its lock is made
    with held(folder), progress_bar(f"take {path.name}") as progress:
        campaign = read_campaign(folder)
        _refuse_alike(new, campaign.settings.classes)
        campaign.settings.form.refuse_names(new)
        text, settings = text_with_classes(folder, new), campaign.settings.with_classes(new)
        campaign = replace(campaign, settings=settings)
        progress(1, STEPS)
        try:
            taken = in_place(tool.read(content, settings.classes, campaign.pool.row_of.keys()), settings.form, campaign.pool)
        except ValueError as error:
            raise ValueError(f"take: {path} {error}") from error
        progress(2, STEPS)
        digest = sha256(content).hexdigest()[:16]
        outcome = take(
            named(taken, given.annotator), campaign.state, campaign.pool.row_of.keys(), settings.classes, digest, settings.form
        )
        progress(3, STEPS)
        if new:
            write_settings(folder, text)
        campaign.record(outcome.events)
    show(*_sentences(campaign, outcome), *taken.remarks, _next(read_campaign(folder)))


def _refuse_alike(new: list[str], classes: list[str]) -> None:
    """Refuse a new class that answers cannot name, since they are matched to one that is there.

    Raises:
        ValueError: There is one.
    """
    for name in new:
        if name not in classes and (known := match_label(name, classes)) in classes:
            raise ValueError(
                f"add_classes: {name!r} differs from the class {known!r} in no way that answers are told apart by; leave it out"
            )


def _sentences(campaign: Campaign, outcome: Outcome) -> list[str]:
    counts = outcome.counts
    told = [f"recorded: {counts['answered']} labels, {counts['skipped']} skips ({counts['replaced']} in place of earlier ones)"]
    words = {"known": "taken before", "older": "older than what is recorded", "withdrawn": "withdrawn since"}
    told += [f"{word}: {counts[name]} answers" for name, word in words.items() if counts[name]]
    if outcome.foreign:
        told.append(f"not recorded: {len(outcome.foreign)} answers with ids of another campaign: {listed(outcome.foreign)}")
    if outcome.unasked:
        told.append(f"recorded although nobody asked for them: {len(outcome.unasked)} answers")
    if outcome.new_classes:
        told.append(f"labels that are no class: {listed(list(outcome.new_classes))}; {how_to_add(campaign)}")
    return told


def _next(campaign: Campaign) -> str:
    folder = shlex.quote(str(campaign.folder))
    if is_warm(campaign):
        return f"next: python -m alft fit --config CONFIG --data.source {folder}, then ask again"
    labels = train_labels(campaign)
    return f"next: python -m alft ask {folder} --to FILE ({len(labels)} labels of {len(by_class(labels))} classes to train on)"
