"""Every quantifier in every context and projection: edges, axioms and drops worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.graph import KnowledgeGraph

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
CLASSES = ":A a owl:Class . :B a owl:Class . :C a owl:Class . :D a owl:Class . "
Turtle = Callable[[str], Path]
Project = Callable[..., KnowledgeGraph]


@pytest.fixture
def project(turtle: Turtle) -> Project:
    """``project(body, projection)``: the graph of :A to :D and what ``body`` says of them."""

    def load(body: str, projection: str = "owl2vec") -> KnowledgeGraph:
        return load_graph(turtle(CLASSES + body), GraphConfig(projection=projection))

    return load


def edges(graph: KnowledgeGraph) -> set[str]:
    """``head relation tail`` by the ends of IRIs."""
    names = [iri.replace("#", "/").rpartition("/")[2] for iri in graph.relation_iris]
    return {f"{graph.labels[h]} {names[r]} {graph.labels[t]}" for h, r, t in graph.triples.tolist()}


def texts(graph: KnowledgeGraph, a: str, b: str) -> list[str]:
    """The axioms behind the edges between two things of https://example.org/."""
    start = "https://example.org/"
    return [axiom.text for axiom in graph.axioms(start + a, start + b)]


QUANTIFIED = {
    # Turtle, projections with the edge, the name it is dropped under, as functional syntax
    "some": ("owl:someValuesFrom :B", "relations owl2vec", "someValuesFrom", "SomeValuesFrom('p' 'B')"),
    "value": ("owl:hasValue :B", "relations owl2vec", "hasValue", "HasValue('p' 'B')"),
    "min": ("owl:minQualifiedCardinality 2 ; owl:onClass :B", "relations owl2vec", "cardinality",
            "MinCardinality(... 'p' 'B')"),
    "exactly": ("owl:qualifiedCardinality 1 ; owl:onClass :B", "relations owl2vec", "cardinality",
                "ExactCardinality(... 'p' 'B')"),
    "max": ("owl:maxQualifiedCardinality 1 ; owl:onClass :B", "owl2vec", "cardinality",
            "MaxCardinality(... 'p' 'B')"),
    "only": ("owl:allValuesFrom :B", "owl2vec", "allValuesFrom", "AllValuesFrom('p' 'B')"),
}  # fmt: skip
CONTEXTS = {
    # Turtle of an axiom about A, and how it is written
    "SubClassOf": (":A rdfs:subClassOf %s .", "SubClassOf('A' Object%s)"),
    "EquivalentClasses": (":A owl:equivalentClass %s .", "EquivalentClasses('A' Object%s)"),
    "equivalent to A": ("%s owl:equivalentClass :A .", "EquivalentClasses('A' Object%s)"),
    "ClassAssertion": (":A a %s .", "ClassAssertion(Object%s 'A')"),
    "SubClassOf and": (":A rdfs:subClassOf [ owl:intersectionOf ( :C %s ) ] .",
                       "SubClassOf('A' ObjectIntersectionOf(... Object%s))"),
    "EquivalentClasses and": (":A owl:equivalentClass [ owl:intersectionOf ( :C %s ) ] .",
                              "EquivalentClasses('A' ObjectIntersectionOf(... Object%s))"),
    "ClassAssertion and": (":A a [ owl:intersectionOf ( :C %s ) ] .",
                           "ClassAssertion(ObjectIntersectionOf(... Object%s) 'A')"),
    "intersectionOf": (":A owl:intersectionOf ( :C %s ) .",
                       "EquivalentClasses('A' ObjectIntersectionOf(... Object%s))"),
}  # fmt: skip


@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec"])
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("quantifier", QUANTIFIED)
def test_each_quantifier_is_an_edge_or_a_drop(
    quantifier: str, context: str, projection: str, project: Project
) -> None:
    said, where, dropped, written = QUANTIFIED[quantifier]
    axiom, outer = CONTEXTS[context]
    graph = project(axiom % f"[ owl:onProperty :p ; {said} ]", projection)
    intersection = {"A subClassOf C"} if "( :C" in axiom else set()
    if projection in where.split():
        assert edges(graph) == {"A p B"} | intersection
        assert texts(graph, "A", "B") == [outer % written]
        assert graph.report["dropped"] == {}
    else:
        assert edges(graph) == intersection
        assert graph.report["dropped"] == {dropped: 1}


