"""What an approximate index misses."""

from __future__ import annotations

import numpy as np

from kgml.encoders.nearest.base import Floats, Mask, Nearest
from kgml.encoders.nearest.flat import by_product

SAMPLED, RECALL_AT = 200, 10
NEAR = 1e-5
"""Scores this close may change places when computed again."""


def measure_recall(nearest: Nearest, rows: Floats, allowed: Mask | None = None) -> float:
    """Share of the exact ten nearest that ``nearest`` finds for 200 of its ``rows`` (r, d).

    A row that scores as the tenth does counts as found, be it another one: names repeat.

    Args:
        allowed: (r,), only these rows are asked for and may be found; None for all.
    """
    asked = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed)
    if nearest.exact or not len(asked):
        return 1.0
    chosen = np.random.default_rng(0).choice(asked, min(SAMPLED, len(asked)), False)
    sample, k = rows[chosen], min(RECALL_AT, len(asked))
    exact, _ = by_product(rows, sample, k, allowed)
    _, found = nearest.search(sample, k, allowed)
    scores = np.einsum("nkd,nd->nk", rows[found], sample)
    return float(((scores >= exact[:, -1:] - NEAR) & (found >= 0)).mean())
