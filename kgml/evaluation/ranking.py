"""Mean reciprocal rank and Hits@k of link prediction, with bootstrap intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.metrics import RESAMPLES

HITS = (1, 3, 10)
BLOCK = 50
"""Resamples drawn at once: memory is so many rows of counts."""


def measure_ranks(ranks: NDArray[np.float64], seed: int = 0) -> dict[str, Any]:
    """Scores of ``ranks`` (m, 2), a triple's rank as tail and as head, and their 95% intervals.

    Triples are resampled, not ranks: the two ranks of a triple are no independent draws.

    Returns:
        ``{mrr, hits: {1, 3, 10}, interval: {mrr, hits: {1, 3, 10}}, mrr_of: {tail, head}}``.

    >>> measure_ranks(np.array([[1.0, 2.0], [4.0, 1.0]]))["mrr"]
    0.6875
    """
    values = {"mrr": 1 / ranks, **{str(k): (ranks <= k).astype(float) for k in HITS}}
    rows = np.stack([value.mean(axis=1) for value in values.values()], axis=1)
    intervals = _intervals(rows, seed)
    found = dict(zip(values, rows.mean(axis=0), strict=True))
    between = dict(zip(values, intervals, strict=True))
    return {
        "mrr": _round(found["mrr"]),
        "hits": {str(k): _round(found[str(k)]) for k in HITS},
        "interval": {"mrr": between["mrr"], "hits": {str(k): between[str(k)] for k in HITS}},
        "mrr_of": {
            side: _round(float(values["mrr"][:, column].mean()))
            for column, side in enumerate(("tail", "head"))
        },
    }


def _intervals(rows: NDArray[np.float64], seed: int) -> list[list[float]]:
    """95% percentile bootstrap of the mean of each column of ``rows`` (m, c)."""
    m = len(rows)
    rng = np.random.default_rng(seed)
    means = [
        rng.multinomial(m, np.full(m, 1 / m), size=BLOCK) @ rows / m
        for _ in range(RESAMPLES // BLOCK)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return [[_round(a), _round(b)] for a, b in zip(low, high, strict=True)]


def _round(value: float) -> float:
    return round(float(value), 6)
