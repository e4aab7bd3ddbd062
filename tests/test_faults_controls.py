"""The controls: bounded with many classes, and told when they take long."""

import random
import time

import pytest

from alft.data.corpus import Corpus
from alft.data.rows import Rows
from alft.fit.controls import control_scores


def corpus_of(classes: int, rows: int) -> Corpus:
    """Texts of 20 words, a quarter of which belong to the class."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvz", k=rng.randint(3, 9))) for _ in range(4000)]
    topics = [rng.sample(words, 20) for _ in range(classes)]

    def some(count: int) -> Rows:
        labels = [row % classes for row in range(count)]
        return Rows([" ".join(rng.choices(words, k=15) + rng.choices(topics[label], k=5)) for label in labels], labels)

    return Corpus(some(rows), some(classes), some(400), [f"class {number}" for number in range(classes)], blank=0)


def test_B5_many_classes_are_bounded_and_told(capsys):
    corpus = corpus_of(classes=77, rows=2000)
    started = time.process_time()
    scores = control_scores(corpus)
    assert time.process_time() - started < 30, "10 s on an idle machine; 73 s with a joint regression"
    assert scores["tfidf_f1"] > 0.9
    assert "control: TF-IDF and logistic regression on 2000 rows and 77 classes" in capsys.readouterr().out


@pytest.mark.parametrize("classes", [2, 10, 11])
def test_B5_few_classes_are_quick_and_silent(classes, capsys):
    scores = control_scores(corpus_of(classes, rows=300))
    assert scores["tfidf_f1"] > 0.9
    assert capsys.readouterr().out == ""
