"""Two controls without fine-tuning, fitted on *all* train labels (method.md 9)."""

from collections import Counter

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union

from alft.data.corpus import Corpus
from alft.selection.text_embedding import WORD
from alft.system.terminal import show

MANY_CLASSES = 10
"""With more classes, one regression per class is fitted instead of a joint one, whose cost grows faster."""

LONG = 20_000
"""Rows times classes from which the fit takes seconds and is announced."""


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
    if len(train) * task.outputs > LONG:
        show(f"control: TF-IDF and logistic regression on {len(train)} rows and {task.outputs} classes")
    model = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
        ),
        _logistic_regression(len(counts)),
    )
    model.fit(train.texts, train.labels)
    return {
        "majority_f1": task.macro_f1(truth, [majority] * len(truth)),
        "tfidf_f1": task.macro_f1(truth, model.predict(corpus.test.texts).tolist()),
    }


def _logistic_regression(classes: int) -> ClassifierMixin:
    if classes <= MANY_CLASSES:
        return LogisticRegression(C=10.0, max_iter=1000)
    return OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear", dual=True, random_state=0))
