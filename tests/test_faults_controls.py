"""Controls of data sets with many classes take seconds, and give the figures of the plain fit."""

import random
import time

import numpy as np
import pytest

from alft.controls import regression, scores
from alft.controls.scores import control_scores
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import Corpus
from alft.data.rows import Rows


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
    monkeypatch.setattr(regression, "FEW_CLASSES", 1000)
    for most in (5000, 0):
        monkeypatch.setattr(regression, "MOST_ROWS", most)
        monkeypatch.setattr(scores, "MOST_ROWS", most)
        found.append(control_scores(corpus, range(150), TimeLimit(600)))
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert found[0]["tfidf_f1"] > found[0]["majority_f1"]


def test_B5_many_classes_take_seconds(tell_figure):
    corpus = corpus_of(77, 2000, 12)
    rng = np.random.default_rng(0)
    centres_CD = rng.normal(size=(77, 384))
    vectors = [centres_CD[rows.labels] + 4 * rng.normal(size=(len(rows), 384)) for rows in (corpus.pool, corpus.test)]
    start = time.process_time()
    figures = control_scores(corpus, range(1000), TimeLimit(600), lambda: vectors)
    spent = time.process_time() - start
    tell_figure(f"controls of 77 classes, 2000 rows, 1000 bought: {spent:.1f} CPU seconds")
    assert spent < 30, "9 s on an idle processor"
    assert figures["frozen_tfidf_f1"] > figures["tfidf_f1"] > figures["majority_f1"]


def test_B5_many_rows_of_many_classes_have_a_regression_per_class(monkeypatch):
    for module in (regression, scores):
        monkeypatch.setattr(module, "MOST_ROWS", 100)
    assert control_scores(corpus_of(12, 300, 30), range(150), TimeLimit(600))["tfidf_f1"] > 0.5
