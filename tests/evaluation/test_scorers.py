"""Scores of several labels, ordered classes and numbers beside scikit-learn's and scipy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    precision_score,
    r2_score,
    root_mean_squared_error,
)

from kgml.evaluation.metrics import RESAMPLES, measure, paired_difference, resample
from kgml.evaluation.numbers import Numbers
from kgml.evaluation.ordered import OrderedClasses
from kgml.evaluation.several import LabelSets, per_label

RNG = np.random.default_rng(0)
HOT = RNG.random((80, 4)) < [0.5, 0.3, 0.2, 0.1]
HOT_GUESS = np.where(RNG.random((80, 4)) < 0.2, ~HOT, HOT)
RANKS, RANKS_GUESS = RNG.integers(0, 4, 80), RNG.integers(0, 4, 80)
TRUE = RNG.normal(size=80).round(1)
GUESS = (TRUE + RNG.normal(size=80)).round(1)


def sets(hot: np.ndarray) -> list[list[str]]:
    return [["abcd"[k] for k in np.flatnonzero(row)] for row in hot]


PAIRS: dict[Any, tuple[Any, Any]] = {
    LabelSets: (sets(HOT), sets(HOT_GUESS)),
    OrderedClasses: (RANKS.tolist(), RANKS_GUESS.tolist()),
    Numbers: (TRUE.tolist(), GUESS.tolist()),
}
scorers = pytest.mark.parametrize("scorer", list(PAIRS), ids=lambda s: s.__name__)


def test_several_labels_equal_scikit_learn() -> None:
    found = measure(*PAIRS[LabelSets], scorer=LabelSets)
    assert found["micro_f1"] == pytest.approx(f1_score(HOT, HOT_GUESS, average="micro"), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(f1_score(HOT, HOT_GUESS, average="macro"), abs=1e-6)
    assert found["subset_accuracy"] == pytest.approx(accuracy_score(HOT, HOT_GUESS), abs=1e-6)
    each = per_label(*PAIRS[LabelSets])
    np.testing.assert_allclose(
        [each[n]["f1"] for n in "abcd"], f1_score(HOT, HOT_GUESS, average=None), atol=1e-6
    )
    np.testing.assert_allclose(
        [each[n]["precision"] for n in "abcd"],
        precision_score(HOT, HOT_GUESS, average=None), atol=1e-6,
    )  # fmt: skip
    assert [each[n]["rows"] for n in "abcd"] == HOT.sum(axis=0).tolist()
    for name in "abcd":
        low, high = each[name]["interval"]
        assert low <= each[name]["f1"] <= high


def test_ordered_classes_equal_scikit_learn() -> None:
    found = measure(*PAIRS[OrderedClasses], scorer=OrderedClasses)
    kappa = cohen_kappa_score(RANKS, RANKS_GUESS, weights="quadratic")
    assert found["kappa"] == pytest.approx(kappa, abs=1e-6)
    assert found["mae"] == pytest.approx(mean_absolute_error(RANKS, RANKS_GUESS), abs=1e-6)
    macro = f1_score(RANKS, RANKS_GUESS, average="macro")
    assert found["macro_f1"] == pytest.approx(macro, abs=1e-6)


def test_numbers_equal_scikit_learn_and_scipy() -> None:
    found = measure(*PAIRS[Numbers], scorer=Numbers)
    assert found["mae"] == pytest.approx(mean_absolute_error(TRUE, GUESS), abs=1e-6)
    assert found["rmse"] == pytest.approx(root_mean_squared_error(TRUE, GUESS), abs=1e-6)
    assert found["r2"] == pytest.approx(r2_score(TRUE, GUESS), abs=1e-6)
    assert found["spearman"] == pytest.approx(spearmanr(TRUE, GUESS).statistic, abs=1e-6)


@scorers
def test_weights_of_rows_are_rows_that_stand_more_than_once(scorer: Any) -> None:
    truth, guess = PAIRS[scorer]
    weights = resample(80, 3)[:5]
    assert resample(80, 3).shape == (RESAMPLES, 80)
    whole = scorer(truth, guess)
    for row in weights:
        at = np.repeat(np.arange(80), row.astype(int))
        again = scorer([truth[i] for i in at], [guess[i] for i in at])
        for name in scorer.names:
            np.testing.assert_allclose(
                whole.metric(name, row[None]), again.metric(name, np.ones((1, 80))), atol=1e-9
            )


@scorers
def test_a_better_guess_has_a_difference_of_the_right_sign(scorer: Any) -> None:
    truth, guess = PAIRS[scorer]
    for name in scorer.names:
        found = paired_difference(truth, guess, truth, name, scorer=scorer)
        better = found.value < 0 if name in ("mae", "rmse") else found.value > 0
        assert better
        assert found.interval[0] < found.value < found.interval[1]


@scorers
def test_unequal_lengths_are_refused(scorer: Any) -> None:
    truth, guess = PAIRS[scorer]
    with pytest.raises(ValueError, match="wanted as many"):
        scorer(truth[:3], guess[:2])
    with pytest.raises(ValueError, match="0 "):
        scorer([], [])


def test_what_does_not_vary_scores_0() -> None:
    one = np.ones((1, 3))
    flat = Numbers([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert [flat.metric(n, one)[0] for n in ("r2", "spearman")] == [0, 0]
    assert OrderedClasses([1, 1, 1], [1, 1, 1]).metric("kappa", one)[0] == 0
    assert LabelSets([[], [], []], [[], [], []]).metric("macro_f1", one)[0] == 0
