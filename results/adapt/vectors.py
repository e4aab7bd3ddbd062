"""Macro-F1 of a logistic regression on the frozen mean vectors of an encoder, for docs/adapt.md; no test set is read.

    python results/adapt/vectors.py ENCODER DATA

Five-fold cross-validation over the labelled train and validation rows, with five shuffles.
"""

import sys
from statistics import mean, stdev

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from torch import Tensor
from transformers import AutoModel

from alft.data.corpus import load_corpus
from alft.data.tokens import load_tokenizer, tokenize
from alft.selection.chunks import make_chunks
from alft.selection.embedding import MeanTokens


@torch.no_grad()
def vectors(encoder: str, texts: list[str]) -> Tensor:
    """Mean vectors of the texts, of length 1."""
    network = AutoModel.from_pretrained(encoder, dtype=torch.float32).eval()
    tokens = tokenize(texts, load_tokenizer(encoder, 128), 128)
    found_ND = torch.zeros(len(texts), network.config.hidden_size)
    for chunk in make_chunks(tokens.lengths, torch.arange(len(texts)), 1024):
        batch = tokens.batch(chunk.tolist())
        found_ND[chunk] = MeanTokens()(network(**batch).last_hidden_state, batch["attention_mask"])
    return torch.nn.functional.normalize(found_ND)


def scores(encoder: str, source: str) -> list[float]:
    """Macro-F1 of each shuffle."""
    corpus = load_corpus(source)
    pool = corpus.pool.take(corpus.pool.labelled)
    features = vectors(encoder, pool.texts + corpus.validation.texts).numpy()
    labels = pool.labels + corpus.validation.labels
    model = LogisticRegression(C=10.0, max_iter=2000)
    folds = [StratifiedKFold(5, shuffle=True, random_state=seed) for seed in range(5)]
    return [float(f1_score(labels, cross_val_predict(model, features, labels, cv=cut), average="macro")) for cut in folds]


if __name__ == "__main__":
    found = scores(*sys.argv[1:])
    print(f"{sys.argv[1]}: {mean(found):.3f} (sd {stdev(found):.3f})")
