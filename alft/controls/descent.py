"""Minimises the loss of a penalised logistic regression by L-BFGS, from a given start, and may be ended at any step.

Axes: N rows, R columns, C classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Matrix = NDArray[np.float64]

EXACT, ROUGH = 1e-5, 1e-3
"""Largest entry of the gradient of the mean loss at the end of a fit, and of one that is only compared with others."""

STEPS, FEW_STEPS = 1000, 100
"""Most steps of either."""


@dataclass(frozen=True)
class Problem:
    """Mean cross-entropy plus a penalty: scikit-learn's loss, divided by its C and by the number of rows.

    Attributes:
        table_NR: Rows.
        targets_N: Class of each row, from 0.
        classes: Number of classes, at least 2.
        strength: scikit-learn's C, the inverse of the penalty.
        weighted: Whether all classes count the same, whatever their number of rows.
    """

    table_NR: Matrix | csr_matrix
    targets_N: NDArray[np.intp]
    classes: int
    strength: float
    weighted: bool

    @cached_property
    def weights_N1(self) -> Matrix:
        """Weight of each row, with sum 1."""
        counts = np.bincount(self.targets_N, minlength=self.classes)
        weights_N1: Matrix = (1.0 / counts[self.targets_N] if self.weighted else np.ones(len(self.targets_N)))[:, None]
        return weights_N1 / float(weights_N1.sum())

    @cached_property
    def penalty(self) -> float:
        """Factor of half the squared weights. Of two classes scikit-learn fits the difference, whose square is twice theirs."""
        return (2 if self.classes == 2 else 1) / (self.strength * len(self.targets_N))

    def value(self, flat: Matrix) -> tuple[float, Matrix]:
        """Loss and gradient, at weights (R, C) with the intercepts as a last row, flattened."""
        parameters = flat.reshape(-1, self.classes)
        weights_RC, rows = parameters[:-1], np.arange(len(self.targets_N))
        logits_NC = (self.table_NR @ weights_RC.astype(self.table_NR.dtype)).astype(np.float64) + parameters[-1]
        logits_NC -= logits_NC.max(1, keepdims=True)
        right_N = logits_NC[rows, self.targets_N]
        np.exp(logits_NC, out=logits_NC)
        sums_N1 = logits_NC.sum(1, keepdims=True)
        logits_NC /= sums_N1
        logits_NC[rows, self.targets_N] -= 1
        logits_NC *= self.weights_N1
        loss = float(self.weights_N1[:, 0] @ (np.log(sums_N1[:, 0]) - right_N)) + self.penalty / 2 * float(
            (weights_RC**2).sum()
        )
        gradient = np.empty_like(parameters)
        gradient[:-1] = self.table_NR.T @ logits_NC.astype(self.table_NR.dtype) + self.penalty * weights_RC
        gradient[-1] = logits_NC.sum(0)
        return loss, gradient.ravel()


def minimum(problem: Problem, check: Callable[[], None], start: Matrix | None = None, rough: bool = False) -> Matrix:
    """Weights (R, C) with the intercepts as a last row.

    Args:
        problem: What is minimised.
        check: Called at every step; may raise an error.
        start: Where to start; by default at 0.
        rough: Whether the result is only compared with others.
    """
    size = (problem.table_NR.shape[1] + 1, problem.classes)
    start = np.zeros(size) if start is None else start

    def value(flat: Matrix) -> tuple[float, Matrix]:
        check()
        return problem.value(flat)

    steps, least = (FEW_STEPS, ROUGH) if rough else (STEPS, EXACT)
    options = {"maxiter": steps, "gtol": least, "ftol": 1e-12, "maxfun": 2 * steps}
    found: Matrix = minimize(value, start.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return found.reshape(size)
