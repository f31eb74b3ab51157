"""The lexical view: TF-IDF, fitted on training rows. Part of every honest baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize


class LexicalView:
    """Texts to sparse rows of length 1: ``(1 + log count) x idf`` over words.

    Words in a single training text are dropped (kept when there are fewer than 100 texts).
    Counting is done once for a corpus (`count`); a fold then only selects columns.
    """

    scale_: float = 1.0
    """Length of a row: what words count beside the text vector (`balance`)."""

    def __init__(self, min_df: int = 2) -> None:
        self.min_df = min_df

    def fit(self, counts: TermCounts) -> LexicalView:
        """Choose the vocabulary and learn idf from training rows only."""
        n = counts.matrix.shape[0]
        df = np.bincount(counts.matrix.indices, minlength=counts.matrix.shape[1])
        kept = np.flatnonzero(df >= (self.min_df if n >= 100 else 1))
        self.terms_: list[str] = [counts.terms[i] for i in kept.tolist()]
        self.idf_: NDArray[np.float32] = smooth_idf(df[kept], n)
        return self

    def transform(self, counts: TermCounts) -> sparse.csr_matrix:
        """``counts`` of n texts -> (n, terms) float32, rows of length ``scale_`` (or 0)."""
        column = {term: i for i, term in enumerate(counts.terms)}
        found = [(i, column[t]) for i, t in enumerate(self.terms_) if t in column]
        to = np.array([i for i, _ in found], dtype=np.int64)
        rows = sparse.csr_matrix(
            counts.matrix[:, np.array([j for _, j in found], dtype=np.int64)], dtype=np.float32
        )
        rows.data = 1 + np.log(rows.data)
        rows.data *= self.idf_[to][rows.indices]
        placed = sparse.csr_matrix(
            (rows.data, to[rows.indices], rows.indptr), shape=(rows.shape[0], len(self.terms_))
        )
        placed.sort_indices()
        rows = unit_rows(placed)
        return rows if self.scale_ == 1 else sparse.csr_matrix(rows * np.float32(self.scale_))


class TermCounts:
    """Counts of words in ``n`` texts: ``matrix`` (n, terms) and their names."""

    def __init__(self, matrix: sparse.csr_matrix, terms: Sequence[str]) -> None:
        self.matrix, self.terms = matrix, terms

    def take(self, rows: NDArray[np.int64]) -> TermCounts:
        """The same columns for some rows."""
        return TermCounts(self.matrix[rows], self.terms)


def count_terms(texts: Sequence[str]) -> TermCounts:
    """Count every word of two letters or more, but for scikit-learn's English stop words.

    Pairs of words, and stop words, gave nothing on Ohsumed's training rows (4 folds, beside the
    text vector, accuracy / macro-F1: words .707 / .633, without stop words .710 / .634, with pairs
    .712 / .633), and pairs are slow to count.
    """
    counter: Any = CountVectorizer(stop_words="english", dtype=np.int32)
    try:
        matrix = counter.fit_transform(texts)
    except ValueError:  # no text holds a word
        return TermCounts(no_columns(len(texts)), [])
    return TermCounts(matrix.tocsr(), list(counter.get_feature_names_out()))


def no_columns(rows: int) -> sparse.csr_matrix:
    """A matrix (rows, 0)."""
    return sparse.csr_matrix(np.zeros((rows, 0), dtype=np.float32))


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """``matrix`` (n, d) with rows of length 1 or 0, in place; n and d may be 0."""
    return matrix if 0 in matrix.shape else sparse.csr_matrix(normalize(matrix, copy=False))


def smooth_idf(df: NDArray[np.int64], n: int) -> NDArray[np.float32]:
    """``ln((1 + n) / (1 + df)) + 1``, scikit-learn's smoothed idf."""
    idf: NDArray[np.float32] = (np.log((1 + n) / (1 + df)) + 1).astype(np.float32)
    return idf
