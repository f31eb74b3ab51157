"""Light heads, run over the registry: decisions, absent classes, temperature, arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse, special

from kgml.models.light import Head, SVMHead, fit_temperature
from kgml.models.parallel import in_parallel
from kgml.registry import names, resolve

NOT_ON_FEATURES = ("auto", "transformer")
SINGLE = [
    n for n in names("head") if n not in NOT_ON_FEATURES and "single" in resolve("head", n).targets
]
heads = pytest.mark.parametrize("name", SINGLE)
sizes = pytest.mark.parametrize("classes", [2, 5])


def make(name: str) -> Head:
    head: Head = resolve("head", name)(seed=0)
    return head


def problem(classes: int, n: int = 60) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Rows around one centre per class, in 12 dimensions, with some overlap."""
    rng = np.random.default_rng(classes)
    y = np.arange(n) % classes
    rows = rng.normal(size=(classes, 12))[y] + 0.9 * rng.normal(size=(n, 12))
    return sparse.csr_matrix(rows.astype(np.float32)), y


@pytest.mark.parametrize("name", ["logistic", "svm"])
@sizes
def test_a_head_learns_and_its_decisions_are_those_of_scikit_learn(name: str, classes: int) -> None:
    X, y = problem(classes)
    head = make(name).fit(X, y, classes)
    decisions = head.decision(X)
    assert decisions.shape == (60, classes)
    assert np.mean(decisions.argmax(axis=1) == y) > 0.8

    reference = head.make().fit(X, y)
    np.testing.assert_array_equal(decisions.argmax(axis=1), reference.predict(X))
    known = reference.decision_function(X)
    if classes == 2:  # one column there, two here: their difference is that column
        np.testing.assert_allclose(decisions[:, 1] - decisions[:, 0], known, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(decisions, known, rtol=1e-5, atol=1e-6)


@sizes
def test_uncalibrated_probabilities_of_logistic_are_scikit_learns(classes: int) -> None:
    X, y = problem(classes)
    head = make("logistic").fit(X, y, classes)
    known = head.make().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(head.probabilities(head.decision(X)), known, rtol=1e-4, atol=1e-6)


@heads
def test_a_class_without_training_rows_never_wins(name: str) -> None:
    """Numbers 1 and 3 of six are absent, as they may be in a fold."""
    X, y = problem(4)
    head = make(name).fit(X, np.array([0, 2, 4, 5])[y], classes=6)
    decisions = head.decision(X)
    assert decisions.shape == (60, 6)
    assert set(decisions.argmax(axis=1)) <= {0, 2, 4, 5}
    probabilities = head.probabilities(decisions)
    assert not probabilities[:, [1, 3]].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@heads
def test_two_classes_of_many_are_placed_where_they_belong(name: str) -> None:
    X, y = problem(2)
    decisions = make(name).fit(X, np.array([1, 3])[y], classes=4).decision(X)
    np.testing.assert_array_equal(np.isfinite(decisions[0]), [False, True, False, True])
    assert np.mean(decisions.argmax(axis=1) == np.array([1, 3])[y]) > 0.8


@heads
def test_rows_of_a_single_class_always_give_it(name: str) -> None:
    X, _ = problem(2)
    head = make(name).fit(X, np.full(60, 2), classes=3)
    assert set(head.decision(X).argmax(axis=1)) == {2}
    np.testing.assert_array_equal(head.probabilities(head.decision(X))[0], [0, 0, 1])


@heads
@sizes
def test_calibration_keeps_the_order_of_classes(name: str, classes: int) -> None:
    X, y = problem(classes)
    head = make(name).fit(X, y, classes)
    decisions = head.decision(X)
    before = decisions.argsort(axis=1)
    head.calibrate(decisions, y)
    probabilities = head.probabilities(decisions)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), decisions.argmax(axis=1))
    np.testing.assert_array_equal(np.take_along_axis(probabilities, before, 1),
                                  np.sort(probabilities, axis=1))  # fmt: skip
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_the_temperature_that_made_the_labels_is_found() -> None:
    """Labels drawn from softmax(decisions / 2.5)."""
    rng = np.random.default_rng(0)
    decisions = 3 * rng.normal(size=(20_000, 4))
    shares = np.exp(decisions / 2.5)
    shares /= shares.sum(axis=1, keepdims=True)
    y = (rng.random((20_000, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(decisions, y) == pytest.approx(2.5, rel=0.05)


def test_the_temperature_is_the_one_of_least_loss_where_classes_are_absent_too() -> None:
    rng = np.random.default_rng(0)
    decisions, y = rng.normal(size=(80, 4)) * 3, rng.integers(0, 3, 80)
    decisions[np.arange(80), y] += 2
    decisions[:30, 3] = -np.inf

    def loss(temperature: float) -> float:
        shares = special.log_softmax(decisions / temperature, axis=1)
        return -float(shares[np.arange(80), y].mean())

    found = fit_temperature(decisions, y)
    assert loss(found) == pytest.approx(min(map(loss, np.geomspace(0.02, 20, 4001))), abs=1e-7)
    assert loss(found) < min(loss(found * 0.9), loss(found * 1.1))


def test_rows_whose_class_was_absent_do_not_spoil_the_temperature() -> None:
    rng = np.random.default_rng(0)
    decisions, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    whole = fit_temperature(decisions, y)
    more = np.concatenate([decisions, np.tile([0.0, -np.inf, 1.0], (50, 1))])
    assert fit_temperature(more, np.concatenate([y, np.ones(50, int)])) == pytest.approx(whole)
    assert fit_temperature(more[200:], np.ones(50, int)) == 1.0


@heads
@sizes
def test_what_a_head_learned_comes_back_from_its_arrays(name: str, classes: int) -> None:
    X, y = problem(classes)
    head = make(name).fit(X, y, classes)
    head.calibrate(head.decision(X), y)
    again = make(name).restore(head.arrays(), classes, head.temperature)
    decisions = again.decision(X)
    np.testing.assert_array_equal(decisions, head.decision(X))
    np.testing.assert_array_equal(again.probabilities(decisions), head.probabilities(decisions))


@heads
def test_a_row_is_decided_the_same_alone_and_among_others(name: str) -> None:
    X, y = problem(5)
    head = make(name).fit(X, y, 5)
    together = head.decision(X)
    alone = np.concatenate([head.decision(X[i]) for i in range(60)])
    np.testing.assert_array_equal(alone, together)


@heads
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    X, y = problem(5)
    first, again = (make(name).fit(X, y, 5).arrays() for _ in range(2))
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])


@heads
@sizes
def test_every_head_learns(name: str, classes: int) -> None:
    X, y = problem(classes)
    assert np.mean(make(name).fit(X, y, classes).decision(X).argmax(axis=1) == y) > 0.7


@heads
def test_renaming_the_classes_renames_the_decisions(name: str) -> None:
    X, y = problem(5)
    other = np.array([3, 0, 4, 1, 2])
    one, renamed = make(name).fit(X, y, 5), make(name).fit(X, other[y], 5)
    np.testing.assert_allclose(renamed.decision(X)[:, other], one.decision(X), atol=1e-3)


def test_auto_goes_by_the_rows_per_class() -> None:
    auto = resolve("head", "auto")
    assert (auto.choose(8), auto.choose(auto.FEW)) == ("logistic", "svm")


@heads
def test_a_head_asked_for_by_name_is_itself(name: str) -> None:
    assert [resolve("head", name).choose(rows) for rows in (2, 1000)] == [name, name]


def test_heads_fitted_at_the_same_time_are_those_fitted_one_by_one() -> None:
    """LIBLINEAR's random numbers are shared by all threads of a process."""
    rng = np.random.default_rng(0)
    features = sparse.random(1500, 3000, 0.02, format="csr", random_state=rng).astype(np.float32)
    y = rng.integers(0, 20, 1500)
    alone = SVMHead().fit(features, y, 20).coef_
    together = in_parallel(lambda _: SVMHead().fit(features, y, 20).coef_, range(12), "fits")
    assert all(np.array_equal(alone, coef) for coef in together)
