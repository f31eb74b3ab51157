"""The sparse concept view: documents as weighted bags of their concepts and all ancestors.

The strongest light feature measured so far: two documents that never name the same disease still
meet in an ancestor. Counts are spread over ancestors before (`kgml.models.features`), here they
become ``log2(1 + count) x idf``, rows of length 1 in each vocabulary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.lexical import smooth_idf


class ConceptView:
    """Concept counts ``(n, e)`` to features ``(n, kept)``; idf and columns from training rows."""

    def fit(self, counts: sparse.csr_matrix, block: NDArray[np.int64] | None = None) -> ConceptView:
        """Keep the concepts that occur in training rows, though not in every one of them alike.

        Args:
            block: the vocabulary each entity belongs to, (e,) numbers from 0. Each is a view of its
                own, as long as the text's: a large one does not drown a small one, and a second
                one takes nothing from the first.
        """
        n = counts.shape[0]
        df = np.bincount(counts.indices, minlength=counts.shape[1])
        self.columns_: NDArray[np.int64] = np.flatnonzero((df > 0) & (df < n))
        self.idf_: NDArray[np.float32] = smooth_idf(df[self.columns_], n)
        self.block_: NDArray[np.int64] = np.zeros(len(self.columns_), dtype=np.int64)
        if block is not None:
            self.block_ = block[self.columns_]
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
        """Rows of length 1 in each vocabulary (0 without concepts), times ``gate`` (n,).

        Args:
            weights: one for each stored count, in the order of ``counts.data``.
        """
        data = np.log2(1 + counts.data).astype(np.float32)
        if weights is not None:
            data *= weights
        weighted = sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        rows = sparse.csr_matrix(weighted[:, self.columns_])
        rows.data *= self.idf_[rows.indices]
        rows.data /= self._lengths(rows)
        if gate is not None:
            rows.data *= np.repeat(gate, np.diff(rows.indptr))
        return rows

    def _lengths(self, rows: sparse.csr_matrix) -> NDArray[np.float32]:
        """What to divide each stored value by: the length of its row within its block."""
        blocks = int(self.block_.max(initial=0)) + 1
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        key = row * blocks + self.block_[rows.indices]
        square = np.bincount(key, np.square(rows.data), minlength=rows.shape[0] * blocks)
        floored: NDArray[np.float32] = np.maximum(np.sqrt(square[key]), 1e-12).astype(np.float32)
        return floored
