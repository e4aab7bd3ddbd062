"""The state of a campaign: what its journal adds up to.

It is a function of the events and of how several answers become one label, and stored nowhere.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from alft.campaign.answers import Answer
from alft.campaign.events import AnsweredEvent, AskedEvent, DeliveredEvent, Event, RetractedEvent
from alft.campaign.resolution import Resolution, Resolve, resolve_all

UNANSWERED = Resolution("unanswered")


@dataclass
class State:
    """What was asked and answered.

    Attributes:
        asked: All askings, oldest first.
        delivered: Rounds that reached annotators.
        closed: Rounds below this number were given up.
        standing: Answers as recorded that count: by id of the text, then by giver.
        answered_since: Texts that were answered or skipped after they were last asked.
        seen: Every answer ever recorded, with the digests of its files, to recognise one that is taken again.
        resolve: How several answers become one label.
        of_marks: Whether labels are marks.
        match: Names a recorded label by the classes that the campaign has now.
    """

    asked: list[AskedEvent] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    closed: int = 0
    standing: dict[str, dict[str, Answer]] = field(default_factory=dict)
    answered_since: set[str] = field(default_factory=set)
    seen: dict[Answer, set[str]] = field(default_factory=dict)
    resolve: Resolve = "majority"
    of_marks: bool = False
    match: Callable[[str], str] = str

    @cached_property
    def counted(self) -> dict[str, dict[str, Answer]]:
        """Answers that count, by id of the text, then by giver; a class added later names labels that it stands for."""
        return self.named_by(self.match).standing

    def named_by(self, match: Callable[[str], str]) -> "State":
        """The state with the label of each answer, recorded or counted, as ``match`` names it."""
        match = cache(match)

        def name(answer: Answer) -> Answer:
            return answer if answer.label is None else replace(answer, label=match(answer.label))

        seen: dict[Answer, set[str]] = {}
        for answer, files in self.seen.items():
            seen.setdefault(name(answer), set()).update(files)
        standing = {text_id: {who: name(one) for who, one in given.items()} for text_id, given in self.standing.items()}
        return replace(self, standing=standing, seen=seen)

    @cached_property
    def resolutions(self) -> dict[str, Resolution]:
        """Resolution of each text that has an answer or a skip."""
        return resolve_all(self.counted, self.resolve, self.of_marks)

    @cached_property
    def newest_round(self) -> int:
        """Number of the newest round; -1 before the first."""
        return max((event.round for event in self.asked), default=-1)

    @cached_property
    def round_of(self) -> dict[str, int]:
        """Newest round in which each text was asked."""
        return {text_id: event.round for event in self.asked for text_id in event.ids}

    def resolution(self, text_id: str) -> Resolution:
        """Resolution of a text."""
        return self.resolutions.get(text_id, UNANSWERED)

    def ids_of_round(self, number: int) -> list[str]:
        """Ids of the texts asked in a round, in the order asked."""
        return [text_id for event in self.asked if event.round == number for text_id in event.ids]

    def is_open(self, text_id: str) -> bool:
        """Whether a text was asked in a round that is not closed, and has no answer."""
        return self.is_asked(text_id) and text_id not in self.resolutions

    def is_asked(self, text_id: str) -> bool:
        """Whether a text was asked in a round that is not closed."""
        return self.round_of.get(text_id, -1) >= self.closed

    def tied(self) -> list[str]:
        """Texts on which the annotators disagree without a majority, in the order of their ids."""
        return sorted(text_id for text_id, resolution in self.resolutions.items() if resolution.standing == "tied")

    def ties_to_ask(self) -> list[str]:
        """Ties, but for those that were asked again in a round that is open, and wait for an answer."""
        return [text_id for text_id in self.tied() if text_id in self.answered_since or not self.is_asked(text_id)]


def replay(
    events: Iterable[Event], resolve: Resolve = "majority", of_marks: bool = False, match: Callable[[str], str] = str
) -> State:
    """Add up the events, oldest first."""
    state = State(resolve=resolve, of_marks=of_marks, match=match)
    for event in events:
        if isinstance(event, AskedEvent):
            state.asked.append(event)
            state.answered_since.difference_update(event.ids)
            if not event.to:
                state.delivered.add(event.round)
        elif isinstance(event, DeliveredEvent):
            state.delivered.add(event.round)
        elif isinstance(event, AnsweredEvent):
            answer = event.answer
            state.standing.setdefault(answer.text_id, {})[answer.giver] = answer
            state.answered_since.add(answer.text_id)
            state.seen.setdefault(answer, set()).add(event.file)
        elif isinstance(event, RetractedEvent):
            state.standing.get(event.text_id, {}).pop(event.giver, None)
        else:
            state.closed = max(state.closed, event.round + 1)
    return state
