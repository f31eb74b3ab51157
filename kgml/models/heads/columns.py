"""A feature matrix as its full columns and its sparse ones, each multiplied as suits it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FULL = 0.5
"""Share of rows from which on a column is kept as numbers one beside the other."""


def full_columns(features: sparse.csr_matrix) -> NDArray[np.int64]:
    """Numbers of the columns of ``features`` (n, d) filled in at least half of the rows."""
    filled = np.bincount(features.indices, minlength=features.shape[1])
    return np.flatnonzero((filled >= FULL * features.shape[0]) & (filled > 0))


class Columns:
    """``features`` (n, d) and a column of ones, for products with several vectors at once.

    The text vector fills its columns in every row; multiplied as an ordinary matrix they take a
    tenth of the time.
    """

    def __init__(self, features: sparse.csr_matrix) -> None:
        self.n, self.d = features.shape
        self.full = full_columns(features)
        rest = np.ones(self.d, dtype=bool)
        rest[self.full] = False
        self.rest = np.flatnonzero(rest)
        self._full = np.asarray(features[:, self.full].toarray(), dtype=np.float64)
        self._rest = sparse.csr_matrix(features[:, self.rest], dtype=np.float64)
        self._turned = sparse.csr_matrix(self._rest.T)

    def times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``weights`` (d + 1, k), the last row for the ones -> (n, k)."""
        product: NDArray[np.float64] = self._full @ weights[self.full]
        product += self._rest @ weights[self.rest]
        product += weights[-1]
        return product

    def turned(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The transpose times ``rows`` (n, k) -> (d + 1, k)."""
        found = np.empty((self.d + 1, rows.shape[1]))
        found[self.full] = self._full.T @ rows
        found[self.rest] = self._turned @ rows
        found[-1] = rows.sum(axis=0)
        return found
