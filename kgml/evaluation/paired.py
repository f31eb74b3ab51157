"""Tests of two classifiers on the same rows, and what several tests at once cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def discordant(y: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> tuple[int, int]:
    """Rows (of n) that only ``a`` has right, and rows that only ``b`` has right."""
    right, also = a == y, b == y
    return int((right & ~also).sum()), int((also & ~right).sum())


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p-value of McNemar's exact test (1947): is one of two classifiers right more often?

    Under the hypothesis that they are alike, each row that only one has right is a fair coin; rows
    that both have right or wrong say nothing.

    >>> round(mcnemar(1, 9), 6)  # 2 * (1 + 10) / 2**10
    0.021484
    """
    rows = only_a + only_b
    if not rows:
        return 1.0
    return min(1.0, 2 * float(stats.binom.cdf(min(only_a, only_b), rows, 0.5)))


def twice_median(p: Sequence[float]) -> float:
    """One p-value of several of the same hypothesis, however they depend on each other.

    Draws of training rows are tested on the same test rows, so their p-values are not independent;
    twice the median is a p-value all the same (Ruschendorf 1982; Meinshausen, Meier and Buhlmann
    2009). A single one is returned as it is.

    >>> twice_median([0.01, 0.02, 0.9])
    0.04
    """
    return float(p[0]) if len(p) == 1 else min(1.0, 2 * float(np.median(p)))


def holm(p: Sequence[float]) -> list[float]:
    """The p-values of several hypotheses, corrected for their number (Holm 1979).

    One below .05 after the correction: with 95% probability no true hypothesis is rejected at all.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p, dtype=float)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]
