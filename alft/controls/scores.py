"""The table of controls: macro-F1 on test of what needs no fine-tuning, on all labels and on those that the run bought.

Axes: N labelled rows of the pool, M test rows.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from alft.controls.crf import crf_predictions, word_features
from alft.controls.frozen import unit_rows
from alft.controls.regression import MOST_ROWS, Block, Matrix, fit_regression, inner_products
from alft.controls.texts import tfidf_features
from alft.controls.time_limit import OutOfTimeError, TimeLimit
from alft.data.corpus import Corpus
from alft.data.rows import Rows
from alft.system.control_names import ENCODER, OF_WORDS, control_key, keys_of
from alft.system.terminal import show
from alft.task.base import TextTask
from alft.task.sentences import words_in

Figures = dict[str, float | None]
Vectors = Callable[[], Sequence[Matrix] | None]


def control_scores(corpus: Corpus, bought: Collection[int], limit: TimeLimit, vectors: Vectors | None = None) -> Figures:
    """Macro-F1 on test, over all label names; None where a figure was not asked for or its time was over.

    The labels of the pool that the run did not buy enter the figures on all labels alone. The texts of the whole pool, without
    labels, enter all of them: the weights of TF-IDF and the mean of the vectors.

    Args:
        corpus: The data; without a test set every figure is None.
        bought: Pool rows whose label the run has bought.
        limit: Time that all controls together may take.
        vectors: Makes two tables, the vectors of the labelled pool rows (N, D) and of the test rows (M, D) by the frozen
            encoder, or None where it cannot; None for no controls with an encoder.
    """
    words = corpus.task.unit == "word"
    figures: Figures = dict.fromkeys(keys_of(words))
    if corpus.test is None:
        return figures
    controls = _Controls(corpus, corpus.test, bought, limit)
    figures |= controls.pair("majority", controls.majority)
    try:
        if words:
            return figures | controls.pair("crf", controls.field)
        figures |= controls.pair("tfidf", lambda rows: controls.regression([controls.tfidf], rows, controls.tfidf_products))
        made = vectors() if vectors is not None else None
        if made is not None:
            frozen: tuple[Block, Block] = unit_rows(*made)
            figures |= controls.pair("frozen", lambda rows: controls.regression([frozen], rows, None))
            products = controls.products(frozen[0], controls.tfidf_products)
            both = [frozen, controls.tfidf]
            figures |= controls.pair("frozen_tfidf", lambda rows: controls.regression(both, rows, products))
    except OutOfTimeError:
        of_texts = [key for key in keys_of(words=False) if vectors is not None or not key.startswith(ENCODER)]
        asked = [key for key in figures if key.startswith(OF_WORDS)] if words else of_texts
        left = [key for key in asked if figures[key] is None]
        show(f"controls: not measured, for they would take more than {limit.seconds:.0f} s: {', '.join(left)}")
    return figures


class _Controls:
    """What the controls of a run have in common: rows, labels and features that are made once."""

    def __init__(self, corpus: Corpus, test: Rows, bought: Collection[int], limit: TimeLimit) -> None:
        rows = corpus.pool.labelled
        self.train, self.test, self.task, self.limit = corpus.pool.take(rows), test, corpus.task, limit
        self.bought = [place for place, row in enumerate(rows) if row in bought]

    def pair(self, control: str, predict: Callable[[list[int]], list[Any]]) -> Figures:
        """Both figures of a control that predicts the test rows from some labelled rows."""
        every = self.task.macro_f1(self.test.labels, predict(list(range(len(self.train)))))
        few = self.bought
        on_bought = every if len(few) == len(self.train) else self.task.macro_f1(self.test.labels, predict(few))
        return {control_key(control, False): every, control_key(control, True): on_bought}

    def majority(self, rows: list[int]) -> list[Any]:
        """The most frequent label; ties go to the lower number, so that the order of the rows does not count.

        Of words it is the tag outside entities.
        """
        if self.task.unit == "word":
            return [(self.task.fill,) * len(label) for label in self.test.labels]
        counts = Counter(self.train.labels[row] for row in rows)
        return [min(counts, key=lambda label: (-counts[label], label))] * len(self.test)

    def regression(self, tables: Sequence[tuple[Block, Block]], rows: list[int], products_NN: Matrix | None) -> list[Any]:
        """Predictions of a logistic regression on some rows of features that stand side by side."""
        blocks = [known[rows] for known, _ in tables]
        own_NN = None if products_NN is None else products_NN[np.ix_(rows, rows)]

        def fit(classes: list[int]) -> list[int]:
            fitted = fit_regression(*blocks, labels=classes, products_NN=own_NN, check=self.limit.check)
            return fitted.predict(*(new for _, new in tables))

        assert isinstance(self.task, TextTask)
        return self.task.regress([self.train.labels[row] for row in rows], fit)

    def field(self, rows: list[int]) -> list[Any]:
        """Tags by a conditional random field fitted to some rows."""
        own = self.train.take(rows)
        known, new = ([word_features(words_in(text)) for text in texts] for texts in (own.texts, self.test.texts))
        found = crf_predictions(known, [self.task.written(label) for label in own.labels], new, self.limit.check)
        return [self.task.encode(tags) for tags in found]

    @cached_property
    def tfidf(self) -> tuple[Block, Block]:
        """TF-IDF of the labelled pool rows and of the test rows."""
        return tfidf_features(self.train.texts, self.test.texts)

    @cached_property
    def tfidf_products(self) -> Matrix | None:
        """Inner products of the former."""
        return self.products(self.tfidf[0], None)

    def products(self, known: Block, more_NN: Matrix | None) -> Matrix | None:
        """Inner products of rows, plus others; None where there are too many rows for such a table."""
        if len(self.train) > MOST_ROWS:
            return None
        return inner_products(known) + (0 if more_NN is None else more_NN)
