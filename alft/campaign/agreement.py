"""How far annotators agree on the texts that several of them labelled."""

from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from alft.campaign.disagreement import kappa
from alft.campaign.marks import common_share
from alft.campaign.state import State

Votes = dict[str, dict[str, str]]
"""Labels by annotator, then by id of the text."""


@dataclass(frozen=True)
class Agreement:
    """Agreement beyond chance.

    Attributes:
        measure: Name of the measure; empty where none can be computed.
        value: 1 for full agreement, 0 for that of chance; None where it cannot be computed.
        texts: Texts with labels of two annotators or more.
        annotators: Annotators who gave a label.
    """

    measure: str
    value: float | None
    texts: int
    annotators: int


def agreement(state: State) -> Agreement:
    """Krippendorff's alpha (nominal) if krippendorff is installed, else Cohen's kappa of two annotators; F1 of marks."""
    votes: Votes = defaultdict(dict)
    for text_id, given in state.counted.items():
        for giver, answer in given.items():
            if answer.label is not None:
                votes[giver][text_id] = answer.label
    times: dict[str, int] = defaultdict(int)
    for own in votes.values():
        for text_id in own:
            times[text_id] += 1
    shared = {text_id for text_id, count in times.items() if count > 1}
    measure, value = (_of_marks if state.of_marks else _measure)(votes, sorted(shared))
    return Agreement(measure, value, len(shared), len(votes))


def _of_marks(votes: Votes, shared: list[str]) -> tuple[str, float | None]:
    value = common_share([own[text_id] for own in votes.values() if text_id in own] for text_id in shared)
    return ("" if value is None else "F1 of one annotator against another"), value


def _measure(votes: Votes, shared: list[str]) -> tuple[str, float | None]:
    if not shared:
        return "", None
    met = [own for own in votes.values() if not own.keys().isdisjoint(shared)]
    classes = sorted({own[text_id] for own in met for text_id in shared if text_id in own})
    if find_spec("krippendorff") is not None:
        number = {name: float(place) for place, name in enumerate(classes)}
        table = np.array([[number[own[t]] if t in own else np.nan for t in shared] for own in met])
        alpha = import_module("krippendorff").alpha
        return "Krippendorff's alpha", 1.0 if len(classes) == 1 else float(alpha(table, level_of_measurement="nominal"))
    if len(met) != 2:
        return "", None
    one, other = ([own[text_id] for text_id in shared] for own in met)  # a text that is shared has a label of both
    return "Cohen's kappa", 1.0 if len(classes) == 1 else kappa(one, other)
