"""Makes one label of several answers: the majority, or the model of Dawid and Skene; nothing where there is a tie.

Of labels that are marks, each mark that more than half of the annotators gave stays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alft.campaign.answers import Answer
from alft.campaign.dawid_skene import most_probable
from alft.campaign.marks import majority

Standing = Literal["resolved", "tied", "skipped", "unanswered"]

Resolve = Literal["majority", "dawid-skene"]
"""How several answers become one label, as ``resolve`` in ``campaign.yaml`` says."""


@dataclass(frozen=True)
class Resolution:
    """The state of a text: resolved with a label, tied, only skipped, or unanswered."""

    standing: Standing
    label: str | None = None


def resolve_all(standing: Mapping[str, Mapping[str, Answer]], how: Resolve, of_marks: bool = False) -> dict[str, Resolution]:
    """The resolution of each text that has an answer or a skip.

    Args:
        standing: Answers that count, by id of the text, then by giver.
        how: ``majority``, or ``dawid-skene`` for the texts that have two labels or more.
        of_marks: Whether labels are marks, which the majority decides one by one.

    Raises:
        ValueError: Dawid-Skene is asked for and its package is missing.
    """
    one_label = resolve_marks if of_marks else resolve
    found = {text_id: one_label([one.label for one in given.values()]) for text_id, given in standing.items() if given}
    if how == "dawid-skene":
        shared = {text_id: votes for text_id, given in standing.items() if len(votes := _votes(given)) > 1}
        for text_id, label in most_probable(shared).items():
            found[text_id] = Resolution("tied") if label is None else Resolution("resolved", label)
    return found


def resolve(labels: Sequence[str | None]) -> Resolution:
    """The label that more annotators gave than any other; those who skipped the text have no vote.

    Args:
        labels: One label per annotator; None for a skip.

    >>> resolve(["pos", "neg", "pos"]).label, resolve(["pos", "neg"]).standing, resolve([None]).standing
    ('pos', 'tied', 'skipped')
    """
    votes = Counter(label for label in labels if label is not None)
    if not votes:
        return Resolution("skipped" if labels else "unanswered")
    (label, most), *others = votes.most_common(2)
    return Resolution("tied") if others and others[0][1] == most else Resolution("resolved", label)


def resolve_marks(labels: Sequence[str | None]) -> Resolution:
    """The marks that more than half of those have who did not skip the text; a tie where exactly half have one.

    >>> resolve_marks(['["a", "b"]', '["b"]', None]).standing, resolve_marks(['["a"]', '["a", "b"]', '["a"]']).label
    ('tied', '["a"]')
    """
    votes = [label for label in labels if label is not None]
    if not votes:
        return Resolution("skipped" if labels else "unanswered")
    label = majority(votes)
    return Resolution("tied") if label is None else Resolution("resolved", label)


def _votes(given: Mapping[str, Answer]) -> list[tuple[str, str]]:
    """Annotator and label of each answer that is no skip."""
    return [(answer.annotator, answer.label) for answer in given.values() if answer.label is not None]
