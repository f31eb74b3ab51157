"""Individuals need no declaration (OWL 2 Structural Specification, section 5.8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.graph import KnowledgeGraph

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
PEOPLE = """
:knows a owl:ObjectProperty . :Person a owl:Class .
:ann a :Person ; :knows :bob ; rdfs:label "Ann" . :bob :knows :carl ; rdfs:label "Bob" .
"""
Turtle = Callable[[str], Path]


def edges(graph: KnowledgeGraph) -> set[str]:
    """``head relation tail`` by labels."""
    return {
        f"{graph.labels[h]} {graph.relation_labels[r]} {graph.labels[t]}"
        for h, r, t in graph.triples.tolist()
    }


def kinds(graph: KnowledgeGraph) -> dict[str, str]:
    return {entity.label: entity.kind for entity in graph}


@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec", "rdf"])
def test_both_ends_of_an_assertion_are_individuals(projection: str, turtle: Turtle) -> None:
    graph = load_graph(turtle(PEOPLE), GraphConfig(projection=projection))
    assert kinds(graph) == {
        "Person": "class", "Ann": "individual", "Bob": "individual", "carl": "individual",
    }  # fmt: skip
    asserted = {"Ann knows Bob", "Bob knows carl"}
    assert edges(graph) == {"Ann type Person"} | (set() if projection == "taxonomy" else asserted)
    expected = {"assertion": 2} if projection == "taxonomy" else {}
    assert graph.report["dropped"] == expected


def test_functional_syntax_keeps_individuals_that_are_only_asserted(write) -> None:
    graph = load_graph(write("a.ofn", """\
Prefix(:=<https://example.org/>) Ontology(<https://example.org/>
Declaration(Class(:A)) Declaration(ObjectProperty(:r)) ClassAssertion(:A :i)
ObjectPropertyAssertion(:r :i :j) ObjectPropertyAssertion(ObjectInverseOf(:r) :i :k) SameIndividual(:i :l))
"""))  # fmt: skip
    assert edges(graph) == {"i type A", "i r j", "k r i", "i sameAs l"}
    assert graph.report["dropped"] == {}


def test_what_is_the_same_as_an_individual_is_one(turtle: Turtle) -> None:
    graph = load_graph(turtle("""
:C a owl:Class . :i a :C . :C owl:sameAs :D . :x owl:sameAs :y .
:k owl:sameAs :j . :i owl:sameAs :j . :k owl:sameAs :C .
"""))  # fmt: skip
    assert edges(graph) == {"i type C", "i sameAs j", "k sameAs j", "k sameAs C"}
    assert kinds(graph) == {
        "C": "class", "i": "individual", "j": "individual", "k": "individual",
    }  # fmt: skip
    assert graph.report["dropped"] == {"edge to an unknown entity": 2}  # C as D, x as y


def test_an_individual_known_by_an_assertion_alone_can_be_merged(turtle: Turtle) -> None:
    path = turtle(PEOPLE + ":bob owl:sameAs <https://elsewhere.example/robert> .")
    assert "robert" in kinds(load_graph(path))
    merged = load_graph(path, GraphConfig(merge="matches"))
    assert (merged.report["merged"], len(merged)) == (1, 4)
    assert merged["https://elsewhere.example/robert"].label == "Bob"


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (":x :undeclared :y .", "edge to an unknown entity"),
        (":note a owl:AnnotationProperty . :x :note :y .", "annotation"),
        (":p a owl:ObjectProperty , owl:AnnotationProperty . :x :p :y .", "annotation"),
        (":p a owl:DatatypeProperty . :x :p :y .", "edge to an unknown entity"),
        (":p a owl:ObjectProperty . :p :p :p .", "annotation"),
        (":p a owl:ObjectProperty . <urn:o> a owl:Ontology ; :p <urn:o> .", "annotation"),
        ("skos:related a owl:ObjectProperty . :x skos:related :y .", "edge to an unknown entity"),
        ("skos:closeMatch a owl:ObjectProperty . :x skos:closeMatch :y .",
         "mapping to an unknown entity"),
    ],
)  # fmt: skip
def test_what_is_no_assertion_makes_no_individuals(said: str, count: str, turtle: Turtle) -> None:
    graph = load_graph(turtle(":A a owl:Class . " + said))
    assert (graph.labels, graph.report["dropped"]) == (["A"], {count: 1})


def test_classes_and_properties_in_an_assertion_stay_what_they_are(turtle: Turtle) -> None:
    graph = load_graph(turtle("""
:p a owl:ObjectProperty . :q rdfs:domain :Domain . :Below rdfs:subClassOf :Above . :c a skos:Concept .
:i :p :Below , :Above , :c , :q , :Domain , :Filler , :r , :Equal .
:Below rdfs:subClassOf [ owl:onProperty :r ; owl:someValuesFrom :Filler ] ; owl:equivalentClass :Equal .
"""))  # fmt: skip
    assert kinds(graph) == {"Above": "class", "Below": "class", "c": "concept", "i": "individual"}
    # the edges from i to q, Domain, Filler, r and Equal, from Below to Filler, and the equivalence
    assert graph.report["dropped"]["edge to an unknown entity"] == 7


def test_another_name_of_an_entity_stays_a_name(turtle: Turtle) -> None:
    graph = load_graph(turtle("""
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .
:p a owl:ObjectProperty . :A a owl:Class . :old owl:deprecated true ;
  <http://purl.obolibrary.org/obo/IAO_0100001> :A . :i :p :old .
"""))  # fmt: skip
    assert edges(graph) == {"i p A"}
    assert graph["https://example.org/old"].label == "A"
