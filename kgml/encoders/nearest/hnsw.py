"""A graph of near rows is walked: the choice beyond some 200,000 rows."""

from __future__ import annotations

from typing import Any

import faiss

from kgml.encoders.nearest.base import (
    FAISS,
    SELECTIVE,
    Floats,
    Integers,
    Mask,
    Nearest,
    selector,
    stored,
)
from kgml.encoders.nearest.flat import by_product

NEIGHBOURS, LOOKED_AT_BUILDING, LOOKED_AT = 16, 100, 64
"""M, efConstruction and efSearch of the paper: recall@10 of .9998 on 200,000 rows."""


class HNSWIndex(Nearest):
    """Hierarchical navigable small worlds (Malkov and Yashunin, TPAMI 2020): FAISS."""

    name = "hnsw"
    faiss_types = (faiss.IndexHNSWFlat,)

    @property
    def exact(self) -> bool:
        """False."""
        return False

    @classmethod
    def _empty(cls, rows: Floats) -> Any:
        index = faiss.IndexHNSWFlat(rows.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = LOOKED_AT_BUILDING
        return index

    def rows(self) -> Floats:
        """The rows (r, d), not copied."""
        return stored(faiss.downcast_index(self._index.storage))

    def search(self, queries: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Integers]:
        """See `Nearest.search`; exact where ``allowed`` leaves few rows."""
        if allowed is not None and allowed.mean() < SELECTIVE:
            return by_product(self.rows(), queries, k, allowed)
        how = FAISS.SearchParametersHNSW(
            efSearch=max(LOOKED_AT, 2 * k), sel=None if allowed is None else selector(allowed)
        )
        scores, numbers = self._index.search(queries, k, params=how)
        return scores, numbers
