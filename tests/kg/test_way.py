"""The way up: is-a first, by fewest steps, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.kg.way import in_words, way_up

TTL = """\
@prefix : <http://e.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:a a owl:Class ; rdfs:label "thing" .
:b a owl:Class ; rdfs:label "organ" ; rdfs:subClassOf :a .
:c a owl:Class ; rdfs:label "heart" ; rdfs:subClassOf :b .
:d a owl:Class ; rdfs:label "valve" ;
    rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :part_of ; owl:someValuesFrom :c ] .
:part_of a owl:ObjectProperty .
:mine a owl:NamedIndividual , :c ; rdfs:label "my heart" .
:x a skos:Concept ; skos:prefLabel "narrow" ; skos:broader :y .
:y a skos:Concept ; skos:prefLabel "wide" .
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path: Path = tmp_path_factory.mktemp("way") / "g.ttl"
    path.write_text(TTL, encoding="utf-8")
    return load_graph(path)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("c", "a", "heart is a kind of organ, a kind of thing"),
        ("c", "c", "heart"),
        ("mine", "b", "my heart is an instance of heart, a kind of organ"),
        ("x", "y", "narrow is narrower than wide"),
        ("d", "a", "valve part of heart, a kind of organ, a kind of thing"),
    ],
)
def test_a_way_is_said_step_by_step(graph: KnowledgeGraph, start, end, words) -> None:
    first, last = (graph.number(f"http://e.org/{name}") for name in (start, end))
    steps = way_up(graph, first, last)
    assert steps is not None
    assert [entity for _, entity in steps][-1:] == [last] * (first != last)
    assert in_words(graph, first, steps) == words


def test_down_there_is_no_way(graph: KnowledgeGraph) -> None:
    assert way_up(graph, graph.number("http://e.org/a"), graph.number("http://e.org/c")) is None
