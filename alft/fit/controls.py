"""Two controls without fine-tuning, fitted on *all* train labels (method.md 9).

Logistic regression has a weight for each feature and class: with 77 classes, millions. Its optimum depends on the rows only by
their inner products. With many classes it is therefore fitted on a factor L of the Gram matrix, L L^T = X X^T, which has as
many columns as rows. The penalty is the same there, and so is the optimum, which is then written in features again: a table
of known by new rows would not be bounded.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union

from alft.data.corpus import Corpus
from alft.data.rows import Rows
from alft.selection.text_embedding import WORD
from alft.system.terminal import show

Matrix = NDArray[np.float64]

FEW_CLASSES = 10
"""Number of classes up to which the fit on features takes seconds."""

MOST_ROWS = 5000
"""Number of rows up to which the Gram matrix pays: it takes 8 N^2 bytes, 200 MB, and N^3 / 3 multiplications."""

LONG = 20_000
"""Rows times classes from which the fit takes seconds and is announced."""

TINY = 1e-8
"""Added to the squared length of each row, which is 2: repeated texts would make the Gram matrix singular."""


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
        "tfidf_f1": task.macro_f1(truth, _tfidf_predictions(train, corpus.test.texts)),
    }


def _tfidf_predictions(train: Rows, texts: Sequence[str]) -> list[int]:
    features = make_union(
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
    )
    classes = len(set(train.labels))
    if len(train) * classes > LONG:
        show(f"control: TF-IDF and logistic regression on {len(train)} rows and {classes} classes")
    known, new = features.fit_transform(train.texts), features.transform(texts)
    model = LogisticRegression(C=10.0, max_iter=1000)
    if classes > FEW_CLASSES and len(train) <= MOST_ROWS:
        factor_NN = by_inner_products(known)
        model.fit(factor_NN, train.labels)
        weights_FC = known.T @ solve_triangular(factor_NN, model.coef_.T, lower=True, trans="T")
        found: list[int] = model.classes_[(new @ weights_FC + model.intercept_).argmax(1)].tolist()
        return found
    if classes > FEW_CLASSES:  # one regression per class, whose cost grows with the rows alone
        model = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear", dual=True, random_state=0))
    predicted: list[int] = model.fit(known, train.labels).predict(new).tolist()
    return predicted


def by_inner_products(known_NF: csr_matrix) -> Matrix:
    """Rows with one column per row instead of per feature, and the same inner products: L (N, N) with L L^T = X X^T.

    Args:
        known_NF: Features of the rows to fit on, sparse (N, F).

    >>> by_inner_products(csr_matrix([[3.0, 4.0, 0.0]])).round(3).tolist()
    [[5.0]]
    """
    gram_NN = (known_NF @ known_NF.T).toarray()
    gram_NN[np.diag_indices_from(gram_NN)] += TINY
    factor_NN: Matrix = cholesky(gram_NN, lower=True, overwrite_a=True)
    return factor_NN
