"""Walking along edges: neighbours, everything within reach, the shortest path. No recursion."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kgml.errors import InputError, UsageError, one_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from kgml.kg.graph import KnowledgeGraph

Relations: TypeAlias = "SupportsIndex | str | Iterable[SupportsIndex | str] | None"
"""A relation or several, each by number, id, IRI or label; None for all."""
DIRECTIONS = ("out", "in", "both")


@dataclass(frozen=True)
class Edges:
    """Triples grouped by one of their ends: entity n has rows ``starts[n]`` to ``starts[n + 1]``.

    Within an entity sorted by relation, then by the other end.
    """

    starts: NDArray[np.int64]
    relation: NDArray[np.int64]
    other: NDArray[np.int64]

    @classmethod
    def by(cls, triples: NDArray[np.int64], end: int, size: int) -> Edges:
        """Group ``(t, 3)`` triples by their column ``end``: 0 the head, 2 the tail."""
        keys, others = triples[:, end], triples[:, 2 - end]
        order = np.lexsort((others, triples[:, 1], keys))
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=size))])
        return cls(starts, triples[order, 1], others[order])

    def of(self, number: int, wanted: frozenset[int] | None = None) -> list[tuple[int, int]]:
        """(relation, other end) of an entity's edges, of the ``wanted`` relations only."""
        rows = slice(int(self.starts[number]), int(self.starts[number + 1]))
        pairs = zip(self.relation[rows].tolist(), self.other[rows].tolist(), strict=True)
        return [pair for pair in pairs if wanted is None or pair[0] in wanted]


def relation_number(graph: KnowledgeGraph, key: SupportsIndex | str) -> int:
    """The number of a relation given by number, id, IRI or label.

    Raises:
        InputError: the graph has no such relation, or several of that label.
    """
    if not isinstance(key, str):
        number = operator.index(key)
        if 0 <= number < len(graph.relations):
            return number
        raise InputError(f"no relation {number}; this graph has {len(graph.relations)}, from 0.")
    for names in (graph.relations, graph.relation_iris, graph.relation_labels):
        found = [number for number, name in enumerate(names) if name == key]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(graph.relations[number] for number in found)
            raise InputError(f"relation {key!r} may be any of {ids}; give one of these.")
    raise InputError(f"no relation {key!r} in this graph; {one_of(graph.relations, key)}")


def relation_numbers(graph: KnowledgeGraph, relations: Relations) -> frozenset[int] | None:
    """Numbers of several relations; None for all."""
    if relations is None:
        return None
    if isinstance(relations, str) or not isinstance(relations, Iterable):
        relations = [relations]
    return frozenset(relation_number(graph, key) for key in relations)


def neighbours(
    graph: KnowledgeGraph, number: int, relations: Relations, direction: str
) -> list[tuple[int, int]]:
    """(relation, other entity); see `kgml.kg.graph.KnowledgeGraph.neighbours`."""
    if direction not in DIRECTIONS:
        raise UsageError(f"no direction {direction!r}; {one_of(DIRECTIONS, direction)}")
    wanted = relation_numbers(graph, relations)
    if direction != "both":
        return graph.edges(direction).of(number, wanted)
    return sorted({pair for way in ("out", "in") for pair in graph.edges(way).of(number, wanted)})


def reached(matrix: csr_matrix, starts: Iterable[int], hops: int | None = None) -> list[int]:
    """Everything reached from ``starts`` along rows to columns: nearest first, then by number.

    The starts themselves are left out; ``hops``: at most so many steps.
    """
    indptr, indices = matrix.indptr, matrix.indices
    level = sorted(set(starts))
    seen = set(level)
    found: list[int] = []
    while level and (hops is None or hops > 0):
        following: set[int] = set()
        for number in level:
            following.update(indices[indptr[number] : indptr[number + 1]].tolist())
        level = sorted(following - seen)
        seen.update(level)
        found += level
        hops = None if hops is None else hops - 1
    return found


