"""Several graphs as one: what was loaded together, entities of one IRI, edges of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.kg.union import union

HEAD = """\
@prefix : <http://e.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
FIRST = """\
:a a owl:Class ; rdfs:label "fever"@en ; rdfs:subClassOf :top ; skos:altLabel "pyrexia"@en .
:top a owl:Class ; rdfs:label "sign"@en ; owl:disjointWith :a .
"""
SECOND = """\
:a a owl:Class ; rdfs:label "hot"@en ; rdfs:subClassOf :heat ; skos:altLabel "pyrexia"@en .
:heat a owl:Class ; rdfs:label "heat"@en .
:b a owl:Class ; rdfs:label "cold"@en ; rdfs:subClassOf :top .
"""


@pytest.fixture
def two(tmp_path: Path) -> list[KnowledgeGraph]:
    graphs = []
    for name, body in (("one", FIRST), ("two", SECOND)):
        path = tmp_path / f"{name}.ttl"
        path.write_text(HEAD + body, encoding="utf-8")
        graphs.append(load_graph(path))
    return graphs


def test_one_graph_is_itself(two: list[KnowledgeGraph]) -> None:
    assert union(two[:1]) is two[0]


def test_a_graph_and_itself_are_the_same_graph() -> None:
    graph = load_graph("fin")
    assert union([graph, graph]).fingerprint == graph.fingerprint


def test_shipped_ontologies_are_as_if_loaded_together() -> None:
    both = union([load_graph("bio"), load_graph("fin")])
    together = load_graph(["bio", "fin"])
    assert both.fingerprint == together.fingerprint
    assert both.columns.origins.num_rows == together.columns.origins.num_rows


def test_an_entity_of_both_has_the_edges_and_words_of_both(two: list[KnowledgeGraph]) -> None:
    both = union(two)
    assert both.iris == [f"http://e.org/{name}" for name in ("a", "b", "heat", "top")]
    assert both["http://e.org/a"].label == "fever"
    assert dict(both["http://e.org/a"].synonyms) == {"hot": 1, "pyrexia": 1}
    assert [both.labels[n] for n in both.parents("http://e.org/a")] == ["heat", "sign"]


def test_a_label_beats_the_end_of_an_iri_whichever_graph_has_it(two: list[KnowledgeGraph]) -> None:
    both = union(two[::-1])
    assert both["http://e.org/top"].label == "sign"
    assert both["http://e.org/a"].label == "hot"


def test_a_definition_is_kept_whichever_graph_has_it(tmp_path: Path) -> None:
    """A graph that only names an entity of another may come first."""
    said = '; skos:definition "A hot body."@en'
    graphs = []
    for name, more in (("bare", ""), ("whole", said)):
        path = tmp_path / f"{name}.ttl"
        path.write_text(f'{HEAD}:a a owl:Class ; rdfs:label "fever"@en {more} .\n', "utf-8")
        graphs.append(load_graph(path))
    for both in (union(graphs), union(graphs[::-1])):
        assert both["http://e.org/a"].definition == "A hot body."


def test_axioms_say_from_which_file_an_edge_came(two: list[KnowledgeGraph]) -> None:
    both = union(two)
    assert [a.file for a in both.axioms("http://e.org/a", "http://e.org/heat")] == ["two.ttl"]
    assert [a.file for a in both.axioms("http://e.org/a", "http://e.org/top")] == ["one.ttl"]
    assert both.columns.disjoint.num_rows == two[0].columns.disjoint.num_rows == 1


def test_it_can_be_saved_and_read(two: list[KnowledgeGraph], tmp_path: Path) -> None:
    both = union(two)
    both.save(tmp_path / "both.kg")
    assert KnowledgeGraph.load(tmp_path / "both.kg").fingerprint == both.fingerprint
