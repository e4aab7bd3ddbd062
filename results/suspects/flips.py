"""Measures how well wrong labels are found: flips some labels and ranks all by regressions that have not seen them.

    python results/suspects/flips.py ENCODER FOLDER OUTPUT NAME...

For each data set NAME in FOLDER: at most 600 rows of its train file, 5 % or 10 % of whose labels are replaced by another label,
5 seeds. Each ranking has a line in OUTPUT, a CSV file: average precision of the flipped rows, and their share of the first 20.
"""

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from alft.controls.frozen import frozen_vectors, unit_rows
from alft.controls.out_of_fold import out_of_fold
from alft.controls.regression import Block, Matrix, fit_regression
from alft.controls.texts import tfidf_features
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import load_corpus
from alft.data.tokens import load_tokenizer, tokenize

MOST, SHARES, SEEDS, FIRST = 600, (0.05, 0.1), 5, 20
Labels = NDArray[np.intp]


def features(encoder: str, texts: list[str]) -> dict[str, list[Block]]:
    """Features of the texts, as the controls of a run make them."""
    tokens = [(tokenize(texts, load_tokenizer(encoder, 128), 128), range(len(texts)))]
    (vectors,) = frozen_vectors(encoder, tokens, torch.device("cpu"), TimeLimit(math.inf), bar=False)
    frozen, tfidf = unit_rows(vectors, vectors)[0], tfidf_features(texts, texts)[0]
    return {"TF-IDF": [tfidf], "frozen": [frozen], "frozen + TF-IDF": [frozen, tfidf]}


def flip(labels: Labels, share: float, seed: int) -> Labels:
    """Labels of which a share, drawn at random, is replaced by another label, drawn at random."""
    rng = np.random.default_rng(seed)
    rows, classes = rng.permutation(len(labels))[: round(share * len(labels))], int(labels.max()) + 1
    flipped = labels.copy()
    flipped[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
    return flipped


def scores(probs_NC: Matrix, given_N: Labels) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Rankings, the most suspect row highest."""
    rows = np.arange(len(given_N))
    own_N, others_NC = probs_NC[rows, given_N], probs_NC.copy()
    others_NC[rows, given_N] = -1
    usual_C = np.array([own_N[given_N == label].mean() for label in range(probs_NC.shape[1])])
    yield "probability of the label", -own_N
    yield "margin to the likeliest other", others_NC.max(1) - own_N
    yield "probability less the mean of its class", usual_C[given_N] - own_N
    yield "ratio to the mean of its class", -own_N / usual_C[given_N]


def measured(known: dict[str, list[Block]], labels: Labels, share: float, seed: int) -> Iterator[list]:
    """Average precision and precision in the first rows of each ranking."""
    given = flip(labels, share, seed)
    wrong = given != labels
    for name, blocks in known.items():
        strength, weighted = fit_regression(*blocks, labels=given.tolist()).chosen
        for way in dict.fromkeys((weighted, not weighted)):
            _, probs_NC = out_of_fold(*blocks, labels=given.tolist(), chosen=(strength, way))
            for ranking, suspicion in scores(probs_NC, given):
                first = wrong[np.argsort(-suspicion, kind="stable")[:FIRST]].mean()
                found = average_precision_score(wrong, suspicion)
                yield [name, "equal" if way else "as they are", ranking, f"{wrong.mean():.4f}", f"{found:.4f}", f"{first:.2f}"]


def main(encoder: str, folder: str, output: str, *names: str) -> None:
    """Write the figures of the data sets with these names."""
    with Path(output).open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["data", "share", "seed", "features", "classes", "ranking", "chance", "average_precision", "first_20"])
        for name in names:
            corpus = load_corpus(str(Path(folder, name)))
            pool = corpus.pool.take(corpus.pool.labelled)
            pool = pool.take(np.random.default_rng(0).permutation(len(pool.labels))[:MOST].tolist())
            known, labels = features(encoder, list(pool.texts)), np.array(pool.labels)
            for share in SHARES:
                for seed in range(SEEDS):
                    lines.writerows([name, share, seed, *line] for line in measured(known, labels, share, seed))
                    file.flush()
            print(f"{name}: done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
