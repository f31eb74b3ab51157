from __future__ import annotations

import sys
from pathlib import Path

import pytest
import rdflib

from kgml import load_graph
from kgml.errors import MissingExtraError
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
    # 5 types, 5 labels, 3 synonyms, 2 definitions, a comment and an xref, 5 edges; type and label
    # of the property
    assert len(view) == 5 + 5 + 3 + 2 + 2 + 5 + 2
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
    located, is_a = "located_in", "rdfs:subClassOf"
    assert data.node_types == ["class"]
    assert data["class"].number.tolist() == [0, 1, 2, 3, 4]
    assert {edge: data[edge].edge_index.tolist() for edge in data.edge_types} == {
        ("class", located, "class"): [[1, 2], [3, 3]],
        ("class", f"inverse {located}", "class"): [[3, 3], [1, 2]],
        ("class", is_a, "class"): [[1, 2, 3], [0, 1, 4]],
        ("class", f"inverse {is_a}", "class"): [[0, 1, 4], [1, 2, 3]],
    }
    assert [data[edge].inverse for edge in data.edge_types] == [False, True, False, True]
    assert [data[edge].relation for edge in data.edge_types] == [0, 0, 1, 1]
    data.validate()


def test_the_torch_geometric_view_numbers_the_nodes_of_each_kind(turtle) -> None:
    graph = load_graph(turtle(SKOS))
    data = graph.to_pyg()
    # by IRI: 0 C (class), 1 a, 2 b (concepts), 3 i (individual)
    assert [data[kind].number.tolist() for kind in ("class", "individual", "concept")] == [
        [0], [3], [1, 2],
    ]  # fmt: skip
    assert data.place.tolist() == [0, 0, 1, 0]
    assert [data.kinds[kind] for kind in data.kind.tolist()] == [e.kind for e in graph]
    related = ("concept", "skos:related", "individual")
    assert data[related].edge_index.tolist() == [[1], [0]]
    turned = data["individual", f"inverse {related[1]}", "concept"]
    assert (turned.edge_index.tolist(), turned.inverse) == ([[0], [1]], True)
    data.validate()


def test_a_convolution_runs_on_the_torch_geometric_view(turtle) -> None:
    import torch
    from torch_geometric.nn import HeteroConv, SAGEConv

    data = load_graph(turtle(SKOS)).to_pyg()
    for kind in data.node_types:
        data[kind].x = torch.ones(data[kind].num_nodes, 2)
    layers = HeteroConv({edge: SAGEConv((2, 2), 3) for edge in data.edge_types})
    out = layers(data.x_dict, data.edge_index_dict)
    assert {kind: tuple(x.shape) for kind, x in out.items()} == {
        "class": (1, 3), "individual": (1, 3), "concept": (2, 3),
    }  # fmt: skip
    # a broader b, b related i, i type C, and each turned round
    assert data.to_homogeneous().num_edges == 6


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_relations_have_names_of_their_own_that_modules_can_be_keyed_by(turtle) -> None:
    graph = load_graph(turtle(
        ":x a owl:NamedIndividual ; <https://e.org/v#p.q> :y ; <https://e.org/v/p.q> :y ; :r___s :y ."
        ":y a owl:NamedIndividual ."
    ))  # fmt: skip
    names = [name for _, name, _ in graph.to_pyg().edge_types]
    assert names[::2] == [
        "https://e.org/v/p.q 0",
        "https://e.org/v/p.q 1",
        "https://example.org/r_s",
    ]
    assert names[1::2] == [f"inverse {name}" for name in names[::2]]


def test_the_pandas_view_has_entities_synonyms_notes_and_edges(hearts_obo: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is an extra")
    frames = load_graph(hearts_obo).to_pandas()
    assert frames.entities.loc[1, ["id", "label", "kind"]].tolist() == [
        "EX:2", "heart disease", "class",
    ]  # fmt: skip
    assert frames.entities["definition"].isna().tolist() == [False, True, False, True, True]
    assert frames.synonyms[["entity", "text", "scope"]].to_numpy().tolist() == [
        [1, "cardiac disease", "exact"],
        [2, "AF", "abbreviation"],
        [2, "auricular fibrillation", "related"],
    ]
    assert frames.notes[["entity", "text", "kind"]].to_numpy().tolist() == [
        [2, "Seen on the ECG.", "comment"],
        [2, "UMLS:C0004238", "xref"],
    ]
    assert list(frames.edges) == [
        "head", "relation", "tail", "head_label", "relation_label", "tail_label",
        "head_number", "relation_number", "tail_number",
    ]  # fmt: skip
    assert frames.edges.iloc[2].tolist() == [
        "http://purl.obolibrary.org/obo/EX_3", "http://purl.obolibrary.org/obo/RO_0001025",
        "http://purl.obolibrary.org/obo/EX_4", "atrial fibrillation", "located in", "heart", 2, 0, 3,
    ]  # fmt: skip


def test_without_pandas_the_extra_is_named(
    hearts_obo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = load_graph(hearts_obo)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kgml\[pandas\]'"):
        graph.to_pandas()


def test_the_empty_graph_has_empty_views() -> None:
    graph = KnowledgeGraph.empty()
    assert len(graph.to_rdflib()) == 0
    assert len(graph.to_networkx()) == 0
    data = graph.to_pyg()
    assert (data.node_types, data.edge_types, data.place.tolist()) == ([], [], [])


def test_the_empty_graph_has_empty_tables() -> None:
    pytest.importorskip("pandas", reason="pandas is an extra")
    frames = KnowledgeGraph.empty().to_pandas()
    assert (len(frames.entities), len(frames.synonyms), len(frames.notes)) == (0, 0, 0)
    assert frames.edges.shape == (0, 9)
