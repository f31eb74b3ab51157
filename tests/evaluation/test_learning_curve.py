"""Power laws recovered from planted curves; labels read off what was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kgml.evaluation import learning_curve as module
from kgml.evaluation.learning_curve import (
    PowerLaw,
    fit_power_law,
    labels_like,
    labels_saved,
    learning_curve,
)

N = [80, 160, 320, 640, 1280]


@pytest.mark.parametrize(("c", "a", "b"), [(0.8, 1.5, 0.5), (0.95, 4.0, 0.8), (0.7, 0.9, 0.2)])
def test_a_planted_curve_is_recovered(c: float, a: float, b: float) -> None:
    law = fit_power_law(N, [c - a * n**-b for n in N])
    assert (law.c, law.a, law.b) == pytest.approx((c, a, b), rel=0.01)


def test_labels_invert_the_curve() -> None:
    law = PowerLaw(0.8, 1.5, 0.5)
    assert law.labels(law.score(300) + 0.01) == pytest.approx((1.5 / (1.5 * 300**-0.5 - 0.01)) ** 2)
    assert law.labels(0.8) == math.inf
    assert PowerLaw(0.8, 0.0, 0.5).labels(0.7) == math.inf


def test_no_curve_ends_above_1_and_none_falls() -> None:
    rising = fit_power_law([10, 20, 40], [0.5, 0.75, 1.0])
    assert rising.c <= 1
    falling = fit_power_law([10, 20, 40], [0.7, 0.6, 0.5])
    assert (falling.c, falling.a) == (pytest.approx(0.6), 0)


def draws(seed: int, sd: float) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [(0.8 - 1.5 * n**-0.5 + rng.normal(0, sd, 10)).tolist() for n in N]


def test_what_a_point_costs_lies_in_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 15 of 20 at least, of 19 that would be ideal; none of these fits is doubted."""
    monkeypatch.setattr(module, "RESAMPLES", 100)
    law = PowerLaw(0.8, 1.5, 0.5)
    true = law.labels(law.score(1280) + 0.01) - 1280
    found = [learning_curve(N, draws(seed, 0.004)) for seed in range(20)]
    inside = [c.interval is not None and c.interval[0] <= true <= c.interval[1] for c in found]
    assert sum(inside) >= 15
    assert [c.doubts for c in found] == [[]] * 20


def test_the_same_draws_give_the_same_curve() -> None:
    assert learning_curve(N, draws(0, 0.01), 3) == learning_curve(N, draws(0, 0.01), 3)


@pytest.mark.parametrize(
    ("n", "scores", "doubt"),
    [
        (N[:3], [[0.5, 0.5], [0.6, 0.6], [0.65, 0.65]], "3 sizes, and three numbers are fitted"),
        ([80, 90, 100, 110], [[0.5], [0.6], [0.65], [0.68]], "less than four times the smallest"),
        (N, [[0.7], [0.6], [0.6], [0.6], [0.5]], "do not rise with labels"),
        (N, [[0.5], [0.7], [0.6], [0.75], [0.7]], "points off the curve"),
        (N, [[0.8 - 1.5 * n**-0.5] for n in N], "one draw of training rows at each size"),
        (N, [[0.1 + 0.05 * math.log(n)] for n in N], "no bend yet"),
    ],
)
def test_a_fit_not_worth_believing_says_why(n, scores, doubt: str) -> None:
    assert any(doubt in said for said in learning_curve(n, scores).doubts)


def test_a_noisy_curve_is_doubted() -> None:
    assert learning_curve(N, draws(1, 0.08)).doubts


def test_labels_are_read_off_straight_lines_in_logarithms() -> None:
    points = [(100.0, 0.5), (400.0, 0.6), (1600.0, 0.62)]
    assert labels_like(points, 0.55) == pytest.approx(200)
    assert labels_like(points, 0.61) == pytest.approx(800)
    assert labels_like(points, 0.4) == 100
    assert labels_like(points, 0.63) == math.inf


def test_a_dip_is_passed_over() -> None:
    assert labels_like([(100.0, 0.5), (200.0, 0.4), (400.0, 0.6)], 0.55) == pytest.approx(200)


def test_labels_saved_at_a_size() -> None:
    plain = [[0.5, 0.5], [0.6, 0.6]]
    value, interval = labels_saved(plain, [100, 400], [0.55, 0.55], 0)
    assert value == pytest.approx(100)
    assert interval == pytest.approx((100, 100))
    assert labels_saved(plain, [100, 400], [0.7, 0.7], 0)[0] == math.inf
    assert labels_saved(plain, [100, 400], [0.4], 0) == (0, None)
