"""Two controls without fine-tuning, fitted on *all* train labels (method.md 9)."""

from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from alft.data.corpus import Corpus
from alft.selection.text_embedding import WORD


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
    model = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
        ),
        LogisticRegression(C=10.0, max_iter=1000),
    )
    model.fit(train.texts, train.labels)
    return {
        "majority_f1": task.macro_f1(truth, [majority] * len(truth)),
        "tfidf_f1": task.macro_f1(truth, model.predict(corpus.test.texts).tolist()),
    }
