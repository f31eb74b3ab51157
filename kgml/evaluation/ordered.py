"""Ordered classes: how many classes a prediction is off, and agreement that counts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


class OrderedClasses:
    """Class numbers 0, 1, ... in their order.

    macro_f1: mean over every class that occurs in either · mae: mean distance in classes ·
    kappa: Cohen's kappa with quadratic weights (Cohen 1968); 0 where it is not defined.

    >>> one = OrderedClasses([0, 1, 2, 2], [0, 1, 2, 0])
    >>> [round(float(one.metric(name, np.ones((1, 4)))[0]), 3) for name in OrderedClasses.names]
    [0.778, 0.5, 0.385]
    """

    names: ClassVar[tuple[str, ...]] = ("macro_f1", "mae", "kappa")

    def __init__(self, y_true: Sequence[int], y_pred: Sequence[int]) -> None:
        if len(y_true) != len(y_pred) or not len(y_true):
            raise ValueError(f"{len(y_true)} labels, {len(y_pred)} predictions; wanted as many")
        self.n = len(y_true)
        true, predicted = np.asarray(y_true, np.int64), np.asarray(y_pred, np.int64)
        classes = int(max(true.max(), predicted.max())) + 1
        self.distance = np.abs(true - predicted).astype(float)
        self.true, self.predicted = np.eye(classes)[true], np.eye(classes)[predicted]
        self.some = (self.true + self.predicted).any(axis=0)

    def metric(self, name: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``weights`` (b, n) row counts -> (b,) scores."""
        if name == "mae":
            mean: NDArray[np.float64] = weights @ self.distance / self.n
            return mean
        true, predicted = weights @ self.true, weights @ self.predicted
        if name == "macro_f1":
            both = weights @ (self.true * self.predicted)
            f1 = 2 * both[:, self.some] / np.maximum(true + predicted, 1)[:, self.some]
            return np.asarray(f1.mean(axis=1))
        place = np.arange(self.true.shape[1])
        apart = np.square(place[:, None] - place[None, :]).astype(float)
        by_chance = np.einsum("bi,ij,bj->b", true, apart, predicted) / self.n
        found = weights @ np.square(self.distance)
        return np.where(by_chance > 0, 1 - found / np.where(by_chance > 0, by_chance, 1), 0.0)
