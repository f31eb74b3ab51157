"""Centroids, trees, ridge and the choice of C, beside scikit-learn and worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import NearestCentroid

from kgml.models.folds import assign_folds
from kgml.models.heads.blend import BlendHead
from kgml.models.heads.boosting import BoostingHead
from kgml.models.heads.centroid import CentroidHead
from kgml.models.heads.choose import choose
from kgml.models.heads.dual import gram, leave_one_out
from kgml.models.heads.ridge import ALPHAS, RidgeHead
from kgml.models.light import LogisticHead, SVMHead, log_loss
from kgml.models.parallel import in_parallel
from kgml.registry import names, resolve

LABELLED = [n for n in names("head") if n not in ("auto", "ridge", "transformer")]
labelled = pytest.mark.parametrize("name", LABELLED)


def problem(classes: int, n: int = 90) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Eight full columns and thirty sparse ones, both with something of the class."""
    rng = np.random.default_rng(classes)
    y = np.arange(n) % classes
    full = rng.normal(size=(classes, 8))[y] + 0.8 * rng.normal(size=(n, 8))
    rest = sparse.random(n, 30, 0.1, format="csr", random_state=rng)
    return sparse.csr_matrix(sparse.hstack([full, rest])).astype(np.float32), y


# Centroids


def test_the_nearest_centroid_is_that_of_scikit_learn_on_unit_rows() -> None:
    X, y = problem(4)
    rows = X.toarray().astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    head = CentroidHead().fit(X, y, 4)
    means = NearestCentroid().fit(rows, y).centroids_
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(head.decision(X), rows @ means.T, atol=1e-6)


def test_the_length_of_a_row_does_not_move_its_cosine() -> None:
    X, y = problem(3)
    head = CentroidHead().fit(X, y, 3)
    np.testing.assert_allclose(head.decision(X * 7), head.decision(X), atol=1e-6)


def test_a_row_without_features_is_no_nearer_to_any_centroid() -> None:
    X, y = problem(3)
    decisions = CentroidHead().fit(X, y, 3).decision(sparse.csr_matrix((1, 38), dtype=np.float32))
    assert decisions.tolist() == [[0.0, 0.0, 0.0]]


# Trees


@pytest.mark.parametrize("classes", [2, 5])
def test_trees_as_arrays_predict_what_scikit_learn_does(classes: int) -> None:
    X, y = problem(classes, 200)
    head = BoostingHead().fit(X, y, classes)
    assert isinstance(head, BoostingHead)
    dense = head._dense(X)
    known = head.make().fit(dense, y)
    raw = known.decision_function(dense)
    found = head.decision(X)
    if classes == 2:
        found, raw = found[:, 1:] - found[:, :1], raw[:, None]
    np.testing.assert_allclose(found, raw, rtol=1e-12, atol=1e-12)
    shares = head.probabilities(head.decision(X))
    np.testing.assert_allclose(shares, known.predict_proba(dense), atol=1e-9)


def test_trees_at_their_thresholds_go_the_way_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 6, size=(300, 3)).astype(np.float64)  # thresholds at halves, rows beside
    y = (X[:, 0] + X[:, 1] > 5).astype(int)
    head = BoostingHead()
    head.fit(sparse.csr_matrix(X), y, 2)
    dense = head._dense(sparse.csr_matrix(X))
    known = head.make().fit(dense, y)
    edges = np.array(sorted(set(head.trees_.threshold)))
    probes = np.column_stack([np.resize(edges, 500) for _ in range(dense.shape[1])])
    np.testing.assert_allclose(
        head.trees_.raw(probes)[:, 0], known._raw_predict(probes)[:, 0], rtol=1e-12
    )


def test_many_rows_walk_in_pieces(monkeypatch) -> None:
    X, y = problem(3)
    head = BoostingHead().fit(X, y, 3)
    whole = head.decision(X)
    monkeypatch.setattr("kgml.models.heads.trees.CELLS", 1000)
    np.testing.assert_array_equal(head.decision(X), whole)


