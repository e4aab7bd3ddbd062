"""Macro-F1 of a logistic regression on the frozen mean vectors of an encoder, for docs/adapt.md; no test set is read.

    python results/adapt/vectors.py ENCODER DATA

Five-fold cross-validation over the labelled train and validation rows, with five shuffles.
"""

import math
import sys
from statistics import mean, stdev

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import normalize

from alft.controls.frozen import frozen_vectors
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import load_corpus
from alft.data.tokens import load_tokenizer, tokenize


def scores(encoder: str, source: str) -> list[float]:
    """Macro-F1 of each shuffle."""
    corpus = load_corpus(source)
    pool = corpus.pool.take(corpus.pool.labelled)
    tokens = tokenize(pool.texts + corpus.validation.texts, load_tokenizer(encoder, 128), 128)
    texts = [(tokens, range(len(tokens.lengths)))]
    (vectors,) = frozen_vectors(encoder, texts, torch.device("cpu"), TimeLimit(math.inf), bar=False)
    features = normalize(vectors)
    labels = pool.labels + corpus.validation.labels
    model = LogisticRegression(C=10.0, max_iter=2000)
    folds = [StratifiedKFold(5, shuffle=True, random_state=seed) for seed in range(5)]
    return [float(f1_score(labels, cross_val_predict(model, features, labels, cv=cut), average="macro")) for cut in folds]


if __name__ == "__main__":
    found = scores(*sys.argv[1:])
    print(f"{sys.argv[1]}: {mean(found):.3f} (sd {stdev(found):.3f})")
