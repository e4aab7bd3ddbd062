"""Names of the controls in ``summary.json``, and what they are in words.

Each has two figures: fitted on all labels of the pool, and on the labels that the run bought.
"""

from typing import Any

CONTROLS = {
    "majority": "majority class",
    "tfidf": "TF-IDF + logistic regression",
    "frozen": "frozen encoder + logistic regression",
    "frozen_tfidf": "frozen encoder + TF-IDF + logistic regression",
    "crf": "CRF on the shapes of words",
}

ENCODER = ("frozen", "frozen_tfidf")
"""Controls that need a pass of the pretrained encoder; summaries of earlier versions do not have them."""


def control_key(control: str, bought: bool) -> str:
    """Name of a figure in the summary.

    >>> control_key("tfidf", False), control_key("tfidf", True)
    ('tfidf_f1', 'tfidf_bought_f1')
    """
    return f"{control}_bought_f1" if bought else f"{control}_f1"


OF_WORDS = ("crf",)
"""Controls of words alone; the others, but for the majority, are of texts alone."""

CONTROL_KEYS = tuple(control_key(control, bought) for control in CONTROLS for bought in (False, True))
"""Names of all figures."""


def keys_of(words: bool) -> tuple[str, ...]:
    """Names of the figures in the summary of a run.

    Args:
        words: Whether words have labels.
    """
    return tuple(key for key in CONTROL_KEYS if words or not key.startswith(OF_WORDS))


def in_words(control: str, bought: bool) -> str:
    """A figure in words; the majority class of all labels needs no labels to be told apart.

    >>> in_words("majority", False), in_words("tfidf", True)
    ('majority class', 'TF-IDF + logistic regression, labels bought')
    """
    if control == "majority" and not bought:
        return CONTROLS[control]
    return f"{CONTROLS[control]}, {'labels bought' if bought else 'all labels'}"


def known_figures(controls: dict[str, Any]) -> dict[str, float]:
    """The figures that a summary has, by their words, in the order of the controls.

    >>> known_figures({"majority_f1": 0.4, "tfidf_f1": None})
    {'majority class': 0.4}
    """
    figures = {in_words(name, bought): controls.get(control_key(name, bought)) for name in CONTROLS for bought in (False, True)}
    return {words: figure for words, figure in figures.items() if figure is not None}
