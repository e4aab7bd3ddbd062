"""Decides which events a file of answers adds to the journal (pure: nothing is read or written here).

The same file may be taken again and again; a newer answer of the same annotator replaces the older one.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import partial

from alft.campaign.answers import Answer, Taken
from alft.campaign.events import AnsweredEvent, Event, RetractedEvent
from alft.campaign.form import Form, OneClass
from alft.campaign.state import State

ONE_CLASS = OneClass()


@dataclass
class Outcome:
    """Events to append, and what to tell.

    Attributes:
        events: In the order in which they are to be appended.
        counts: Answers by what became of them: ``answered``, ``skipped``, ``replaced``, ``withdrawn``, ``known`` (taken
            before), ``older`` (a newer answer of the same annotator is there).
        foreign: Ids that are not of this campaign.
        unasked: Ids of answers on texts that nobody asked for, which are kept.
        new_classes: Names in labels that are no class of the campaign, with their number of answers.
    """

    events: list[Event] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    new_classes: Counter[str] = field(default_factory=Counter)


def take(
    taken: Taken, state: State, known_ids: Collection[str], classes: Collection[str], file: str, form: Form = ONE_CLASS
) -> Outcome:
    """Events that record the answers of a file.

    Args:
        taken: What the file holds.
        state: The campaign so far.
        known_ids: Ids of the campaign.
        classes: Classes of the campaign.
        file: Digest of the file.
        form: What a label is.
    """
    outcome, state = Outcome(), state.named_by(partial(form.match, classes=classes))
    _withdraw(taken, state, file, outcome)
    of_one = len({(answer.annotator, answer.tool_id) for answer in taken.answers}) == 1
    named_before = {replace(told, annotator="") for told, files in state.seen.items() if told.annotator and file in files}
    for answer in _newest(taken.answers, outcome):
        if answer.text_id not in known_ids:
            outcome.foreign.append(answer.text_id)
            continue
        before = state.standing.get(answer.text_id, {}).get(answer.giver)
        if of_one and before is None and _rename(answer, state, file, named_before, outcome):
            continue
        if _adds(answer, before, state, file, outcome):
            names = () if answer.label is None else form.names_in(answer.label)
            outcome.new_classes.update(name for name in names if name not in classes)
            if answer.text_id not in state.round_of:
                outcome.unasked.append(answer.text_id)
    return outcome


def named(taken: Taken, annotator: str) -> Taken:
    """The answers under the name of an annotator, where the tool gives none."""

    def name(answer: Answer) -> Answer:
        return answer if answer.annotator else replace(answer, annotator=annotator)

    return replace(taken, answers=[*map(name, taken.answers)], unread=frozenset(map(name, taken.unread)))


def _adds(answer: Answer, before: Answer | None, state: State, file: str, outcome: Outcome) -> bool:
    """Add the events of one answer, unless it is there already; return whether it was added."""
    again = before is not None and (before.label, before.tool_id) == (answer.label, answer.tool_id)
    if again or _was_taken(answer, before, state, file):
        outcome.counts["known"] += 1
        return False
    if before is not None:
        if answer.time and before.time and answer.time < before.time:
            outcome.counts["older"] += 1
            return False
        outcome.events.append(RetractedEvent(answer.text_id, answer.giver, "replaced", file))
        outcome.counts["replaced"] += 1
    outcome.events.append(AnsweredEvent(answer, file))
    outcome.counts["skipped" if answer.label is None else "answered"] += 1
    return True


def _was_taken(answer: Answer, before: Answer | None, state: State, file: str) -> bool:
    """Whether this very answer was recorded before: from this file, or as an annotation of this time, replaced since."""
    files = state.seen.get(answer, set())
    return file in files or bool(files and answer.time and before is not None)


def _rename(answer: Answer, state: State, file: str, named_before: set[Answer], outcome: Outcome) -> bool:
    """Whether a file of one annotator was taken before under a name and has none now; the other way round it gets the name."""
    if not answer.giver:
        return answer in named_before
    nameless = state.standing.get(answer.text_id, {}).get("")
    if nameless is not None and nameless == replace(answer, annotator="") and file in state.seen.get(nameless, set()):
        outcome.events.append(RetractedEvent(answer.text_id, "", "replaced", file))
        outcome.counts["replaced"] += 1
    return False


def _newest(answers: list[Answer], outcome: Outcome) -> list[Answer]:
    """The newest answer of each giver on each text: by time where every answer has one, else the last of the file."""
    ordered = sorted(answers, key=lambda answer: answer.time) if all(answer.time for answer in answers) else answers
    newest = {(answer.text_id, answer.giver): answer for answer in ordered}
    outcome.counts["older"] += len(answers) - len(newest)
    return list(newest.values())


def _withdraw(taken: Taken, state: State, file: str, outcome: Outcome) -> None:
    """Retract standing answers on tasks that the file lists without them, unless they are newer than the file."""
    newest = max([taken.time, *(answer.time for answer in taken.answers)])
    present = {(answer.text_id, answer.giver) for answer in (*taken.answers, *taken.unread)}
    for text_id, given in state.standing.items():
        for giver, answer in given.items():
            newer = bool(newest and answer.time) and answer.time > newest
            if (answer.tool, text_id) in taken.listed and (text_id, giver) not in present and not newer:
                outcome.events.append(RetractedEvent(text_id, giver, "withdrawn", file))
                outcome.counts["withdrawn"] += 1
