"""What every target owes, then several labels, ordered classes and numbers, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse, special

from kgml.errors import CorpusError
from kgml.models.evidence import judge
from kgml.models.heads.platt import LEAST, fit_platt, log_likelihood
from kgml.models.heads.threshold import ENOUGH, Thresholds, best_threshold, fit_thresholds
from kgml.models.light import Head, rarest
from kgml.models.targets.base import Target
from kgml.models.targets.multi import MultiTarget
from kgml.models.targets.ordinal import OrdinalTarget, falling
from kgml.models.targets.regression import RegressionTarget
from kgml.models.targets.single import SingleTarget
from kgml.registry import names, resolve

from ..conftest import dealt

Y: dict[str, list[Any]] = {
    "single": ["a", "b", "c", "a"] * 15,
    "multi": [["a"], ["a", "b"], [], ["c"]] * 15,
    "ordinal": ["1", "2", "10", "2"] * 15,
    "regression": [1.0, 2.5, -3.0, 2.5] * 15,
}
targets = pytest.mark.parametrize("name", names("target"))


def learned(name: str) -> tuple[Target, Any]:
    target: Target = resolve("target", name)()
    return target, target.learn(target.check(Y[name]))


def decisions(target: Target, codes: Any, noise: float, seed: int = 0) -> NDArray[np.float64]:
    """Right ones, ``noise`` added."""
    width = target.width(codes)
    right = 4 * target.hot(codes, width) - 2 * (target.name != "regression")
    if target.name == "regression":
        right = codes[:, None]
    return right + noise * np.random.default_rng(seed).normal(size=right.shape)


# All of them


@targets
def test_labels_come_back_from_their_codes(name: str) -> None:
    target, codes = learned(name)
    assert len(codes) == 60
    assert target.names(codes) == Y[name]
    assert list(target.labels(codes)) == Y[name]


@targets
def test_right_decisions_give_the_labels(name: str) -> None:
    target, codes = learned(name)
    found = decisions(target, codes, 0.1)
    head = Head()
    target.settle(head, found, codes)
    predicted = target.names(target.decide(head, found))
    if name == "regression":
        np.testing.assert_allclose(predicted, Y[name], atol=0.5)
    else:
        assert predicted == Y[name]


@targets
def test_surer_and_righter_rows_score_higher(name: str) -> None:
    target, codes = learned(name)
    close, far = (target.sure(decisions(target, codes, n), codes) for n in (0.3, 3.0))
    assert close.shape == (60,)
    assert close.mean() > far.mean()


@targets
def test_a_clear_gain_ships_and_the_same_gain_by_the_placebo_does_not(name: str) -> None:
    target, codes = learned(name)
    bad, good = decisions(target, codes, 4.0, 0), decisions(target, codes, 0.3, 1)
    assert judge(dealt(bad, good, bad), codes, 0, target).ship
    assert judge(dealt(bad, good, bad), codes, 0, target).helps
    assert not judge(dealt(bad, good, good), codes, 0, target).ship
    assert not judge(dealt(good, bad, bad), codes, 0, target).ship


@targets
def test_what_was_learned_comes_back_from_its_state(name: str) -> None:
    target, codes = learned(name)
    found = decisions(target, codes, 1.0)
    head = Head()
    target.settle(head, found, codes)
    again: Target = resolve("target", name)().restore(target.state(), target.classes_.tolist())
    assert again.names(again.decide(head, found)) == target.names(target.decide(head, found))
    np.testing.assert_array_equal(
        again.probabilities(head, found), target.probabilities(head, found)
    )


@targets
def test_all_right_is_the_best_score_and_runs_have_intervals(name: str) -> None:
    target, _ = learned(name)
    found = target.measure(Y[name], Y[name])
    for metric in target.scorer.names:
        best = 0.0 if metric in ("mae", "rmse") else 1.0
        assert found[metric] == best
        assert found["interval"][metric] == [best, best]
    assert set(target.measure_mean(Y[name], [Y[name], Y[name]])) == {
        *target.scorer.names, "interval",
    }  # fmt: skip
    assert target.difference(Y[name], Y[name], Y[name]).value == 0


@targets
def test_the_order_of_rows_changes_no_row(name: str) -> None:
    target, codes = learned(name)
    rows = np.random.default_rng(0).permutation(60)
    other: Target = resolve("target", name)()
    moved = other.learn(other.check([Y[name][i] for i in rows]))
    np.testing.assert_array_equal(moved, codes[rows])
    found, head = decisions(target, codes, 1.0), Head()
    target.settle(head, found, codes)
    other.settle(head, found[rows], moved)
    np.testing.assert_array_equal(other.decide(head, found[rows]), target.decide(head, found)[rows])


@targets
def test_a_row_is_decided_the_same_alone_and_among_others(name: str) -> None:
    target, codes = learned(name)
    found, head = decisions(target, codes, 2.0), Head()
    target.settle(head, found, codes)
    together = target.decide(head, found)
    alone = np.concatenate([target.decide(head, found[i : i + 1]) for i in range(60)])
    np.testing.assert_array_equal(alone, together)


# Several labels


def test_an_indicator_and_lists_of_labels_say_the_same() -> None:
    lists, hot = MultiTarget(), MultiTarget()
    codes = lists.learn(lists.check(Y["multi"]))
    table = pytest.importorskip("pandas").DataFrame(codes.astype(int), columns=list("abc"))
    for given in (codes.astype(int), sparse.csr_matrix(codes.astype(int)), codes, table):
        np.testing.assert_array_equal(hot.learn(hot.check(given)), codes)
    assert hot.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(hot.labels(codes), codes.astype(int))
    assert hot.names(codes)[1] == ["0", "1"]


def test_an_indicator_of_another_width_is_not_scored() -> None:
    target, codes = learned("multi")
    with pytest.raises(CorpusError, match=r"shape \(60, 2\); wanted \(60, 3\)"):
        target.score(codes[:, :2], codes)


@targets
def test_rows_may_weigh_nothing_in_a_score(name: str) -> None:
    target, codes = learned(name)
    guess, weights = codes.copy(), np.ones(60)
    guess[0], weights[0] = codes[1], 0
    assert target.score(Y[name], guess) < 1
    assert target.score(Y[name], guess, weights) == 1


def test_one_label_per_row_is_scored_as_a_single_label_is() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = (rng.choice(["a", "b", "c"], 80).tolist() for _ in range(2))
    one = SingleTarget().measure(truth, predicted)
    several = MultiTarget().measure([[t] for t in truth], [[p] for p in predicted])
    assert several["micro_f1"] == several["subset_accuracy"] == one["accuracy"]
    assert several["macro_f1"] == one["macro_f1"]
    assert several["interval"]["macro_f1"] == one["interval"]["macro_f1"]


def test_where_every_training_row_has_a_label_every_row_gets_its_likeliest() -> None:
    target = MultiTarget()
    codes = target.learn(target.check([["a"], ["b"], ["c"]] * 20))
    found, head = decisions(target, codes, 1.0), Head()
    target.settle(head, found, codes)
    weak = np.array([[-9.0, -8.0, -9.5]])
    assert target.names(target.decide(head, weak)) == [["b"]]
    other = MultiTarget()
    codes = other.learn(other.check(Y["multi"]))  # some rows have none
    other.settle(head, decisions(other, codes, 1.0), codes)
    assert other.names(other.decide(head, weak)) == [[]]


def test_a_label_never_positive_in_a_fold_is_not_predicted_there_and_spoils_nothing() -> None:
    target, codes = learned("multi")
    found = decisions(target, codes, 1.0)
    found[:20, 2] = -np.inf
    head = Head()
    target.settle(head, found, codes)
    assert np.isfinite(target.platt_.scale).all()
    assert np.isfinite(target.thresholds_.least).all()
    assert not target.decide(head, found)[:20, 2].any()
    assert np.isfinite(target.sure(found, codes)).all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full((3, 2), 2), r"an array \(3, 2\) that holds other values than 0 and 1"),
        ("abc", "wanted a list of labels for each text"),
        ([["a"], "b"], r"not a list but str in row 2; wanted a list of labels"),
        ([["a"], [" "]], "an empty label in row 2"),
        ([["a"], [None]], "an empty label in row 2"),
        ([[], []], r"no label in any of 2 rows"),
        ([["a"], ["a"]], r"every row has the same labels \(0\)"),
        ([["a"], [1]], "labels of several types"),
    ],
)
def test_labels_that_cannot_be_learned_are_named(y: Any, message: str) -> None:
    target = MultiTarget()
    with pytest.raises(CorpusError, match=message):
        target.learn(target.check(y))


def test_a_row_belongs_to_its_rarest_label() -> None:
    hot = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [1, 1, 0]], dtype=bool)
    assert rarest(hot).tolist() == [1, 0, 2, 3, 1]


# Probabilities and thresholds of labels


def test_the_scale_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(40_000, 2))
    drawn = rng.random((40_000, 2)) < special.expit([2.0, 0.5] * margins + [-1.0, 0.3])
    found = fit_platt(margins, drawn)
    np.testing.assert_allclose(found.scale, [2.0, 0.5], atol=0.06)
    np.testing.assert_allclose(found.offset, [-1.0, 0.3], atol=0.06)


def test_a_label_of_few_rows_takes_the_scale_of_all() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(200, 3))
    labels = margins + rng.normal(size=(200, 3)) > 0
    labels[:, 2] = np.arange(200) < 3
    own, shared = fit_platt(margins, labels), fit_platt(margins, labels, own=False)
    assert own.scale[2] == shared.scale[2]
    assert own.scale[0] != shared.scale[0]
    assert len(set(shared.scale.tolist())) == 1


def test_rows_that_part_without_error_and_margins_turned_round_stay_finite() -> None:
    margins = np.linspace(-1, 1, 60)[:, None]
    apart = fit_platt(margins, margins > 0)
    assert 0 < apart.scale[0] < 1000
    turned = fit_platt(margins, margins < 0)
    assert (turned.scale[0], turned.offset[0]) == (1.0, 0.0)
    none = fit_platt(margins, np.zeros((60, 1), bool))
    assert np.isfinite(none(margins)).all()


def test_the_likelihood_of_a_row_is_the_product_over_its_labels() -> None:
    p, y = np.array([[0.5, 0.1], [1.0, 0.0]]), np.array([[True, False], [False, False]])
    expected = [np.log(0.5 * 0.9), np.log(LEAST) + np.log1p(-LEAST)]
    np.testing.assert_allclose(log_likelihood(p, y), expected)


def test_the_threshold_has_the_greatest_f1_of_all() -> None:
    rng = np.random.default_rng(0)
    p, y = rng.random(50).round(1), rng.random(50) < 0.3

    def f1(least: float) -> float:
        chosen = p >= least
        return float(2 * (chosen & y).sum() / (chosen.sum() + y.sum()))

    assert f1(best_threshold(p, y)) == max(f1(t) for t in np.linspace(0, 1, 101))
    assert best_threshold(p, np.zeros(50, bool)) == 0.5


def test_only_a_label_of_enough_rows_has_a_threshold_of_its_own() -> None:
    rng = np.random.default_rng(0)
    p = rng.random((400, 3))
    y = p + 0.3 * rng.normal(size=p.shape) > [0.5, 0.8, 1.3]
    assert y.sum(axis=0)[0] > y.sum(axis=0)[1] >= ENOUGH > y.sum(axis=0)[2] > 0
    found = fit_thresholds(p, y)
    shared = best_threshold(p.ravel(), y.ravel())
    assert found.least[2] == shared
    assert found.least[0] == best_threshold(p[:, 0], y[:, 0]) != shared


def test_thresholds_by_hand() -> None:
    chosen = Thresholds(np.array([0.5, 0.2]), True)(np.array([[0.5, 0.1], [0.4, 0.1], [0.9, 0.2]]))
    assert chosen.tolist() == [[True, False], [True, False], [True, True]]


# Ordered classes


def test_classes_are_in_the_order_given_and_numbers_in_their_own() -> None:
    target = OrdinalTarget(["low", "medium", "high"])
    assert target.learn(target.check(["high", "low", "high"])).tolist() == [2, 0, 2]
    assert target.classes_.tolist() == ["low", "medium", "high"]
    numbers = OrdinalTarget()
    assert numbers.learn(numbers.check([10, 9, 2])).tolist() == [2, 1, 0]
    assert numbers.classes_.tolist() == [2, 9, 10]


@pytest.mark.parametrize(
    ("order", "y", "message"),
    [
        ((), ["low", "high"], r"no order by themselves \(high, low\).*--order low medium high"),
        (("low", "high"), ["low", "hihg"], r"'hihg' in row 2 is not in the order low < high.*Did you mean 'high'"),
        (("low", "low"), ["low", "low"], "has 'low' twice"),
        (("low",), ["low", "low"], "has 1 class; wanted every class once"),
        ((), ["1", "1"], "1 class in 2 rows"),
    ],
)  # fmt: skip
def test_an_order_that_is_none_is_refused(order: Any, y: list[str], message: str) -> None:
    target = OrdinalTarget(order)
    with pytest.raises(CorpusError, match=message):
        target.learn(target.check(y))


def test_the_median_class_is_predicted_and_probabilities_are_rows_that_sum_to_1() -> None:
    target, codes = learned("ordinal")
    head = Head()
    target.settle(head, decisions(target, codes, 0.5), codes)
    found = np.array([[5.0, 5.0], [5.0, -5.0], [-5.0, -5.0], [-5.0, 5.0]])
    shares = target.probabilities(head, found)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares >= 0).all()
    assert target.decide(head, found)[:3].tolist() == [2, 1, 0]


def test_questions_that_contradict_each_other_meet_in_the_middle() -> None:
    above = np.array([[0.9, 0.4, 0.6, 0.1], [0.8, 0.5, 0.3, 0.2]])
    np.testing.assert_allclose(falling(above), [[0.9, 0.5, 0.5, 0.1], [0.8, 0.5, 0.3, 0.2]])
    assert (np.diff(falling(np.random.default_rng(0).random((50, 6)))) <= 1e-12).all()


def test_a_class_further_off_costs_more() -> None:
    target = OrdinalTarget(["a", "b", "c"])
    codes = target.learn(target.check(["a", "b", "c"] * 20))
    right = decisions(target, codes, 0.2)
    one, two = right.copy(), right.copy()
    one[0], two[0] = [2.0, -2.0], [2.0, 2.0]
    scores = [target.sure(d, codes)[0] for d in (right, one, two)]
    assert scores[0] > scores[1] > scores[2]


def test_a_class_that_training_never_saw_cannot_be_scored() -> None:
    target, _ = learned("ordinal")
    with pytest.raises(CorpusError, match=r"label '7' is not among the classes 1 < 2 < 10"):
        target.measure(["1", "7"], ["1", "2"])


# Numbers


@pytest.mark.parametrize("wrong", ["x", None, float("nan"), float("inf"), True, ""])
def test_what_is_no_number_is_named(wrong: Any) -> None:
    with pytest.raises(CorpusError, match=r"in row 2; wanted a number for each text"):
        RegressionTarget().check([1.0, wrong, 2.0])


def test_equal_numbers_are_refused() -> None:
    target = RegressionTarget()
    with pytest.raises(CorpusError, match="the same number in all of 3 rows"):
        target.learn(target.check([2, 2, 2]))


def test_folds_have_about_the_same_numbers() -> None:
    target = RegressionTarget()
    groups = target.strata(np.random.default_rng(0).normal(size=500))
    assert np.bincount(groups).tolist() == [50] * 10
