"""``python -m alft ask``: hands out texts of a campaign for labelling."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from jsonargparse import Namespace

from alft.campaign.answers import Asked
from alft.campaign.asking import new_round, now, pending, rows_of, undelivered
from alft.campaign.counting import DEFAULT
from alft.campaign.events import AskedEvent, DeliveredEvent
from alft.campaign.folder import Campaign, read_campaign, read_state
from alft.campaign.journal import held
from alft.campaign.tools.label_studio_server import SERVER
from alft.cli.campaign_places import File, Server
from alft.cli.checkpoint_arguments import CKPT_PATH
from alft.cli.parser import SentenceParser
from alft.system.excerpt import listed
from alft.system.quiet import quieten
from alft.system.terminal import show


def run(parser: SentenceParser, args: list[str]) -> None:
    """Ask for labels."""
    _add_arguments(parser)
    given = parser.parse_args(args)
    if given.count is not None and given.count < 0:
        raise ValueError(f"count must be at least 0, got {given.count}")
    campaign = read_campaign(Path(given.campaign).expanduser())
    place: File | Server = Server() if given.to == SERVER else File(Path(given.to).expanduser(), campaign.settings.task)
    rows_for = _rows(campaign, given, place)
    events, *told = _asked_before(campaign, given.more)
    rows = rows_for(events)
    place.check(campaign, rows, given.force)
    if not events:
        from alft.cli.campaign_policy import plan_round  # Lightning takes seconds to import

        quieten()  # after Lightning, which sets its own level of logs when it is imported
        plan = plan_round(campaign, given)
        chosen = new_round(campaign, plan.choice, plan.chooser)
        by = f"chosen by {plan.told}" if plan.choice.count else "random samples and ties alone"
        told = [by, f"number: {plan.count.why}"]
        events = [replace(event, to=given.to) for event in chosen]
        _record(campaign, events)
        rows = rows_for(events)
    counts = ", ".join(f"{len(event.ids)} {event.purpose}" for event in events)
    sentences = place.deliver(campaign, rows)
    _record_delivery(campaign, events[0].round)
    if given.suggest:
        from alft.cli.campaign_suggestions import without_suggestion  # it is imported already

        told += without_suggestion(campaign, rows)
    show(f"round {events[0].round}: {counts} ({told[0]})", *told[1:], *sentences)


def _rows(campaign: Campaign, given: Namespace, place: File | Server) -> Callable[[list[AskedEvent]], list[Asked]]:
    """What makes the rows of askings, with suggestions if they are wanted.

    Raises:
        ValueError: They are, and there is no model or no place for them.
    """
    if not given.suggest:
        return partial(rows_of, campaign)
    place.refuse_suggestions()
    from alft.cli.campaign_suggestions import Suggester  # Lightning takes seconds to import

    quieten()  # after Lightning, as above
    suggester = Suggester.of(campaign, given)
    return lambda events: suggester.suggest(campaign, rows_of(campaign, events))


def _add_arguments(parser: SentenceParser) -> None:
    parser.add_argument("campaign", type=str, help="Folder of the campaign.")
    parser.add_argument(
        "--count",
        type=int | None,
        help="Texts to choose, beside random samples and ties. By default what active.budget gives the round, where the config "
        f"that was typed has one or that of the fit counts labels; else {DEFAULT}. active.max_unique caps all rounds together.",
    )
    parser.add_argument(
        "--to",
        type=str,
        required=True,
        help="File to write: .csv or .xlsx for a spreadsheet, .json for Label Studio, .argilla.json, .doccano.jsonl, "
        ".prodigy.jsonl; or label-studio for the server at LABEL_STUDIO_URL, with the key in LABEL_STUDIO_API_KEY.",
    )
    parser.add_argument("--more", action="store_true", help="Begin another round although the newest has no answer yet.")
    parser.add_argument(
        "--suggest",
        action="store_true",
        help="Write the label that the model of the newest finished fit gives each chosen text beside it. It saves time and "
        "biases annotators: they agree with it more often than they would have chosen it. Random samples get none.",
    )
    parser.add_argument("--ckpt_path", type=str | None, help=f"Instead of the newest finished fit. {CKPT_PATH}")
    parser.add_argument(
        "--config",
        type=str | None,
        help="Config whose settings active choose, instead of those of the fit whose model is asked.",
    )
    parser.add_argument("--runs", type=str, default="runs", help="Folder of the runs among which fits are looked for.")
    parser.add_argument("--trainer.accelerator", type=str, default="auto", help="Where to compute: auto, cpu, gpu, mps.")
    parser.add_argument("--trainer.enable_progress_bar", type=bool, default=True, help="Whether to show a progress bar.")
    parser.add_argument("--force", action="store_true", help="Write over the file if it is there already.")


def _asked_before(campaign: Campaign, more: bool) -> tuple[list[AskedEvent], str]:
    """What an earlier command asked and is to be handed out again, with the reason; nothing if a round is to be chosen."""
    if left := undelivered(campaign):
        return left, "chosen before by a command that ended before it had handed them out"
    told = "asked before, without an answer until now; --more asks for others"
    return [] if more else pending(campaign), told


def _record(campaign: Campaign, events: list[AskedEvent]) -> None:
    """Append a round, unless another command has begun one or recorded answers to these texts in the meantime."""
    with held(campaign.folder):
        state = read_state(campaign.folder)
        if state.newest_round != campaign.state.newest_round:
            raise ValueError("ask: another command has begun a round in the meantime; give the command again")
        given = state.resolutions.keys() - campaign.state.resolutions.keys()
        if answered := [text_id for event in events for text_id in event.ids if text_id in given]:
            raise ValueError(f"ask: answers to {listed(answered)} were taken in the meantime; give the command again")
        campaign.record_round(events)


def _record_delivery(campaign: Campaign, number: int) -> None:
    """Note that a round has reached the annotators, once."""
    with held(campaign.folder):
        if number not in read_state(campaign.folder).delivered:
            campaign.record([DeliveredEvent(number, now())])
