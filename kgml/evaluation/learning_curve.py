"""What labels are worth: a power law through scores at several numbers of labels.

``score(n) = c - a n^-b``, the form that most learning curves follow (Viering and Loog 2023; Hestness
et al. 2017): ``c`` is where the curve ends, ``b`` how fast it gets there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from kgml.evaluation.resample import redrawn

SLOWEST, FASTEST = 0.02, 3.0
"""Bounds of ``b``; a fit that ends there has found no bend."""
RESAMPLES = 500
POINT = 0.01
FEWEST, LOOSEST = 4, 0.01
"""A fit of three numbers is believed from that many sizes on, none missed by more than that."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PowerLaw:
    """``c - a n^-b`` for n labels; 0 <= c <= 1, a >= 0, b within `SLOWEST` and `FASTEST`."""

    c: float
    a: float
    b: float

    def score(self, n: float) -> float:
        """The score at ``n`` labels."""
        return float(self.c - self.a * n**-self.b)

    def labels(self, score: float) -> float:
        """How many labels a score takes; infinite where the curve never gets there.

        >>> round(PowerLaw(c=0.8, a=1.0, b=0.5).labels(0.7))
        100
        """
        missing = self.c - score
        if missing <= 0 or self.a <= 0:
            return math.inf
        power = math.log(self.a / missing) / self.b
        return math.exp(power) if power < 700 else math.inf


def fit_power_law(n: Sequence[float], score: Sequence[float]) -> PowerLaw:
    """Least squares over at least two points.

    For a given ``b`` the best ``c`` and ``a`` within their bounds are a closed form; ``b`` is
    searched on a grid, then between its neighbours. The same points give the same numbers.

    >>> law = fit_power_law([100, 200, 400, 800], [0.8 - n**-0.5 for n in (100, 200, 400, 800)])
    >>> round(law.c, 3), round(law.a, 2), round(law.b, 3)
    (0.8, 1.0, 0.5)
    """
    given, s = np.asarray(n, dtype=float), np.asarray(score, dtype=float)
    unit = given.min()
    grid = np.linspace(np.log(SLOWEST), np.log(FASTEST), 200)
    losses = best_ends(grid, given / unit, s)[2]
    at = int(losses.argmin())
    low, high = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        lambda x: float(best_ends(np.array([x]), given / unit, s)[2][0]),
        bounds=(low, high), method="bounded", options={"xatol": 1e-7},
    )  # fmt: skip
    log_b = found.x if found.fun <= losses[at] else grid[at]
    c, a, _ = best_ends(np.array([log_b]), given / unit, s)
    b = float(np.exp(log_b))
    return PowerLaw(float(c[0]), float(a[0] * unit**b), b)


def best_ends(log_b: Floats, n: Floats, s: Floats) -> tuple[Floats, Floats, Floats]:
    """For each exponent (k,): c, a and the mean squared error."""
    x = n[None, :] ** -np.exp(log_b)[:, None]
    centred = x - x.mean(axis=1, keepdims=True)
    spread = np.maximum((centred**2).sum(axis=1), 1e-300)
    a = -(centred @ s) / spread
    c = s.mean() + a * x.mean(axis=1)
    a = np.where(c > 1, (x @ np.ones_like(s) - x @ s) / (x**2).sum(axis=1), a)
    flat = a <= 0
    c, a = np.where(flat, s.mean(), np.minimum(c, 1.0)), np.where(flat, 0.0, a)
    loss = ((c[:, None] - a[:, None] * x - s) ** 2).mean(axis=1)
    return c, a, loss


@dataclass(frozen=True)
class LearningCurve:
    """A fitted curve and what it says at its last point.

    points: (labels, mean score) · worst: the largest distance of a point from the curve · buys:
    labels that a further point takes after the last size, infinite for never · interval: 95% of
    ``buys``, by resampling the draws; None where no size has two, or there are too few sizes · doubts: why not to believe it,
    nothing if it is to be believed.
    """

    points: list[tuple[float, float]]
    law: PowerLaw
    worst: float
    buys: float
    interval: tuple[float, float] | None
    doubts: list[str]


