"""Features of texts that need no encoder: TF-IDF of words (1-2) and of characters (2-5, within words)."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union

from alft.selection.text_embedding import WORD


def tfidf_features(known: Sequence[str], new: Sequence[str]) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF of known and of new texts, sparse (N, F) and (M, F), rows of length 1 (0 where no feature is known).

    Args:
        known: Texts that define the features and their weights.
        new: Other texts, of which only features of the known ones count.
    """
    union = make_union(
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
    )
    half = np.float32(0.5**0.5)  # both have rows of length 1
    return csr_matrix(union.fit_transform(known)) * half, csr_matrix(union.transform(new)) * half
