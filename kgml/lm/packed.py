"""Tokens on disk in one row, dealt in windows of one context: which, the number of the step says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kgml.lm.tokenizer import Tokenizer

AT_ONCE = 1_000
"""Texts that are encoded together."""
Tokens = NDArray[np.int64]


def kind_of(vocabulary: int) -> type[np.unsignedinteger]:
    """Of a token on disk: two bytes, or four of a large vocabulary."""
    return np.uint16 if vocabulary <= 65_536 else np.uint32


def write_tokens(path: Path, texts: Iterable[str], tokenizer: Tokenizer) -> int:
    """Encode ``texts``, the token of the end before the first and after each; return their number."""
    kind, count = kind_of(len(tokenizer)), 1
    left = iter(texts)
    with path.open("wb") as out:
        out.write(np.array([tokenizer.end], dtype=kind).tobytes())
        while some := list(islice(left, AT_ONCE)):
            for numbers in tokenizer.encode(some):
                out.write(np.array([*numbers, tokenizer.end], dtype=kind).tobytes())
                count += len(numbers) + 1
    return count


class Packed:
    """A file of tokens.

    Args:
        size: tokens of a window.
        step: tokens from one window to the next: a causal model predicts the last token of a window
            from those before, so that windows share one.
    """

    def __init__(self, path: Path, vocabulary: int, size: int, step: int) -> None:
        self.tokens = np.memmap(path, dtype=kind_of(vocabulary), mode="r")
        self.size, self.step = size, step

    def __len__(self) -> int:
        """How many whole windows there are."""
        return max(0, (len(self.tokens) - self.size) // self.step + 1)

    def window(self, number: int, shift: int = 0) -> Tokens:
        """(size,) the tokens of a window."""
        start = number * self.step + shift
        found: Tokens = np.asarray(self.tokens[start : start + self.size]).astype(np.int64)
        return found

    def dealt(self, draw: int, seed: int) -> Tokens:
        """The window of draw ``draw`` (from 0): each round deals all once, in an order and from a
        place of its own."""
        count = max(1, len(self) - 1)  # a shifted row of windows is one shorter
        turn, place = divmod(draw, count)
        order, shift = _round(count, self.step if len(self) > 1 else 1, seed, turn)
        return self.window(int(order[place]), shift)


@lru_cache(maxsize=4)
def _round(count: int, step: int, seed: int, turn: int) -> tuple[NDArray[np.int64], int]:
    rng = np.random.default_rng([seed, turn, count])
    return rng.permutation(count), int(rng.integers(step))


@dataclass(frozen=True)
class Mixture:
    """Windows of a corpus, a share of them of the ontology: exactly that share, spread evenly.

    >>> mixture = Mixture.__new__(Mixture)
    >>> object.__setattr__(mixture, "share", 0.25)
    >>> [mixture.place(draw) for draw in range(5)]
    [(False, 0), (False, 1), (False, 2), (True, 0), (False, 3)]
    """

    corpus: Packed
    knowledge: Packed | None
    share: float
    seed: int

    def row(self, draw: int) -> Tokens:
        """The window of draw ``draw`` (from 0)."""
        told, number = self.place(draw)
        if told and self.knowledge is not None:
            return self.knowledge.dealt(number, self.seed + 1)
        return self.corpus.dealt(number, self.seed)

    def place(self, draw: int) -> tuple[bool, int]:
        """Whether a draw is of the ontology, and the how many-th of its kind it is."""
        before, after = int(draw * self.share), int((draw + 1) * self.share)
        return (True, before) if after > before else (False, draw - before)
