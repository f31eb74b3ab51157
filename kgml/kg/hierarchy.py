"""The is-a hierarchy: matrix, closure and levels; cycles allowed, no recursion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from kgml.errors import InputError

MAX_PAIRS = 500_000_000
"""Most (entity, ancestor) pairs of a closure: 2.5 GB."""


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
    level = np.zeros(parents.shape[0], dtype=np.int32)
    indptr, indices = parents.indptr.tolist(), parents.indices.tolist()
    for node in _parents_first(parents):
        above = indices[indptr[node] : indptr[node + 1]]
        if above:
            level[node] = 1 + max(level[p] for p in above)
    return level[component]


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
    weight = np.bincount(component)
    indptr, indices = parents.indptr.tolist(), parents.indices.tolist()
    above: list[Any] = [None] * parents.shape[0]
    pairs = 0
    for node in _parents_first(parents):
        direct = indices[indptr[node] : indptr[node + 1]]
        own = np.array([node], dtype=np.int32)
        if not direct:
            above[node] = own
        else:
            union = np.concatenate([own, *(above[p] for p in direct)])
            above[node] = np.unique(union) if len(direct) > 1 else union
        pairs += len(above[node]) * int(weight[node])
        if pairs > MAX_PAIRS:
            raise InputError(
                f"the is-a hierarchy has more than {MAX_PAIRS:,} pairs of entity and ancestor "
                f"({size:,} entities). Load fewer ontologies, or check it for a chain of classes."
            )
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
