"""Contradictions in a hierarchy: what lies under two classes that exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kgml.progress import track

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Ints = NDArray[np.int64]


def disjoint_violations(is_a: csr_matrix, pairs: NDArray[Any]) -> Ints:
    """Entities that are, or lie below, both classes of a disjoint pair; only the topmost of them.

    What lies under such an entity inherits the contradiction and is not listed. Of a cycle, the
    entity with the lowest number stands for all. Only what lies under a class of ``pairs`` is
    walked, downwards.

    Args:
        is_a: ``(e, e)`` child row, parent column; instances are children of their types.
        pairs: ``(k, 2)`` numbers of classes declared disjoint.

    Returns:
        ``(m, 3)`` entity, left, right; sorted, a pair given twice (or turned round) once.

    >>> import numpy as np
    >>> from kgml.kg.hierarchy import adjacency
    >>> whale = adjacency(np.array([2, 2, 3]), np.array([0, 1, 2]), 4)  # 3 is a 2 is a 0 and a 1
    >>> disjoint_violations(whale, np.array([[0, 1]])).tolist()
    [[2, 0, 1]]
    """
    import numpy as np

    pairs = _distinct(np.asarray(pairs, dtype=np.int64).reshape(-1, 2))
    if not len(pairs):
        return np.zeros((0, 3), dtype=np.int64)
    component, parents = _condensed(is_a)
    classes, places = np.unique(component[pairs], return_inverse=True)
    below = _below(parents, classes, _shared(places.reshape(-1, 2), len(classes)))
    found = []
    for pair, (left, right) in zip(pairs.tolist(), places.reshape(-1, 2).tolist(), strict=True):
        both = np.intersect1d(below[left], below[right], assume_unique=True)
        if len(both):
            topmost = both[_topmost(parents, both)]
            found.append(np.column_stack([topmost, np.tile(pair, (len(topmost), 1))]))
    if not found:
        return np.zeros((0, 3), dtype=np.int64)
    rows = np.concatenate(found)
    rows[:, 0] = np.unique(component, return_index=True)[1][rows[:, 0]]
    return rows[np.lexsort(rows.T[::-1])]


def _distinct(pairs: Ints) -> Ints:
    """Each unordered pair once, as first given."""
    import numpy as np

    first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)[1]
    return pairs[np.sort(first)]


def _condensed(is_a: csr_matrix) -> tuple[Ints, csr_matrix]:
    """Component per entity, and the parents among components: a cycle is one node."""
    import numpy as np
    from scipy.sparse.csgraph import connected_components

    from kgml.kg.hierarchy import adjacency

    count, component = connected_components(is_a, directed=True, connection="strong")
    edges = is_a.tocoo()
    child, parent = component[edges.row], component[edges.col]
    between = child != parent
    return component.astype(np.int64), adjacency(child[between], parent[between], count)


def _shared(places: Ints, size: int) -> NDArray[np.bool_]:
    """Whether a class is disjoint with itself, so that whatever is below it counts."""
    import numpy as np

    return np.isin(np.arange(size), places[places[:, 0] == places[:, 1], 0])


def _below(parents: csr_matrix, classes: Ints, alone: NDArray[np.bool_]) -> list[Ints]:
    """What lies below each of ``classes``, itself included, and below another of them as well.

    Sorted. ``alone``: classes of which everything is wanted.
    """
    import numpy as np
    from scipy.sparse.csgraph import breadth_first_order

    children = parents.T.tocsr()
    times = np.zeros(parents.shape[0], dtype=np.int32)
    below = []
    for cls in track(classes.tolist(), "Checking disjoint classes", len(classes)):
        reached = breadth_first_order(children, cls, return_predecessors=False)
        times[reached] += 1
        below.append(np.sort(reached).astype(np.int64))
    return [
        nodes if whole else nodes[times[nodes] > 1]
        for nodes, whole in zip(below, alone.tolist(), strict=True)
    ]


def _topmost(parents: csr_matrix, nodes: Ints) -> NDArray[np.bool_]:
    """Whether none of a node's parents is among ``nodes`` (sorted)."""
    import numpy as np

    rows = parents[nodes]
    row = np.repeat(np.arange(len(nodes)), np.diff(rows.indptr))
    inside = np.bincount(row[np.isin(rows.indices, nodes)], minlength=len(nodes))
    topmost: NDArray[np.bool_] = inside == 0
    return topmost