@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec", "rdf"])
def test_subclasses_are_is_a_everywhere(projection: str, project: Project) -> None:
    graph = project(":A rdfs:subClassOf :B .", projection)
    assert edges(graph) == {"A subClassOf B"}
    written = "'A' 'is a' 'B'" if projection == "rdf" else "SubClassOf('A' 'B')"
    assert texts(graph, "B", "A") == [written]  # either way round
    (axiom,) = graph.axioms("https://example.org/A", "https://example.org/B")
    assert (axiom.file, axiom.head, axiom.tail) == ("tiny.ttl", 0, 1)


def test_the_rdf_projection_has_every_triple_between_iris(project: Project) -> None:
    graph = project(
        ":p a owl:ObjectProperty ; rdfs:domain :A . :A owl:disjointWith :B ; rdfs:seeAlso :Page ; "
        "rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B ] .",
        "rdf",
    )
    assert edges(graph) == {"p domain A", "A disjointWith B", "A seeAlso Page"}
    # subClassOf, onProperty and someValuesFrom each have a blank node at one end
    assert graph.report["dropped"] == {"blank node": 3}


def test_equivalence_is_one_edge_two_or_a_drop(project: Project) -> None:
    body = ":A owl:equivalentClass :B ."
    assert edges(project(body, "relations")) == {"A equivalentClass B"}
    liberal = project(body)
    assert edges(liberal) == {"A subClassOf B", "B subClassOf A"}
    assert texts(liberal, "A", "B") == ["EquivalentClasses('A' 'B')", "EquivalentClasses('B' 'A')"]
    taxonomy = project(body, "taxonomy")
    assert (edges(taxonomy), taxonomy.report["dropped"]) == (set(), {"equivalentClass": 1})


@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec"])
@pytest.mark.parametrize(
    ("body", "written"),
    [
        (":A owl:equivalentClass [ owl:unionOf ( :B :C ) ] .", "EquivalentClasses('A' ObjectUnionOf('B' ...))"),
        ("[ owl:unionOf ( :B :C ) ] owl:equivalentClass :A .", "EquivalentClasses('A' ObjectUnionOf('B' ...))"),
        (":A owl:unionOf ( :B :C ) .", "EquivalentClasses('A' ObjectUnionOf('B' ...))"),
        (":A owl:disjointUnionOf ( :B :C ) .", "DisjointUnion('A' 'B' ...)"),
        ("[ owl:unionOf ( :B :C ) ] rdfs:subClassOf :A .", "SubClassOf(ObjectUnionOf('B' ...) 'A')"),
    ],
)  # fmt: skip
def test_members_of_a_union_are_below_it(
    body: str, written: str, projection: str, project: Project
) -> None:
    graph = project(body, projection)
    assert edges(graph) == {"B subClassOf A", "C subClassOf A"}
    assert texts(graph, "A", "B") == [written]


def test_a_union_within_an_intersection_says_nothing_of_its_members(project: Project) -> None:
    # both say that every A is a B and is a C or a D; neither that every C is an A
    for body in (":A owl:intersectionOf ( :B [ owl:unionOf ( :C :D ) ] ) .",
                 ":A owl:equivalentClass [ owl:intersectionOf ( :B [ owl:unionOf ( :C :D ) ] ) ] ."):  # fmt: skip
        graph = project(body, "relations")
        assert (edges(graph), graph.report["dropped"]) == ({"A subClassOf B"}, {"unionOf": 1})


def test_a_disjoint_union_is_a_check_too(project: Project) -> None:
    graph = project(":A owl:disjointUnionOf ( :B :C ) .")
    assert graph.columns.disjoint.select(["left", "right"]).to_pylist() == [{"left": 1, "right": 2}]
    assert graph.report["dropped"] == {"disjointWith": 1}


@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec", "rdf"])
def test_disjoint_classes_are_known_in_every_projection(projection: str, project: Project) -> None:
    graph = project(
        ":A owl:disjointWith :B . [] a owl:AllDisjointClasses ; owl:members ( :B :C :D ) .",
        projection,
    )
    pairs = zip(*(graph.columns.disjoint.column(c).to_pylist() for c in ("left", "right")), strict=True)  # fmt: skip
    assert list(pairs) == [(0, 1), (1, 2), (1, 3), (2, 3)]


