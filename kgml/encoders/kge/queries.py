"""Questions that triples answer: (head, relation, ?), each asked once with all its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.rows import Integers


def both_directions(triples: NDArray[Any], relations: int) -> Integers:
    """``triples`` (t, 3), then the same turned round under relation + ``relations``: (2t, 3).

    The reciprocal relations of Lacroix et al. (2018): (?, relation, tail) becomes a question for
    a tail too.

    >>> both_directions(np.array([[4, 0, 5]]), 1).tolist()
    [[4, 0, 5], [5, 1, 4]]
    """
    triples = np.asarray(triples, dtype=np.int64).reshape(-1, 3)
    head, relation, tail = triples.T
    return np.concatenate([triples, np.stack([tail, relation + relations, head], axis=1)])


@dataclass(frozen=True)
class Queries:
    """What a set of triples asks, in both directions.

    Attributes:
        keys: (q, 2) head and relation, sorted; relations count twice, the second half inverse.
        answers: (a,) entities; those to query i are ``answers[starts[i]:starts[i + 1]]``.
        starts: (q + 1,).
        relations: how many there are without the inverse ones.
    """

    keys: Integers
    answers: Integers
    starts: Integers
    relations: int

    @classmethod
    def of(cls, triples: NDArray[Any], relations: int) -> Self:
        """Group ``triples`` (t, 3) by what they ask; each triple counts once."""
        asked = np.unique(both_directions(triples, relations), axis=0)
        keys, counts = np.unique(asked[:, :2], axis=0, return_counts=True)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(keys.reshape(-1, 2), asked[:, 2], starts, relations)

    def __len__(self) -> int:
        return len(self.keys)

    def answers_to(self, rows: Integers) -> tuple[Integers, Integers]:
        """Answers to the queries ``rows`` (b,): place in ``rows`` and entity, (a,) each."""
        counts = self.starts[rows + 1] - self.starts[rows]
        place = np.repeat(np.arange(len(rows)), counts)
        before = np.cumsum(counts) - counts
        within = np.arange(len(place)) - before[place]
        return place, self.answers[self.starts[rows][place] + within]

    def find(self, keys: Integers) -> Integers:
        """Rows of ``keys`` (b, 2) here; -1 for what is never asked."""
        if not len(self):
            return np.full(len(keys), -1, dtype=np.int64)
        own, wanted = self._codes(self.keys), self._codes(keys)
        place = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
        return np.where(own[place] == wanted, place, -1)

    def _codes(self, keys: Integers) -> Integers:
        return keys[:, 0] * np.int64(2 * self.relations) + keys[:, 1]
