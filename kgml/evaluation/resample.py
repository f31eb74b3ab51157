"""Scores of several runs on the same test rows, and on the same resamples of these rows.

A run is one trained system. With few labels, which rows were drawn to train on moves a score more
than the sample of test rows does, so both are resampled: rows, and draws of training rows (a
bootstrap at two levels; Davison and Hinkley 1997, 3.8; Bouthillier et al. 2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

RESAMPLES = 4000
"""Enough for a p-value that survives Holm's correction over forty comparisons."""
CELLS = 4_000_000
"""Most counts of resampled rows held at once."""
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """A score of ``s`` runs, between 0 and 1: on all rows ``whole`` (s,), ``resampled`` (b, s)."""

    whole: Floats
    resampled: Floats


@dataclass(frozen=True)
class Comparison:
    """How much better one system is than another, of the score's unit (1 is 100 points)."""

    difference: float
    interval: tuple[float, float]
    p: float
    """Two-sided, of no difference: from the share of resamples on the other side of 0."""


def enough_resamples(comparisons: int) -> int:
    """How many it takes for the least p-value, times ``comparisons``, to stay well below .05.

    >>> enough_resamples(35), enough_resamples(200)
    (4000, 20000)
    """
    return max(RESAMPLES, 100 * comparisons)


def score_runs(
    y: Codes, predicted: Codes, classes: int, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Scores]:
    """Accuracy and macro-F1 of each run.

    Macro-F1 is the mean over the classes that the test rows hold; another class predicted is wrong
    and counts nowhere else, so that all runs are averaged over the same classes.

    Args:
        y: (n,) true class numbers below ``classes``.
        predicted: (s, n) those of each run.

    >>> found = score_runs(np.array([0, 0, 1, 1]), np.array([[0, 1, 1, 1]]), 2)
    >>> found["accuracy"].whole.tolist(), found["macro_f1"].whole.round(6).tolist()
    ([0.75], [0.733333])
    """
    tally = _Tally(y, predicted, classes)
    blocks = [tally.scores(weights) for weights in _blocks(len(y), seed, resamples)]
    whole = tally.scores(np.ones((1, len(y)), dtype=np.float32))
    return {
        "accuracy": Scores(whole[0][0], np.concatenate([a for a, _ in blocks])),
        "macro_f1": Scores(
            whole[1][0].mean(axis=1), np.concatenate([f.mean(axis=2) for _, f in blocks])
        ),
    }


def score_classes(y: Codes, predicted: Codes, classes: int, seed: int = 0) -> dict[int, Scores]:
    """F1 of each class that the test rows hold, by its number; arguments as in `score_runs`."""
    tally = _Tally(y, predicted, classes)
    drawn = _blocks(len(y), seed, RESAMPLES)
    blocks = np.concatenate([tally.scores(weights)[1] for weights in drawn])
    whole = tally.scores(np.ones((1, len(y)), dtype=np.float32))[1][0]
    return {int(name): Scores(whole[:, k], blocks[:, :, k]) for k, name in enumerate(tally.present)}


def summary(scores: Scores, seed: int = 0) -> dict[str, Any]:
    """``mean`` over the runs, ``sd`` of the runs (None of one), 95% ``interval`` of the mean."""
    count = len(scores.whole)
    means = _mean_of_draws(scores.resampled, seed)
    return {
        "mean": float(scores.whole.mean()),
        "sd": float(scores.whole.std(ddof=1)) if count > 1 else None,
        "interval": _interval(means),
    }


def compare_scores(a: Scores, b: Scores, seed: int = 0) -> Comparison:
    """Mean score of the runs ``b`` minus that of ``a``: run i of both was trained on draw i.

    Rows and draws are resampled together for both. One run beside several, such as on the full
    training part, is the same in each of them. The p-value is twice the smaller share of
    resamples on one side of 0, each share with one added (Davison and Hinkley 1997, 4.4): of 4,000
    resamples 0.0005 at least.
    """
    difference = _mean_of_draws(b.resampled - a.resampled, seed).round(12)  # so that 0 is 0
    below, above = ((difference <= 0).sum(), (difference >= 0).sum())
    p = min(1.0, 2 * (min(below, above) + 1) / (len(difference) + 1))
    low, high = _interval(difference)
    return Comparison(float(np.mean(b.whole - a.whole)), (low, high), float(p))


class _Tally:
    """Of each run and class: rows right, rows predicted; with the rows true, all F1 needs."""

    def __init__(self, y: Codes, predicted: Codes, classes: int) -> None:
        runs, n = predicted.shape
        if y.shape != (n,) or not n:
            raise ValueError(f"{len(y)} labels, {n} predictions; wanted as many, and one at least")
        self.present = np.unique(y)
        self.runs, self.n = runs, n
        place = np.arange(runs)[:, None] * classes + predicted
        row = np.broadcast_to(np.arange(n), (runs, n))
        self._predicted = _ones(place, row, (runs * classes, n))
        right = predicted == y
        self._right = _ones(place[right], row[right], (runs * classes, n))
        self._true = _ones(y, np.arange(n), (classes, n))
        self.classes = classes

    def scores(self, weights: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Row counts ``weights`` (b, n) -> accuracy (b, s), F1 (b, s, classes present)."""
        turned = np.ascontiguousarray(weights.T)
        shape = (self.runs, self.classes, len(weights))
        right = (self._right @ turned).reshape(shape)
        total = (self._predicted @ turned).reshape(shape) + (self._true @ turned)[None]
        f1 = 2 * right / np.maximum(total, 1)
        accuracy: Floats = right.sum(axis=1).T.astype(np.float64) / self.n
        return accuracy, f1[:, self.present].transpose(2, 0, 1).astype(np.float64)


def _ones(rows: Any, columns: Any, shape: tuple[int, int]) -> sparse.csr_matrix:
    rows, columns = np.ravel(rows), np.ravel(columns)
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def _blocks(n: int, seed: int, resamples: int) -> Iterator[NDArray[np.float32]]:
    """How often each row is in each resample, (b, n) at a time; ``resamples`` in all."""
    rng = np.random.default_rng(seed)
    size = max(1, min(resamples, 250, CELLS // n))
    for start in range(0, resamples, size):
        block = min(size, resamples - start)
        drawn = rng.integers(n, size=(block, n)) + n * np.arange(block)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=block * n)
        yield counts.reshape(block, n).astype(np.float32)


def _mean_of_draws(values: Floats, seed: int) -> Floats:
    """(b, s) -> (b,): the mean over draws that are drawn with replacement, `redrawn` of them."""
    resamples, runs = values.shape
    chosen = np.random.default_rng([seed, runs]).integers(runs, size=(resamples, redrawn(runs)))
    means: Floats = np.take_along_axis(values, chosen, axis=1).mean(axis=1)
    return means


def redrawn(draws: int) -> int:
    """One draw less than there are: as many would give a variance of the mean that is too small by
    (s - 1) / s, a third less with three draws (McCarthy and Snowden 1985).

    >>> redrawn(1), redrawn(3)
    (1, 2)
    """
    return max(1, draws - 1)


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