def test_being_below_a_union_says_nothing_of_its_members(project: Project) -> None:
    for projection in ("taxonomy", "relations", "owl2vec"):
        graph = project(":A rdfs:subClassOf [ owl:unionOf ( :B :C ) ] .", projection)
        assert (edges(graph), graph.report["dropped"]) == (set(), {"unionOf": 1})


def test_general_class_axioms_are_kept_by_owl2vec_alone(project: Project) -> None:
    body = (
        "[ owl:onProperty :p ; owl:someValuesFrom :B ] rdfs:subClassOf :A ."
        "[ owl:onProperty :q ; owl:allValuesFrom [ owl:unionOf ( :C :D ) ] ] rdfs:subClassOf :A ."
        "[ owl:intersectionOf ( :B :C ) ] rdfs:subClassOf :D ."
        "[ owl:onProperty :p ; owl:someValuesFrom :B ] rdfs:subClassOf [ owl:unionOf ( :C :D ) ] ."
    )
    graph = project(body)
    assert edges(graph) == {"A p B", "A q C", "A q D"}
    assert texts(graph, "A", "B") == ["SubClassOf(ObjectSomeValuesFrom('p' 'B') 'A')"]
    assert texts(graph, "A", "C") == [
        "SubClassOf(ObjectAllValuesFrom('q' ObjectUnionOf('C' ...)) 'A')"
    ]
    assert graph.report["dropped"] == {"general class axiom": 2}
    for projection in ("taxonomy", "relations"):
        other = project(body, projection)
        assert (edges(other), other.report["dropped"]) == (set(), {"general class axiom": 4})


def test_restrictions_in_a_union_on_the_left_are_kept_by_owl2vec_alone(project: Project) -> None:
    body = (
        "[ owl:unionOf ( :B [ owl:onProperty :p ; owl:someValuesFrom :C ] ) ] rdfs:subClassOf :A ."
    )
    liberal = project(body)
    assert edges(liberal) == {"B subClassOf A", "A p C"}
    assert texts(liberal, "A", "C") == [
        "SubClassOf(ObjectUnionOf(... ObjectSomeValuesFrom('p' 'C')) 'A')"
    ]
    equivalent = project(body.replace("rdfs:subClassOf", "owl:equivalentClass"))
    assert texts(equivalent, "A", "C") == [
        "EquivalentClasses('A' ObjectUnionOf(... ObjectSomeValuesFrom('p' 'C')))"
    ]
    graph = project(body, "relations")
    assert edges(graph) == {"B subClassOf A"}
    assert graph.report["dropped"] == {"general class axiom": 1}


def test_fillers_of_intersections_and_unions(project: Project) -> None:
    both = ":A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom [ owl:%s ( :B :C ) ] ] ."
    for projection in ("relations", "owl2vec"):
        # every A has a p that is a B and a C
        graph = project(both % "intersectionOf", projection)
        assert edges(graph) == {"A p B", "A p C"}
        assert texts(graph, "A", "C") == [
            "SubClassOf('A' ObjectSomeValuesFrom('p' ObjectIntersectionOf('C' ...)))"
        ]
    graph = project(both % "unionOf")
    assert edges(graph) == {"A p B", "A p C"}
    assert texts(graph, "A", "B") == [
        "SubClassOf('A' ObjectSomeValuesFrom('p' ObjectUnionOf('B' ...)))"
    ]
    graph = project(both % "unionOf", "relations")
    assert (edges(graph), graph.report["dropped"]) == (set(), {"nested expression": 1})


def test_fillers_nested_in_fillers(project: Project) -> None:
    body = """:A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom [ owl:intersectionOf (
      :B [ owl:unionOf ( :C [ owl:intersectionOf ( :D ) ] ) ]
      [ owl:onProperty :q ; owl:someValuesFrom :C ] ) ] ] ."""
    assert edges(project(body, "relations")) == {"A p B"}
    graph = project(body)
    assert edges(graph) == {"A p B", "A p C", "A p D"}
    assert texts(graph, "A", "B") == [
        "SubClassOf('A' ObjectSomeValuesFrom('p' ObjectIntersectionOf('B' ...)))"
    ]
    assert texts(graph, "A", "D") == ["SubClassOf('A' ObjectSomeValuesFrom('p' ... 'D' ...))"]
    alone = ":A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom [ owl:onProperty :q ; owl:someValuesFrom :C ] ] ."
    for projection in ("relations", "owl2vec"):
        graph = project(alone, projection)
        assert (edges(graph), graph.report["dropped"]) == (set(), {"nested expression": 1})


