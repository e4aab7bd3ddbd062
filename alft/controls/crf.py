"""A conditional random field on the shapes of words, the control of tags: what a tagger without an encoder finds.

Features of a word are its lower-case form, affixes and shape, and the form and shape of the words beside it, as in the usual
introductions to such taggers; the penalties are those of the same. Nothing is tuned.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pycrfsuite  # type: ignore[import-untyped]  # the package has no types

PENALTIES = {"c1": 0.1, "c2": 0.1, "max_iterations": 100, "feature.possible_transitions": True}

AFFIXES = (2, 3, 4)

Features = list[list[str]]


def word_features(words: Sequence[str]) -> Features:
    """Features of each word of a sentence, as strings.

    >>> word_features(["v", "Prahe"])[1][:4]
    ['bias', 'word=prahe', 'shape=Xx', 'suffix=he']
    """
    lower, shapes = [word.lower() for word in words], [shape(word) for word in words]

    def features(place: int) -> list[str]:
        word = lower[place]
        own = ["bias", f"word={word}", f"shape={shapes[place]}"]
        own += [f"suffix={word[-size:]}" for size in AFFIXES] + [f"prefix={word[:size]}" for size in AFFIXES]
        for step in (-2, -1, 1, 2):
            beside = place + step
            inside = 0 <= beside < len(words)
            own += [f"{step}:word={lower[beside]}", f"{step}:shape={shapes[beside]}"] if inside else [f"{step}:none"]
        return own

    return [features(place) for place in range(len(words))]


def shape(word: str) -> str:
    """Kinds of characters in a word, each row of equal ones once.

    >>> shape("Praha"), shape("1990"), shape("EU-27")
    ('Xx', '0', 'X-0')
    """
    kinds = "".join("X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in word)
    return re.sub(r"(.)\1+", r"\1", kinds)


def crf_predictions(
    train: Sequence[Features], tags: Sequence[Sequence[str]], test: Sequence[Features], check: Callable[[], None]
) -> list[list[str]]:
    """Tags of sentences by a field fitted to others.

    Args:
        train: Features of the sentences to learn from.
        tags: Their tags.
        test: Features of the sentences to tag.
        check: Called in each iteration; raises an error to stop.
    """
    trainer = _Trainer(check)
    for features, own in zip(train, tags, strict=True):
        trainer.append(features, own)
    trainer.set_params(PENALTIES)
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder, "model.crfsuite"))
        trainer.train(model)
        if trainer.stopped is not None:
            raise trainer.stopped
        tagger = pycrfsuite.Tagger()
        tagger.open(model)
        found = [tagger.tag(features) for features in test]
        tagger.close()
    return found


class _Trainer(pycrfsuite.Trainer):  # type: ignore[misc]  # the package has no types
    """Checks in each iteration whether to go on."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__(verbose=True)
        self.check = check
        self.stopped: Exception | None = None

    def message(self, message: str) -> None:
        """Called by the library with each line of its log."""
        if self.stopped is None:
            try:
                self.check()
            except Exception as error:
                self.stopped = error
                raise
