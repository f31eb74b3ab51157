"""Do probabilities mean what they say? Expected calibration error, Brier score, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BINS = 15
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """Confidence beside accuracy, in `BINS` bins of equal mass.

    ece: expected calibration error, 0 to 1 · curve: (mean confidence, accuracy, rows) of each bin,
    the least confident first; bins without rows are left out.
    """

    ece: float
    curve: list[tuple[float, float, int]]


def reliability(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Expected calibration error of the most probable classes (Naeini et al. 2015).

    Bins hold equally many rows, not equally wide ranges of confidence, for most rows are
    confident and wide bins would be empty (Nguyen and O'Connor 2015); rows of equal confidence
    share a bin, so their order does not matter.

    Args:
        confidence: (n,) probability of the predicted class.
        right: (n,) whether it was the true one.

    >>> reliability(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False]), bins=2)
    Reliability(ece=0.1, curve=[(0.6, 0.5, 2), (0.9, 1.0, 2)])
    """
    n = len(confidence)
    place = (stats.rankdata(confidence) - 0.5) / n * bins
    of = np.minimum(place.astype(np.int64), bins - 1)
    rows = np.bincount(of, minlength=bins)
    kept = np.flatnonzero(rows)
    mean = np.bincount(of, confidence, bins)[kept] / rows[kept]
    share = np.bincount(of, right, bins)[kept] / rows[kept]
    error = float(rows[kept] @ np.abs(mean - share) / n)
    curve = [
        (round(float(c), 6), round(float(a), 6), int(r))
        for c, a, r in zip(mean, share, rows[kept], strict=True)
    ]
    return Reliability(round(error, 6), curve)


def brier(y_prob: Floats, y: NDArray[np.int64]) -> Floats:
    """Brier score (1950) of each row (n,), summed over the classes: 0 is best, 2 worst.

    Args:
        y_prob: (n, c) probabilities.
        y: (n,) true class numbers; one outside the c columns had no probability at all.

    >>> brier(np.array([[0.8, 0.2]]), np.array([0])).round(6).tolist()
    [0.08]
    """
    rows, known = np.arange(len(y)), (y >= 0) & (y < y_prob.shape[1])
    given = np.where(known, y_prob[rows, np.where(known, y, 0)], 0.0)
    scores: Floats = np.square(y_prob).sum(axis=1) - 2 * given + 1
    return scores
