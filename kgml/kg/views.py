"""The same graph as rdflib, networkx and torch-geometric objects; each library on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgml.kg import vocabulary as v
from kgml.kg.vocabulary import Scope

if TYPE_CHECKING:
    import networkx
    import rdflib
    from torch_geometric.data import Data

    from kgml.kg.graph import KnowledgeGraph

def to_rdflib(graph: KnowledgeGraph) -> rdflib.Graph:
    """A read-only rdflib graph over the columns: types, labels, synonyms, definitions, edges.

    Nothing is copied: terms are made when first asked for, and kept by this view, so keep it.
    ``query`` runs on pyoxigraph, on a copy made at the first one. Written to a file and loaded
    again it gives the same columns; only an OBO id becomes the IRI. To change it, copy it:
    ``copy = rdflib.Graph(); copy += view``.

    `kgml.kg.statements` says what is in it. Adding raises `kgml.errors.UsageError`, pickling
    TypeError.
    """
    import rdflib

    from kgml.kg.rdfstore import GraphStore
    from kgml.kg.statements import prefixes

    view = rdflib.Graph(GraphStore(graph), bind_namespaces="none")
    for prefix, namespace in prefixes(graph).items():
        view.bind(prefix, rdflib.URIRef(namespace))
    return view


def to_networkx(graph: KnowledgeGraph) -> networkx.MultiDiGraph[int]:
    """Nodes are entity numbers with ``id`` and ``label``; edge keys are relation numbers.

    Each edge carries ``relation`` (its id) and ``label``.
    """
    import networkx

    view: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
    view.add_nodes_from(
        (number, {"id": name, "label": label})
        for number, (name, label) in enumerate(zip(graph.ids, graph.labels, strict=True))
    )
    names = [
        {"relation": name, "label": label}
        for name, label in zip(graph.relations, graph.relation_labels, strict=True)
    ]
    for head, relation, tail in graph.triples.tolist():
        view.add_edge(head, tail, key=relation, **names[relation])
    return view


def to_pyg(graph: KnowledgeGraph) -> Data:
    """``Data`` with ``edge_index (2, 2t)``, ``edge_type (2t,)``, ``inverse (2t,)``, ``num_nodes``.

    The first t columns are the triples, the next t the same turned round, with the type
    ``relation + num_relations`` and ``inverse`` True.
    """
    import torch
    from torch_geometric.data import Data

    head, relation, tail = graph.triples.T
    count = len(graph.relations)
    edges = np.stack([np.concatenate([head, tail]), np.concatenate([tail, head])])
    inverse = np.repeat([False, True], len(head))
    return Data(
        edge_index=torch.from_numpy(edges),
        edge_type=torch.from_numpy(np.concatenate([relation, relation + count])),
        inverse=torch.from_numpy(inverse),
        num_nodes=len(graph),
        num_relations=count,
    )
