"""Rows in groups and at a quarter of their size: where memory is short."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from kgml.encoders.nearest.base import FAISS, SELECTIVE, Floats, Integers, Mask, Nearest, selector

PER_GROUP, TRAINED_ON = 40, 256
"""Rows wanted in a group at least, and rows of each that the groups are learned from."""
MANY = 10_000
"""Rows from which the least and greatest values of all are known well enough."""
SHARE = 8
"""Of the groups, one in this many is looked at."""


class IVFIndex(Nearest):
    """FAISS ``IVF,SQ8``: k-means groups (Sivic and Zisserman 2003), a byte for each value."""

    name = "ivf-sq8"
    exact = False
    faiss_type = faiss.IndexIVFScalarQuantizer

    @classmethod
    def _empty(cls, rows: Floats) -> Any:
        d = rows.shape[1]
        groups = max(1, min(round(2 * np.sqrt(len(rows))), len(rows) // PER_GROUP))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(d), d, groups, faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )  # fmt: skip
        # of few rows the extremes are not yet known, and later ones must fit into the bytes too
        index.sq.rangestat_arg = 0.1 if len(rows) > MANY else 1.0
        index.cp.min_points_per_centroid = 1  # FAISS would say on stderr that they are few
        step = max(1, len(rows) // (TRAINED_ON * groups))
        index.train(rows[::step] if len(rows) else np.zeros((1, d), dtype=np.float32))
        return index

    def rows(self) -> None:
        """None: a byte for each value is not the rows."""
        return

    def search(self, queries: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Integers]:
        """See `Nearest.search`; where ``allowed`` leaves few rows, all groups are looked at."""
        groups = self._index.nlist
        few = allowed is not None and allowed.mean() < SELECTIVE
        how = FAISS.SearchParametersIVF(
            nprobe=groups if few else max(1, -(-groups // SHARE)),
            sel=None if allowed is None else selector(allowed),
        )
        scores, numbers = self._index.search(queries, k, params=how)
        return scores, numbers