def components(triples: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """``(e,)`` number of the connected component; see `kgml.kg.graph.KnowledgeGraph.components`."""
    from scipy.sparse.csgraph import connected_components

    from kgml.kg.hierarchy import adjacency

    if not size:
        return np.zeros(0, dtype=np.int32)
    any_edge = adjacency(triples[:, 0], triples[:, 2], size)
    found: NDArray[np.int32] = connected_components(any_edge, directed=False)[1]
    return found


Tree: TypeAlias = dict[int, "tuple[int, int] | None"]
"""Entity to (relation, entity) of the step it was met by; None at the start."""


def shortest_path(
    graph: KnowledgeGraph, start: int, end: int, relations: Relations, directed: bool
) -> list[tuple[int, int]] | None:
    """Steps from one entity to another; see `kgml.kg.graph.KnowledgeGraph.shortest_path`.

    Breadth first from both ends at once, always the smaller front (Pohl 1971): level by level,
    so the first levels that touch give a shortest path.
    """
    wanted = relation_numbers(graph, relations)
    if graph.components[start] != graph.components[end]:
        return None  # without this, a whole component would be walked to find nothing
    out, into = graph.edges("out"), graph.edges("in")
    ways: list[Sequence[Edges]] = [[out], [into]] if directed else [[out, into]] * 2
    trees: list[Tree] = [{start: None}, {end: None}]
    fronts = [[start], [end]]
    meeting = {start} & {end}
    while not meeting:
        side = int(len(fronts[1]) < len(fronts[0]))
        fronts[side] = _next_front(fronts[side], trees[side], ways[side], wanted)
        if not fronts[side]:
            return None
        meeting = trees[1 - side].keys() & set(fronts[side])
    return _steps(trees, min(meeting))


def _next_front(
    front: list[int], tree: Tree, ways: Sequence[Edges], wanted: frozenset[int] | None
) -> list[int]:
    found = []
    for number in front:
        for edges in ways:
            for relation, other in edges.of(number, wanted):
                if other not in tree:
                    tree[other] = (relation, number)
                    found.append(other)
    return found


def _steps(trees: Sequence[Tree], meeting: int) -> list[tuple[int, int]]:
    """The way from the first tree's root to ``meeting`` and on to the second's."""
    steps: list[tuple[int, int]] = []
    number, step = meeting, trees[0][meeting]
    while step is not None:
        steps.append((step[0], number))
        number = step[1]
        step = trees[0][number]
    steps.reverse()
    step = trees[1][meeting]
    while step is not None:
        steps.append(step)
        step = trees[1][step[1]]
    return steps


def ancestor_rows(graph: KnowledgeGraph, numbers: NDArray[Any]) -> csr_matrix:
    """``(k, e)`` bool: per entity in ``numbers`` its ancestors and itself, columns ascending.

    From the closure where that is small enough, else one walk up for each.
    """
    from scipy.sparse import csr_matrix, vstack
    from scipy.sparse.csgraph import breadth_first_order

    from kgml.kg import hierarchy

    if not hierarchy.too_deep(graph.depths):
        return graph.ancestors[numbers]
    if len(numbers) > hierarchy.MAX_PAIRS // len(graph):
        raise InputError(
            f"{len(numbers):,} entities of a hierarchy of {len(graph):,} that is a chain of classes "
            f"may have more than {hierarchy.MAX_PAIRS:,} ancestors in all. Ask for fewer at once."
        )
    rows = []
    for number in np.asarray(numbers).tolist():
        above = np.sort(breadth_first_order(graph.is_a, number, return_predecessors=False))
        ones = np.ones(len(above), dtype=bool)
        bounds = np.array([0, len(above)])
        rows.append(csr_matrix((ones, above, bounds), shape=(1, len(graph))))
    return vstack(rows, format="csr") if rows else csr_matrix(np.zeros((0, len(graph)), dtype=bool))
