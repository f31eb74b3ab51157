"""Pairs of texts that mean the same or nearly so, from a graph alone, in numbered batches.

A batch depends on the graph, the seed and its number only, so a run that goes on from step 400
needs nothing of the 400 before. No list of pairs is made: memory is linear in the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from kgml.encoders.rows import Floats, Integers

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

Masks = NDArray[np.bool_]
KINDS = ("synonym", "definition", "parent")
SHARES = (0.6, 0.2, 0.2)
"""How often each kind is drawn for an entity that has all three."""
WEIGHTS = (1.0, 1.0, 0.3)
"""Of the loss of a pair: a parent is near in meaning, not equal."""
FAMILY = 4
"""Entities of a batch that share a parent, where there are so many: hard negatives."""
FARTHEST = 64
"""Is-a steps after which an ancestor is no longer looked for."""


@dataclass(frozen=True)
class Batch:
    """``b`` pairs; row i of ``right`` is the positive of row i of ``left``, the others negatives.

    ``masked`` (b, b): True where right j is no negative of left i: an equal text, the same entity,
    or one above or below it. False on the diagonal. ``kinds`` (b,) number into `KINDS`.
    """

    left: list[str]
    right: list[str]
    kinds: Integers
    masked: Masks

    @property
    def weights(self) -> Floats:
        """Of each pair in the loss, (b,) float32."""
        return np.asarray(WEIGHTS, dtype=np.float32)[self.kinds]


class PairStream:
    """Pairs by number: a name with another name of its entity, its definition, its parent's name.

    Synonyms as positives are SapBERT's (Liu et al., NAACL 2021); its hard negatives are mined with
    the model, these are siblings, which the graph knows.

    Args:
        held_out: rows of ``graph.forms`` that are never drawn.
        seed: of the batches.
    """

    def __init__(self, graph: KnowledgeGraph, held_out: Integers, seed: int) -> None:
        self.seed = seed
        rows = training_rows(graph, held_out)
        forms = graph.forms
        self.texts = [forms.text[row] for row in rows]
        self.entity = forms.entity[rows].astype(np.int64)
        self._start = np.searchsorted(self.entity, np.arange(len(graph) + 1))
        self._definitions = graph.definitions
        self._is_a = graph.is_a
        self._children = graph.is_a.T.tocsr()
        counts = np.diff(self._start)
        named = counts > 0
        # The parents that have a name: an edge to another has no text to draw.
        self._parents = csr_matrix(self._is_a.multiply(named[None, :]))
        self._parents.eliminate_zeros()
        has = np.stack(
            [
                counts > 1,
                np.array([bool(text) for text in graph.definitions], dtype=bool),
                np.diff(self._parents.indptr) > 0,
            ],
            axis=1,
        ).reshape(-1, len(KINDS))
        shares = has * np.asarray(SHARES)
        self._kinds_below = np.cumsum(shares, axis=1)
        usable = named & has.any(axis=1)
        self.anchors = np.flatnonzero(usable[self.entity])
        """Rows of ``texts`` whose entity has a pair of some kind."""
        self._usable = usable
        self.counts = {
            "synonym": int((counts * (counts - 1) // 2).sum()),
            "definition": int(counts[has[:, 1]].sum()),
            "parent": int(self._parents[named].nnz),
        }
        """How many pairs of each kind there are; of parents, is-a edges."""

    def batch(self, step: int, size: int) -> Batch:
        """Batch number ``step``: ``size`` pairs."""
        rng = np.random.default_rng([self.seed, step])
        rows = self._draw_rows(rng, size)
        entity = self.entity[rows]
        below = self._kinds_below[entity]
        kinds = (rng.random(size)[:, None] * below[:, -1:] >= below).sum(axis=1)
        right, owner = [], entity.copy()
        for place, (row, kind) in enumerate(zip(rows.tolist(), kinds.tolist(), strict=True)):
            text, owner[place] = self._positive(rng, row, kind)
            right.append(text)
        left = [self.texts[row] for row in rows]
        masked = same_text(left, right) | related(self._is_a, entity, owner)
        np.fill_diagonal(masked, False)
        return Batch(left, right, kinds, masked)

    def _draw_rows(self, rng: np.random.Generator, size: int) -> Integers:
        """Names for the left side, in families: `FAMILY` children of one parent, where it has."""
        rows: list[int] = []
        for row in rng.choice(self.anchors, size=-(-size // FAMILY)).tolist():
            rows.append(row)
            rows += self._siblings(rng, int(self.entity[row]))
        missing = max(0, size - len(rows))
        rows += rng.choice(self.anchors, size=missing).tolist()
        return np.asarray(rows[:size], dtype=np.int64)

    def _siblings(self, rng: np.random.Generator, entity: int) -> list[int]:
        """A name each of up to ``FAMILY - 1`` other children of one of the entity's parents."""
        parents = _row(self._is_a, entity)
        if not len(parents):
            return []
        children = _row(self._children, int(rng.choice(parents)))
        # A parent may have 100,000 children: a few draws, not a permutation.
        drawn = children[rng.integers(len(children), size=2 * FAMILY)]
        others = [n for n in dict.fromkeys(drawn.tolist()) if n != entity and self._usable[n]]
        return [self._name(rng, number) for number in others[: FAMILY - 1]]

    def _name(self, rng: np.random.Generator, entity: int) -> int:
        return int(rng.integers(self._start[entity], self._start[entity + 1]))

    def _positive(self, rng: np.random.Generator, row: int, kind: int) -> tuple[str, int]:
        """The text on the right of ``row``, and the entity it belongs to."""
        entity = int(self.entity[row])
        if KINDS[kind] == "definition":
            return self._definitions[entity] or "", entity
        if KINDS[kind] == "parent":
            parent = int(rng.choice(_row(self._parents, entity)))
            return self.texts[self._name(rng, parent)], parent
        first, end = int(self._start[entity]), int(self._start[entity + 1])
        other = first + (row - first + int(rng.integers(1, end - first))) % (end - first)
        return self.texts[other], entity


