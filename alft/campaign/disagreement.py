"""Who disagrees most: how often the label of an annotator is not that of the text, and how far two annotators agree."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from alft.campaign.state import State

Votes = Mapping[str, Mapping[str, str]]
"""Labels by annotator, then by id of the text."""


@dataclass(frozen=True)
class Record:
    """Labels of one annotator on texts that several people labelled.

    Attributes:
        annotator: The name.
        labels: All labels given, also on texts of nobody else.
        shared: Labels on texts that have two labels or more and are resolved.
        differ: Those that are not the label of the text.
        tied: Labels on texts that are tied, which differ from nothing. With two annotators and the majority, all disagreements
            are of this kind.
    """

    annotator: str
    labels: int
    shared: int
    differ: int
    tied: int

    @property
    def share(self) -> float | None:
        """Share of the shared labels that differ; None without any."""
        return self.differ / self.shared if self.shared else None


@dataclass(frozen=True)
class Pair:
    """Cohen's kappa of two annotators on the texts that both labelled; None where chance alone agrees fully."""

    one: str
    other: str
    texts: int
    kappa: float | None


def votes_of(state: State) -> dict[str, dict[str, str]]:
    """Labels by annotator; answers of people without a name are left out, since nobody can be asked about them."""
    votes: dict[str, dict[str, str]] = defaultdict(dict)
    for text_id, given in state.counted.items():
        for answer in given.values():
            if answer.label is not None and answer.annotator:
                votes[answer.annotator][text_id] = answer.label
    return dict(sorted(votes.items()))


def records_of(state: State) -> list[Record]:
    """One record for each annotator with a name, the largest share of differing labels first."""
    shared = {text_id for text_id, given in state.counted.items() if sum(one.label is not None for one in given.values()) > 1}
    records = [_record(name, own, shared, state) for name, own in votes_of(state).items()]
    return sorted(records, key=lambda record: (-(record.share or 0.0), -record.tied))


def pairs_of(state: State) -> list[Pair]:
    """Each two annotators who labelled a text both, those with the most texts first; none where labels are marks."""
    if state.of_marks:
        return []
    found = [_pair(one, other, votes) for votes in [votes_of(state)] for one, other in combinations(votes, 2)]
    return sorted((pair for pair in found if pair.texts), key=lambda pair: -pair.texts)


def kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Cohen's kappa of two lists of labels; None if both give all texts the same label, of which chance agrees too.

    >>> kappa(["a", "a", "b", "b"], ["a", "a", "b", "a"])
    0.5
    """
    size, counts = len(one), Counter(other)
    agreed = sum(label == second for label, second in zip(one, other, strict=True))
    by_chance = sum(times * counts[label] for label, times in Counter(one).items())  # times size squared: exact
    return None if by_chance == size**2 else (agreed * size - by_chance) / (size**2 - by_chance)


def _record(name: str, own: Mapping[str, str], shared: set[str], state: State) -> Record:
    met = [(label, state.resolution(text_id)) for text_id, label in own.items() if text_id in shared]
    resolved = [label != found.label for label, found in met if found.standing == "resolved"]
    return Record(name, len(own), len(resolved), sum(resolved), len(met) - len(resolved))


def _pair(one: str, other: str, votes: Votes) -> Pair:
    both = sorted(votes[one].keys() & votes[other].keys())
    return Pair(one, other, len(both), kappa([votes[one][i] for i in both], [votes[other][i] for i in both]))
