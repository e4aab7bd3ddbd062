"""Controls of data sets with many classes take seconds, and give the figures of the plain fit."""

import random
import time

import pytest

from alft.data.corpus import Corpus
from alft.data.rows import Rows
from alft.fit import controls


def corpus_of(classes: int, rows: int, words: int) -> Corpus:
    """Texts of random words, a quarter of which belong to the class; one text in ten occurs twice."""
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(4000)]
    topics = [rng.choices(vocabulary, k=20) for _ in range(classes)]

    def text(label: int) -> str:
        return " ".join(rng.choice(topics[label] if rng.random() < 0.25 else vocabulary) for _ in range(words))

    def drawn(count: int) -> Rows:
        labels = [row % classes for row in range(count)]
        texts = [text(label) for label in labels]
        return Rows([texts[row - (row % 10 == 9)] for row in range(count)], labels)

    names = [f"class {number:02}" for number in range(classes)]
    return Corpus(drawn(rows), drawn(classes), drawn(rows // 4), names, 0)


@pytest.mark.parametrize("classes", [3, 12, 30])
def test_B5_inner_products_give_the_figures_of_the_features(monkeypatch, classes):
    corpus, found = corpus_of(classes, 300, 12), []
    for few in (0, 1000):
        monkeypatch.setattr(controls, "FEW_CLASSES", few)
        found.append(controls.control_scores(corpus))
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_B5_many_classes_take_seconds_and_are_told(capsys):
    start = time.process_time()
    scores = controls.control_scores(corpus_of(77, 2000, 12))
    assert time.process_time() - start < 30, "10 s on an idle processor; 73 s on the features"
    assert scores["tfidf_f1"] > scores["majority_f1"]
    assert "control: TF-IDF and logistic regression on 2000 rows and 77 classes" in capsys.readouterr().out


def test_B5_many_rows_of_many_classes_have_a_regression_per_class(monkeypatch, capsys):
    monkeypatch.setattr(controls, "MOST_ROWS", 100)
    scores = controls.control_scores(corpus_of(12, 300, 30))
    assert scores["tfidf_f1"] > 0.5
    assert capsys.readouterr().out == "", "few rows are not announced"
