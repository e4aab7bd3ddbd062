"""Static word vectors from texts without labels, in the format of fastText: what WordVectors reads.

    python results/studies/claims/word_vectors.py TEXTS.csv OUTPUT.vec

Positive pointwise mutual information of words within five words of each other, reduced by a truncated SVD (Levy and Goldberg,
"Neural Word Embedding as Implicit Matrix Factorization", NeurIPS 2014). Words that occur fewer than three times have no vector.
"""

import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD

from alft.selection.text_embedding import words_of

WINDOW, FEWEST, SIZE = 5, 3, 100


def word_vectors(texts: list[str]) -> tuple[list[str], np.ndarray]:
    """Words, the most frequent first, and their vectors (words, SIZE)."""
    tokens = [[word.lower() for word in words_of(text)] for text in texts]
    counts = Counter(word for line in tokens for word in line)
    words = [word for word, count in counts.most_common() if count >= FEWEST]
    number = {word: place for place, word in enumerate(words)}
    pairs: Counter[tuple[int, int]] = Counter()
    for line in tokens:
        known = [number[word] for word in line if word in number]
        for place, first in enumerate(known):
            for second in islice(known, place + 1, place + 1 + WINDOW):
                pairs[first, second] += 1
                pairs[second, first] += 1
    rows, columns = np.array(list(pairs)).T
    together = csr_matrix((np.array(list(pairs.values()), float), (rows, columns)), shape=(len(words),) * 2)
    return words, TruncatedSVD(SIZE, random_state=0).fit_transform(_positive_information(together))


def write_vectors(words: list[str], vectors_WD: np.ndarray, path: Path) -> None:
    """One word and its numbers a line, after a line of both counts."""
    lines = [f"{word} {' '.join(f'{number:.4f}' for number in vector)}" for word, vector in zip(words, vectors_WD, strict=True)]
    path.write_text("\n".join([f"{len(words)} {SIZE}", *lines]) + "\n", encoding="utf-8")


def _positive_information(together: csr_matrix) -> csr_matrix:
    alone = np.asarray(together.sum(axis=1)).ravel()
    pairs = together.tocoo()
    information = np.log(pairs.data * alone.sum() / (alone[pairs.row] * alone[pairs.col]))
    return csr_matrix((np.maximum(information, 0), (pairs.row, pairs.col)), shape=together.shape)


if __name__ == "__main__":
    found = word_vectors(pd.read_csv(sys.argv[1], keep_default_na=False)["text"].tolist())
    write_vectors(*found, Path(sys.argv[2]))
    print(f"{len(found[0])} words")
