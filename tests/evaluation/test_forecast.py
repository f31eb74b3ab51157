"""Forecasts: as wide as the draws say, holding what was left out, out of reach said as such."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kgml.evaluation.forecast import Forecast
from kgml.evaluation.learning_curve import PowerLaw

SIZES = [100, 200, 400, 800]


def drawn(law: PowerLaw, spread: float, seed: int, draws: int = 4) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [[law.score(n) + rng.normal(0, spread) for _ in range(draws)] for n in SIZES]


def test_a_prediction_interval_holds_a_new_draw_about_as_often_as_it_says() -> None:
    held = []
    for seed in range(40):
        rng = np.random.default_rng([seed, 1])
        law = PowerLaw(rng.uniform(0.6, 0.95), 2.0, rng.uniform(0.3, 0.8))
        low, high = Forecast(SIZES, drawn(law, 0.01, seed), seed=seed).score(1600).interval
        held.append(low <= law.score(1600) + rng.normal(0, 0.01) <= high)
    assert np.mean(held) >= 0.85


def test_the_interval_of_a_score_is_wider_than_that_of_its_mean_and_widens_with_distance() -> None:
    law = PowerLaw(0.8, 2.0, 0.5)
    forecast = Forecast(SIZES, drawn(law, 0.02, 0))
    near, far = (np.diff(forecast.score(n).interval)[0] for n in (800, 20_000))
    assert near > 2 * 1.96 * 0.01
    assert far > near


def test_labels_for_a_target_are_those_of_the_curve() -> None:
    law = PowerLaw(0.9, 2.0, 0.5)
    forecast = Forecast(SIZES, [[law.score(n)] for n in SIZES])
    wanted = forecast.labels(0.85)
    assert wanted.interval[0] <= law.labels(0.85) <= wanted.interval[1]
    assert forecast.labels(0.7).value == pytest.approx(law.labels(0.7), rel=0.2)


def test_a_target_above_the_end_of_the_curve_is_out_of_reach() -> None:
    law = PowerLaw(0.7, 2.0, 0.9)
    forecast = Forecast(SIZES, drawn(law, 0.002, 0))
    assert math.isinf(forecast.labels(0.95).value)
    assert forecast.reaches(0.95) < 0.1
    assert forecast.reaches(0.6) == 1.0


def test_the_same_scores_give_the_same_forecast() -> None:
    scores = drawn(PowerLaw(0.8, 2.0, 0.5), 0.02, 3)
    assert Forecast(SIZES, scores, seed=5).score(1600) == Forecast(SIZES, scores, seed=5).score(
        1600
    )


def test_noise_of_the_rows_measured_on_widens_the_interval() -> None:
    scores = drawn(PowerLaw(0.8, 2.0, 0.5), 0.002, 4)
    narrow, wide = (
        np.diff(Forecast(SIZES, scores, noise=s).score(900).interval)[0] for s in (0, 0.05)
    )
    assert wide > 3 * narrow
