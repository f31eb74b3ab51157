"""The is-a hierarchy: matrix, closure, levels, cycles, sums below; no recursion anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from kgml.errors import InputError

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

MAX_PAIRS = 500_000_000
"""Most (entity, ancestor) pairs of a closure: 2.5 GB."""
BITS = 8192
"""Entities whose ancestors are found in one pass where the closure is too large: 1 KB an entity."""


def adjacency(child: NDArray[Any], parent: NDArray[Any], size: int) -> csr_matrix:
    """``(size, size)`` float32 of ones, child row and parent column, indices sorted."""
    ones = np.ones(len(child), dtype=np.float32)
    matrix = coo_matrix((ones, (child, parent)), shape=(size, size)).tocsr()
    matrix.data[:] = 1
    matrix.sort_indices()
    return matrix


def levels(is_a: csr_matrix) -> NDArray[np.int32]:
    """``(e,)`` longest number of steps up to a root, entities of a cycle counting as one."""
    if is_a.shape[0] == 0:
        return np.zeros(0, dtype=np.int32)
    component, parents = _condensed(is_a)
    return _levels(parents, _parents_first(parents))[component]


def closure(is_a: csr_matrix) -> csr_matrix:
    """``(e, e)`` bool: everything reached by is-a steps, and the entity itself.

    Cycles are condensed to one node first; then each node, parents first, is the union of its
    parents' sets and itself.

    Raises:
        InputError: more than `MAX_PAIRS` pairs.
    """
    size = is_a.shape[0]
    if size == 0:
        return is_a.astype(bool)
    component, parents = _condensed(is_a)
    order = _parents_first(parents)
    weight = np.bincount(component)
    if _least_pairs(_levels(parents, order), weight) > MAX_PAIRS:
        raise _too_many(size)
    indptr, indices = parents.indptr.tolist(), parents.indices.tolist()
    above: list[Any] = [None] * parents.shape[0]
    pairs = 0
    for node in order:
        direct = indices[indptr[node] : indptr[node + 1]]
        own = np.array([node], dtype=np.int32)
        if not direct:
            above[node] = own
        else:
            union = np.concatenate([own, *(above[p] for p in direct)])
            above[node] = np.unique(union) if len(direct) > 1 else union
        pairs += len(above[node]) * int(weight[node])
        if pairs > MAX_PAIRS:
            raise _too_many(size)
    lengths = np.array([len(a) for a in above])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    condensed = csr_matrix(
        (np.ones(starts[-1], dtype=bool), np.concatenate(above), starts),
        shape=(len(above), len(above)),
    )
    if len(above) == size and np.array_equal(component, np.arange(size)):
        closed = condensed
    else:
        columns = np.arange(size)
        spread = csr_matrix(
            (np.ones(size, dtype=bool), (component, columns)), shape=(len(above), size)
        )
        closed = (condensed @ spread)[component].astype(bool)
    closed.sort_indices()
    return closed


def too_deep(levels: NDArray[np.int32]) -> bool:
    """Whether the closure of entities of these `levels` is likely to be refused.

    The levels give the least number of pairs; a tenth of the limit is as far as is tried, since a
    closure that is refused at the end has filled the memory already.
    """
    return _least_pairs(levels, np.ones(len(levels), dtype=np.int64)) > MAX_PAIRS // 10


def _least_pairs(level: NDArray[np.int32], weight: NDArray[Any]) -> int:
    """An entity has itself and at least one ancestor for each level above it."""
    return int((level.astype(np.int64) + 1) @ weight)


def _too_many(size: int) -> InputError:
    return InputError(
        f"the is-a hierarchy has more than {MAX_PAIRS:,} pairs of entity and ancestor "
        f"({size:,} entities). Load fewer ontologies, or check it for a chain of classes."
    )


def sums_below(is_a: csr_matrix, weights: NDArray[Any]) -> NDArray[np.float64]:
    """``(e,)``: per entity the sum of ``weights`` (e,) over itself and all its descendants.

    A descendant counts once, however many ways lead down to it. For hierarchies whose closure is
    too large: one pass upwards where each has one parent at most; else descendants are bits of
    Python's integers, `BITS` of them in a pass.
    """
    if is_a.shape[0] == 0:
        return np.zeros(0)
    component, parents = _condensed(is_a)
    own = np.bincount(component, weights=weights).astype(np.float64)
    indptr, indices = parents.indptr.tolist(), parents.indices.tolist()
    children_first = _parents_first(parents)[::-1]
    if np.diff(parents.indptr).max() <= 1:  # nothing is reached in two ways
        total = own.tolist()
        for node in children_first:
            for parent in indices[indptr[node] : indptr[node + 1]]:
                total[parent] += total[node]
        return np.array(total)[component]
    return _bit_sums(own, indptr, indices, children_first)[component]


def _bit_sums(
    own: NDArray[np.float64], indptr: list[int], indices: list[int], children_first: list[int]
) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = np.zeros(len(own))
    for start in range(0, len(own), BITS):
        block, rest = children_first[start : start + BITS], children_first[start:]
        masks = _masks(own[block])
        bits = dict.fromkeys(rest, 0)
        bits.update((node, 1 << i) for i, node in enumerate(block))
        for node in rest:
            below = bits.pop(node)
            if below:
                sums[node] += sum(w * (below & mask).bit_count() for w, mask in masks)
                for parent in indices[indptr[node] : indptr[node + 1]]:
                    bits[parent] |= below
    return sums


def _masks(weights: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Per weight that occurs the bits of those that have it."""
    masks = []
    for weight in np.unique(weights[weights != 0]).tolist():
        bits = np.packbits(weights == weight, bitorder="little")
        masks.append((weight, int.from_bytes(bits.tobytes(), "little")))
    return masks


