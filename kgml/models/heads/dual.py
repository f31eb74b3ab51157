"""Weighted kernel ridge regression in the dual: few rows, many columns, exact.

The constant 1 is a feature like the others: its weight is the intercept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float64]
DENSE = 0.3
"""Share of stored numbers from which on a column is multiplied as a dense one."""
AT_ONCE = 1024
"""Rows of a sparse product, which takes more memory than the dense one it is added to."""


def gram(features: sparse.csr_matrix) -> NDArray[np.float32]:
    """(n, n) products of the rows of ``features`` (n, d), and 1 for the intercept's.

    Dense columns (text vectors) go through BLAS, which is ten times as fast.
    """
    columns = features.tocsc()
    full = np.diff(columns.indptr) > DENSE * features.shape[0]
    dense = columns[:, np.flatnonzero(full)].toarray().astype(np.float32)
    rest = columns[:, np.flatnonzero(~full)].tocsr().astype(np.float32)
    products: NDArray[np.float32] = dense @ dense.T + 1
    for start in range(0, len(products), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        products[some] += (rest[some] @ rest.T).toarray()
    return products


def leave_one_out(
    kernel: NDArray[np.float32], Y: Floats, weights: Floats, alphas: tuple[float, ...]
) -> dict[float, Floats]:
    """For each alpha what rows (n, k) are predicted by the other rows: one decomposition for all.

    Args:
        kernel: as `gram` gives it.
        Y: (n, k) what is wanted.
        weights: (n,) what the squared error of a row counts.
    """
    root = np.sqrt(weights).astype(np.float32)
    lengths, directions = linalg.eigh(kernel * root[:, None] * root[None, :], driver="evd")
    along = directions.T @ (Y * root[:, None])
    squares = np.square(directions)
    found = {}
    for alpha in alphas:
        share = 1 / (np.maximum(lengths, 0) + alpha)
        dual = directions @ (share[:, None] * along)
        found[alpha] = np.asarray(Y - dual / (squares @ share)[:, None] / root[:, None], np.float64)
    return found


def solve(
    features: sparse.csr_matrix,
    kernel: NDArray[np.float32],
    Y: Floats,
    weights: Floats,
    alpha: float,
) -> tuple[Floats, Floats]:
    """Coefficients (k, d) and intercepts (k,) that minimise weighted squared error plus ``alpha``
    times their squared length."""
    root = np.sqrt(weights).astype(np.float32)
    system = kernel * root[:, None] * root[None, :]
    system[np.diag_indices(len(system))] += alpha
    factor = linalg.cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    dual = linalg.cho_solve(factor, Y * root[:, None]) * root[:, None]
    return np.asarray(features.T @ dual).T, dual.sum(axis=0)
