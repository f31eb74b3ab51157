"""What a small ontology says in sentences: relations by their own names, disjointness, caps, order."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.config import GraphConfig
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.lm.verbalise import RELATIONS, SHOWN, relation_said, verbalise

TURTLE = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:partOf a owl:ObjectProperty ; rdfs:label "part of"@en .
:hasValve a owl:ObjectProperty .
:organ a owl:Class ; rdfs:label "organ"@en .
:body a owl:Class ; rdfs:label "body"@en .
:chest a owl:Class ; rdfs:label "chest"@en .
:nameless a owl:Class .
:heart a owl:Class ; rdfs:label "heart"@en ; owl:disjointWith :lung ;
    rdfs:subClassOf :organ ,
        [ a owl:Restriction ; owl:onProperty :partOf ; owl:someValuesFrom :chest ] ,
        [ a owl:Restriction ; owl:onProperty :partOf ; owl:someValuesFrom :body ] ,
        [ a owl:Restriction ; owl:onProperty :partOf ; owl:someValuesFrom :nameless ] ,
        [ a owl:Restriction ; owl:onProperty :hasValve ; owl:allValuesFrom :chest ] .
:lung a owl:Class ; rdfs:label "lung"@en ; rdfs:subClassOf :organ .
"""


@pytest.fixture
def said(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "g.ttl").write_text(TURTLE, encoding="utf-8")
    return by_name(load_graph(tmp_path / "g.ttl"))


def by_name(graph: KnowledgeGraph) -> dict[str, str]:
    labels = [entity.label for entity in graph if entity.labelled]
    return dict(zip(labels, verbalise(graph), strict=True))


def test_relations_and_disjointness_are_told_between_definition_and_kinds(
    said: dict[str, str],
) -> None:
    assert said["heart"] == (
        "heart is a kind of organ. It is part of body and chest. It is disjoint with lung."
    )
    assert said["lung"] == "lung is a kind of organ. It is disjoint with heart."
    assert said["organ"] == "organ. Kinds of it are heart and lung."
    assert said["chest"] == "chest."  # what others have to do with it is told of them


@pytest.mark.parametrize("projection", ["relations", "owl2vec"])
def test_only_what_every_head_has_is_said(tmp_path: Path, projection: str) -> None:
    """An edge of "only" is in the second projection, and says nothing of there being a valve."""
    (tmp_path / "g.ttl").write_text(TURTLE, encoding="utf-8")
    heart = by_name(load_graph(tmp_path / "g.ttl", GraphConfig(projection=projection)))["heart"]
    assert "part of body and chest" in heart
    assert "valve" not in heart


def test_obo_relationships_are_told_and_cut_short(tmp_path: Path) -> None:
    lines = ["format-version: 1.2", "ontology: x", "", "[Term]", "id: X:0", "name: heart"]
    lines += [f"relationship: part_of X:{i}" for i in range(1, SHOWN + 3)]
    lines += [f"relationship: rel{i} X:1" for i in range(RELATIONS + 2)]
    for i in range(1, SHOWN + 3):
        lines += ["", "[Term]", f"id: X:{i}", f"name: part {i}"]
    (tmp_path / "x.obo").write_text("\n".join([*lines, ""]), encoding="utf-8")
    graph = load_graph(tmp_path / "x.obo")
    heart = by_name(graph)["heart"]
    assert sum(part.startswith((" It", " Its")) for part in heart.split(".")) == RELATIONS
    assert "It is part of part 1, part 2, part 3, part 4, part 5 and part 6." in heart
    assert "part 7" not in heart
    assert by_name(load_graph(tmp_path / "x.obo"))["heart"] == heart


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("regulates", "It regulates x."), ("located_in", "It is located in x."),
        ("may be diagnosed by", "It may be diagnosed by x."), ("may cause", "It may cause x."),
        ("is model of", "It is model of x."), ("exactMatch", "Its exact match is x."),
        ("address", "Its address is x."),
    ],
)  # fmt: skip
def test_a_relation_is_a_sentence_by_the_look_of_its_name(name: str, sentence: str) -> None:
    assert relation_said(name, ["x"]) == sentence
