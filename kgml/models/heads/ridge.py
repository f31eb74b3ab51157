"""Ridge regression, how much it is held back chosen by leave-one-out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.heads.dual import gram, leave_one_out, solve
from kgml.models.light import AUTO, Head, log_loss

ALPHAS = tuple(float(a) for a in np.logspace(-3, 3, 13))
CLASS_ALPHAS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 8.0)
MOST_ROWS = 2000
"""Rows by which alpha is chosen and to which the closed form is solved."""
EXACT = 8000
"""Rows to which that of classes is: a matrix of 256 MB. R52's 5,226 rows of 52 classes take 2 s by it
and 122 by conjugate gradients, which solve class after class."""


class RidgeHead(Head):
    """Squared error plus ``alpha w.w``: of numbers, and of classes one against the rest, which are
    weighed alike.

    The leave-one-out error of every alpha is had from one decomposition (Golub, Heath and Wahba
    1979; scikit-learn's `RidgeCV`); the one with the least mean square stays, of classes that with
    the least log-loss (the mean square holds back too much: Ohsumed's training rows, text and words,
    accuracy .694 for .716). Beyond `MOST_ROWS` rows it is chosen on that many, spread evenly over the
    order of the targets; the final system is solved by conjugate gradients, that of classes beyond
    `EXACT` rows.
    """

    name = "ridge"
    targets: ClassVar[frozenset[str]] = frozenset({"single", "regression"})
    WEIGHT: ClassVar[str] = "balanced"

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``: 1 is wanted of a row's own
        class and -1 of the others."""
        seen, code = np.unique(y, return_inverse=True)
        if len(seen) == 1:
            self.alpha_ = 1.0
            return super().fit(features, y, classes)
        Y = np.full((len(y), len(seen)), -1.0)
        Y[np.arange(len(y)), code] = 1
        counts = np.bincount(code)
        weights = np.ones(len(y)) if self.weight is None else (len(y) / len(seen) / counts)[code]
        exact = len(y) <= EXACT
        kernel = gram(features) if exact else None
        self.alpha_ = self._alpha_for_classes(features, kernel, Y, weights, code)
        if kernel is not None:
            coef, intercept = solve(features, kernel, Y, weights, self.alpha_)
        else:
            coef, intercept = _primal(features, Y, weights, self.alpha_)
        return self.restore({"coef": coef, "intercept": intercept, "seen": seen}, classes, 1.0)

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

    def _alpha_for_classes(
        self, features: sparse.csr_matrix, kernel: NDArray[np.float32] | None,
        Y: NDArray[np.float64], weights: NDArray[np.float64], code: NDArray[np.int64],
    ) -> float:  # fmt: skip
        if self.regularization not in (None, AUTO):
            return float(self.regularization)
        rows = np.arange(len(Y))
        if len(Y) > MOST_ROWS:  # by what is in a row, not by its place
            order = np.lexsort((np.asarray(features.sum(axis=1)).ravel(), code))
            rows = _evenly(order)
        some = gram(features[rows]) if kernel is None else kernel[np.ix_(rows, rows)]
        held = leave_one_out(some, Y[rows], weights[rows], CLASS_ALPHAS)
        lost = {alpha: log_loss(off, code[rows]) for alpha, off in held.items()}
        return min(lost, key=lambda alpha: lost[alpha])

    def _alpha(self, features: sparse.csr_matrix, y: NDArray[np.float64]) -> float:
        from sklearn.linear_model import RidgeCV

        if self.regularization not in (None, AUTO):
            return float(self.regularization)
        if len(y) < 3 or np.ptp(y) == 0:
            return 1.0
        rows = np.arange(len(y))
        if len(y) > MOST_ROWS:
            order = np.argsort(y, kind="stable")
            rows = _evenly(order)
        chosen = RidgeCV(ALPHAS).fit(features[rows].astype(np.float64), y[rows])
        return float(chosen.alpha_)


def _evenly(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """`MOST_ROWS` of the row numbers ``order``, as far apart in it as can be, sorted."""
    picked = np.linspace(0, len(order) - 1, MOST_ROWS).round().astype(np.int64)
    rows: NDArray[np.int64] = np.sort(order[picked])
    return rows


def _primal(
    features: sparse.csr_matrix, Y: NDArray[np.float64], weights: NDArray[np.float64], alpha: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coefficients (k, d) and intercepts (k,), the intercept held back like the others."""
    from sklearn.linear_model import Ridge

    ones = sparse.csr_matrix(np.ones((features.shape[0], 1)))
    with_one = sparse.csr_matrix(sparse.hstack([features.astype(np.float64), ones], format="csr"))
    made = Ridge(alpha=alpha, fit_intercept=False, solver="sparse_cg", tol=1e-6, max_iter=1000)
    coef = made.fit(with_one, Y, sample_weight=weights).coef_
    return coef[:, :-1], coef[:, -1]


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
