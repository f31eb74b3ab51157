"""Every row is looked at: exact. The choice up to some 200,000 rows."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from kgml.encoders.nearest.base import FAISS, Floats, Integers, Mask, Nearest, selector, stored

PRODUCT_FROM = 4
"""Queries asked together from which one matrix product is faster than FAISS's own loop."""
SCORED_AT_ONCE = 32_000_000
"""Scores held at a time: 128 MB."""


class FlatIndex(Nearest):
    """FAISS ``IndexFlatIP`` for a few queries, a matrix product for many."""

    name = "flat"
    faiss_types = (faiss.IndexFlatIP,)

    @property
    def exact(self) -> bool:
        """True."""
        return True

    @classmethod
    def _empty(cls, rows: Floats) -> Any:
        return faiss.IndexFlatIP(rows.shape[1])

    def rows(self) -> Floats:
        """The rows (r, d), not copied."""
        return stored(self._index)

    def search(self, queries: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Integers]:
        """See `Nearest.search`."""
        return search_flat(self._index, queries, k, allowed)


def search_flat(
    flat: Any, queries: Floats, k: int, allowed: Mask | None
) -> tuple[Floats, Integers]:
    """The ``k`` best rows of a FAISS flat index, as `Nearest.search` gives them."""
    if len(queries) >= PRODUCT_FROM:
        return by_product(stored(flat), queries, k, allowed)
    only = None if allowed is None else FAISS.SearchParameters(sel=selector(allowed))
    scores, numbers = flat.search(queries, k, params=only)
    return scores, numbers


def by_product(
    rows: Floats, queries: Floats, k: int, allowed: Mask | None
) -> tuple[Floats, Integers]:
    """The ``k`` best of ``rows`` (r, d) for ``queries`` (n, d): scores and numbers (n, k)."""
    numbers = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed)
    few = 2 * len(numbers) < len(rows)
    kept = rows[numbers] if few else rows
    best = np.empty((len(queries), k), dtype=np.float32)
    found = np.empty((len(queries), k), dtype=np.int64)
    step = max(1, SCORED_AT_ONCE // max(1, len(kept)))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        scores = queries[part] @ kept.T
        if allowed is not None and not few:
            scores[:, ~allowed] = -np.inf
        top = np.argpartition(scores, -k, axis=1)[:, -k:]
        values = np.take_along_axis(scores, top, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        top = np.take_along_axis(top, order, axis=1)
        best[part] = np.take_along_axis(values, order, axis=1)
        found[part] = numbers[top] if few else top
    return best, found
