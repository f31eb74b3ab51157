"""Rows put in an order of their own and dealt to folds.

The order that a table has its rows in, and what its classes are called, are no part of what it
says. So rows are first sorted by what they hold; draws are made of them in that order, and sums of
floating-point numbers, whose last digits depend on the order, are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def row_order(texts: Sequence[str], codes: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers of n rows, sorted by a hash of the text, those of equal texts by their codes.

    >>> texts = ["Gilts rallied.", "Oil fell.", "Gold rose."]
    >>> [texts[i] for i in row_order(texts, np.array([0, 1, 1]))]
    ['Gilts rallied.', 'Gold rose.', 'Oil fell.']
    """
    keys = [
        (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), code.tobytes())
        for text, code in zip(texts, codes, strict=True)
    ]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def by_class(y: NDArray[np.int64], seed: int | Sequence[int]) -> NDArray[np.int64]:
    """Shuffled row numbers (n,), class after class.

    The class of the first shuffled row comes first: their numbers, which follow their names, do not
    matter.
    """
    shuffled = np.random.default_rng(seed).permutation(len(y))
    _, first, code = np.unique(y[shuffled], return_index=True, return_inverse=True)
    dealt: NDArray[np.int64] = shuffled[np.argsort(first[code], kind="stable")]
    return dealt


def assign_folds(
    y: NDArray[np.int64], folds: int, seed: int | Sequence[int],
    group: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """Fold number of each row (n,): classes dealt out evenly, whatever their size.

    Args:
        group: (n,) numbers; rows of one go where the first that is dealt goes, unless all rows would
            be in one fold then.

    >>> fold = assign_folds(np.zeros(6, dtype=np.int64), 3, 0, np.array([0, 1, 2, 0, 4, 0]))
    >>> bool(fold[0] == fold[3] == fold[5])
    True
    """
    dealt = by_class(y, seed)
    fold = np.empty(len(y), dtype=np.int64)
    fold[dealt] = np.arange(len(y)) % min(folds, len(y))
    if group is None:
        return fold
    _, first, code = np.unique(group[dealt], return_index=True, return_inverse=True)
    fold[dealt] = fold[dealt[first]][code]
    together = np.unique(fold, return_inverse=True)[1]  # a fold may be left without rows
    return together if together.any() else assign_folds(y, folds, seed)