def test_at_least_none_says_nothing_follows(project: Project) -> None:
    for said in ("owl:minQualifiedCardinality 0", "owl:qualifiedCardinality 0",
                 'owl:minQualifiedCardinality "+00"', 'owl:minQualifiedCardinality " 0 "'):  # fmt: skip
        body = f":A rdfs:subClassOf [ owl:onProperty :p ; {said} ; owl:onClass :B ] ."
        graph = project(body, "relations")
        assert (edges(graph), graph.report["dropped"]) == (set(), {"cardinality": 1})
        graph = project(body)
        assert edges(graph) == {"A p B"}
        assert texts(graph, "A", "B")[0].endswith("Cardinality(0 'p' 'B'))")


def test_cardinalities_without_a_class_are_dropped(project: Project) -> None:
    body = ":A rdfs:subClassOf [ owl:onProperty :p ; owl:minCardinality 1 ] , [ owl:onProperty :p ; owl:cardinality 1 ] ."
    for projection in ("taxonomy", "relations", "owl2vec"):
        graph = project(body, projection)
        assert (edges(graph), graph.report["dropped"]) == (set(), {"cardinality": 2})


def test_every_expression_that_is_no_edge_has_a_name(project: Project) -> None:
    graph = project("""
:A rdfs:subClassOf [ owl:complementOf :B ] , [ owl:oneOf ( :i ) ] ,
  [ owl:onProperty :p ; owl:hasValue "text" ] ,
  [ owl:onProperty [ owl:inverseOf :p ] ; owl:someValuesFrom :B ] , [ rdfs:label "nothing" ] .
:A owl:complementOf :C ; owl:oneOf ( :i :j ) ; owl:hasKey ( :p ) .
:p a owl:TransitiveProperty , owl:FunctionalProperty ; owl:propertyDisjointWith :q ; owl:equivalentProperty :r .
[] a owl:AllDifferent ; owl:distinctMembers ( :i :j ) .
:i owl:differentFrom :j .
[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :i ; owl:assertionProperty :p ;
  owl:targetIndividual :j .
[] a owl:AllDisjointProperties ; owl:members ( :p :q ) .
""")
    assert edges(graph) == set()
    assert graph.report["dropped"] == {
        "complementOf": 2, "oneOf": 2, "hasValue literal": 1, "inverse property": 1,
        "other expression": 1, "hasKey": 1, "property characteristic": 2,
        "propertyDisjointWith": 2, "equivalentProperty": 1, "differentFrom": 2,
        "negative assertion": 1,
    }  # fmt: skip


def test_inverses_turn_edges_round_in_owl2vec(project: Project) -> None:
    body = ":p owl:inverseOf :q . :A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B ] . :i :q :j . :i a :C . :j a :C ."
    graph = project(body)
    assert edges(graph) == {"A p B", "B q A", "i q j", "j p i", "i type C", "j type C"}
    assert texts(graph, "B", "A") == [
        "InverseObjectProperties(... 'q'), and an edge from 'A' to 'B'",
        "SubClassOf('A' ObjectSomeValuesFrom('p' 'B'))",
    ]
    plain = project(body, "relations")
    assert edges(plain) == {"A p B", "i q j", "i type C", "j type C"}
    assert plain.report["dropped"] == {"inverseOf": 1}


def test_the_inverse_of_a_property_in_a_restriction_is_no_axiom(project: Project) -> None:
    body = ":A rdfs:subClassOf [ owl:onProperty [ owl:inverseOf :p ] ; owl:someValuesFrom :B ] ."
    for projection, dropped in (("taxonomy", "someValuesFrom"), ("relations", "inverse property"),
                                ("owl2vec", "inverse property")):  # fmt: skip
        graph = project(body, projection)
        assert (edges(graph), graph.report["dropped"]) == (set(), {dropped: 1})


