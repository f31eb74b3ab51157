"""Scores with bootstrap intervals, and the paired difference of two models.

Intervals are percentile bootstraps over rows (Efron and Tibshirani 1993). A difference is paired:
both models are scored on the same resampled rows. What is scored is a `Scorer`: here that of one
label per row, in ``several.py``, ``ordered.py`` and ``numbers.py`` those of several labels, of
ordered classes and of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
METRICS = ("accuracy", "macro_f1")
TITLES = {
    "macro_f1": "macro-F1", "micro_f1": "micro-F1", "subset_accuracy": "all right", "mae": "MAE",
    "rmse": "RMSE", "r2": "R2", "kappa": "quadratic kappa", "spearman": "Spearman",
}  # fmt: skip


class Scorer(Protocol):
    """Truth and predictions of n rows, ready to be scored on any weights of the rows."""

    names: ClassVar[tuple[str, ...]]
    """The metrics, first the one that is told first."""
    n: int

    def __init__(self, y_true: Sequence[Any], y_pred: Sequence[Any]) -> None: ...

    def metric(self, name: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``weights`` (b, n) row counts -> (b,) scores."""
        ...


def called(metric: str) -> str:
    """What a metric is called where people read it."""
    return TITLES.get(metric, metric)


def scores(y_true: Sequence[str], y_pred: Sequence[str]) -> dict[str, float]:
    """Accuracy and macro-F1 (mean over every label that occurs in either).

    >>> scores(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    {'accuracy': 0.75, 'macro_f1': 0.733333}
    """
    counts = OneLabelEach(y_true, y_pred)
    return {name: _round(counts.metric(name, np.ones((1, counts.n)))[0]) for name in METRICS}


def measure(
    y_true: Sequence[Any], y_pred: Sequence[Any], seed: int = 0, scorer: type[Scorer] | None = None
) -> dict[str, Any]:
    """Scores and their 95% intervals: ``{accuracy, macro_f1, interval: {name: [low, high]}}``.

    Args:
        scorer: what is measured; None for accuracy and macro-F1 of one label per row.
    """
    return measure_mean(y_true, [y_pred], seed, scorer)


def measure_mean(
    y_true: Sequence[Any],
    runs: Sequence[Sequence[Any]],
    seed: int = 0,
    scorer: type[Scorer] | None = None,
) -> dict[str, Any]:
    """`measure` of the mean score of several runs on the same rows."""
    counts = [(scorer or OneLabelEach)(y_true, y_pred) for y_pred in runs]
    whole, drawn = np.ones((1, len(y_true))), resample(len(y_true), seed)
    found: dict[str, Any] = {"interval": {}}
    for name in counts[0].names:
        found[name] = _round(float(np.mean([c.metric(name, whole) for c in counts])))
        resampled = np.mean([c.metric(name, drawn) for c in counts], axis=0)
        found["interval"][name] = interval(resampled)
    return found


@dataclass(frozen=True)
class Difference:
    """How much ``b`` is better than ``a``: in points of the metric, with a 95% interval."""

    metric: str
    value: float
    interval: tuple[float, float]
    probability: float
    """Share of resamples in which ``b`` is strictly better, ties counted half."""


def paired_difference(
    y_true: Sequence[Any],
    a: Sequence[Any],
    b: Sequence[Any],
    metric: str = "macro_f1",
    seed: int = 0,
    scorer: type[Scorer] | None = None,
) -> Difference:
    """Score of ``b`` minus score of ``a`` on the same rows and resamples."""
    return paired_mean_difference(y_true, [a], [b], metric, seed, scorer)


def paired_mean_difference(
    y_true: Sequence[Any],
    a: Sequence[Sequence[Any]],
    b: Sequence[Sequence[Any]],
    metric: str = "macro_f1",
    seed: int = 0,
    scorer: type[Scorer] | None = None,
) -> Difference:
    """`paired_difference` of the mean scores of several runs on the same rows.

    >>> truth, wrong = ["up", "down"], ["up", "up"]
    >>> paired_mean_difference(truth, [wrong], [truth, wrong], "accuracy").value
    0.25
    """
    score = scorer or OneLabelEach
    first, second = ([score(y_true, predicted) for predicted in runs] for runs in (a, b))
    drawn, whole = resample(len(y_true), seed), np.ones((1, len(y_true)))

    def mean(runs: list[Scorer], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        scored: NDArray[np.float64] = np.mean([run.metric(metric, weights) for run in runs], axis=0)
        return scored

    differences = mean(second, drawn) - mean(first, drawn)
    value = float((mean(second, whole) - mean(first, whole))[0])
    better = np.mean(differences > 0) + 0.5 * np.mean(differences == 0)
    low, high = interval(differences)
    return Difference(metric, _round(value), (low, high), float(better))


def mean_difference(a: NDArray[np.float64], b: NDArray[np.float64], seed: int = 0) -> Difference:
    """Mean of ``b`` (n,) minus mean of ``a`` (n,), the same rows and resamples.

    >>> mean_difference(np.array([0.2, 0.4]), np.array([0.4, 0.6])).value
    0.2
    """
    differences = resample(len(a), seed) @ (b - a) / len(a)
    better = np.mean(differences > 0) + 0.5 * np.mean(differences == 0)
    low, high = interval(differences)
    return Difference("mean", _round(float(np.mean(b - a))), (low, high), float(better))


class OneLabelEach:
    """Per row and class: true, predicted, both. Metrics of weighted rows are then products."""

    names: ClassVar[tuple[str, ...]] = METRICS

    def __init__(self, y_true: Sequence[str], y_pred: Sequence[str]) -> None:
        if len(y_true) != len(y_pred) or not len(y_true):
            raise ValueError(f"{len(y_true)} labels, {len(y_pred)} predictions; wanted as many")
        names, codes = np.unique(np.array([*y_true, *y_pred], dtype=str), return_inverse=True)
        self.n = len(y_true)
        true, predicted = codes[: self.n], codes[self.n :]
        eye = np.eye(len(names))
        self.true, self.predicted = eye[true], eye[predicted]
        self.hit = (true == predicted).astype(float)
        self.both = self.true * self.predicted

    def metric(self, name: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``weights`` (b, n) row counts -> (b,) scores."""
        if name == "accuracy":
            accuracy: NDArray[np.float64] = weights @ self.hit / self.n
            return accuracy
        total = weights @ self.true + weights @ self.predicted
        f1 = 2 * (weights @ self.both) / np.maximum(total, 1)
        mean: NDArray[np.float64] = f1.mean(axis=1)
        return mean


def resample(n: int, seed: int) -> NDArray[np.float64]:
    """How often each of ``n`` rows is in each of `RESAMPLES` resamples, (b, n)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)


def interval(values: NDArray[np.float64]) -> list[float]:
    """The middle 95% of ``values``."""
    low, high = np.percentile(values, [2.5, 97.5])
    return [_round(low), _round(high)]


def _round(value: float) -> float:
    return round(float(value), 6)