def test_full_and_sparse_columns_are_reduced_apart_to_as_many_directions_as_there_are() -> None:
    X, y = problem(3)
    head = BoostingHead()
    head.fit(X, y, 3)
    assert head.components_.shape == (38, 38)
    assert not head.components_[:8, 8:].any()
    assert not head.components_[8:, :8].any()
    np.testing.assert_allclose(head.components_ @ head.components_.T, np.eye(38), atol=1e-9)
    none = BoostingHead()
    none.fit(X[:, :8], y, 3)
    assert none.components_.shape == (8, 8)


def test_damaged_trees_are_refused() -> None:
    X, y = problem(3)
    head = BoostingHead().fit(X, y, 3)
    head.check(38)
    for name, value in (("left", 0), ("feature", 1000), ("root", -1)):
        arrays = {k: v.copy() for k, v in head.arrays().items()}
        arrays[name].flat[-1] = value
        with pytest.raises(ValueError, match="do not fit"):
            BoostingHead().restore(arrays, 3, 1.0).check(38)


# Several labels


@labelled
def test_several_labels_are_learned_and_come_back_from_their_arrays(name: str) -> None:
    X, y = problem(4)
    Y = np.column_stack([y == 0, y >= 2, y % 2 == 1])
    head = resolve("head", name)(seed=0).fit_labels(X, Y)
    margins = head.decision(X)
    assert np.mean((margins > np.median(margins, axis=0)) == Y) > 0.6
    ranked = [np.mean(margins[Y[:, k], k]) > np.mean(margins[~Y[:, k], k]) for k in range(3)]
    assert all(ranked)
    again = resolve("head", name)(seed=0).restore(head.arrays(), 3, 1.0)
    again.check(38)
    np.testing.assert_array_equal(again.decision(X), margins)
    alone = np.concatenate([head.decision(X[i]) for i in range(len(y))])
    np.testing.assert_array_equal(alone, margins)


@labelled
def test_a_label_that_no_row_has_is_never_likely(name: str) -> None:
    X, y = problem(3)
    Y = np.column_stack([y == 0, np.zeros(90, bool), np.ones(90, bool)])
    margins = resolve("head", name)(seed=0).fit_labels(X, Y).decision(X)
    assert np.isneginf(margins[:, 1]).all()
    assert np.isposinf(margins[:, 2]).all()
    assert np.isfinite(margins[:, 0]).all()


@labelled
def test_the_order_of_labels_changes_nothing_but_their_order(name: str) -> None:
    X, y = problem(4)
    Y = y[:, None] == np.arange(4)
    margins = resolve("head", name)(seed=0).fit_labels(X, Y).decision(X)
    turned = resolve("head", name)(seed=0).fit_labels(X, Y[:, ::-1]).decision(X)
    np.testing.assert_allclose(turned[:, ::-1], margins, atol=1e-4)


def test_a_head_of_another_package_that_knows_one_label_learns_several() -> None:
    class Other(LogisticHead):
        name, loss = "other", None

    X, y = problem(3)
    Y = y[:, None] == np.arange(3)
    np.testing.assert_allclose(
        Other().fit_labels(X, Y).decision(X),
        LogisticHead().fit_labels(X, Y).decision(X),
        rtol=0.05, atol=0.2,  # scikit-learn stops early
    )  # fmt: skip


# Regularisation chosen inside


def buried() -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Columns that tell three classes apart are a fiftieth of those that do not: large weights."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    told = 0.02 * (np.eye(3)[y] + 0.3 * rng.normal(size=(240, 3)))
    return sparse.csr_matrix(np.hstack([rng.normal(size=(240, 20)), told])), y