def cycles(graph: KnowledgeGraph) -> list[list[int]]:
    """Circles of is-a: numbers of entities each of which lies above all others of its list.

    Strongly connected components of more than one entity (Tarjan 1972); ascending, by the first.
    """
    if len(graph) == 0:
        return []
    count, component = connected_components(graph.is_a, directed=True, connection="strong")
    if count == len(graph):
        return []
    order = np.argsort(component, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    return sorted(group.tolist() for group in groups if len(group) > 1)


def ends(is_a: csr_matrix) -> tuple[list[int], list[int]]:
    """Roots and leaves, ascending: nothing above or nothing below them but their own circle."""
    if is_a.shape[0] == 0:
        return [], []
    component, parents = _condensed(is_a)
    root = np.diff(parents.indptr) == 0
    leaf = np.bincount(parents.indices, minlength=parents.shape[0]) == 0
    return np.flatnonzero(root[component]).tolist(), np.flatnonzero(leaf[component]).tolist()


def _levels(parents: csr_matrix, order: list[int]) -> NDArray[np.int32]:
    level = [0] * len(order)
    indptr, indices = parents.indptr.tolist(), parents.indices.tolist()
    for node in order:
        above = indices[indptr[node] : indptr[node + 1]]
        if above:
            level[node] = 1 + max([level[p] for p in above])
    return np.array(level, dtype=np.int32)


def _condensed(is_a: csr_matrix) -> tuple[NDArray[np.int32], csr_matrix]:
    """Component per entity, and the parents among components without self loops."""
    count, component = connected_components(is_a, directed=True, connection="strong")
    if count == is_a.shape[0]:
        # no cycle but self loops, which cannot be here: entities keep their own numbers
        return np.arange(count, dtype=np.int32), is_a
    edges = is_a.tocoo()
    child, parent = component[edges.row], component[edges.col]
    between = child != parent
    return component, adjacency(child[between], parent[between], count)


def _parents_first(parents: csr_matrix) -> list[int]:
    """Topological order of an acyclic matrix (Kahn 1962)."""
    waiting = np.diff(parents.indptr).tolist()
    children = parents.T.tocsr()
    indptr, indices = children.indptr.tolist(), children.indices.tolist()
    order = [node for node, count in enumerate(waiting) if count == 0]
    for node in order:
        for child in indices[indptr[node] : indptr[node + 1]]:
            waiting[child] -= 1
            if waiting[child] == 0:
                order.append(child)
    return order
