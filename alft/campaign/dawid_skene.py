"""Labels by the model of Dawid and Skene (Applied Statistics 28, 1979), with crowd-kit (extra ``crowd``).

Each annotator has a matrix of how often a true class gets which label, estimated together with the true classes by expectation
and maximisation, so that who errs less weighs more. Ours: only texts with two labels or more take part, the others say nothing
of how well people label; a text gets no label that nobody gave it; answers of unknown people count as those of one person.
"""

import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

PACKAGE = "crowdkit"

EQUAL = 1e-6
"""Difference of two probabilities that counts as none: the text is then tied."""

MISSING = "resolve: dawid-skene needs crowd-kit; pip install 'alft[crowd]', or set resolve to majority"


def check_installed() -> None:
    """Refuse where crowd-kit is missing.

    Raises:
        ValueError: It is; the message says how to install it.
    """
    if find_spec(PACKAGE) is None:
        raise ValueError(MISSING)


def most_probable(votes: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, str | None]:
    """The most probable label of each text among those that it was given; None where two are equally probable.

    Args:
        votes: Annotator and label of each answer, by id of the text.

    Raises:
        ValueError: crowd-kit is missing.
    """
    check_installed()
    # sorted, so that sums do not depend on the order in which answers came
    rows = sorted((text_id, annotator, label) for text_id, given in votes.items() for annotator, label in given)
    if len({label for _, _, label in rows}) < 2:  # nothing to estimate; it would divide by zero
        return {text_id: label for text_id, _, label in rows}
    import pandas as pd

    model = import_module("crowdkit.aggregation").DawidSkene()  # takes seconds to import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # crowd-kit uses parts of pandas that are deprecated
        table = pd.DataFrame(rows, columns=["task", "worker", "label"])
        probs = model.fit_predict_proba(table)
    return {text_id: _best({label: float(probs.at[text_id, label]) for _, label in given}) for text_id, given in votes.items()}


def _best(probs: Mapping[str, float]) -> str | None:
    """The label with the highest probability; None if two have it."""
    most = max(probs.values())
    best = [label for label, prob in probs.items() if prob >= most - EQUAL]
    return best[0] if len(best) == 1 else None
