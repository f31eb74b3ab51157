"""Many two-class problems at once: scikit-learn's solutions, whatever the order of rows or labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from kgml.models.heads.columns import Columns
from kgml.models.heads.solve import solve

LOSSES = ("logistic", "squared_hinge")
losses = pytest.mark.parametrize("loss", LOSSES)


@pytest.fixture(scope="module")
def problem() -> tuple[sparse.csr_matrix, NDArray[np.bool_]]:
    """120 rows of 6 full and 40 sparse columns, five labels of 5 to 60 rows."""
    rng = np.random.default_rng(0)
    full = rng.normal(size=(120, 6))
    rest = sparse.random(120, 40, 0.1, format="csr", random_state=rng)
    X = sparse.csr_matrix(sparse.hstack([full, rest])).astype(np.float32)
    scores = X @ rng.normal(size=(46, 5)) + rng.normal(size=(120, 5))
    return X, scores > np.quantile(scores, [0.5, 0.6, 0.7, 0.9, 0.96], axis=0).diagonal()


@losses
@pytest.mark.parametrize("balanced", [False, True])
def test_each_label_has_the_solution_of_scikit_learn(problem, loss: str, balanced: bool) -> None:
    X, Y = problem
    coef, intercept = solve(X, Y, loss, 2.0, balanced, tolerance=1e-10)
    weight = "balanced" if balanced else None
    for k in range(5):
        known = LogisticRegression(C=2.0, class_weight=weight, tol=1e-10, max_iter=10_000)
        if loss == "squared_hinge":
            known = LinearSVC(C=2.0, class_weight=weight, tol=1e-10, dual=False, max_iter=100_000)
        known.fit(X.astype(np.float64), Y[:, k])
        np.testing.assert_allclose(coef[k], known.coef_[0], atol=1e-4)
        np.testing.assert_allclose(intercept[k], known.intercept_[0], atol=1e-4)


@losses
def test_the_order_of_rows_and_labels_and_the_other_labels_change_nothing(
    problem, loss: str
) -> None:
    X, Y = problem
    coef, intercept = solve(X, Y, loss, 2.0, tolerance=1e-9)
    rows, labels = np.random.default_rng(1).permutation(120), [3, 0, 4]
    again, there = solve(X[rows], Y[rows][:, labels], loss, 2.0, tolerance=1e-9)
    np.testing.assert_allclose(again, coef[labels], atol=1e-6)
    np.testing.assert_allclose(there, intercept[labels], atol=1e-6)


@losses
def test_labels_solved_in_blocks_are_those_solved_together(problem, loss: str, monkeypatch) -> None:
    X, Y = problem
    together = solve(X, Y, loss, 2.0, tolerance=1e-9)
    monkeypatch.setattr("kgml.models.heads.solve.CELLS", 250)
    for one, other in zip(solve(X, Y, loss, 2.0, tolerance=1e-9), together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@losses
def test_a_label_of_no_row_or_of_every_row_is_certain(problem, loss: str) -> None:
    X, Y = problem
    Y = np.column_stack([Y[:, 0], np.zeros(120, bool), np.ones(120, bool)])
    coef, intercept = solve(X, Y, loss, 2.0)
    assert intercept[1:].tolist() == [-np.inf, np.inf]
    assert not coef[1:].any()
    assert coef[0].any()


def test_products_by_columns_are_those_of_the_matrix(problem) -> None:
    X, _ = problem
    columns = Columns(X)
    assert columns.full.tolist() == list(range(6))
    dense = np.hstack([X.toarray(), np.ones((120, 1))]).astype(np.float64)
    rng = np.random.default_rng(0)
    weights, rows = rng.normal(size=(47, 3)), rng.normal(size=(120, 3))
    np.testing.assert_allclose(columns.times(weights), dense @ weights, atol=1e-9)
    np.testing.assert_allclose(columns.turned(rows), dense.T @ rows, atol=1e-9)
