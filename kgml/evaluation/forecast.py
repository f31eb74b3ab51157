"""What a score will be at more labels, from scores at fewer: a power law, and how far it may be off.

An interval of the fitted curve alone is too narrow: another draw of rows gives another score, and few
sizes fit slow and fast curves alike. So a forecast draws the scores again, draws the exponent of
``c - a n^-b`` in proportion to how well it fits (`PRIOR` where sizes cannot tell), and adds the spread
of one draw: a prediction interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.learning_curve import (
    FASTEST,
    SLOWEST,
    PowerLaw,
    best_ends,
    fit_power_law,
    resampled_means,
)

DRAWS = 1_000
GRID = 120
PRIOR = (math.log(0.5), 0.8)
"""Mean and deviation of ln b: most exponents measured are between .2 and 1.2 (Hestness et al. 2017;
Viering and Loog 2023)."""
LEAST_SPREAD = 0.005
"""Standard error of a mean score, at least: two draws may agree by chance."""
NEVER = 1e7
"""Labels from which on a target is told to be out of reach."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """A score, or a number of labels, and its 95% prediction interval; infinite: out of reach."""

    value: float
    interval: tuple[float, float]


class Forecast:
    """Curves that the scores allow, drawn.

    Args:
        labels: (k,) ascending, two at least.
        scores: for each the score of every draw of rows, between 0 and 1.
        noise: standard deviation of a score for the rows it is measured on, beside that of draws.
    """

    def __init__(
        self, labels: Sequence[float], scores: Sequence[Sequence[float]], *, noise: float = 0.0,
        seed: int = 0,
    ) -> None:  # fmt: skip
        n = np.asarray(labels, dtype=float)
        self.law: PowerLaw = fit_power_law(n.tolist(), [float(np.mean(s)) for s in scores])
        spread = _spread(scores)
        self.noise = math.hypot(noise, spread)
        draws = min(len(s) for s in scores)
        self.error = max(LEAST_SPREAD, math.hypot(noise, spread / math.sqrt(draws)))
        self._unit = n.min()
        rng = np.random.default_rng(seed)
        grid = np.linspace(np.log(SLOWEST), np.log(FASTEST), GRID)
        drawn = []
        for means in resampled_means(scores, seed, DRAWS):
            moved = np.asarray(means) + rng.normal(0, LEAST_SPREAD, len(n))
            c, a, loss = best_ends(grid, n / self._unit, moved)
            log = -loss * len(n) / (2 * self.error**2) - ((grid - PRIOR[0]) / PRIOR[1]) ** 2 / 2
            weight = np.exp(log - log.max())
            at = int(rng.choice(GRID, p=weight / weight.sum()))
            drawn.append((c[at], a[at], float(np.exp(grid[at]))))
        self._drawn: Floats = np.array(drawn)
        self._errors: Floats = rng.normal(0, 1, DRAWS)

    def with_errors(self, times: Floats) -> Forecast:
        """Of a model with ``times`` (b,) the errors at any number of labels, a draw for each curve.

        >>> forecast = Forecast([100, 200, 400, 800], [[0.8 - n**-0.5] for n in (100, 200, 400, 800)])
        >>> better = forecast.with_errors(np.full(DRAWS, 0.5))
        >>> round(1 - better.score(400).value, 3) == round((1 - forecast.score(400).value) / 2, 3)
        True
        """
        found, drawn = copy(self), np.random.default_rng(0).permutation(times)[:DRAWS]
        c, a, b = self._drawn[: len(drawn)].T
        found._drawn = np.stack([1 - drawn * (1 - c), drawn * a, b], axis=1)
        found._errors = self._errors[: len(drawn)]
        once = float(np.median(times))
        found.law = PowerLaw(1 - once * (1 - self.law.c), once * self.law.a, self.law.b)
        return found

    def score(self, n: float) -> Expected:
        """The score that one more draw of ``n`` labels will have.

        >>> forecast = Forecast([100, 200, 400, 800], [[0.8 - n**-0.5] for n in (100, 200, 400, 800)])
        >>> forecast.score(1600).interval[0] < 0.8 - 1600**-0.5 < forecast.score(1600).interval[1]
        True
        """
        c, a, b = self._drawn.T
        curves = c - a * (n / self._unit) ** -b
        low, high = np.percentile(curves + self.noise * self._errors, [2.5, 97.5])
        return Expected(_share(np.median(curves)), (_share(low), _share(high)))

    def labels(self, score: float) -> Expected:
        """How many labels ``score`` takes in the mean over draws; infinite from `NEVER` on."""
        c, a, b = self._drawn.T
        missing = np.maximum(c - score, 1e-12)
        with np.errstate(over="ignore", divide="ignore"):
            wanted = self._unit * np.exp(np.log(np.maximum(a, 1e-12) / missing) / b)
        wanted = np.where((c <= score) | (wanted > NEVER), np.inf, np.maximum(wanted, 1))
        low, middle, high = np.percentile(wanted, [2.5, 50, 97.5], method="nearest")
        return Expected(float(middle), (float(low), float(high)))

    def reaches(self, score: float) -> float:
        """Share of the curves that get to ``score`` at all before `NEVER` labels."""
        c, a, b = self._drawn.T
        return float(np.mean(c - a * (NEVER / self._unit) ** -b >= score))


def _spread(scores: Sequence[Sequence[float]]) -> float:
    """Standard deviation of one draw, over all sizes; 0 where none has two."""
    squares = [np.var(s, ddof=1) for s in scores if len(s) > 1]
    return float(np.sqrt(np.mean(squares))) if squares else 0.0


def _share(value: float) -> float:
    return float(np.clip(value, 0.0, 1.0))
