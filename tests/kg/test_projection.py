from __future__ import annotations

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.assemble import UNDEFINED
from kgml.kg.graph import KnowledgeGraph

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
SUB = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def edges(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
    """Triples by the ends of their IRIs."""
    return {
        (graph.labels[h], graph.relation_iris[r].replace("#", "/").split("/")[-1], graph.labels[t])
        for h, r, t in graph.triples.tolist()
    }


CLASSES = ":A a owl:Class . :B a owl:Class . :C a owl:Class . :D a owl:Class . "


def test_restrictions_become_typed_edges(turtle) -> None:
    graph = load_graph(
        turtle(
            CLASSES
            + """
:i a owl:NamedIndividual .
:A rdfs:subClassOf :B , [ owl:onProperty :p ; owl:someValuesFrom :C ] ,
  [ owl:onProperty :q ; owl:hasValue :i ] .
"""
        )
    )
    assert edges(graph) == {("A", "subClassOf", "B"), ("A", "p", "C"), ("A", "q", "i")}
    assert graph.report["dropped"] == {}


def test_intersections_give_their_named_members_and_restrictions(turtle) -> None:
    graph = load_graph(
        turtle(
            CLASSES
            + """
:A owl:equivalentClass [ owl:intersectionOf ( :B
  [ owl:intersectionOf ( :C [ owl:onProperty :p ; owl:someValuesFrom :D ] ) ]
  [ owl:unionOf ( :C :D ) ] ) ] .
:D owl:intersectionOf ( :B :C ) .
"""
        )
    )
    assert edges(graph) == {
        ("A", "subClassOf", "B"), ("A", "subClassOf", "C"), ("A", "p", "D"),
        ("D", "subClassOf", "B"), ("D", "subClassOf", "C"),
    }  # fmt: skip
    assert graph.report["dropped"] == {"unionOf": 1}


def test_every_axiom_that_becomes_no_edge_is_counted_by_kind(turtle) -> None:
    graph = load_graph(
        turtle(
            CLASSES
            + """
:p a owl:ObjectProperty ; rdfs:domain :A ; rdfs:range :B ; owl:inverseOf :q ;
  rdfs:subPropertyOf :q ; owl:propertyChainAxiom ( :p :q ) .
:note a owl:AnnotationProperty .
:A rdfs:subClassOf owl:Thing , :A , :Unknown ,
  [ owl:onProperty :p ; owl:allValuesFrom :B ] ,
  [ owl:onProperty :p ; owl:minCardinality 1 ] ,
  [ owl:onProperty :p ; owl:qualifiedCardinality 2 ; owl:onClass :B ] ,
  [ owl:onProperty :p ; owl:hasValue 7 ] ,
  [ owl:onProperty [ owl:inverseOf :p ] ; owl:someValuesFrom :B ] ,
  [ owl:onProperty :p ; owl:someValuesFrom [ owl:unionOf ( :B :C ) ] ] ,
  [ owl:onProperty :p ; owl:someValuesFrom :Nowhere ] ,
  [ owl:complementOf :C ] , [ owl:oneOf ( :i ) ] .
:A owl:disjointWith :B ; owl:equivalentClass :D ; :note :B ; rdfs:seeAlso :C ; :count 3 ;
  skos:exactMatch <https://elsewhere.example/A> .
[ owl:unionOf ( :B :C ) ] rdfs:subClassOf :D .
"""
        )
    )
    assert edges(graph) == {
        ("A", "subClassOf", "Unknown"), ("A", "p", "B"), ("A", "equivalentClass", "D"),
        ("B", "subClassOf", "D"), ("C", "subClassOf", "D"),
    }  # fmt: skip
    assert graph.report["became"] == {
        "SubClassOf": 1, "SubClassOf exactly": 1, "SubClassOf or": 2, "EquivalentClasses": 1,
    }  # fmt: skip
    assert graph.report["dropped"] == {
        "domain": 1, "range": 1, "inverseOf": 1, "subPropertyOf": 1, "propertyChainAxiom": 1,
        "owl:Thing": 1, "edge to itself": 1, "allValuesFrom": 1, "cardinality": 1,
        "hasValue literal": 1, "inverse property": 1, "nested expression": 1,
        "edge to an unknown entity": 1, "complementOf": 1, "oneOf": 1, "disjointWith": 1,
        "annotation": 3, "mapping to an unknown entity": 1, UNDEFINED: 1,
    }  # fmt: skip


def test_individuals_have_types_and_assertions(turtle) -> None:
    graph = load_graph(
        turtle("""
:City a owl:Class . :Paris a owl:NamedIndividual , :City ; :in :France ; :in :Nowhere .
:France a :Country . :Country rdfs:subClassOf :Place .
""")
    )
    assert edges(graph) == {
        ("Paris", "type", "City"), ("Paris", "in", "France"), ("France", "type", "Country"),
        ("Country", "subClassOf", "Place"),
    }  # fmt: skip
    assert {entity.label: entity.kind for entity in graph} == {
        "City": "class", "Country": "class", "France": "individual", "Paris": "individual",
        "Place": "class",
    }  # fmt: skip
    assert graph.report["dropped"] == {"edge to an unknown entity": 1, UNDEFINED: 1}
    france, place = (
        graph.number("https://example.org/France"),
        graph.number("https://example.org/Place"),
    )
    assert graph.ancestors[france, place]


def test_skos_narrower_is_broader_turned_round_and_counts_as_is_a(turtle) -> None:
    graph = load_graph(
        turtle("""
:s a skos:ConceptScheme . skos:exactMatch a owl:AnnotationProperty .
:a a skos:Concept ; skos:broader :b ; skos:related :c ; skos:inScheme :s .
:b a skos:Concept ; skos:narrower :a , :c ; skos:exactMatch :c .
:c a skos:Concept ; skos:topConceptOf :s .
""")
    )
    assert edges(graph) == {
        ("a", "broader", "b"), ("c", "broader", "b"), ("a", "related", "c"),
        ("b", "exactMatch", "c"),
    }  # fmt: skip
    assert graph.is_a_relation is None
    assert graph.is_a.toarray().tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]
    assert graph.report["dropped"] == {"annotation": 2}


