"""One value of a few, by what it loses on rows held out of the training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kgml.models.folds import assign_folds

FOLDS = 3


def choose(
    values: Sequence[float],
    decide: Callable[[float, NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    loss: Callable[[NDArray[np.float64]], float],
    strata: NDArray[np.int64],
    seed: int = 0,
    group: NDArray[np.int64] | None = None,
) -> float:
    """The value whose held-out decisions lose least; of equals the first.

    Args:
        decide: ``(value, inside, outside)`` -> decisions of the rows ``outside`` (m, k) by a head
            fitted on the rows ``inside``.
        loss: of the decisions (n, k) of all rows, each made by a head that has not seen it.
        strata: (n,) numbers whose equals are dealt out evenly to the folds.
        group: (n,) numbers whose equals are not parted by folds.
    """
    fold = assign_folds(strata, FOLDS, seed, group)
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(fold.max() + 1)]
    lost = []
    for value in values:
        parts = [(outside, decide(value, inside, outside)) for inside, outside in splits]
        held = np.zeros((len(strata), parts[0][1].shape[1]))
        for outside, decisions in parts:
            held[outside] = decisions
        lost.append(loss(held))
    return float(values[int(np.argmin(lost))])
