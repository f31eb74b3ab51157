from __future__ import annotations

from pathlib import Path

import pytest
import rdflib

from kgml import load_graph
from kgml.kg.graph import KnowledgeGraph

SKOS = """
:a a skos:Concept ; skos:prefLabel "a" ; skos:broader :b ; skos:altLabel "aa" .
:b a skos:Concept ; skos:prefLabel "b" ; skos:related :i .
:i a owl:NamedIndividual , :C ; rdfs:label "i" . :C a owl:Class ; rdfs:label "c" .
"""


@pytest.mark.parametrize("kind", ["nt", "turtle", "xml", "json-ld"])
def test_the_rdflib_view_written_and_loaded_gives_the_same_columns(
    kind: str, hearts_ttl: Path, turtle, tmp_path: Path
) -> None:
    graph = load_graph([hearts_ttl, turtle(SKOS)])
    graph.to_rdflib().serialize(tmp_path / "view", format=kind, encoding="utf-8")
    again = load_graph(tmp_path / "view")
    assert again.fingerprint == graph.fingerprint


def test_the_rdflib_view_has_one_triple_per_edge(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    view = graph.to_rdflib()
    # 5 types, 5 labels, 3 synonyms, 2 definitions, 5 edges; type and label of the property
    assert len(view) == 5 + 5 + 3 + 2 + 5 + 2
    node = rdflib.URIRef("http://purl.obolibrary.org/obo/EX_4")
    assert str(view.value(node, rdflib.RDFS.subClassOf)).endswith("EX_5")


def test_the_networkx_view_has_entity_numbers_as_nodes(hearts_obo: Path) -> None:
    view = load_graph(hearts_obo).to_networkx()
    assert list(view.nodes) == [0, 1, 2, 3, 4]
    assert view.nodes[2] == {"id": "EX:3", "label": "atrial fibrillation"}
    assert sorted(view.edges(keys=True)) == [(1, 0, 1), (1, 3, 0), (2, 1, 1), (2, 3, 0), (3, 4, 1)]
    assert view.edges[2, 3, 0] == {"relation": "located_in", "label": "located in"}


def test_the_torch_geometric_view_has_each_edge_both_ways(hearts_obo: Path) -> None:
    data = load_graph(hearts_obo).to_pyg()
    assert data.num_nodes == 5
    assert data.edge_index.tolist() == [
        [1, 1, 2, 2, 3, 3, 0, 3, 1, 4], [3, 0, 3, 1, 4, 1, 1, 2, 2, 3],
    ]  # fmt: skip
    assert data.edge_type.tolist() == [0, 1, 0, 1, 1, 2, 3, 2, 3, 3]
    assert data.inverse.tolist() == [False] * 5 + [True] * 5
    assert data.num_relations == 2
    data.validate()


def test_the_empty_graph_has_empty_views() -> None:
    graph = KnowledgeGraph.empty()
    assert len(graph.to_rdflib()) == 0
    assert len(graph.to_networkx()) == 0
    assert graph.to_pyg().edge_index.shape == (2, 0)