def training_rows(graph: KnowledgeGraph, held_out: Integers) -> Integers:
    """Rows of ``graph.forms`` without ``held_out``, one of those that differ in case only."""
    forms, left_out = graph.forms, set(held_out.tolist())
    seen: set[str] = set()
    before = -1
    kept = np.zeros(len(forms), dtype=bool)
    for row, (text, entity) in enumerate(zip(forms.text, forms.entity.tolist(), strict=True)):
        if entity != before:  # they are sorted by entity
            seen, before = set(), entity
        key = text.casefold()
        if row not in left_out and key not in seen:
            seen.add(key)
            kept[row] = True
    return np.flatnonzero(kept)


def same_text(left: list[str], right: list[str]) -> Masks:
    """(b, b): left i is right j, or the two share their left or right text; case apart."""
    number: dict[str, int] = {}
    codes = [number.setdefault(text.casefold(), len(number)) for text in [*left, *right]]
    a, b = np.asarray(codes[: len(left)]), np.asarray(codes[len(left) :])
    same: Masks = (a[:, None] == b) | (a[:, None] == a) | (b[:, None] == b)
    return same


def related(is_a: csr_matrix, left: Integers, right: Integers) -> Masks:
    """(b, b): entity ``left[i]`` is ``right[j]``, or lies above or below it."""
    entities, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    count = len(entities)
    ones = np.ones(count, dtype=np.float32)
    shape = (count, is_a.shape[0])
    seen = fresh = csr_matrix((ones, (np.arange(count), entities)), shape=shape)
    for _ in range(FARTHEST):
        fresh = (fresh @ is_a).astype(bool).astype(np.float32)
        fresh = fresh - fresh.multiply(seen)  # of a circle, what was reached before
        fresh.eliminate_zeros()
        if not fresh.nnz:
            break
        seen = seen + fresh
    above = seen.tocsc()[:, entities].toarray() > 0
    either: Masks = above | above.T
    found: Masks = either[np.ix_(place[: len(left)], place[len(left) :])]
    return found


def _row(matrix: csr_matrix, number: int) -> Any:
    return matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]]
