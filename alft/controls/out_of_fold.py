"""Probabilities of labels by regressions that have not seen them: each row is predicted from the rows of the other folds.

Axes: N rows, F features, C classes that occur.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.model_selection import StratifiedKFold

from alft.controls.descent import Problem, minimum
from alft.controls.regression import MOST_ROWS, Block, Candidate, Matrix, inner_products, side_by_side
from alft.models.inner_products import by_inner_products

FOLDS = 10
"""Number of folds: each regression is fitted to nine tenths of the rows."""


def out_of_fold(
    *blocks: Block, labels: Sequence[int], chosen: Candidate, check: Callable[[], None] = lambda: None
) -> tuple[list[int], Matrix]:
    """Class probabilities of each row by a regression that was fitted without its fold.

    The folds have about the same shares of the classes. The fits are rough, since rows are only ranked by their probabilities.
    The same rows give the same result.

    Args:
        *blocks: Features of the rows, dense or sparse (N, F), side by side, of lengths about 1.
        labels: Number of the class of each row; at least two numbers occur.
        chosen: Inverse strength of the penalty and whether all classes count the same, as for all rows together.
        check: Called at every step; may raise an error to end the fits.

    Returns:
        The classes that occur, ascending, and the probabilities (N, C).
    """
    classes, targets_N = np.unique(np.asarray(labels), return_inverse=True)
    rows, columns = blocks[0].shape[0], sum(block.shape[1] for block in blocks)
    narrow = rows < columns and rows <= MOST_ROWS
    table_NR: Block = by_inner_products(inner_products(*blocks)) if narrow else side_by_side(*blocks)
    probs_NC = np.empty((rows, len(classes)))
    parts = min(FOLDS, int(np.bincount(targets_N).max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds
        folds = list(StratifiedKFold(parts, shuffle=True, random_state=0).split(targets_N, targets_N))
    for train, held_out in folds:
        problem = Problem(table_NR[train], targets_N[train], len(classes), *chosen)
        fitted = minimum(problem, check, rough=True)
        logits = table_NR[held_out] @ fitted[:-1] + fitted[-1]
        likelihoods = np.exp(logits - logits.max(1, keepdims=True))
        probs_NC[held_out] = likelihoods / likelihoods.sum(1, keepdims=True)
    return classes.tolist(), probs_NC
