"""Calibration error on planted probabilities, the Brier score by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.evaluation.calibration import BINS, brier, reliability


def planted(shift: float, n: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, right as often as they say, less ``shift``."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, n)
    return confidence, rng.random(n) < confidence - shift


def test_honest_probabilities_have_almost_no_error() -> None:
    found = reliability(*planted(0))
    assert found.ece < 0.01
    assert len(found.curve) == BINS
    for confidence, accuracy, rows in found.curve:
        assert accuracy == pytest.approx(confidence, abs=0.03)
        assert rows == pytest.approx(40_000 / BINS, abs=1)


def test_the_error_is_the_shift_that_was_planted() -> None:
    assert reliability(*planted(0.1)).ece == pytest.approx(0.1, abs=0.01)
    assert reliability(*planted(0.3)).ece == pytest.approx(0.3, abs=0.01)


def test_bins_hold_equally_many_rows_wherever_the_confidence_lies() -> None:
    confidence = np.linspace(0.99, 0.999, 300)
    assert [rows for *_, rows in reliability(confidence, np.ones(300, bool), 3).curve] == [100] * 3


def test_the_order_of_rows_changes_nothing_with_ties_and_without() -> None:
    confidence, right = planted(0.1, 500)
    confidence = confidence.round(1)
    order = np.random.default_rng(1).permutation(500)
    assert reliability(confidence, right) == reliability(confidence[order], right[order])


def test_all_alike_is_one_bin() -> None:
    found = reliability(np.full(10, 0.7), np.array([True] * 5 + [False] * 5))
    assert found.ece == pytest.approx(0.2)
    assert found.curve == [(0.7, 0.5, 10)]


def test_brier_by_hand() -> None:
    y_prob = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    wanted = [0.3**2 + 0.2**2 + 0.1**2, 0, 2]
    assert brier(y_prob, np.array([0, 0, 2])) == pytest.approx(wanted)


def test_a_class_without_a_column_had_no_probability() -> None:
    assert brier(np.array([[0.5, 0.5]]), np.array([7])) == pytest.approx([1.5])
