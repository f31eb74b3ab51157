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

TYPES = {
    "class": v.OWL + "Class",
    "individual": v.OWL + "NamedIndividual",
    "concept": v.SKOS + "Concept",
}
SYNONYMS = {
    Scope.EXACT: v.OBO_IN_OWL + "hasExactSynonym",
    Scope.ABBREVIATION: v.COMMONS + "abbreviation",
    Scope.NARROW: v.OBO_IN_OWL + "hasNarrowSynonym",
    Scope.BROAD: v.OBO_IN_OWL + "hasBroadSynonym",
    Scope.RELATED: v.OBO_IN_OWL + "hasRelatedSynonym",
}
DEFINITION = v.SKOS + "definition"


def to_rdflib(graph: KnowledgeGraph) -> rdflib.Graph:
    """Types, labels, synonyms, definitions and one RDF triple per edge.

    Written to a file and loaded again it gives the same columns; only an OBO id becomes the IRI.
    """
    import rdflib

    view = rdflib.Graph()
    node = [rdflib.URIRef(iri) for iri in graph.iris]
    relation = [rdflib.URIRef(iri) for iri in graph.relation_iris]
    label, kind = rdflib.RDFS.label, rdflib.RDF.type
    for entity in graph:
        subject = node[entity.number]
        view.add((subject, kind, rdflib.URIRef(TYPES[entity.kind])))
        if entity.labelled:
            view.add((subject, label, rdflib.Literal(entity.label)))
        for text, scope in entity.synonyms:
            view.add((subject, rdflib.URIRef(SYNONYMS[scope]), rdflib.Literal(text)))
        if entity.definition is not None:
            view.add((subject, rdflib.URIRef(DEFINITION), rdflib.Literal(entity.definition)))
    for iri, name in zip(relation, graph.relation_labels, strict=True):
        if not str(iri).startswith(v.RESERVED):
            view.add((iri, kind, rdflib.OWL.ObjectProperty))
            view.add((iri, label, rdflib.Literal(name)))
    for head, number, tail in graph.triples.tolist():
        view.add((node[head], relation[number], node[tail]))
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
