"""A graph with the same is-a degrees and other is-a edges: what a hierarchy says, taken out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kgml.kg.store import ORIGINS
from kgml.kg.vocabulary import IS_A

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

SWAPS = 10
"""Swaps tried for each edge; ten times the number of edges mixes well (Milo et al. 2003)."""


def rewired(graph: KnowledgeGraph, seed: int = 0) -> KnowledgeGraph:
    """``graph`` with its is-a edges exchanged at random; entities, words, other edges stay.

    Two edges of one relation, within a vocabulary or between the same two, exchange their parents,
    over and over (Maslov and Sneppen 2002), where both parents stay on a higher level
    (`KnowledgeGraph.depths`) than their new children and no edge comes twice. So every entity keeps
    its number of parents and of children, and there is no new circle: the order of the levels stays
    a topological one (as in Karrer and Newman 2009). Edges within a circle stay. ``report["rewired"]`` counts ``edges`` and those ``changed``; the
    axioms behind edges are left out, since they said something else.

    >>> from kgml import load_graph
    >>> graph = load_graph("bio")
    >>> other = rewired(graph, seed=1)
    >>> len(other.triples) == len(graph.triples), other.fingerprint == graph.fingerprint
    (True, False)
    """
    wanted = [n for n, iri in enumerate(graph.relation_iris) if iri in IS_A]
    rows = np.flatnonzero(np.isin(graph.triples[:, 1], wanted))
    triples = graph.triples.copy()
    edges = triples[rows]
    kinds = np.column_stack([edges[:, 1], graph.vocabularies[edges[:, [0, 2]]]])
    kind = np.unique(kinds, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    edges[:, 2] = exchanged(edges, kind, graph.depths, seed)
    changed = int((edges[:, 2] != graph.triples[rows, 2]).sum())
    triples[rows] = edges
    triples = np.ascontiguousarray(triples[np.lexsort(triples.T[::-1])])
    columns = replace(graph.columns, triples=triples, origins=ORIGINS.empty_table())
    report = {**graph.report, "rewired": {"edges": len(rows), "changed": changed, "seed": seed}}
    return type(graph)(
        columns, report, graph.ontologies, graph.sources, graph.files, graph.declared
    )


def exchanged(
    edges: NDArray[np.int64], kind: NDArray[np.int64], level: NDArray[np.int32], seed: int
) -> NDArray[np.int64]:
    """New parents (k,) for ``edges`` (k, 3) child, relation, parent, distinct.

    Args:
        kind: (k,) which edges may exchange parents with each other: those of one number.
        level: (e,) of each entity, less for a parent than for its child but within circles.
    """
    rng = np.random.default_rng(seed)
    children, parents = edges[:, 0].tolist(), edges[:, 2].tolist()
    height = level.tolist()
    there = set(zip(children, parents, strict=True))
    for number in np.unique(kind):
        free = np.flatnonzero((kind == number) & (level[edges[:, 0]] > level[edges[:, 2]]))
        if len(free) < 2:
            continue
        for i, j in free[rng.integers(len(free), size=(SWAPS * len(free), 2))].tolist():
            (a, up), (b, over) = (children[i], parents[i]), (children[j], parents[j])
            if up == over or a == b or height[a] <= height[over] or height[b] <= height[up]:
                continue
            if (a, over) in there or (b, up) in there:
                continue
            there -= {(a, up), (b, over)}
            there |= {(a, over), (b, up)}
            parents[i], parents[j] = over, up
    return np.array(parents, dtype=np.int64)