def test_an_inverse_of_itself_turns_edges_round_once(project: Project) -> None:
    graph = project(
        ":p owl:inverseOf :p . :A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B ] ."
    )
    assert edges(graph) == {"A p B", "B p A"}
    assert graph.report["became"] == {"SubClassOf some": 1, "inverse": 1}


def test_sub_properties_go_down_between_classes_as_in_the_paper(project: Project) -> None:
    body = """:low rdfs:subPropertyOf :high . :lowest rdfs:subPropertyOf :low .
:A rdfs:subClassOf [ owl:onProperty :high ; owl:someValuesFrom :B ] ,
  [ owl:onProperty :low ; owl:someValuesFrom :C ] .
:i a :D ; :high :j . :j a :D ."""
    graph = project(body)
    # Chen et al. 2021, table 1: r below r' and (A, r', B) projected give (A, r, B)
    assert edges(graph) == {
        "A high B", "A low B", "A low C", "A lowest C", "i high j", "i type D", "j type D",
    }  # fmt: skip
    assert texts(graph, "A", "B") == [
        "SubClassOf('A' ObjectSomeValuesFrom('high' 'B'))",
        "SubObjectPropertyOf('low' ...), and an edge from 'A' to 'B'",
    ]
    assert project(body, "relations").report["dropped"] == {"subPropertyOf": 2}


def test_chains_join_the_ends_of_paths(project: Project) -> None:
    some = ":%s rdfs:subClassOf [ owl:onProperty :%s ; owl:someValuesFrom :%s ] . "
    body = (
        ":r owl:propertyChainAxiom ( :p :q ) . :s owl:propertyChainAxiom ( :p :q :q ) ."
        ":t owl:propertyChainAxiom ( :q :p ) . "
        + some % ("A", "p", "B") + some % ("B", "q", "C") + some % ("C", "q", "D")
    )  # fmt: skip
    graph = project(body)
    assert edges(graph) == {"A p B", "B q C", "C q D", "A r C", "A s D"}
    assert texts(graph, "A", "D") == [
        "SubObjectPropertyOf(ObjectPropertyChain(...) 's'), from 'A' to 'D'"
    ]
    # no q is followed by a p
    assert graph.report["dropped"] == {"propertyChainAxiom": 1}
    assert project(body, "relations").report["dropped"] == {"propertyChainAxiom": 3}


def test_a_chain_with_too_many_ends_is_left_out_and_said(project, monkeypatch) -> None:
    monkeypatch.setattr("kgml.kg.axioms.owl2vec.MOST_EDGES", 1)
    some = ":%s rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :%s ] . "
    body = ":r owl:propertyChainAxiom ( :p :p ) . " + some % ("A", "B") + some % ("B", "C") + some % ("B", "D")  # fmt: skip
    with pytest.warns(Warning, match="property chain of 'https://example.org/r' gives more than 1"):
        graph = project(body)
    assert edges(graph) == {"A p B", "B p C", "B p D"}
    assert graph.report["dropped"] == {"propertyChainAxiom": 1}


def test_every_domain_meets_every_range(project: Project) -> None:
    body = """:p rdfs:domain :A , [ owl:unionOf ( :B :C ) ] ; rdfs:range :D .
:q rdfs:domain :A . :r rdfs:range :B . :s rdfs:domain :A ; rdfs:range xsd:string ."""
    graph = project(body.replace("xsd:string", "<http://www.w3.org/2001/XMLSchema#string>"))
    assert edges(graph) == {"A p D", "B p D", "C p D"}
    assert texts(graph, "A", "D") == ["ObjectPropertyDomain('p' 'A') ObjectPropertyRange('p' 'D')"]
    assert texts(graph, "B", "D") == [
        "ObjectPropertyDomain('p' ObjectUnionOf('B' ...)) ObjectPropertyRange('p' 'D')"
    ]
    assert graph.report["dropped"] == {"domain": 1, "range": 1, "edge to an unknown entity": 1}
    plain = project(body.replace("xsd:string", ":B"), "relations")
    assert plain.report["dropped"] == {"domain": 4, "range": 3}


