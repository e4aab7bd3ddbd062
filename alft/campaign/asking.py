"""Makes the askings of a round: the newest one again while it has no answer, or else a new one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress

from alft.campaign.answers import Asked
from alft.campaign.choosing import Choice
from alft.campaign.events import AskedEvent, Purpose
from alft.campaign.folder import Campaign
from alft.selection.ledger import Selection


@dataclass(frozen=True)
class Chooser:
    """What chooses the texts of a round.

    Attributes:
        choose: Maps a choice to its rows.
        policy: Its name, for the journal and the user.
        model: Checkpoint whose model it asks; empty without one.
    """

    choose: Callable[[Choice], Selection]
    policy: str
    model: str = ""


def pending(campaign: Campaign) -> list[AskedEvent]:
    """The askings of the newest round if it is open and nobody has answered any of it; else those of :func:`undelivered`."""
    newest = _newest(campaign)
    touched = any(text_id in campaign.state.answered_since for event in newest for text_id in event.ids)
    return undelivered(campaign) if touched else newest


def undelivered(campaign: Campaign) -> list[AskedEvent]:
    """The unanswered askings of the newest round if ``ask`` ended before it had handed all of them out; else none."""
    state = campaign.state
    if state.newest_round in state.delivered:
        return []
    left = [_without(event, state.answered_since) for event in _newest(campaign)]
    return [event for event in left if event.ids]


def new_round(campaign: Campaign, choice: Choice, chooser: Chooser) -> list[AskedEvent]:
    """Askings of the next round: random samples first, then texts whose answers are tied, then chosen texts.

    Raises:
        ValueError: No text is left to ask.
    """
    number = campaign.state.newest_round + 1
    events = [*_samples(campaign, number), *_tied(campaign, number)]
    if choice.count:
        picked = chooser.choose(choice)
        events.append(
            AskedEvent(
                number,
                "train",
                tuple(campaign.pool.ids[row] for row in picked.rows.tolist()),
                () if picked.scores is None else tuple(round(score, 6) for score in picked.scores.tolist()),
                () if picked.clusters is None else tuple(picked.clusters.tolist()),
                chooser.policy,
                chooser.model,
                now(),
            )
        )
    if not events:
        if choice.standing.count:
            raise ValueError("count: no random sample and no tie is left to ask for, and the count is 0; give a higher one")
        raise ValueError(
            f"ask: every text of {campaign.folder} has been asked or has a label; close gives up open rounds, so that their "
            "texts can be asked again"
        )
    return events


def rows_of(campaign: Campaign, events: list[AskedEvent]) -> list[Asked]:
    """The texts of askings, as tools write them."""
    rows = []
    for event in events:
        for text_id, score in zip(event.ids, event.scores or (None,) * len(event.ids), strict=True):
            rows.append(Asked(text_id, campaign.pool.texts[campaign.pool.row_of[text_id]], score))
    return rows


def now() -> str:
    """The time, in ISO 8601 and UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _newest(campaign: Campaign) -> list[AskedEvent]:
    """The askings of the newest round; none of a closed one."""
    state = campaign.state
    return [event for event in state.asked if event.round == state.newest_round >= state.closed]


def _without(event: AskedEvent, answered: set[str]) -> AskedEvent:
    """The asking without texts that were answered."""
    kept = [text_id not in answered for text_id in event.ids]
    return replace(
        event,
        ids=tuple(compress(event.ids, kept)),
        scores=tuple(compress(event.scores, kept)),
        clusters=tuple(compress(event.clusters, kept)),
    )


def _samples(campaign: Campaign, number: int) -> list[AskedEvent]:
    """The random samples, as far as they have no label, no answer, and were not asked in a round that is open."""
    purposes: tuple[Purpose, ...] = ("validation", "test")
    pool, state = campaign.pool, campaign.state
    events = []
    for purpose in purposes:
        unlabelled = [pool.ids[row] for row in pool.rows_of(purpose) if pool.labels[row] is None]
        ids = [text_id for text_id in unlabelled if not state.is_asked(text_id) and text_id not in state.resolutions]
        events += [AskedEvent(number, purpose, tuple(ids), policy="Random", time=now())] if ids else []
    return events


def _tied(campaign: Campaign, number: int) -> list[AskedEvent]:
    tied = campaign.state.ties_to_ask()
    return [AskedEvent(number, "again", tuple(tied), policy="tied answers", time=now())] if tied else []
