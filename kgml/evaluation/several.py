"""Several labels per row: micro-F1, macro-F1, exact matches, and the F1 of each label."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.metrics import interval, resample


class LabelSets:
    """A collection of labels per row; what is averaged are the labels that occur in either.

    micro_f1: of all pairs of row and label at once · macro_f1: mean over labels ·
    subset_accuracy: rows whose labels are all right, none too many.

    >>> one = LabelSets([["a", "b"], ["a"], []], [["a"], ["a"], []])
    >>> [round(float(one.metric(name, np.ones((1, 3)))[0]), 3) for name in LabelSets.names]
    [0.8, 0.5, 0.667]
    """

    names: ClassVar[tuple[str, ...]] = ("micro_f1", "macro_f1", "subset_accuracy")

    def __init__(
        self, y_true: Sequence[Collection[Any]], y_pred: Sequence[Collection[Any]]
    ) -> None:
        if len(y_true) != len(y_pred) or not len(y_true):
            raise ValueError(f"{len(y_true)} rows, {len(y_pred)} predictions; wanted as many")
        self.n = len(y_true)
        self.labels = sorted({str(label) for row in (*y_true, *y_pred) for label in row})
        self.true, self.predicted = self._hot(y_true), self._hot(y_pred)
        self.both = self.true * self.predicted
        self.hit = (self.true == self.predicted).all(axis=1).astype(float)

    def metric(self, name: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``weights`` (b, n) row counts -> (b,) scores. Where nothing is to be found, F1 is 0."""
        if name == "subset_accuracy":
            exact: NDArray[np.float64] = weights @ self.hit / self.n
            return exact
        if name == "micro_f1":
            sizes = (self.true + self.predicted).sum(axis=1)
            micro: NDArray[np.float64] = 2 * (weights @ self.both.sum(axis=1))
            micro /= np.maximum(weights @ sizes, 1)
            return micro
        if not self.labels:
            return np.zeros(len(weights))
        mean: NDArray[np.float64] = self.f1(weights).mean(axis=1)
        return mean

    def f1(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """F1 of each of ``labels``, (b, c)."""
        total = weights @ self.true + weights @ self.predicted
        found: NDArray[np.float64] = 2 * (weights @ self.both) / np.maximum(total, 1)
        return found

    def _hot(self, rows: Sequence[Collection[Any]]) -> NDArray[np.float64]:
        place = {label: k for k, label in enumerate(self.labels)}
        hot = np.zeros((self.n, len(self.labels)))
        for i, row in enumerate(rows):
            hot[i, [place[str(label)] for label in row]] = 1
        return hot


def per_label(
    y_true: Sequence[Collection[Any]], y_pred: Sequence[Collection[Any]], seed: int = 0
) -> dict[str, Any]:
    """For each label ``{f1, precision, recall, interval, rows}``: interval of F1, 95%.

    ``rows`` counts those that have the label.

    >>> found = per_label([["a", "b"], ["a"], ["b"]], [["a"], ["a"], ["a"]])["a"]
    >>> found["f1"], found["precision"], found["recall"], found["rows"]
    (0.8, 0.666667, 1.0, 2)
    """
    sets = LabelSets(y_true, y_pred)
    drawn = sets.f1(resample(sets.n, seed))
    true, predicted, both = (m.sum(axis=0) for m in (sets.true, sets.predicted, sets.both))
    return {
        label: {
            "f1": round(2 * float(both[k]) / float(true[k] + predicted[k]), 6),
            "precision": round(float(both[k]) / max(float(predicted[k]), 1), 6),
            "recall": round(float(both[k]) / max(float(true[k]), 1), 6),
            "interval": interval(drawn[:, k]),
            "rows": int(true[k]),
        }
        for k, label in enumerate(sets.labels)
    }