def test_c_is_the_one_with_the_least_log_loss_on_rows_held_out() -> None:
    X, y = buried()
    head = LogisticHead(regularization="auto").fit(X, y, 3)
    split = PredefinedSplit(assign_folds(y, 3, 0))
    losses = []
    for C in LogisticHead.GRID:
        known = LogisticRegression(C=C, max_iter=1000)
        held = cross_val_predict(known, X, y, cv=split, method="decision_function")
        losses.append(log_loss(held, y))
    assert LogisticHead.GRID[int(np.argmin(losses))] == head.C_
    np.testing.assert_array_equal(
        head.coef_, LogisticHead(regularization=head.C_).fit(X, y, 3).coef_
    )


def test_of_equals_the_first_is_taken_and_no_row_is_decided_by_its_own_fold() -> None:
    seen: list[set[int]] = []

    def decide(value: float, inside: NDArray, outside: NDArray) -> NDArray:
        assert not set(inside) & set(outside)
        seen.append(set(outside.tolist()))
        return np.ones((len(outside), 1))

    assert choose([3.0, 1.0], decide, lambda held: float(held.sum()), np.arange(10) % 2) == 3.0
    assert set.union(*seen[:3]) == set(range(10))


@pytest.mark.parametrize("head", [LogisticHead, SVMHead])
def test_columns_that_need_large_weights_are_held_back_less(head) -> None:
    plain = head(regularization="auto").fit(*problem(3, 300), 3).C_
    assert plain < head(regularization="auto").fit(*buried(), 3).C_


@pytest.mark.parametrize("head", [LogisticHead, SVMHead])
def test_c_of_several_labels_repeats_and_labels_may_be_rare(head) -> None:
    X, y = problem(4)
    Y = np.column_stack([y == 0, y >= 2, np.arange(90) == 5])
    first, again = (head(regularization="auto").fit_labels(X, Y) for _ in range(2))
    assert first.C_ == again.C_
    np.testing.assert_array_equal(first.coef_, again.coef_)


def test_class_weight_says_otherwise_than_the_head_would() -> None:
    weights = [SVMHead(class_weight=w).make().class_weight for w in (None, "none", "balanced")]
    assert weights == ["balanced", None, "balanced"]
    weights = [LogisticHead(class_weight=w).make().class_weight for w in (None, "balanced")]
    assert weights == [None, "balanced"]


# Ridge


@pytest.mark.parametrize(("n", "d"), [(60, 20), (30, 200)], ids=["more rows", "more columns"])
def test_ridge_is_scikit_learns_with_alpha_by_leave_one_out(n: int, d: int) -> None:
    rng = np.random.default_rng(0)
    X = sparse.random(n, d, 0.3, format="csr", random_state=rng)
    y = X @ rng.normal(size=d) + 0.5 * rng.normal(size=n) + 7
    head = RidgeHead().fit_values(X, y)
    assert isinstance(head, RidgeHead)
    losses = []
    for alpha in ALPHAS:  # by leaving each row out indeed
        off = [y[i] - Ridge(alpha=alpha).fit(X[np.arange(n) != i], y[np.arange(n) != i]).predict(X[i])[0]
               for i in range(n)]  # fmt: skip
        losses.append(np.mean(np.square(off)))
    assert head.alpha_ == ALPHAS[int(np.argmin(losses))] == RidgeCV(ALPHAS).fit(X, y).alpha_
    known = Ridge(alpha=head.alpha_, tol=1e-10).fit(X.toarray(), y)
    np.testing.assert_allclose(head.decision(X)[:, 0], known.predict(X.toarray()), atol=1e-5)


def test_many_rows_choose_alpha_on_some_and_learn_from_all(monkeypatch) -> None:
    monkeypatch.setattr("kgml.models.heads.ridge.MOST_ROWS", 40)
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix(rng.normal(size=(200, 10)))
    y = X @ rng.normal(size=10) + rng.normal(size=200)
    head = RidgeHead().fit_values(X, y)
    known = Ridge(alpha=head.alpha_).fit(X.toarray(), y)
    np.testing.assert_allclose(head.coef_[0], known.coef_, atol=1e-5)


