"""Two controls without fine-tuning, fitted on *all* train labels (method.md 9)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_union

from alft.data.corpus import Corpus
from alft.selection.text_embedding import WORD

PENALTY, STEPS = 10.0, 1000
"""Inverse of the penalty of the logistic regression, and most steps of its solver."""

FEW_CLASSES = 10
"""Up to this number of classes the coefficients of all n-grams are fitted fast enough as they are."""

MOST_ROWS = 4000
"""Rows up to which a table of all pairs of rows is smaller than the solver's copies of all coefficients."""

JITTER = 1e-9
"""Added to squared lengths, which are 2, so that equal texts do not make the table of pairs singular."""

LONG = 50_000
"""Rows times classes from which on the controls take more than a second or two."""


def control_scores(corpus: Corpus) -> dict[str, float | None]:
    """Macro-F1 on test, over all label names, of the majority class and of TF-IDF with logistic regression.

    TF-IDF uses words (1-2) and characters (2-5, within words). Both use every label of the pool, which is more than a run with
    a budget buys: they are reference points, not competitors. None without a test set.
    """
    if corpus.test is None:
        return {"majority_f1": None, "tfidf_f1": None}
    train = corpus.pool.take(corpus.pool.labelled)
    truth, task = corpus.test.labels, corpus.task
    # Ties go to the lower number, so that the control does not depend on the order of the rows.
    counts = Counter(train.labels)
    majority = min(counts, key=lambda label: (-counts[label], label))
    return {
        "majority_f1": task.macro_f1(truth, [majority] * len(truth)),
        "tfidf_f1": task.macro_f1(truth, _by_tfidf(train.texts, train.labels, corpus.test.texts)),
    }


def remark_on_controls(corpus: Corpus) -> list[str]:
    """A line for the user where the controls take a while, since nothing else moves then."""
    rows, classes = len(corpus.pool.labelled), len(corpus.label_names)
    if corpus.test is None or rows * classes < LONG:
        return []
    return [
        f"fitting the control TF-IDF + logistic regression on {rows} texts of {classes} classes; if the run is stopped here, "
        "--ckpt_path last does no more than the test and this"
    ]


def fit_in_row_space(table: csr_matrix, labels: list[int]) -> Callable[[csr_matrix], NDArray[Any]]:
    """Fit the logistic regression with one coordinate per text instead of one per n-gram; returns its predict function.

    The penalised model and the steps of its solver depend on inner products of rows only, so that any coordinates with the
    same inner products give the same predictions, up to rounding: here the Cholesky factor of the table of products.
    """
    products = (table @ table.T).toarray().astype(np.float64)
    products[np.diag_indices_from(products)] += JITTER
    factor = cholesky(products, lower=True, overwrite_a=True)
    model = LogisticRegression(C=PENALTY, max_iter=STEPS).fit(factor, labels)
    coefficients = table.T @ solve_triangular(factor, model.coef_.T, lower=True, trans="T")
    return lambda rows: model.classes_[(rows @ coefficients + model.intercept_).argmax(1)]


def _by_tfidf(texts: list[str], labels: list[int], tested: list[str]) -> list[int]:
    """Labels predicted for the tested texts."""
    features = make_union(
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
    )
    table = features.fit_transform(texts)
    if len(set(labels)) > FEW_CLASSES and len(texts) <= MOST_ROWS:
        predict = fit_in_row_space(table, labels)
    else:
        predict = LogisticRegression(C=PENALTY, max_iter=STEPS).fit(table, labels).predict
    predicted: list[int] = predict(features.transform(tested)).tolist()
    return predicted