def test_a_value_gives_its_types_too_in_owl2vec(project: Project) -> None:
    body = ":i a :B , :C . :A rdfs:subClassOf [ owl:onProperty :p ; owl:hasValue :i ] ."
    graph = project(body)
    assert edges(graph) == {"i type B", "i type C", "A p i", "A p B", "A p C"}
    assert texts(graph, "A", "C") == [
        "ObjectHasValue('p' a), said of 'A', and ClassAssertion('C' a)"
    ]
    assert edges(project(body, "relations")) == {"i type B", "i type C", "A p i"}


def test_type_expressions_are_read_as_class_axioms_are(project: Project) -> None:
    body = """:i a owl:NamedIndividual , [ owl:intersectionOf ( :B
      [ owl:onProperty :p ; owl:someValuesFrom :C ] ) ] , [ owl:unionOf ( :C :D ) ] ."""
    for projection in ("relations", "owl2vec"):
        graph = project(body, projection)
        assert edges(graph) == {"i subClassOf B", "i p C"}
        assert texts(graph, "i", "B") == ["ClassAssertion(ObjectIntersectionOf('B' ...) 'i')"]
        assert graph.report["dropped"] == {"unionOf": 1}


def test_mappings_and_same_individuals_are_relations_but_no_taxonomy(project: Project) -> None:
    body = ":A skos:closeMatch :B . :i a :C ; owl:sameAs :j . :j a :C ."
    graph = project(body, "relations")
    assert edges(graph) == {"A closeMatch B", "i sameAs j", "i type C", "j type C"}
    assert texts(graph, "A", "B") == ["'A' 'closeMatch' 'B'"]
    taxonomy = project(body, "taxonomy")
    assert edges(taxonomy) == {"i type C", "j type C"}
    assert taxonomy.report["dropped"] == {"assertion": 2}


def test_skos_is_is_a_in_every_projection_but_rdf(turtle: Turtle) -> None:
    path = turtle(":a a skos:Concept ; skos:broader :b ; skos:related :c . :b skos:narrower :c .")
    for projection, extra in (("taxonomy", set()), ("relations", {"a related c"}),
                              ("owl2vec", {"a related c"})):  # fmt: skip
        graph = load_graph(path, GraphConfig(projection=projection))
        assert edges(graph) == {"a broader b", "c broader b"} | extra
        assert texts(graph, "c", "b") == ["'b' skos:narrower 'c'"]
    graph = load_graph(path, GraphConfig(projection="rdf"))
    assert edges(graph) == {"a broader b", "b narrower c", "a related c"}


def test_lists_in_circles_end_in_every_context(project: Project) -> None:
    circle = "_:l rdf:first :B ; rdf:rest _:m . _:m rdf:first :C ; rdf:rest _:l . "
    for body, expected in [
        (":A owl:intersectionOf _:l .", {"A subClassOf B", "A subClassOf C"}),
        (":A owl:unionOf _:l .", {"B subClassOf A", "C subClassOf A"}),
        (":A owl:disjointUnionOf _:l .", {"B subClassOf A", "C subClassOf A"}),
        ("[ owl:unionOf _:l ] rdfs:subClassOf :A .", {"B subClassOf A", "C subClassOf A"}),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom [ owl:unionOf _:l ] ] .",
         {"A p B", "A p C"}),
        (":r owl:propertyChainAxiom _:l .", set()),
        ("[] a owl:AllDisjointClasses ; owl:members _:l .", set()),
    ]:  # fmt: skip
        assert edges(project(circle + body)) == expected
    itself = "_:u owl:unionOf _:l . _:l rdf:first _:u ; rdf:rest rdf:nil . _:x owl:onProperty :p ; owl:someValuesFrom _:x . "
    graph = project(itself + ":A rdfs:subClassOf _:u , _:x ; owl:equivalentClass _:u .")
    assert edges(graph) == set()
    assert graph.report["dropped"] == {
        "unionOf": 1,
        "nested expression": 1,
        "general class axiom": 1,
    }


def test_obo_files_keep_their_drop_counts_in_every_projection(write, hearts_obo: Path) -> None:
    path = write("typed.obo", hearts_obo.read_text() + "domain: EX:1\nrange: EX:5\n")
    for projection in ("taxonomy", "relations", "owl2vec"):
        dropped = load_graph(path, GraphConfig(projection=projection)).report["dropped"]
        assert (dropped["domain"], dropped["range"]) == (1, 1)
