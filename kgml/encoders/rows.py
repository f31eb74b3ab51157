"""Rows of numbers: batches of equal length, vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.errors import ArtifactError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def batches_by_length(lengths: Integers, budget: int) -> list[Integers]:
    """Cut rows, longest first, into batches of at most ``budget`` tokens after padding.

    >>> [batch.tolist() for batch in batches_by_length(np.array([2, 5, 1, 9]), 10)]
    [[3], [1, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches


def finite_rows(vectors: NDArray[Any], model: str) -> NDArray[Any]:
    """``vectors`` (n, d) as they are.

    Args:
        model: what made them, for the message.

    Raises:
        ArtifactError: NaN or infinity in a row. It would become a zero row, and be kept as one.
    """
    wrong = int((~np.isfinite(vectors).all(axis=1)).sum())
    if wrong:
        raise ArtifactError(
            f"{model}: {wrong:,} of {len(vectors):,} vectors hold NaN or infinity, so its weights "
            "are damaged or its precision too low. Download or tune it again, or choose another "
            "encoder."
        )
    return vectors


def unit_rows(vectors: NDArray[Any]) -> Floats:
    """Rows divided by their length, as float32; zero rows stay zero."""
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))[:, None]
    units: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units
