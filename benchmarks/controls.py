"""Cost of the controls at the end of a run, beside its passes of the encoder: six logistic regressions and their features."""

import random
from collections.abc import Iterator

import numpy as np

from alft.controls.scores import control_scores
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import Corpus
from alft.data.rows import Rows
from benchmarks.material import Material
from benchmarks.measure import Row, at_most, seconds

ROWS, WORDS, SIZE = 2_000, 12, 384


def rows(material: Material) -> Iterator[Row]:
    """All controls of few and of many classes, half of the labels bought."""
    count = material.size(ROWS)
    for classes in (2, 20, 77):
        corpus = _corpus(classes, count)
        assert corpus.test is not None
        vectors = [_vectors(split, classes) for split in (corpus.pool, corpus.test)]

        def work(corpus: Corpus = corpus, vectors: list[np.ndarray] = vectors) -> None:
            control_scores(corpus, range(count // 2), TimeLimit(3600), lambda: vectors)

        yield at_most(f"controls of {classes} classes, {count:,} rows, half bought, seconds", 10, seconds(work))


def _corpus(classes: int, count: int) -> Corpus:
    """Texts of random words, a quarter of which belong to the class."""
    rng = random.Random(0)  # noqa: S311
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(4000)]
    topics = [rng.choices(vocabulary, k=20) for _ in range(classes)]

    def drawn(size: int) -> Rows:
        labels = [row % classes for row in range(size)]
        words = [[rng.choice(topics[label] if rng.random() < 0.25 else vocabulary) for _ in range(WORDS)] for label in labels]
        return Rows([" ".join(text) for text in words], labels)

    return Corpus(drawn(count), drawn(classes), drawn(count // 4), [f"class {number:02}" for number in range(classes)], 0)


def _vectors(split: Rows, classes: int) -> np.ndarray:
    """Vectors around the centres of their classes, as of an encoder."""
    centres_CD = np.random.default_rng(0).normal(size=(classes, SIZE))
    noise_ND = np.random.default_rng(len(split)).normal(size=(len(split), SIZE))
    vectors_ND: np.ndarray = centres_CD[split.labels] + 4 * noise_ND
    return vectors_ND
