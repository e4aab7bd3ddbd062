"""Makes one label of several answers: the majority, and nothing where there is a tie."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Standing = Literal["resolved", "tied", "skipped", "unanswered"]


@dataclass(frozen=True)
class Resolution:
    """The state of a text: resolved with a label, tied, only skipped, or unanswered."""

    standing: Standing
    label: str | None = None


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
