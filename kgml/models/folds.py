"""Rows dealt to folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign_folds(y: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number of each row (n,): classes dealt out evenly, whatever their size."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(y))
    dealt = shuffled[np.argsort(y[shuffled], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[dealt] = np.arange(len(y)) % min(folds, len(y))
    return fold
