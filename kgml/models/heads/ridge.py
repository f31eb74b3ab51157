"""Ridge regression, how much it is held back chosen by leave-one-out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.light import AUTO, Head

ALPHAS = tuple(float(a) for a in np.logspace(-3, 3, 13))
MOST_ROWS = 2000
"""Rows by which alpha is chosen and to which the closed form is solved."""


class RidgeHead(Head):
    """Numbers from the same features as classes: squared error plus ``alpha w.w``.

    The leave-one-out error of every alpha is had from one decomposition (Golub, Heath and Wahba
    1979; scikit-learn's `RidgeCV`); the one with the least mean square stays. Beyond `MOST_ROWS`
    rows it is chosen on that many, spread evenly over the order of the targets, and the final
    system is solved by conjugate gradients.
    """

    name = "ridge"
    targets: ClassVar[frozenset[str]] = frozenset({"regression"})
    options: ClassVar[frozenset[str]] = frozenset({"regularization"})

    def fit_values(self, features: sparse.csr_matrix, y: NDArray[np.float64]) -> Head:
        """``features`` (n, d), ``y`` (n,) numbers."""
        from sklearn.linear_model import Ridge

        self.alpha_ = self._alpha(features, y)
        exact = len(y) <= MOST_ROWS
        solver = {"solver": "sparse_cg", "tol": 1e-8, "max_iter": 2000}
        if exact and features.shape[1] > len(y):
            coef, intercept = _dual(features, y, self.alpha_)
        else:
            made = Ridge(alpha=self.alpha_, **solver).fit(features.astype(np.float64), y)
            coef, intercept = made.coef_, float(made.intercept_)
        arrays = {"coef": coef[None, :], "intercept": np.array([intercept]), "seen": np.arange(1)}
        return self.restore(arrays, 1, 1.0)

    @property
    def used_regularization(self) -> float | None:
        """Alpha."""
        return self.alpha_

    def _alpha(self, features: sparse.csr_matrix, y: NDArray[np.float64]) -> float:
        from sklearn.linear_model import RidgeCV

        if self.regularization not in (None, AUTO):
            return float(self.regularization)
        if len(y) < 3 or np.ptp(y) == 0:
            return 1.0
        rows = np.arange(len(y))
        if len(y) > MOST_ROWS:
            order = np.argsort(y, kind="stable")
            rows = np.sort(order[np.linspace(0, len(y) - 1, MOST_ROWS).round().astype(np.int64)])
        chosen = RidgeCV(ALPHAS).fit(features[rows].astype(np.float64), y[rows])
        return float(chosen.alpha_)


def _dual(
    features: sparse.csr_matrix, y: NDArray[np.float64], alpha: float
) -> tuple[NDArray[Any], float]:
    """Coefficients (d,) and intercept from the (n, n) system of centred rows."""
    X = features.astype(np.float64)
    mean = np.asarray(X.mean(axis=0)).ravel()
    kernel = np.asarray((X @ X.T).todense())
    shared = np.asarray(X @ mean)
    centred = kernel - shared[:, None] - shared[None, :] + mean @ mean
    a = np.linalg.solve(centred + alpha * np.eye(len(y)), y - y.mean())
    coef = np.asarray(X.T @ a).ravel() - a.sum() * mean
    return coef, float(y.mean() - mean @ coef)
