"""Measures what the last layer may read: the probe on means alone, and joined with counts of n-grams, without fine-tuning.

    python results/recipes/probes.py ENCODER FOLDER OUTPUT NAME...

For each data set NAME in FOLDER: at most 2,000 train rows, 6 splits into 600 rows to train on (three quarters, where
there are fewer) and at most 600 to measure on. Each split gives OUTPUT, a CSV file, a line of macro-F1: of probes with and
without equal weights of the classes, and of the control on frozen vectors and TF-IDF. Without arguments: the table of
docs/recipes.md.
"""

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedShuffleSplit
from torch import Tensor

from alft.controls.frozen import frozen_vectors, unit_rows
from alft.controls.regression import fit_regression
from alft.controls.texts import tfidf_features
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import load_corpus
from alft.data.tokens import Tokens, load_tokenizer, tokenize
from alft.models.ngrams import ngram_counts
from alft.models.probe import fit_probe

FIGURES = Path(__file__).parent / "probes.csv"
MOST, TRAIN, TEST, SPLITS = 2000, 600, 600, 6
SIZES = (4096, 8192, 16384)
CONTROL = "frozen + TF-IDF"


def counts(tokens: Tokens, size: int) -> Tensor:
    """Counts of the n-grams of each text, as the head has them."""
    batch = tokens.batch(range(len(tokens.lengths)))
    return ngram_counts(batch["input_ids"], batch["attention_mask"], 3, size)


def measure(encoder: str, source: Path) -> Iterator[list[object]]:
    """Lines of one data set: name, split, features, whether classes weigh the same, macro-F1."""
    corpus = load_corpus(str(source))
    rows = corpus.pool.take(corpus.pool.labelled)
    order = np.random.default_rng(0).permutation(len(rows))[:MOST].tolist()
    texts, labels = [rows.texts[row] for row in order], np.array([rows.labels[row] for row in order])
    tokens = tokenize(texts, load_tokenizer(encoder, 128), 128)
    (vectors,) = frozen_vectors(encoder, [(tokens, range(len(texts)))], torch.device("cpu"), TimeLimit(math.inf), bar=False)
    means = torch.from_numpy(vectors).float()
    features = {"mean": means} | {f"mean, {size} columns": torch.cat([means, counts(tokens, size)], 1) for size in SIZES}
    truth, classes = torch.from_numpy(labels), int(labels.max()) + 1
    splits = StratifiedShuffleSplit(SPLITS, train_size=min(TRAIN, len(texts) * 3 // 4), random_state=1).split(labels, labels)
    for split, (known, new) in enumerate(splits):
        new = new[:TEST]
        for name, table in features.items():
            for balanced in (False, True):
                weights_CF, biases_C = fit_probe(table[known], truth[known], classes, balanced)
                yield [source.name, split, name, balanced, score(labels[new], table[new] @ weights_CF.T + biases_C)]
        frozen, tfidf = (
            unit_rows(vectors[known], vectors[new]),
            tfidf_features(*([texts[row] for row in part] for part in (known, new))),
        )
        fitted = fit_regression(frozen[0], tfidf[0], labels=labels[known].tolist())
        found = f1_score(labels[new], fitted.predict(frozen[1], tfidf[1]), average="macro")
        yield [source.name, split, CONTROL, "chosen", found]


def score(labels: np.ndarray, logits: Tensor) -> float:
    """Macro-F1 of the most probable classes."""
    return float(f1_score(labels, logits.argmax(1).numpy(), average="macro"))


def table(lines: list[dict[str, str]]) -> str:
    """Markdown: a line for features and weights, a column for each data set, means over the splits."""
    sets = list(dict.fromkeys(line["set"] for line in lines))
    kinds = list(dict.fromkeys((line["features"], line["balanced"]) for line in lines))
    shown = [f"| features of the probe | classes of equal weight | {' | '.join(sets)} |", f"|---|---|{'---|' * len(sets)}"]
    words = {"False": "no", "True": "yes"}
    for features, balanced in kinds:
        of = [line for line in lines if (line["features"], line["balanced"]) == (features, balanced)]
        means = [np.mean([float(line["f1_macro"]) for line in of if line["set"] == name]) for name in sets]
        shown.append(f"| {features} | {words.get(balanced, balanced)} | {' | '.join(f'{mean:.3f}' for mean in means)} |")
    return "\n".join(shown)


if __name__ == "__main__":
    if sys.argv[1:]:
        encoder, folder, output, *names = sys.argv[1:]
        with Path(output).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["set", "split", "features", "balanced", "f1_macro"])
            for name in names:
                writer.writerows([*line[:-1], f"{line[-1]:.5f}"] for line in measure(encoder, Path(folder) / name))
                file.flush()
    else:
        print(table(list(csv.DictReader(FIGURES.read_text(encoding="utf-8").splitlines()))))
