"""The sparse concept view: documents as weighted bags of their concepts and all ancestors.

The strongest light feature measured so far: two documents that never name the same disease still
meet in an ancestor. Counts are spread over ancestors before (`kgml.models.features`), here they
become ``log2(1 + count) x idf``, rows of length 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.lexical import smooth_idf, unit_rows


class ConceptView:
    """Concept counts ``(n, e)`` to features ``(n, kept)``; idf and columns from training rows."""

    def fit(self, counts: sparse.csr_matrix) -> ConceptView:
        """Keep the concepts that occur in training rows, though not in every one of them alike."""
        n = counts.shape[0]
        df = np.bincount(counts.indices, minlength=counts.shape[1])
        self.columns_: NDArray[np.int64] = np.flatnonzero((df > 0) & (df < n))
        self.idf_: NDArray[np.float32] = smooth_idf(df[self.columns_], n)
        return self

    def place(self, entities: int) -> NDArray[np.int64]:
        """Feature column of each of ``entities`` numbers, -1 where not kept."""
        column = np.full(entities, -1, dtype=np.int64)
        column[self.columns_] = np.arange(len(self.columns_))
        return column

    def transform(
        self,
        counts: sparse.csr_matrix,
        weights: NDArray[np.float32] | None = None,
        gate: NDArray[np.float32] | None = None,
    ) -> sparse.csr_matrix:
        """Rows of length 1 (0 without concepts), times ``gate`` (n,).

        Args:
            weights: one for each stored count, in the order of ``counts.data``.
        """
        data = np.log2(1 + counts.data).astype(np.float32)
        if weights is not None:
            data *= weights
        weighted = sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        rows = sparse.csr_matrix(weighted[:, self.columns_])
        rows.data *= self.idf_[rows.indices]
        rows = unit_rows(rows)
        if gate is not None:
            rows.data *= np.repeat(gate, np.diff(rows.indptr))
        return rows
