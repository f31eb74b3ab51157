"""Rows that an index finds become entities in a fixed order: nearest first, ties by number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kgml.encoders.nearest.base import Floats, Integers, Mask, Nearest
from kgml.encoders.nearest.recall import NEAR

SPARE = 16
GATHERED = 4_000_000
"""Candidate values scored at once."""


class Hits(NamedTuple):
    """What `rank` finds, best first: three arrays (n, k)."""

    scores: Floats
    entities: Integers
    rows: Integers


class Scope(NamedTuple):
    """Which rows a search may find."""

    allowed: Mask | None
    """(r,), those that point somewhere; None for all."""
    size: int
    """How many they are."""
    last: Integers
    """One row of each entity that has only zero rows, by entity number."""
    entities: int
    """How many entities may be found."""

    @classmethod
    def of(cls, owners: Integers, live: Mask, zero: Mask) -> Scope:
        """Of the rows ``live`` (r,), whose entities are ``owners`` (r,); ``zero`` rows come last."""
        pointing = live & ~zero
        blank = np.flatnonzero(live & zero)
        entities, first = np.unique(owners[blank], return_index=True)
        found = np.unique(owners[pointing])
        last = blank[first[~np.isin(entities, found)]]
        size = int(pointing.sum())
        allowed = None if size == len(live) else pointing
        return cls(allowed, size, last, len(found) + len(last))


class Ranking:
    """One search of an index.

    Args:
        nearest: finds rows.
        owners: the entity of each row (r,).
        names: which of its owners' names each row is (r,): the first of equally near ones counts.
        scope: which rows may be found.
    """

    def __init__(self, nearest: Nearest, owners: Integers, names: Integers, scope: Scope) -> None:
        self.nearest, self.owners, self.names, self.scope = nearest, owners, names, scope

    def rank(self, queries: Floats, k: int) -> Hits:
        """The ``k`` nearest entities of each query (n, d); entities of zero rows come last."""
        k = min(k, self.scope.entities)
        hits = Hits(
            np.full((len(queries), k), -np.inf, np.float32),
            np.full((len(queries), k), -1, np.int64),
            np.full((len(queries), k), -1, np.int64),
        )
        if self.scope.size and k:
            self._fill(queries, k + SPARE, hits, np.arange(len(queries)))
        place = np.cumsum(hits.entities < 0, axis=1) - 1
        gaps = np.nonzero((hits.entities < 0) & (place < len(self.scope.last)))
        hits.rows[gaps] = self.scope.last[place[gaps]]
        hits.entities[gaps] = self.owners[hits.rows[gaps]]
        hits.scores[gaps] = 0
        return hits

    def _fill(self, queries: Floats, fetch: int, hits: Hits, numbers: Integers) -> None:
        """Fill ``hits`` at ``numbers`` from ``fetch`` candidates; where too few, from twice that."""
        k = hits.scores.shape[1]
        fetch = min(fetch, self.scope.size)
        again: list[int] = []
        step = max(1, GATHERED // (fetch * self.nearest.dimension))
        for start in range(0, len(numbers), step):
            part = numbers[start : start + step]
            rough, rows = self.nearest.search(queries[part], fetch, self.scope.allowed)
            scores = self._exactly(queries[part], rough, rows)
            for i, number in enumerate(part):
                best = self._best_rows(scores[i], rows[i], k)
                # FAISS leaves the order of ties open, also which of them it cuts off.
                cut = not self.nearest.exact or (
                    len(best) == k and scores[i][best[-1]] - rough[i, -1] > NEAR
                )
                if fetch < self.scope.size and not (len(best) == k and cut) and rows[i, -1] >= 0:
                    again.append(int(number))
                    continue
                hits.scores[number, : len(best)] = scores[i][best]
                hits.rows[number, : len(best)] = rows[i][best]
                hits.entities[number, : len(best)] = self.owners[rows[i][best]]
        if again:
            self._fill(queries, 2 * fetch, hits, np.array(again))

    def _exactly(self, queries: Floats, rough: Floats, rows: Integers) -> Floats:
        """Scores of candidate ``rows`` (m, f): one sum whatever FAISS or a product summed."""
        known = self.nearest.rows()
        if known is None:
            return rough
        exact: Floats = np.einsum("mfd,md->mf", known[rows], queries)
        return np.where(rows < 0, np.float32(-np.inf), exact)

    def _best_rows(self, scores: Floats, rows: Integers, k: int) -> Integers:
        """Places in ``rows`` (f,) of the best row of each of the ``k`` best entities."""
        owners = np.where(rows < 0, -1, self.owners[rows])
        order = np.lexsort((self.names[rows], owners, -scores))
        order = order[rows[order] >= 0]
        first = np.sort(np.unique(owners[order], return_index=True)[1])[:k]
        return order[first]
