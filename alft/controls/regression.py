"""Logistic regression whose strength and class weights are chosen by cross-validation (method.md 9).

A logistic regression has a weight for each feature and class: with 77 classes, millions. Its optimum depends on the rows only
by their inner products. Where there are fewer rows than features it is therefore fitted on a factor L of the Gram matrix,
L L^T = X X^T, which has as many columns as rows. The penalty is the same there, and so is the optimum, which is then written
in features again: a table of known by new rows would not be bounded.

Axes: N rows, F features, R columns of the fit (rows or features), C classes that occur.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from alft.controls.descent import Problem, minimum
from alft.models.inner_products import by_inner_products

Matrix = NDArray[np.float64]
Block: TypeAlias = "Matrix | csr_matrix"
Candidate = tuple[float, bool]
"""Inverse strength of the penalty, as in scikit-learn, and whether every class has the same weight."""

FEW_CLASSES = 10
"""Number of classes up to which sparse features of many rows are fitted at once, and not class by class."""

MOST_ROWS = 5000
"""Number of rows up to which the Gram matrix pays: it takes 8 N^2 bytes, 200 MB, and N^3 / 3 multiplications."""

STRENGTHS = (1.0, 10.0, 100.0)
DEFAULT: Candidate = (10.0, False)
"""What is taken where nothing can be compared: a class has a single row."""

FOLDS = 5
WORK = 1e9
"""Numbers in the table times classes, over all fits of a comparison, up to which all folds are used; at least one is."""

EVEN = 1.5
"""Rows of the largest class over those of the smallest, up to which equal weights are not tried."""

ABSENT = 5.0
"""How far the intercept of a class without rows lies below all others, in nats."""


@dataclass(frozen=True)
class Regression:
    """A fitted logistic regression.

    Attributes:
        weights_CF: Weights by class and feature.
        intercept_C: Intercepts by class.
        classes: Numbers of these classes, ascending.
        chosen: Inverse strength of the penalty, and whether every class had the same weight.
    """

    weights_CF: Matrix
    intercept_C: Matrix
    classes: list[int]
    chosen: Candidate

    def logits(self, *blocks: Block) -> Matrix:
        """Logits (N, C) of rows, for the classes that occurred; their features in the blocks of the fit."""
        logits_NC, start = np.tile(self.intercept_C, (blocks[0].shape[0], 1)), 0
        for block_NF in blocks:
            logits_NC += block_NF @ self.weights_CF[:, start : start + block_NF.shape[1]].T
            start += block_NF.shape[1]
        return logits_NC

    def predict(self, *blocks: Block) -> list[int]:
        """Number of the most probable class of each row."""
        return [self.classes[place] for place in self.logits(*blocks).argmax(1)]

    def over(self, count: int) -> tuple[Matrix, Matrix]:
        """Weights (``count``, F) and intercepts for all classes: one without rows has weights 0 and a low intercept."""
        weights, intercept = np.zeros((count, self.weights_CF.shape[1])), np.full(count, self.intercept_C.min() - ABSENT)
        weights[self.classes], intercept[self.classes] = self.weights_CF, self.intercept_C
        return weights, intercept


def fit_regression(
    *blocks: Block, labels: Sequence[int], products_NN: Matrix | None = None, check: Callable[[], None] = lambda: None
) -> Regression:
    """Fit a logistic regression, with the strength and the class weights of the best macro-F1 in cross-validation.

    Up to five folds, fewer where the rarest class has fewer rows or the fits would take long; equal scores go to the stronger
    penalty, then to unweighted classes. The same rows give the same result.

    Args:
        *blocks: Features of the rows, dense or sparse (N, F), of lengths about 1; several blocks stand side by side.
        labels: Number of the class of each row; numbers may be missing.
        products_NN: Inner products of the rows, if they are known.
        check: Called at every step; may raise an error to end the fit.

    Raises:
        ValueError: There is no row, or not one label for each row.
    """
    rows, columns = blocks[0].shape[0], sum(block.shape[1] for block in blocks)
    if not rows or any(block.shape[0] != len(labels) for block in blocks):
        shapes = " and ".join(str(block.shape) for block in blocks)
        raise ValueError(f"labels must be one for each row of features, of at least 1, got {len(labels)} for {shapes}")
    classes, targets_N = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) == 1:
        return Regression(np.zeros((1, columns)), np.zeros(1), classes.tolist(), DEFAULT)
    if rows < columns and rows <= MOST_ROWS:
        factor_NN = by_inner_products(inner_products(*blocks) if products_NN is None else products_NN)
        weights_NC, intercept_C, chosen = _fit(factor_NN, targets_N, check)
        weights_NC = solve_triangular(factor_NN, weights_NC, lower=True, trans="T")
        weights_FC = np.concatenate([block.T @ weights_NC for block in blocks])
    else:
        table_NF = side_by_side(*blocks)
        by_class = issparse(table_NF) and rows > MOST_ROWS and len(classes) > FEW_CLASSES
        weights_FC, intercept_C, chosen = (_fit_class_by_class if by_class else _fit)(table_NF, targets_N, check)
    return Regression(weights_FC.T, intercept_C, classes.tolist(), chosen)


def side_by_side(*blocks: Block) -> Block:
    """All features of the rows in one table (N, F), sparse if one block is."""
    table_NF: Block = hstack(blocks, format="csr") if any(map(issparse, blocks)) else np.concatenate(blocks, axis=1)
    return table_NF


def inner_products(*blocks: Block) -> Matrix:
    """Inner products of rows (N, N), summed over blocks of features."""
    total_NN: Matrix = np.zeros((blocks[0].shape[0],) * 2)
    for block_NF in blocks:
        exact_NF = block_NF.astype(np.float64)  # rounded products of repeated rows would be those of no rows
        products: Any = exact_NF @ exact_NF.T
        total_NN += products.toarray() if issparse(products) else products
    return total_NN


def _fit(table_NR: Block, targets_N: NDArray[np.intp], check: Callable[[], None]) -> tuple[Matrix, Matrix, Candidate]:
    """Weights (R, C), intercepts and what was chosen; the last fit starts from that of the chosen candidate in a fold."""
    f1, starts = _compare(table_NR.astype(np.float32), targets_N, check)  # twice as fast as float64
    # Of equal scores the first one: the stronger penalty, then unweighted classes.
    chosen = max(f1, key=lambda candidate: round(sum(f1[candidate]), 9), default=DEFAULT)
    problem = Problem(table_NR, targets_N, int(targets_N.max()) + 1, *chosen)
    fitted = minimum(problem, check, starts.get(chosen))
    return fitted[:-1], fitted[-1], chosen


def _compare(
    table_NR: Block, targets_N: NDArray[np.intp], check: Callable[[], None]
) -> tuple[dict[Candidate, list[float]], dict[Candidate, Matrix]]:
    """Macro-F1 of each candidate by fold, and its fit in the last fold; empty where a class has a single row."""
    counts = np.bincount(targets_N)
    parts = min(FOLDS, int(counts.min()))
    if parts < 2:
        return {}, {}
    weights = (False,) if counts.max() <= EVEN * counts.min() else (False, True)
    f1: dict[Candidate, list[float]] = {(strength, weighted): [] for strength in STRENGTHS for weighted in weights}
    folds = list(StratifiedKFold(parts, shuffle=True, random_state=0).split(targets_N, targets_N))
    starts: dict[Candidate, Matrix] = {}
    work = (table_NR.nnz if isinstance(table_NR, csr_matrix) else table_NR.size) * len(counts) * len(f1)
    for train, held_out in folds[: max(1, int(WORK / work))]:
        table_MR, targets_M, rest = table_NR[train], targets_N[train], table_NR[held_out]
        for strength, weighted in f1:
            # From the fit with the next stronger penalty, of which the newest is kept here.
            start = starts.get((STRENGTHS[STRENGTHS.index(strength) - 1], weighted)) if strength > STRENGTHS[0] else None
            fitted = minimum(Problem(table_MR, targets_M, len(counts), strength, weighted), check, start, rough=True)
            starts[strength, weighted] = fitted
            predicted = (rest @ fitted[:-1] + fitted[-1]).argmax(1)
            f1[strength, weighted].append(_macro_f1(targets_N[held_out], predicted, len(counts)))
    return f1, starts


def _macro_f1(truth: NDArray[np.intp], predicted: NDArray[np.intp], classes: int) -> float:
    right, said, true = (np.bincount(v, minlength=classes) for v in (truth[truth == predicted], predicted, truth))
    return float((2 * right / np.maximum(said + true, 1)).mean())


def _fit_class_by_class(
    table_NF: csr_matrix, targets_N: NDArray[np.intp], check: Callable[[], None]
) -> tuple[Matrix, Matrix, Candidate]:
    """One regression against the rest per class, whose cost grows with the rows alone; nothing is compared."""
    weights, intercepts = [], []
    for label in range(int(targets_N.max()) + 1):
        check()
        model = LogisticRegression(C=DEFAULT[0], solver="liblinear", dual=True, random_state=0)
        model.fit(table_NF, targets_N == label)
        weights.append(model.coef_[0])
        intercepts.append(model.intercept_[0])
    return np.stack(weights, axis=1), np.array(intercepts), DEFAULT
