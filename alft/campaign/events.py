"""The events of a campaign, in lines of JSON in ``journal.jsonl``."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from alft.campaign.answers import Answer

Purpose = Literal["validation", "test", "train", "again"]


@dataclass(frozen=True)
class AskedEvent:
    """Texts were handed out for labelling.

    Attributes:
        round: Number of the round, from 0.
        purpose: ``validation`` and ``test`` for the random samples, ``train`` for chosen texts, ``again`` after a tie.
        ids: Ids of the texts, in the order asked.
        scores: Score of each text; empty if there are none.
        clusters: Cluster of each text; empty if there are none.
        policy: What chose them, such as an acquisition.
        model: Checkpoint that scored them; empty if none did.
        time: When, in ISO 8601 and UTC.
        to: Where they were to be handed out, as typed; empty in journals that do not tell, whose rounds count as delivered.
    """

    kind: ClassVar[str] = "asked"
    round: int
    purpose: Purpose
    ids: tuple[str, ...]
    scores: tuple[float, ...] = ()
    clusters: tuple[int, ...] = ()
    policy: str = ""
    model: str = ""
    time: str = ""
    to: str = ""


@dataclass(frozen=True)
class DeliveredEvent:
    """The texts of a round are where annotators find them: the file is whole, or the server has all tasks."""

    kind: ClassVar[str] = "delivered"
    round: int
    time: str = ""


@dataclass(frozen=True)
class AnsweredEvent:
    """A label was given, or the text skipped; ``file`` is the digest of the file that the answer came in."""

    answer: Answer
    file: str = ""

    @property
    def kind(self) -> str:
        """``skipped`` without a label."""
        return "skipped" if self.answer.label is None else "answered"


@dataclass(frozen=True)
class RetractedEvent:
    """The answer of somebody on a text no longer counts, because it was ``replaced`` or ``withdrawn``."""

    kind: ClassVar[str] = "retracted"
    text_id: str
    giver: str = ""
    reason: Literal["replaced", "withdrawn"] = "replaced"
    file: str = ""


@dataclass(frozen=True)
class ClosedEvent:
    """Rounds up to this number were given up: their unanswered texts may be asked again."""

    kind: ClassVar[str] = "closed"
    round: int
    time: str = ""


Event = AskedEvent | DeliveredEvent | AnsweredEvent | RetractedEvent | ClosedEvent


def line_of(event: Event) -> bytes:
    """The event as one line."""
    return _line(_entries(event))


def line_of_all(events: Sequence[Event]) -> bytes:
    """Several events as one line, a list: all of them are recorded, or none."""
    return _line([_entries(event) for event in events])


def events_of(line: bytes) -> list[Event]:
    """The event in a line, or the events in one that is a list.

    Raises:
        ValueError: It holds none.
    """
    found: Any = json.loads(line)
    return [_event(entries) for entries in (found if isinstance(found, list) else [found])]


def _line(entries: object) -> bytes:
    # ASCII: half a surrogate pair, or U+2028, in a label must not break a line
    return json.dumps(entries, ensure_ascii=True).encode() + b"\n"


def _entries(event: Event) -> dict[str, Any]:
    if isinstance(event, AnsweredEvent):
        entries = {**asdict(event.answer), "file": event.file}
        entries = {name: value for name, value in entries.items() if name != "label" or value is not None}
    else:
        entries = asdict(event)
    return {"event": event.kind, **{name: value for name, value in entries.items() if value not in ("", (), None)}}


def _event(found: Any) -> Event:
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    kind = found.pop("event", None)
    try:
        if kind in ("answered", "skipped"):
            file = found.pop("file", "")
            return AnsweredEvent(Answer(**{"label": None, **found}), file)
        if kind == "asked":
            lists: dict[str, Any] = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
            return AskedEvent(**found | lists)
        if kind in _PLAIN:
            return _PLAIN[kind](**found)
    except TypeError as error:
        raise ValueError(f"its entries are not those of {kind}: {error}") from error
    raise ValueError(f"its event {kind!r} is not known")


_PLAIN: dict[str, type[DeliveredEvent] | type[RetractedEvent] | type[ClosedEvent]] = {
    "delivered": DeliveredEvent,
    "retracted": RetractedEvent,
    "closed": ClosedEvent,
}
