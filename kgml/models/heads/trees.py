"""Boosted trees as arrays: scikit-learn grows them, numpy walks them, nothing is pickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 2_000_000
"""Most places (row, tree) held at a time."""
NODE = np.dtype([("is_leaf", "u1"), ("feature_idx", "i8"), ("num_threshold", "f8"),
                 ("left", "u4"), ("right", "u4"), ("value", "f8")])  # fmt: skip
"""What is kept of scikit-learn's nodes."""


@dataclass(frozen=True)
class Trees:
    """``r`` rounds of ``k`` trees each, all their nodes in one row of arrays.

    feature, left, right (nodes,) int32, left = right = the node itself in a leaf · threshold,
    value (nodes,) float64: a row with a feature of at most the threshold goes left · root (r, k)
    int32 · start (k,) what is added to.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    root: NDArray[np.int32]
    start: NDArray[np.float64]

    def raw(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """``X`` (n, d) without NaN -> (n, k) sums, those of scikit-learn to the last bit."""
        total = np.tile(self.start, (len(X), 1))
        if not self.root.size:
            return total
        step = max(1, CELLS // self.root.size)
        for begin in range(0, len(X), step):
            rows = X[begin : begin + step]
            reached = self._leaves(rows)
            for number in range(len(self.root)):  # in the order in which they were grown
                total[begin : begin + step] += self.value[reached[:, number]]
        return total

    def _leaves(self, X: NDArray[np.float64]) -> NDArray[np.int32]:
        """The leaf that each row reaches in each tree, (n, r, k)."""
        at = np.broadcast_to(self.root, (len(X), *self.root.shape)).copy()
        row = np.arange(len(X))[:, None, None]
        while True:
            low = X[row, self.feature[at]] <= self.threshold[at]
            to = np.where(low, self.left[at], self.right[at])
            if np.array_equal(to, at):
                return at
            at = to

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def trees_of(estimator: Any) -> Trees:
    """Those of a fitted ``HistGradientBoosting`` estimator on numbers, without categories."""
    start = np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel()
    return collect([[tree.nodes for tree in of] for of in estimator._predictors], start)


def collect(rounds: Sequence[Sequence[NDArray[Any]]], start: NDArray[np.float64]) -> Trees:
    """Put scikit-learn's node tables one after the other."""
    flat = [nodes for of in rounds for nodes in of]
    sizes = np.array([len(nodes) for nodes in flat], dtype=np.int64)
    first = np.concatenate([[0], sizes.cumsum()[:-1]]) if len(flat) else sizes
    whole = np.concatenate(flat) if flat else np.zeros(0, dtype=NODE)
    offset = np.repeat(first, sizes)
    itself, leaf = np.arange(len(whole)), whole["is_leaf"].astype(bool)
    return Trees(
        np.where(leaf, 0, whole["feature_idx"]).astype(np.int32),
        np.where(leaf, 0.0, whole["num_threshold"]),
        np.where(leaf, itself, whole["left"] + offset).astype(np.int32),
        np.where(leaf, itself, whole["right"] + offset).astype(np.int32),
        whole["value"].astype(np.float64),
        first.reshape(len(rounds), -1).astype(np.int32) if flat else np.zeros((0, len(start)), np.int32),
        start,
    )  # fmt: skip
