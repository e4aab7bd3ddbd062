"""Replaces wide rows by narrow ones with the same inner products.

What is fitted with a penalty on the squared weights depends on the rows only by their inner products. With fewer rows than
features it is fitted on a factor L of these, L L^T = X X^T, and written in features again by X^T L^-T.

Axes: N rows.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky

Matrix = NDArray[np.float64]

TINY = 1e-7
"""Added to the squared length of each row, in units of their mean: repeated or centred rows make the matrix singular."""


def by_inner_products(products_NN: Matrix) -> Matrix:
    """Rows with one column per row instead of per feature, and these inner products: L (N, N) with L L^T = X X^T.

    Raises:
        ValueError: No rows have such products.

    >>> by_inner_products(np.array([[25.0]])).round(3).tolist()
    [[5.0]]
    """
    mean = float(np.trace(products_NN)) / len(products_NN) or 1.0
    for added in (TINY * mean, 100 * TINY * mean):
        gram_NN = products_NN.copy()
        gram_NN[np.diag_indices_from(gram_NN)] += added
        try:
            factor_NN: Matrix = cholesky(gram_NN, lower=True, overwrite_a=True)
        except LinAlgError:  # products that were rounded more than expected
            continue
        return factor_NN
    raise ValueError("products_NN must be inner products of rows")
