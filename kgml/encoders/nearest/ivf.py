"""Rows in groups and at a quarter of their size: where memory is short."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

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
from kgml.encoders.nearest.flat import search_flat

MANY = 10_000
"""Rows up to which they are kept whole: too few to learn groups and the span of values from."""
TRAINED_ON = 256
"""Rows for each group that the groups are learned from."""
SHARE = 8
"""Of the groups, one in this many is looked at."""


class IVFIndex(Nearest):
    """FAISS ``IVF,SQ8``: k-means groups (Sivic and Zisserman 2003), a byte for each value.

    Groups and the span of the values are learned once, when there are more than `MANY` rows; rows
    that are added later are put into the groups there are.
    """

    name = "ivf-sq8"
    faiss_types = (faiss.IndexIVFScalarQuantizer, faiss.IndexFlatIP)

    @property
    def exact(self) -> bool:
        """True while the rows are few."""
        return isinstance(self._index, faiss.IndexFlatIP)

    @classmethod
    def _empty(cls, rows: Floats) -> Any:
        d = rows.shape[1]
        if len(rows) <= MANY:
            return faiss.IndexFlatIP(d)
        groups = round(2 * np.sqrt(len(rows)))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(d), d, groups, faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )  # fmt: skip
        index.sq.rangestat_arg = 0.1  # later rows may lie a little beyond the extremes of these
        index.cp.min_points_per_centroid = 1  # FAISS would say on stderr that they are few
        index.train(rows[:: max(1, len(rows) // (TRAINED_ON * groups))])
        return index

    def add(self, rows: Floats) -> None:
        """See `Nearest.add`; when the rows are no longer few, the groups are learned from all."""
        super().add(rows)
        if self.exact and len(self) > MANY:
            known = stored(self._index)
            learned = self._empty(known)
            learned.add(known)
            self._index = learned

    def rows(self) -> Floats | None:
        """The rows (r, d), not copied, while they are few; a byte for each value is not the rows."""
        return stored(self._index) if self.exact else None

    def search(self, queries: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Integers]:
        """See `Nearest.search`; where ``allowed`` leaves few rows, all groups are looked at."""
        if self.exact:
            return search_flat(self._index, queries, k, allowed)
        groups = self._index.nlist
        few = allowed is not None and allowed.mean() < SELECTIVE
        how = FAISS.SearchParametersIVF(
            nprobe=groups if few else max(1, -(-groups // SHARE)),
            sel=None if allowed is None else selector(allowed),
        )
        scores, numbers = self._index.search(queries, k, params=how)
        return scores, numbers
