"""Numbers: how far predictions are off, how much of the spread they explain, their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Numbers:
    """True and predicted numbers, in the unit of the target.

    mae: mean absolute error · rmse: root of the mean squared error · r2: share of the variance
    that is explained, 0 where the truth does not vary · spearman: correlation of ranks, ties at
    their mean rank, 0 where either does not vary.

    >>> one = Numbers([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0])
    >>> [round(float(one.metric(name, np.ones((1, 4)))[0]), 3) for name in Numbers.names]
    [0.5, 0.707, 0.6, 0.8]
    """

    names: ClassVar[tuple[str, ...]] = ("mae", "rmse", "r2", "spearman")

    def __init__(self, y_true: Sequence[float], y_pred: Sequence[float]) -> None:
        if len(y_true) != len(y_pred) or not len(y_true):
            raise ValueError(f"{len(y_true)} numbers, {len(y_pred)} predictions; wanted as many")
        self.n = len(y_true)
        self.true = np.asarray(y_true, dtype=float)
        self.predicted = np.asarray(y_pred, dtype=float)

    def metric(self, name: str, weights: Floats) -> Floats:
        """``weights`` (b, n) row counts -> (b,) scores."""
        off = self.true - self.predicted
        if name == "mae":
            mean: Floats = weights @ np.abs(off) / self.n
            return mean
        if name == "spearman":
            return correlation(ranks(self.true, weights), ranks(self.predicted, weights), weights)
        squared: Floats = weights @ np.square(off) / self.n
        if name == "rmse":
            return np.sqrt(squared)
        centred = self.true - self.true.mean()
        spread = weights @ np.square(centred) / self.n - np.square(weights @ centred / self.n)
        varies = spread > 1e-12 * max(float(np.square(centred).mean()), 1e-300)
        return np.where(varies, 1 - squared / np.where(varies, spread, 1), 0.0)


def ranks(values: Floats, weights: Floats) -> Floats:
    """Mean rank of each of ``values`` (n,) where row i stands ``weights[b, i]`` times: (b, n)."""
    distinct, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    first = np.searchsorted(place[order], np.arange(len(distinct)))
    times = np.add.reduceat(weights[:, order], first, axis=1)
    middle = np.cumsum(times, axis=1) - times / 2 + 0.5
    found: Floats = middle[:, place]
    return found


def correlation(a: Floats, b: Floats, weights: Floats) -> Floats:
    """Pearson's of rows ``a`` and ``b`` (r, n) by ``weights`` (r, n): (r,)."""
    total = weights.sum(axis=1, keepdims=True)
    a = a - (weights * a).sum(axis=1, keepdims=True) / total
    b = b - (weights * b).sum(axis=1, keepdims=True) / total
    spread = np.sqrt((weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1))
    found: Floats = (weights * a * b).sum(axis=1) / np.where(spread > 1e-9, spread, 1)
    return np.where(spread > 1e-9, found, 0.0)
