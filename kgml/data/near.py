"""Near duplicates among many documents, by MinHash and locality-sensitive hashing.

A document's shingles are its runs of five words. `SIZE` hash functions each keep the least hash of
them; the share of equal minima estimates the Jaccard index of two documents' shingles (Broder 1997).
Two documents are compared where one of `BANDS` bands of minima is the same: with 16 bands of 8 that
is so for 95 of 100 pairs of Jaccard index 0.8, and for 1 of 16 of 0.5.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kgml.progress import track

SIZE, BANDS, SHINGLE = 128, 16, 5
SIMILAR = 0.8
"""Least estimated Jaccard index of near duplicates."""
AT_ONCE = 4_096
"""Shingles hashed at once: 2 MiB."""
Signature = NDArray[np.uint32]

_WORD = re.compile(r"\w+")
_rng = np.random.default_rng(20_250_101)
_FACTORS = _rng.integers(0, 2**63, SIZE, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_OFFSETS = _rng.integers(0, 2**63, SIZE, dtype=np.uint64)
_PLACES = _rng.integers(0, 2**63, SHINGLE, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


@lru_cache(maxsize=2**18)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def signature(text: str) -> Signature:
    """(SIZE,) minima over the shingles of ``text``; case and punctuation count nothing.

    >>> one, other = signature("A dog, a cat, a red fox."), signature("a dog a cat a RED fox")
    >>> bool((one == other).all())
    True
    """
    words = np.array([_hash(word) for word in _WORD.findall(text.lower())], dtype=np.uint64)
    if not len(words):  # nothing but signs: its own hash
        words = np.array([_hash(text)], dtype=np.uint64)
    runs = max(1, len(words) - SHINGLE + 1)
    shingles = np.zeros(runs, dtype=np.uint64)
    for place in range(min(SHINGLE, len(words))):
        shingles += (words[place : place + runs] + np.uint64(1)) * _PLACES[place]
    shingles = np.unique(shingles ^ (shingles >> np.uint64(31)))
    least = np.full(SIZE, 2**32 - 1, dtype=np.uint32)
    for start in range(0, len(shingles), AT_ONCE):
        hashed = shingles[start : start + AT_ONCE, None] * _FACTORS + _OFFSETS
        np.minimum(least, (hashed >> np.uint64(32)).min(axis=0).astype(np.uint32), out=least)
    return least


def near_groups(texts: Sequence[str], similar: float = SIMILAR) -> NDArray[np.int64]:
    """(n,): the number of the first text of the group of near duplicates that each one is of.

    The order of the texts decides nothing but these numbers.

    >>> near_groups(["Gilts rose.", "Oil fell.", "gilts rose"]).tolist()
    [0, 1, 0]
    """
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    signatures = np.zeros((len(texts), SIZE), dtype=np.uint32)
    for place, row in enumerate(
        track(order.tolist(), "Looking for near duplicates", total=len(order))
    ):
        signatures[place] = signature(texts[row])
    group = np.empty(len(texts), dtype=np.int64)
    group[order] = first_of_each(signatures, similar)
    _, first, code = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(first[code], dtype=np.int64)


def first_of_each(
    signatures: NDArray[np.uint32],
    similar: float = SIMILAR,
    tell: Callable[[int], None] = lambda band: None,
) -> NDArray[np.int64]:
    """(n,): the number of the first document of the group that each one belongs to.

    Near duplicates of a near duplicate are of its group. A document that has none is its own.

    Args:
        signatures: (n, SIZE); may be a file that is mapped, which is read band by band.
        similar: least share of equal minima; 0 compares nothing and leaves all alone.
        tell: called after each band.
    """
    first = np.arange(len(signatures), dtype=np.int64)
    if not similar:
        return first
    rows = SIZE // BANDS
    for band in range(BANDS):
        keys = _keys(signatures[:, band * rows : (band + 1) * rows])
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
        sizes = np.diff(np.r_[starts, len(order)])
        for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
            _join(signatures, order[start : start + size], first, similar)
        tell(band)
    return np.array([_root(first, i) for i in range(len(first))], dtype=np.int64)


def _keys(minima: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """(n,) one number of each row."""
    keys = np.zeros(len(minima), dtype=np.uint64)
    for column in range(minima.shape[1]):
        keys = (keys ^ minima[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def _join(
    signatures: NDArray[np.uint32], bucket: NDArray[np.int64], first: NDArray[np.int64],
    similar: float,
) -> None:  # fmt: skip
    """Join each document of ``bucket`` to the first there that it is like, or is like the one before.

    Not all pairs: a thousand copies of one page would be half a million.
    """
    before = lead = np.asarray(signatures[bucket[0]])
    for start in range(1, len(bucket), AT_ONCE):
        some = bucket[start : start + AT_ONCE]
        minima = np.asarray(signatures[some])
        shifted = np.vstack([before[None], minima[:-1]])
        for i in np.flatnonzero((minima == lead).mean(axis=1) >= similar):
            _unite(first, int(bucket[0]), int(some[i]))
        for i in np.flatnonzero((minima == shifted).mean(axis=1) >= similar):
            _unite(first, int(bucket[start + i - 1]), int(some[i]))
        before = minima[-1]


def _root(first: NDArray[np.int64], i: int) -> int:
    while first[i] != i:
        first[i] = first[first[i]]
        i = int(first[i])
    return i


def _unite(first: NDArray[np.int64], one: int, other: int) -> None:
    one, other = _root(first, one), _root(first, other)
    first[max(one, other)] = min(one, other)
