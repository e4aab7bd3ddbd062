"""Makes the learning curves of docs/stopping.md: rounds of labels with a regression on frozen vectors, without fine-tuning.

    python results/stopping/rounds.py ENCODER FOLDER OUTPUT NAME...

For each data set NAME in FOLDER: a logistic regression on the mean vectors of the frozen ENCODER and 10 seeds. The first round
is drawn at random; each further one takes the rows with the smallest margin. After each round macro-F1 on validation and on
test, and the kappa of the predictions on the pool with those of the round before. OUTPUT, a CSV file, gets one line per round.
"""

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from alft.controls.frozen import frozen_vectors
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import load_corpus
from alft.data.rows import Rows
from alft.data.tokens import load_tokenizer, tokenize
from alft.selection.stopping import kappa

STEPS = {"maltese": 20, "icelandic": 20, "slovak": 40, "turkish": 40, "swahili": 40}
"""Labels bought in each round, by data set."""

SEEDS = 10
MOST = 1000
"""Rows of the pool, drawn anew for each seed, that may be bought: enough for forecasts, and regressions stay fast."""

Table = NDArray[np.float64]
Labels = NDArray[np.int64]
Labelled = tuple[Table, list[int]]


def rounds(
    pool: Table, labels: NDArray[np.int64], others: list[tuple[Table, list[int]]], step: int, seed: int
) -> Iterator[list]:
    """Labels bought, macro-F1 on each of the other sets, and kappa, after each round."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))[:MOST]
    while len(set(labels[order[:step]].tolist())) < 2:  # a regression needs two classes
        order = rng.permutation(len(labels))[:MOST]
    pool, labels = pool[order], labels[order]
    classes = int(labels.max()) + 1
    bought = np.arange(step)
    before = None
    while True:
        model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced").fit(pool[bought], labels[bought])
        probs = model.predict_proba(pool)
        predicted = torch.from_numpy(model.classes_[probs.argmax(1)])
        scores = [f1_score(known, model.predict(table), average="macro") for table, known in others]
        agreement = None if before is None else kappa(before, predicted, classes)
        yield [len(bought), *(f"{score:.5f}" for score in scores), "" if agreement is None else f"{agreement:.5f}"]
        if len(bought) == len(labels):
            return
        ranked = np.sort(probs, axis=1)
        margin = ranked[:, -1] - ranked[:, -2]
        margin[bought] = np.inf
        bought = np.concatenate([bought, np.argsort(margin, kind="stable")[: min(step, len(labels) - len(bought))]])
        before = predicted


def prepared(encoder: str, source: Path) -> list[Labelled]:
    """Vectors, centred by the pool, and labels of pool, validation and test; at most three times ``MOST`` rows of the pool."""
    corpus = load_corpus(str(source))
    assert corpus.test is not None
    labelled = corpus.pool.take(corpus.pool.labelled)
    drawn = np.random.default_rng(0).permutation(len(labelled.labels))[: 3 * MOST]
    sets: list[Rows] = [labelled.take(drawn.tolist()), corpus.validation, corpus.test]
    tokenizer = load_tokenizer(encoder, 128)
    texts = [(tokenize(rows.texts, tokenizer, 128), range(len(rows.texts))) for rows in sets]
    vectors = frozen_vectors(encoder, texts, torch.device("cpu"), TimeLimit(math.inf), bar=False)
    tables = [torch.nn.functional.normalize(torch.from_numpy(table)) for table in vectors]
    centred = [torch.nn.functional.normalize(table - tables[0].mean(0)) for table in tables]
    return [(table.numpy(), list(rows.labels)) for table, rows in zip(centred, sets, strict=True)]


def main(encoder: str, folder: str, output: str, *names: str) -> None:
    """Write the rounds of the data sets with these names."""
    torch.manual_seed(0)
    with Path(output).open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["data", "seed", "labels", "validation", "test", "kappa"])
        for name in names:
            (pool, labels), *others = prepared(encoder, Path(folder, name))
            for seed in range(SEEDS):
                lines.writerows([name, seed, *line] for line in rounds(pool, np.array(labels), others, STEPS[name], seed))
            print(f"{name}: {SEEDS} seeds", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
