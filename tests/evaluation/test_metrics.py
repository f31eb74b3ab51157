"""Scores by hand and beside scikit-learn's; intervals and paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from kgml.evaluation.metrics import METRICS, Difference, measure, paired_difference, scores

metrics = pytest.mark.parametrize("metric", METRICS)


def noisy(truth: list[str], share: float, seed: int) -> list[str]:
    """``truth`` with about ``share`` of the rows replaced by a label drawn at random."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(sorted(set(truth)), size=len(truth))
    return np.where(rng.random(len(truth)) < share, drawn, truth).tolist()


@pytest.fixture(scope="module")
def truth() -> list[str]:
    return np.random.default_rng(0).choice(["a", "b", "c"], 300, p=[0.6, 0.3, 0.1]).tolist()


def test_scores_worked_out_by_hand() -> None:
    """a: 1 of 2 found and 1 of 1 right, F1 2/3; b: 2 of 2 and 2 of 4, F1 2/3; c: F1 0."""
    found = scores(["a", "a", "b", "b", "c"], ["a", "b", "b", "b", "b"])
    assert found == {"accuracy": 0.6, "macro_f1": round((2 / 3 + 2 * 2 / 6 + 0) / 3, 6)}


def test_a_label_only_predicted_counts_in_macro_f1() -> None:
    assert scores(["a", "a"], ["a", "z"])["macro_f1"] == round((2 / 3 + 0) / 2, 6)


def test_scores_equal_those_of_scikit_learn(truth: list[str]) -> None:
    predicted = [*noisy(truth, 0.5, 1)[:-1], "unseen"]
    found = scores(truth, predicted)
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-6)
    macro = f1_score(truth, predicted, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro, abs=1e-6)


def test_all_right_is_1_with_an_interval_of_no_width(truth: list[str]) -> None:
    found = measure(truth, truth)
    assert (found["accuracy"], found["macro_f1"]) == (1.0, 1.0)
    assert found["interval"]["accuracy"] == [1.0, 1.0]


@metrics
def test_an_interval_holds_its_value_and_narrows_with_more_rows(
    truth: list[str], metric: str
) -> None:
    predicted = noisy(truth, 0.4, 2)
    few, many = measure(truth[:40], predicted[:40]), measure(truth, predicted)
    for found in (few, many):
        low, high = found["interval"][metric]
        assert 0 <= low < found[metric] < high <= 1
    width = [np.diff(found["interval"][metric])[0] for found in (few, many)]
    assert width[0] > 1.5 * width[1]


def test_the_interval_of_accuracy_is_about_that_of_the_normal_approximation(
    truth: list[str],
) -> None:
    """p ± 1.96 sqrt(p (1 - p) / n), n = 300."""
    found = measure(truth, noisy(truth, 0.4, 2))
    p = found["accuracy"]
    half = 1.96 * np.sqrt(p * (1 - p) / 300)
    np.testing.assert_allclose(found["interval"]["accuracy"], [p - half, p + half], atol=0.01)


@metrics
def test_the_better_of_two_has_the_positive_difference(truth: list[str], metric: str) -> None:
    worse, better = noisy(truth, 0.5, 3), noisy(truth, 0.1, 4)
    found = paired_difference(truth, worse, better, metric)
    expected = scores(truth, better)[metric] - scores(truth, worse)[metric]
    assert found.value == pytest.approx(expected, abs=2e-6)
    assert 0 < found.interval[0] < found.value < found.interval[1]
    assert (found.metric, found.probability) == (metric, 1.0)


@metrics
def test_a_difference_the_other_way_round_is_its_negative(truth: list[str], metric: str) -> None:
    a, b = noisy(truth, 0.3, 5), noisy(truth, 0.3, 6)
    one, other = paired_difference(truth, a, b, metric), paired_difference(truth, b, a, metric)
    assert other.value == -one.value
    np.testing.assert_allclose(other.interval, [-one.interval[1], -one.interval[0]], atol=1e-6)
    assert other.probability == pytest.approx(1 - one.probability)


def test_a_model_and_itself_do_not_differ(truth: list[str]) -> None:
    same = noisy(truth, 0.3, 5)
    found = paired_difference(truth, same, same)
    assert found == Difference("macro_f1", 0.0, found.interval, 0.5)
    assert tuple(found.interval) == (0.0, 0.0)


def test_pairing_makes_the_interval_of_nearly_equal_models_narrow(truth: list[str]) -> None:
    a = noisy(truth, 0.4, 2)
    b = a.copy()
    b[0] = "c" if truth[0] != "c" else "a"
    b[1] = truth[1]
    low, high = paired_difference(truth, a, b, "accuracy").interval
    alone = np.diff(measure(truth, a)["interval"]["accuracy"])[0]
    assert high - low < alone / 4


def test_the_same_seed_gives_the_same_interval_and_another_one_another(truth: list[str]) -> None:
    predicted = noisy(truth, 0.4, 2)
    assert measure(truth, predicted, 1) == measure(truth, predicted, 1)
    assert measure(truth, predicted, 1)["interval"] != measure(truth, predicted, 2)["interval"]
    first, again = (paired_difference(truth, predicted, truth, seed=7) for _ in range(2))
    assert first == again


def test_unequal_lengths_and_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels, 1 predictions; wanted as many"):
        scores(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="0 labels"):
        measure([], [])
