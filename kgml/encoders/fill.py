"""Vectors from the cache where it has them, from the model where it has not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from kgml.encoders.cache import VectorCache, text_key
from kgml.encoders.rows import Floats, Integers

SAVE_SECONDS = 2.0
"""How often finished batches go to the cache: at most this much work is lost by an interruption."""
Encode = Callable[[list[str]], Iterator[tuple[Integers, Floats, Integers]]]


def fill(
    cache: VectorCache | None, texts: list[str], encode: Encode, vectors: Floats, tokens: Integers
) -> None:
    """Fill ``vectors`` (n, d) and ``tokens`` (n,) of distinct ``texts``.

    Args:
        encode: yields row numbers, vectors and token counts of the texts it is given.
    """
    keys = [text_key(text) for text in texts]
    known = np.zeros(len(texts), bool) if cache is None else cache.get(keys, vectors, tokens)
    missing = np.flatnonzero(~known)
    if not len(missing):
        return
    waiting: list[int] = []

    def save() -> None:
        if cache is not None:
            cache.put([keys[i] for i in waiting], vectors[waiting], tokens[waiting])
        waiting.clear()

    saved = time.monotonic()
    try:
        for batch, rows, counts in encode([texts[i] for i in missing]):
            numbers = missing[batch]
            vectors[numbers], tokens[numbers] = rows, counts
            waiting.extend(numbers.tolist())
            if time.monotonic() - saved > SAVE_SECONDS:
                save()
                saved = time.monotonic()
    finally:
        save()