def test_properties_datatypes_and_ontologies_are_no_entities(turtle) -> None:
    graph = load_graph(
        turtle("""
:o a owl:Ontology , :Module . :p a owl:ObjectProperty ; rdfs:label "p" .
:d a rdfs:Datatype . :A a owl:Class .
""")
    )
    assert "https://example.org/A" in graph
    assert not {"https://example.org/o", "https://example.org/p"} & set(graph.iris)


def test_expressions_nested_two_thousand_deep_are_read(turtle) -> None:
    deep = "[ owl:intersectionOf ( :B " * 2000 + "[ owl:onProperty :p ; owl:someValuesFrom :C ]"
    path = turtle(CLASSES + f":A rdfs:subClassOf {deep} {') ]' * 2000} .")
    graph = load_graph(path, GraphConfig(max_depth=5000))
    assert edges(graph) == {("A", "subClassOf", "B"), ("A", "p", "C")}


def test_lists_and_expressions_that_run_in_circles_end(turtle) -> None:
    graph = load_graph(
        turtle(
            CLASSES
            + """
:A rdfs:subClassOf _:x . _:x owl:intersectionOf _:l .
_:l rdf:first :B ; rdf:rest _:m . _:m rdf:first _:x ; rdf:rest _:l .
"""
        )
    )
    assert edges(graph) == {("A", "subClassOf", "B")}


def test_obo_instances_mappings_and_old_synonym_tags_are_read(write) -> None:
    path = write(
        "old.obo",
        """\
format-version: 1.2
idspace: Wiki http://wiki.example/wiki/ "a wiki"
ontology: old

[Term]
id: Wiki:Fever
name: fever \\{raised temperature\\} ! not part of the name
exact_synonym: "pyrexia" []
synonym: "say \\"ah\\"" []
property_value: skos:closeMatch X:1
property_value: skos:closeMatch X:404
union_of: X:1
union_of: X:2

[Term]
id: X:1
name: chill {source="a"}

[Instance]
id: X:i
name: Tuesday's fever
instance_of: Wiki:Fever
property_value: follows X:1
""",
    )
    graph = load_graph(path)
    assert graph.iris == [
        "http://purl.obolibrary.org/obo/X_1",
        "http://purl.obolibrary.org/obo/X_2",
        "http://purl.obolibrary.org/obo/X_i",
        "http://wiki.example/wiki/Fever",
    ]
    assert graph.ids == ["X:1", "X:2", "X:i", "Wiki:Fever"]
    assert graph.labels == ["chill", "X_2", "Tuesday's fever", "fever {raised temperature}"]
    assert graph["Wiki:Fever"].synonyms == (("pyrexia", 1), ('say "ah"', 5))
    assert {(h, graph.relations[r], t) for h, r, t in graph.triples.tolist()} == {
        (2, TYPE, 3), (2, "follows", 0), (3, "skos:closeMatch", 0), (0, SUB, 3), (1, SUB, 3),
    }  # fmt: skip
    assert graph.report["dropped"] == {"mapping to an unknown entity": 1}
