"""Nearest centroid: the class whose mean direction is nearest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.lexical import unit_rows
from kgml.models.light import Decisions, Head


class CentroidHead(Head):
    """Cosine of a row and each class's centroid (Rocchio 1971; Han and Karypis 2000).

    Rows are made unit length, a centroid is the mean of its class's, made unit length too. Nothing
    is optimised: for a handful of rows per class, and where a fit must take milliseconds. A
    cosine says little by itself, so that probabilities need the temperature from held-out rows.
    Several labels: the centroid of a label's rows minus that of all others.

    >>> import numpy as np
    >>> from scipy import sparse
    >>> rows = sparse.csr_matrix(np.array([[3.0, 0], [1, 0], [0, 2], [1, 1]]))
    >>> head = CentroidHead().fit(rows, np.array([0, 0, 1, 1]), classes=2)
    >>> head.decision(rows).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    name = "centroid"
    options: ClassVar[frozenset[str]] = frozenset()

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``."""
        seen = np.unique(y)
        coef = _centroids(features, y[:, None] == seen)
        arrays = {"coef": coef, "intercept": np.zeros(len(seen)), "seen": seen.astype(np.int64)}
        return self.restore(arrays, classes, 1.0)

    def fit_labels(self, features: sparse.csr_matrix, Y: NDArray[np.bool_]) -> Head:
        """``features`` (n, d), ``Y`` (n, c)."""
        coef = _centroids(features, Y) - _centroids(features, ~Y)
        some, every = Y.any(axis=0), Y.all(axis=0)
        intercept = np.where(some, np.where(every, np.inf, 0.0), -np.inf)
        coef[~some | every] = 0
        arrays = {"coef": coef, "intercept": intercept, "seen": np.arange(Y.shape[1])}
        return self.restore(arrays, Y.shape[1], 1.0)

    def decision(self, features: sparse.csr_matrix) -> Decisions:
        """(n, classes) cosines; of several labels, differences of two cosines."""
        return super().decision(_unit(features))


def _centroids(features: sparse.csr_matrix, member: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Unit rows (c, d) for ``member`` (n, c); 0 where nobody is one."""
    total = np.asarray((_unit(features).T @ member.astype(np.float64)).T)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(length > 0, length, 1)


def _unit(features: sparse.csr_matrix) -> sparse.csr_matrix:
    return unit_rows(sparse.csr_matrix(features, dtype=np.float64, copy=True))
