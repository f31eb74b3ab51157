"""What an approximate index misses."""

from __future__ import annotations

import numpy as np

from kgml.encoders.nearest.base import Floats, Nearest
from kgml.encoders.nearest.flat import by_product

SAMPLED, RECALL_AT = 200, 10
NEAR = 1e-5
"""Scores this close may change places when computed again."""


def measure_recall(nearest: Nearest, rows: Floats) -> float:
    """Share of the exact ten nearest that ``nearest`` finds for 200 of its ``rows`` (r, d).

    A row that scores as the tenth does counts as found, be it another one: names repeat.
    """
    if nearest.exact or not len(rows):
        return 1.0
    sample = rows[np.random.default_rng(0).choice(len(rows), min(SAMPLED, len(rows)), False)]
    k = min(RECALL_AT, len(rows))
    exact, _ = by_product(rows, sample, k, None)
    _, found = nearest.search(sample, k, None)
    scores = np.einsum("nkd,nd->nk", rows[found], sample)
    return float(((scores >= exact[:, -1:] - NEAR) & (found >= 0)).mean())
