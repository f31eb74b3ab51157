"""A graph as networkx writes it in GraphML, without what XML cannot hold."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from kgml.progress import warn

if TYPE_CHECKING:
    import networkx

    from kgml.kg.graph import KnowledgeGraph

_NO_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]")


def write_graphml(graph: KnowledgeGraph, stream: IO[bytes]) -> None:
    """Nodes and edges by number; what XML cannot hold becomes U+FFFD, counted in one warning."""
    import networkx

    marked = _Marked()
    # not networkx.write_graphml, which writes other bytes where lxml is installed
    networkx.write_graphml_xml(_network(graph, marked), stream, edge_id_from_attribute="number")
    if marked.count:
        hold = "text holds" if marked.count == 1 else "texts hold"
        warn(f"{marked.count:,} {hold} characters XML may not; U+FFFD stands for them")


class _Marked:
    """Texts for XML, and how many had to be changed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, text: str) -> str:
        if text.isprintable() or not _NO_XML.search(text):
            return text
        self.count += 1
        return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _network(graph: KnowledgeGraph, clean: _Marked) -> networkx.MultiDiGraph[int]:
    """Entities and triples by number, with the attributes that GraphML can hold."""
    import networkx

    from kgml.kg.graph import KINDS

    network: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
    columns = zip(graph.iris, graph.ids, graph.labels, graph.columns.kinds.tolist(),
                  graph.definitions, strict=True)  # fmt: skip
    for number, (iri, name, label, kind, definition) in enumerate(columns):
        texts = {"iri": clean(iri), "id": clean(name), "label": clean(label), "kind": KINDS[kind]}
        if definition is not None:
            texts["definition"] = clean(definition)
        network.add_node(number, **texts)
    names = [
        {"relation": clean(iri), "label": clean(label)}
        for iri, label in zip(graph.relation_iris, graph.relation_labels, strict=True)
    ]
    for number, (head, relation, tail) in enumerate(graph.triples.tolist()):
        network.add_edge(head, tail, key=number, number=number, **names[relation])
    return network
