"""Scores of runs and their differences: by hand, beside scikit-learn's, and as intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from kgml.evaluation import resample
from kgml.evaluation.resample import (
    Scores,
    compare_scores,
    enough_resamples,
    score_classes,
    score_runs,
    summary,
)


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    return np.random.default_rng(0).integers(3, size=400)


def noisy(y: np.ndarray, right: float, seed: int) -> np.ndarray:
    """``y`` with about the share ``1 - right`` moved to another class."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(y)) < right, y, (y + 1 + rng.integers(2, size=len(y))) % 3)


def test_scores_on_all_rows_equal_those_of_scikit_learn(y: np.ndarray) -> None:
    runs = np.stack([noisy(y, 0.7, 1), noisy(y, 0.5, 2)])
    found = score_runs(y, runs, 3)
    assert found["accuracy"].whole.tolist() == [(runs[i] == y).mean() for i in (0, 1)]
    wanted = [f1_score(y, run, average="macro") for run in runs]
    assert found["macro_f1"].whole == pytest.approx(wanted, abs=1e-6)
    per_class = score_classes(y, runs, 3)
    assert [per_class[k].whole[0] for k in range(3)] == pytest.approx(
        f1_score(y, runs[0], average=None).tolist(), abs=1e-6
    )


def test_a_class_that_no_test_row_has_is_not_averaged_over() -> None:
    found = score_runs(np.array([0, 0, 1]), np.array([[0, 2, 1]]), 3)
    assert found["macro_f1"].whole.tolist() == pytest.approx([(2 / 3 + 1) / 2])


def test_the_spread_of_resamples_is_the_binomial_one(y: np.ndarray) -> None:
    run = noisy(y, 0.8, 1)[None]
    share = float((run[0] == y).mean())
    drawn = score_runs(y, run, 3)["accuracy"].resampled[:, 0]
    assert drawn.mean() == pytest.approx(share, abs=0.002)
    assert drawn.std() == pytest.approx(np.sqrt(share * (1 - share) / len(y)), rel=0.05)


def test_blocks_change_nothing(y: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_runs(y, noisy(y, 0.8, 1)[None], 3, seed=5)["macro_f1"].resampled
    monkeypatch.setattr(resample, "CELLS", 400 * 33)
    assert (score_runs(y, noisy(y, 0.8, 1)[None], 3, seed=5)["macro_f1"].resampled == whole).all()


def test_a_clear_difference_has_an_interval_above_0_and_a_small_p(y: np.ndarray) -> None:
    a, b = (score_runs(y, noisy(y, share, 3)[None], 3)["macro_f1"] for share in (0.6, 0.8))
    found = compare_scores(a, b)
    assert found.interval[0] > 0.1
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.p == pytest.approx(2 / (resample.RESAMPLES + 1))
    turned = compare_scores(b, a)
    assert turned.difference == -found.difference
    assert turned.p == found.p


def test_a_run_beside_itself_differs_by_nothing(y: np.ndarray) -> None:
    run = score_runs(y, noisy(y, 0.8, 1)[None], 3)["accuracy"]
    found = compare_scores(run, run)
    assert (found.difference, found.interval, found.p) == (0, (0, 0), 1)


def test_draws_that_disagree_widen_the_interval(y: np.ndarray) -> None:
    alike = score_runs(y, np.stack([noisy(y, 0.7, s) for s in range(5)]), 3)["accuracy"]
    apart = score_runs(
        y, np.stack([noisy(y, p, 9) for p in (0.5, 0.6, 0.7, 0.8, 0.9)]), 3
    )["accuracy"]  # fmt: skip
    widths = [np.diff(summary(scores)["interval"])[0] for scores in (alike, apart)]
    assert widths[1] > 2 * widths[0]
    assert summary(apart)["sd"] == pytest.approx(apart.whole.std(ddof=1))


def test_one_draw_has_no_deviation(y: np.ndarray) -> None:
    assert summary(score_runs(y, y[None], 3)["accuracy"])["sd"] is None


def test_two_alike_are_told_apart_about_as_often_as_the_level_says() -> None:
    """200 pairs of coins: p-values below .05 in 5% of them, give or take three deviations."""
    rng = np.random.default_rng(0)
    y = np.zeros(300, dtype=np.int64)
    low = 0
    for seed in range(200):
        a, b = (score_runs(y, rng.integers(2, size=(1, 300)), 2, seed)["accuracy"] for _ in "ab")
        low += compare_scores(a, b, seed).p < 0.05
    assert 1 <= low <= 20


def test_one_run_beside_several_counts_in_each(y: np.ndarray) -> None:
    one = score_runs(y, noisy(y, 0.8, 1)[None], 3)["accuracy"]
    three = score_runs(y, np.stack([noisy(y, 0.6, s) for s in range(3)]), 3)["accuracy"]
    found = compare_scores(three, one)
    assert found.difference == pytest.approx(one.whole[0] - three.whole.mean())


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="3 labels, 2 predictions"):
        score_runs(np.zeros(3, dtype=int), np.zeros((1, 2), dtype=int), 2)


@pytest.mark.parametrize("draws", [2, 3, 10])
def test_few_draws_do_not_make_an_interval_too_narrow(draws: int) -> None:
    """Where rows say nothing, the spread is that of a mean of draws: variance / draws."""
    whole = np.random.default_rng(1).random(draws)
    drawn = resample._mean_of_draws(np.tile(whole, (20_000, 1)), seed=0)
    assert drawn.var() == pytest.approx(whole.var(ddof=1) / draws, rel=0.05)


@pytest.mark.parametrize("comparisons", [1, 35, 100, 700])
def test_a_clear_difference_survives_any_number_of_comparisons(comparisons: int) -> None:
    assert comparisons * 2 / (enough_resamples(comparisons) + 1) < 0.025


def test_what_is_nothing_but_rounding_is_no_difference() -> None:
    a, b = (Scores(np.array([v]), np.full((4000, 1), v)) for v in (0.3, 0.1 + 0.2))
    assert compare_scores(a, b).p == compare_scores(b, a).p == 1
