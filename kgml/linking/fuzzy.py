"""Misspelt words: one letter more, less, other or swapped, in words of seven letters and more.

A word and its misspelling share a string that one deletion makes of each (symmetric delete,
Garbe 2012), so what is looked up is a handful of hashes, however many words are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

SHORTEST = 7
_EVERYDAY = ("ed", "ing", "ly", "er", "ers", "ive", "able", "ent", "ance", "ence", "ies")
"""Endings of words that have too many everyday neighbours: "displayed" is no "displaced"."""
_OPPOSITES = (("micro", "macro"), ("abduct", "adduct"), ("ante", "anti"), ("infra", "intra"),
              ("pre", "pro"), ("homo", "hemo"))  # fmt: skip
"""Beginnings one edit apart that mean different things: "microcephaly" is no "macrocephaly"."""


class Misspellings:
    """The known words of seven letters and more, ready to be looked up with one edit.

    >>> Misspellings(["hypotonia", "seizures"]).correct("hypotomia")
    'hypotonia'
    """

    def __init__(self, words: Iterable[str]) -> None:
        words = set(words)
        self._words = sorted(word for word in words if len(word) >= SHORTEST
                             and word.isalpha() and not word.endswith(_EVERYDAY))  # fmt: skip
        self._known = frozenset(words)
        self._longest = max(map(len, self._words), default=0) + 1
        pairs = [(hash(cut), row) for row, word in enumerate(self._words) for cut in _cuts(word)]
        pairs.sort()
        self._hashes: NDArray[np.int64] = np.array([h for h, _ in pairs], dtype=np.int64)
        self._rows: NDArray[np.int32] = np.array([row for _, row in pairs], dtype=np.int32)

    def correct(self, word: str) -> str | None:
        """The one known word that ``word`` (lower case) is an edit away from; None if none or two."""
        if not SHORTEST <= len(word) <= self._longest or word in self._known or not word.isalpha():
            return None
        cuts = np.array([hash(cut) for cut in _cuts(word)], dtype=np.int64)
        low, high = (np.searchsorted(self._hashes, cuts, side=side) for side in ("left", "right"))
        rows = {int(r) for a, b in zip(low, high, strict=True) for r in self._rows[a:b]}
        near = {self._words[row] for row in rows if is_edit(word, self._words[row])}
        return near.pop() if len(near) == 1 else None


def _cuts(word: str) -> Iterator[str]:
    """The word, and the word without each of its letters but the first."""
    yield word
    for i in range(1, len(word)):
        yield word[:i] + word[i + 1 :]


def is_edit(word: str, known: str) -> bool:
    """One letter inserted, deleted, replaced or swapped with its neighbour, after the first."""
    if word[0] != known[0] or word == known or abs(len(word) - len(known)) > 1:
        return False
    if any(
        (word.startswith(a) and known.startswith(b)) or (word.startswith(b) and known.startswith(a))
        for a, b in _OPPOSITES
    ):
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b),
                 min(len(word), len(known)))  # fmt: skip
    if start > min(len(word), len(known)) - 3:
        return False  # another ending makes another word: "retinoschisin" is a gene
    a, b = word[start:], known[start:]
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return longer[1:] == shorter
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