def learning_curve(
    labels: Sequence[float], scores: Sequence[Sequence[float]], seed: int = 0
) -> LearningCurve:
    """Fit the mean scores of several draws at each number of labels.

    Args:
        labels: (k,) ascending.
        scores: for each the score of every draw, between 0 and 1.
    """
    n, means = list(map(float, labels)), [float(np.mean(s)) for s in scores]
    law = fit_power_law(n, means)
    worst = max(abs(law.score(x) - s) for x, s in zip(n, means, strict=True))
    interval = None
    if len(n) >= FEWEST and any(len(s) > 1 for s in scores):
        drawn = [
            _buys(fit_power_law(n, m), n[-1]) for m in resampled_means(scores, seed, RESAMPLES)
        ]
        low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")
        interval = (float(low), float(high))
    curve = LearningCurve(
        list(zip(n, means, strict=True)), law, worst, _buys(law, n[-1]), interval, []
    )
    curve.doubts.extend(_doubts(curve))
    return curve


def _buys(law: PowerLaw, n: float) -> float:
    return law.labels(law.score(n) + POINT) - n


def resampled_means(
    scores: Sequence[Sequence[float]], seed: int, resamples: int
) -> list[list[float]]:
    """Mean scores of draws that are drawn again with replacement, at each number of labels.

    Where sizes have equally many draws, the same ones are taken at each.
    """
    rows = []
    rng = np.random.default_rng(seed)
    sizes = sorted({len(s) for s in scores})
    for _ in range(resamples):
        chosen = {size: rng.integers(size, size=redrawn(size)) for size in sizes}
        rows.append([float(np.asarray(s)[chosen[len(s)]].mean()) for s in scores])
    return rows


def _doubts(curve: LearningCurve) -> list[str]:
    """Why this fit is not worth believing."""
    law, found = curve.law, []
    if len(curve.points) < FEWEST:
        found.append(f"{len(curve.points)} sizes, and three numbers are fitted")
    if curve.points[-1][0] < FEWEST * curve.points[0][0]:
        found.append("the largest size is less than four times the smallest")
    if law.a <= 0:
        return [*found, "the scores do not rise with labels"]
    if curve.worst > LOOSEST:
        found.append(f"a point lies {100 * curve.worst:.1f} points off the curve")
    if law.b < 1.01 * SLOWEST or law.b > 0.99 * FASTEST or law.c >= 1:
        found.append("the curve shows no bend yet, so where it ends is not known")
    if curve.interval is None and len(curve.points) >= FEWEST:
        found.append("one draw of training rows at each size")
    if (
        curve.interval is not None
        and math.isfinite(curve.buys)
        and (
            not math.isfinite(curve.interval[1])
            or curve.interval[1] > 4 * max(curve.interval[0], 1)
        )
    ):
        found.append("draws of training rows disagree on what a point costs")
    return found


def labels_like(points: Sequence[tuple[float, float]], score: float) -> float:
    """How many labels give ``score`` on the straight lines between ``points``, labels in logarithms.

    Args:
        points: (labels, score), labels ascending. A score beyond the last is infinite: more labels
            than were measured; one below the first is the first.

    >>> labels_like([(100, 0.5), (400, 0.6)], 0.55)
    200.0
    """
    n, reached = points[0][0], points[0][1]
    if score <= reached:
        return float(n)
    for labels, value in points[1:]:
        if value >= score:
            share = (score - reached) / (value - reached)
            return round(float(n ** (1 - share) * labels**share), 6)
        if value > reached:
            n, reached = labels, value
    return math.inf


def labels_saved(
    plain: Sequence[Sequence[float]],
    labels: Sequence[float],
    better: Sequence[float],
    at: int,
    seed: int = 0,
) -> tuple[float, tuple[float, float] | None]:
    """How many more labels ``plain`` would need for the score that ``better`` has at size ``at``.

    Read off the straight lines between what was measured, not off a fitted curve. Infinite: more
    than the largest size has. 0 where ``better`` is no better.

    Args:
        plain: the scores of the draws at each of ``labels`` (k,), ascending.
        better: those of the other system at ``labels[at]``.

    Returns:
        The number, and its 95% interval over draws; None where there is only one.
    """

    def saved(means: Sequence[float]) -> float:
        points = list(zip(labels, means[:-1], strict=True))[at:]
        return labels_like(points, means[-1]) - labels[at]

    value = saved([float(np.mean(s)) for s in [*plain, better]])
    if len(better) < 2:
        return value, None
    drawn = [saved(means) for means in resampled_means([*plain, better], seed, RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")
    return value, (float(low), float(high))