def test_an_alpha_given_is_the_one_used_and_equal_numbers_are_learned() -> None:
    X, y = problem(3)
    assert RidgeHead(regularization=2.5).fit_values(X, y.astype(float)).alpha_ == 2.5
    flat = RidgeHead().fit_values(X, np.full(90, 4.0))
    np.testing.assert_allclose(flat.decision(X)[:, 0], 4.0)


def test_heads_fitted_side_by_side_are_those_fitted_alone() -> None:
    X, y = problem(4)
    Y = y[:, None] == np.arange(4)
    jobs = list(itertools.islice(itertools.cycle(LABELLED), 8))
    fits = in_parallel(
        lambda n: resolve("head", n)(seed=0).fit_labels(X, Y).decision(X), jobs, "fits"
    )
    for name, found in zip(jobs, fits, strict=True):
        np.testing.assert_array_equal(
            found, resolve("head", name)(seed=0).fit_labels(X, Y).decision(X)
        )


@pytest.mark.parametrize("weight", ["balanced", "none"])
def test_ridge_leaves_each_row_out_as_a_fit_without_it_would(weight: str) -> None:
    X, y = problem(3, 24)
    Y = np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    weights = np.ones(24) if weight == "none" else np.linspace(0.5, 2, 24)
    held = leave_one_out(gram(X), Y, weights, (0.3, 2.0))
    full = np.hstack([X.toarray(), np.ones((24, 1))]).astype(np.float64)
    for alpha, found in held.items():
        for row in range(24):
            rest = np.arange(24) != row
            known = Ridge(alpha=alpha, fit_intercept=False)
            known.fit(full[rest], Y[rest], sample_weight=weights[rest])
            np.testing.assert_allclose(found[row], known.predict(full[[row]])[0], atol=2e-4)


def test_products_of_rows_are_those_of_all_at_once_made_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    features = sparse.csr_matrix(rng.random((40, 30)) * (rng.random((40, 30)) < 0.2), dtype="f4")
    monkeypatch.setattr("kgml.models.heads.dual.AT_ONCE", 7)
    np.testing.assert_allclose(gram(features), (features @ features.T).toarray() + 1, rtol=1e-6)


def test_ridge_of_classes_is_scikit_learns_whatever_way_it_is_solved(monkeypatch) -> None:
    X, y = problem(4)
    full = np.hstack([X.toarray(), np.ones((90, 1))]).astype(np.float64)
    Y = np.where(y[:, None] == np.arange(4), 1.0, -1.0)
    known = Ridge(alpha=0.7, fit_intercept=False).fit(full, Y)
    for most in (5000, 10):
        monkeypatch.setattr("kgml.models.heads.ridge.EXACT", most)
        head = RidgeHead(regularization=0.7, class_weight="none").fit(X, y, 4)
        np.testing.assert_allclose(head.decision(X), known.predict(full), atol=1e-3)
        assert head.used_regularization == 0.7


def test_ridge_chooses_less_alpha_where_there_is_less_noise() -> None:
    rng = np.random.default_rng(0)
    chosen = []
    for noise in (0.3, 6.0):
        y = np.arange(120) % 3
        rows = np.eye(3)[y] @ rng.normal(size=(3, 40)) + noise * rng.normal(size=(120, 40))
        head = RidgeHead().fit(sparse.csr_matrix(rows / 6), y, 3)
        chosen.append(head.used_regularization)
    assert chosen[0] < chosen[1]


def test_the_blend_is_half_of_each_head_in_units_of_its_spread() -> None:
    X, y = problem(3)
    parts = [SVMHead().fit(X, y, 3).decision(X), RidgeHead().fit(X, y, 3).decision(X)]
    found = BlendHead().fit(X, y, 3).decision(X)
    np.testing.assert_allclose(found, sum(p / p.std() / 2 for p in parts), atol=1e-6)
