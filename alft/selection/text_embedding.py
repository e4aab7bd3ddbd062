"""Text embeddings that need no encoder: tf-idf and static word vectors (method.md 6).

Axes: N texts, D size of a vector.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from torch import Tensor

from alft.selection.embedding import TextEmbedding
from alft.selection.seeds import generator

WORD = r"\w+|[^\w\s]"
"""A word or any other single symbol, so that a corpus of emoji has words, too."""


MOST_ROWS = 20_000
"""Rows of the table that is decomposed; in a larger one, a random part of this size stands for all."""


@dataclass(frozen=True)
class TfIdf(TextEmbedding):
    """Tf-idf vectors projected onto the directions in which the pool varies most (latent semantic analysis).

    Formula: e(i) = the first D coordinates of row i in the truncated SVD of the tf-idf table (words, sublinear term
    frequency), scaled to length 1. Of more than 20,000 texts, a random 20,000 give the directions, and all the words and their
    weights. Needs only the texts, and costs seconds for 10^4 of them. Use it to test whether clusters of BERT's embeddings are
    worth their pass, or where no encoder covers the language. Source: ours.

    Args:
        dimensions: Size D of a vector; fewer where the pool has fewer words or texts.
    """

    dimensions: int = 100

    def __post_init__(self) -> None:
        """Refuse an empty vector."""
        if self.dimensions < 1:
            raise ValueError(f"active.embedding.dimensions must be at least 1, got {self.dimensions}")

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Fit on these texts and project them."""
        table = TfidfVectorizer(token_pattern=WORD, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
        size = min(self.dimensions, *table.shape)
        if min(table.shape) < 2:  # nothing to project
            return torch.from_numpy(normalize(table).toarray().astype(np.float32))
        # A solver without random starts where possible: the same texts must give the same clusters.
        svd = TruncatedSVD(size, algorithm="arpack" if size < min(table.shape) else "randomized", random_state=0)
        with np.errstate(divide="ignore", invalid="ignore"):  # equal texts have no explained variance, which is not used here
            return torch.from_numpy(normalize(_projected(svd, table)).astype(np.float32))


def _projected(svd: TruncatedSVD, table: Any) -> Any:
    """Coordinates of all rows of a sparse table in the directions of a part of them."""
    rows = table.shape[0]
    if rows <= MOST_ROWS:
        return svd.fit_transform(table)
    part = torch.randperm(rows, generator=generator(0, "tf-idf"))[:MOST_ROWS].sort().values
    return svd.fit(table[part.numpy()]).transform(table)


@dataclass(frozen=True)
class WordVectors(TextEmbedding):
    """Mean of static word vectors read from a file in the format of GloVe and fastText.

    Formula: e(i) = mean over the words of text i that are in the file, as written or else in lower case; 0 if none are.
    Needs the file, and costs reading it once; only the words of the pool are kept. Use it where vectors of the language exist
    but no good encoder does. The share of words found is printed before training and stored in summary.json. Source: ours.

    Args:
        path: Text file with one word and its numbers per line, with or without fastText's first line of two counts.
    """

    path: str

    def __post_init__(self) -> None:
        """Refuse a path that is not a file."""
        if not Path(self.path).expanduser().is_file():
            raise ValueError(f"active.embedding.path: no such file: {self.path}")

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Average the vectors of each text."""
        vectors = self._vectors(texts)
        means = torch.zeros(len(texts), len(next(iter(vectors.values()))))
        for row, text in enumerate(texts):
            known = [vectors[form] for word in words_of(text) if (form := _form(word, vectors))]
            if known:
                means[row] = torch.from_numpy(np.mean(known, axis=0))
        return means

    def words_found(self, texts: Sequence[str]) -> float:
        """Share of the word tokens of these texts that are in the file."""
        vectors = self._vectors(texts)
        counts = Counter(word for text in texts for word in words_of(text))
        return sum(count for word, count in counts.items() if _form(word, vectors)) / max(1, counts.total())

    def _vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        words = {word for text in texts for word in words_of(text)}
        return _read(str(Path(self.path).expanduser()), frozenset(words | {word.lower() for word in words}))


def words_of(text: str) -> list[str]:
    """Words and single symbols.

    >>> words_of("Għandu l-kulur, u jiswa!")
    ['Għandu', 'l', '-', 'kulur', ',', 'u', 'jiswa', '!']
    """
    return re.findall(WORD, text)


def _form(word: str, vectors: dict[str, np.ndarray]) -> str | None:
    return word if word in vectors else word.lower() if word.lower() in vectors else None


@lru_cache(maxsize=1)  # called for the share of words before training, and for the vectors when clustering
def _read(path: str, words: frozenset[str]) -> dict[str, np.ndarray]:
    """Read the vectors of these words."""
    vectors: dict[str, np.ndarray] = {}
    size = 0
    for number, word, rest in _entries(path):
        size = size or len(rest.split())
        if word in words and word not in vectors:
            values = rest.split()
            if len(values) < size:
                raise ValueError(f"active.embedding.path: {path} has {len(values)} numbers in line {number}, but {size} before")
            if len(values) == size:  # else the "word" has a space in it, as a few of GloVe's have
                vectors[word] = _numbers(values, path, number)
    if not vectors:
        if not size:
            raise ValueError(f"active.embedding.path: {path} has no line with a word and its numbers")
        raise ValueError(f"active.embedding.path: {path} has no vector for any of the pool's {len(words)} word forms")
    return vectors


def _entries(path: str) -> Iterator[tuple[int, str, str]]:
    """Line number, word and the rest of each line; a first line of two counts and blank lines are skipped."""
    with open(path, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            word, _, rest = line.rstrip("\n").replace("\t", " ").partition(" ")
            if rest and not (number == 1 and word.isdigit() and rest.strip().isdigit()):
                yield number, word, rest


def _numbers(values: list[str], path: str, line: int) -> np.ndarray:
    try:
        vector = np.array(values, dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"active.embedding.path: {path} has something that is no number in line {line}") from error
    if not np.isfinite(vector).all():
        raise ValueError(f"active.embedding.path: {path} has a number that is not finite in line {line}")
    return vector
