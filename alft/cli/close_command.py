"""``python -m alft close``: gives up the open rounds of a campaign."""

import shlex
from pathlib import Path

from alft.campaign.asking import now
from alft.campaign.events import ClosedEvent
from alft.campaign.folder import read_campaign
from alft.campaign.journal import held
from alft.cli.parser import SentenceParser
from alft.system.terminal import show


def run(parser: SentenceParser, args: list[str]) -> None:
    """Close all rounds until now: what is unanswered may be asked again, and a late answer still counts."""
    parser.add_argument("campaign", type=str, help="Folder of the campaign.")
    folder = Path(parser.parse_args(args).campaign).expanduser()
    read_campaign(folder)
    with held(folder):
        campaign = read_campaign(folder)
        state = campaign.state
        if state.newest_round < state.closed:
            raise ValueError(f"close: no round of {folder} is open; ask begins one")
        left = sum(map(state.is_open, state.round_of))
        campaign.record([ClosedEvent(state.newest_round, now())])
    show(f"closed: rounds up to {state.newest_round}; {left} texts without an answer may be asked again")
    show(f"next: python -m alft ask {shlex.quote(str(folder))} --to FILE")
