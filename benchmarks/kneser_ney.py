"""An interpolated Kneser-Ney model of bytes, with the three discounts of Chen and Goodman (1999).

    python benchmarks/kneser_ney.py TRAIN.txt TEST.txt      # one document a line

A document's end is a symbol of its own, as for the models it is compared with.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

END, BITS = 256, 9
SYMBOLS = 257
Keys = NDArray[np.int64]


def stream_of(texts: Iterable[str]) -> Keys:
    """Bytes of ``texts`` with an end before the first and after each."""
    end = np.array([END], dtype=np.int64)
    parts = [end]
    for text in texts:
        data = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
        parts += [data.astype(np.int64), end]
    return np.concatenate(parts)


def grams(stream: Keys, order: int) -> Keys:
    """The n-gram that ends at each place from ``order - 1`` on, as one number."""
    found = np.zeros(len(stream) - order + 1, dtype=np.int64)
    for place in range(order):
        found = (found << BITS) | stream[place : place + len(found)]
    return found


@dataclass
class Level:
    """Discounted shares of one order, and what is left for the order below."""

    keys: Keys
    shares: NDArray[np.float64]
    contexts: Keys
    left: NDArray[np.float64]

    @classmethod
    def of(cls, keys: Keys, counts: Keys) -> Level:
        """Of n-grams, rising, and how often each counts."""
        seen = [max(1, int((counts == i).sum())) for i in range(1, 5)]
        ratio = seen[0] / (seen[0] + 2 * seen[1])
        discounts = np.array(
            [0.0, *(i - (i + 1) * ratio * seen[i] / seen[i - 1] for i in (1, 2, 3))]
        )
        taken = np.clip(discounts, 0.0, [0, 1, 2, 3])[np.minimum(counts, 3)]
        contexts, at = np.unique(keys >> BITS, return_inverse=True)
        total = np.bincount(at, weights=counts)
        left = np.bincount(at, weights=taken) / total
        return cls(keys, (counts - taken) / total[at], contexts, left)

    def mix(self, keys: Keys, lower: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of the last symbols of ``keys``, given those by the order below."""
        here, known = _find(self.keys, keys)
        share = np.where(known, self.shares[here], 0.0)
        here, known = _find(self.contexts, keys >> BITS)
        return np.where(known, share + self.left[here] * lower, lower)


def _find(sorted_keys: Keys, keys: Keys) -> tuple[Keys, NDArray[np.bool_]]:
    here = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return here, sorted_keys[here] == keys


class KneserNey:
    """Counts at the highest order, at the others how many symbols stand before an n-gram."""

    def __init__(self, stream: Keys, order: int = 5) -> None:
        self.order = order
        keys, counts = np.unique(grams(stream, order), return_counts=True)
        levels = [Level.of(keys, counts)]
        for lower in range(order - 1, 0, -1):
            keys, counts = np.unique(keys & ((1 << (BITS * lower)) - 1), return_counts=True)
            levels.append(Level.of(keys, counts))
        self.levels = levels[::-1]

    def probabilities(self, stream: Keys) -> NDArray[np.float64]:
        """Of each symbol of ``stream`` but the first, after up to ``order - 1`` before it."""
        padded = np.concatenate([np.full(self.order - 2, END, dtype=np.int64), stream])
        found = np.full(len(stream) - 1, 1.0 / SYMBOLS)
        for order, level in enumerate(self.levels, 1):
            found = level.mix(grams(padded[self.order - order :], order), found)
        return found

    def bits_per_byte(self, texts: Iterable[str]) -> float:
        """Bits for all bytes and ends of ``texts``, by the number of bytes alone."""
        stream = stream_of(texts)
        bits = -np.log2(self.probabilities(stream)).sum()
        return float(bits / (stream != END).sum())


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--order", type=int, default=5)
    given = parser.parse_args()
    train, test = (
        path.read_text(encoding="utf-8").splitlines() for path in (given.train, given.test)
    )
    print(f"{KneserNey(stream_of(train), given.order).bits_per_byte(test):.4f}")


if __name__ == "__main__":
    main()
