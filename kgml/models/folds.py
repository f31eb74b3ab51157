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


def assign_folds(y: NDArray[np.int64], folds: int, seed: int | Sequence[int]) -> NDArray[np.int64]:
    """Fold number of each row (n,): classes dealt out evenly, whatever their size."""
    fold = np.empty(len(y), dtype=np.int64)
    fold[by_class(y, seed)] = np.arange(len(y)) % min(folds, len(y))
    return fold
