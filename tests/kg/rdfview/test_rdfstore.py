"""The rdflib view: what rdflib's own store would say, from columns."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SKOS, Literal, URIRef

from kgml import load_graph
from kgml.errors import UsageError
from kgml.kg.graph import KnowledgeGraph

OBO = rdflib.Namespace("http://purl.obolibrary.org/obo/")
EX = rdflib.Namespace("https://example.org/")
MIXED = """
:a a skos:Concept ; skos:prefLabel "a" ; skos:broader :b ; skos:altLabel "shared" , "aa" .
:b a skos:Concept ; skos:prefLabel "shared" ; skos:related :i ; skos:definition "shared" .
:i a owl:NamedIndividual , :C ; rdfs:label "i" ; :knows :a , :b .
:C a owl:Class ; rdfs:label "c" . :D a owl:Class ; rdfs:subClassOf :C .
:knows a owl:ObjectProperty ; rdfs:label "knows" .
:a <http://www.geneontology.org/formats/oboInOwl#hasDbXref> "shared" , "X:1" ; rdfs:comment "A." , "shared" .
:old a owl:Class ; owl:deprecated true ; <http://purl.obolibrary.org/obo/IAO_0100001> :C .
"""


def copied(view: rdflib.Graph) -> rdflib.Graph:
    """The same triples in rdflib's own store."""
    copy = rdflib.Graph()
    copy += view
    return copy


@pytest.fixture
def mixed(turtle) -> rdflib.Graph:
    return load_graph(turtle(MIXED)).to_rdflib()


def test_the_view_says_what_is_known_of_an_entity_by_hand(hearts_obo: Path) -> None:
    view = load_graph(hearts_obo).to_rdflib()
    assert set(view.predicate_objects(OBO.EX_2)) == {
        (RDF.type, OWL.Class),
        (RDFS.label, Literal("heart disease")),
        (URIRef("http://www.geneontology.org/formats/oboInOwl#hasExactSynonym"),
         Literal("cardiac disease")),
        (RDFS.subClassOf, OBO.EX_1),
        (OBO.RO_0001025, OBO.EX_4),
    }  # fmt: skip
    assert list(view.subjects(RDFS.label, Literal("heart"))) == [OBO.EX_4]
    assert str(view.value(OBO.EX_4, RDFS.subClassOf)) == str(OBO.EX_5)


def test_every_pattern_finds_what_rdflib_finds(mixed: rdflib.Graph) -> None:
    copy = copied(mixed)
    assert len(copy) == len(mixed) == len(list(mixed))
    none = [None, EX.nobody, Literal("nothing"), rdflib.BNode()]
    terms = [sorted(set(column), key=str) + none for column in zip(*copy, strict=True)]
    for pattern in itertools.product(*terms):
        assert sorted(mixed.triples(pattern)) == sorted(copy.triples(pattern)), pattern
        assert len(list(mixed.triples(pattern))) == len(set(mixed.triples(pattern)))


def test_terms_are_those_that_rdflib_makes(mixed: rdflib.Graph) -> None:
    made, own = mixed.value(EX.C, RDFS.label), Literal("c")
    assert (made, hash(made), made.n3(), made.value) == (own, hash(own), '"c"', "c")
    assert made.datatype is made.language is made.ill_typed is None
    assert pickle.loads(pickle.dumps(made)) == own  # noqa: S301 # our own bytes
    assert list(mixed.subjects(RDFS.label, Literal("c", lang="en"))) == []
    assert list(mixed.subjects(RDFS.label, Literal("c", datatype=rdflib.XSD.string))) == []
    assert list(mixed.subjects(RDFS.label, URIRef("c"))) == []
    assert list(mixed.predicate_objects(Literal(str(EX.C)))) == []


def test_terms_are_made_once(mixed: rdflib.Graph) -> None:
    assert mixed.value(EX.C, RDFS.label) is mixed.value(EX.C, RDFS.label)
    (one,) = {id(term) for term in mixed.objects(EX.D, RDFS.subClassOf) for _ in "ab"}
    assert one == id(next(iter(mixed.objects(EX.D, RDFS.subClassOf))))


def test_a_text_that_is_label_synonym_and_definition_is_found_as_each(mixed: rdflib.Graph) -> None:
    found = {(str(s).rpartition("/")[2], str(p).rpartition("#")[2])
             for s, p in mixed.subject_predicates(Literal("shared"))}  # fmt: skip
    assert found == {("a", "hasExactSynonym"), ("a", "comment"), ("a", "hasDbXref"), ("b", "label"),
                     ("b", "definition")}  # fmt: skip


def test_a_replaced_name_points_at_what_took_its_place(mixed: rdflib.Graph) -> None:
    assert mixed.value(EX.old, OBO.IAO_0100001) == EX.C
    assert (EX.old, None, None) in mixed
    assert (None, OBO.IAO_0100001, EX.C) in mixed


def test_nothing_can_be_added_or_removed(mixed: rdflib.Graph) -> None:
    triple = (EX.a, RDFS.label, Literal("new"))
    for change in (
        lambda: mixed.add(triple),
        lambda: mixed.remove((None, None, None)),
        lambda: mixed.addN([(*triple, mixed)]),
        lambda: mixed.set(triple),
        lambda: mixed.update("INSERT DATA { <urn:a> <urn:b> <urn:c> }"),
        lambda: mixed.parse(data="<urn:a> <urn:b> <urn:c> .", format="nt"),
    ):
        with pytest.raises(
            UsageError, match=r"read-only: .* copy = rdflib\.Graph\(\); copy \+= view"
        ):
            change()
    assert triple in copied(mixed).add(triple)
    assert triple not in mixed


def test_the_view_cannot_be_pickled_and_says_what_to_do(mixed: rdflib.Graph) -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled\. Save the graph with graph\.save"):
        pickle.dumps(mixed)


def test_the_graph_can_be_pickled_after_its_views_were_used(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    assert graph.sparql("ASK { ?s ?p ?o }")
    len(list(graph.to_rdflib()))
    again = pickle.loads(pickle.dumps(graph))  # noqa: S301 # our own bytes
    assert again.fingerprint == graph.fingerprint


def test_the_view_knows_the_prefixes_of_the_graph(hearts_obo: Path) -> None:
    view = load_graph(hearts_obo).to_rdflib()
    known = dict(view.namespaces())
    assert known["EX"] == URIRef("http://purl.obolibrary.org/obo/EX_")
    assert known["rdfs"] == URIRef(str(RDFS))
    view.bind("mine", "https://mine.example/")
    assert view.namespace_manager.expand_curie("mine:x") == URIRef("https://mine.example/x")
    assert "EX:4 " in view.serialize(format="turtle")


def test_an_empty_graph_has_an_empty_view() -> None:
    view = KnowledgeGraph.empty().to_rdflib()
    assert (len(view), list(view), list(view.query("SELECT * { ?s ?p ?o }"))) == (0, [], [])
    assert (None, SKOS.broader, None) not in view


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_odd_iris_and_texts_are_kept_as_they_are(turtle) -> None:
    odd = turtle(
        ':a a owl:Class ; rdfs:label "q\\"\\\\ \\u0000\\uFFFF é" ; rdfs:subClassOf <http://x/b c> .'
    )
    graph = load_graph(odd)
    view = graph.to_rdflib()
    assert view.value(EX.a, RDFS.label) == Literal('q"\\ \x00\uffff é')
    assert str(view.value(EX.a, RDFS.subClassOf)) == "http://x/b c"
    table = graph.sparql("SELECT ?l ?b { ?a rdfs:label ?l ; rdfs:subClassOf ?b }")
    assert table.to_pylist() == [{"l": 'q"\\ \x00\uffff é', "b": "http://x/b c"}]


def test_a_relation_that_is_an_entity_too_has_its_label_once(turtle) -> None:
    graph = load_graph(turtle(
        ':p a owl:Class , owl:ObjectProperty ; rdfs:label "part" . :a a owl:Class ; rdfs:label "a" .'
        ":i a owl:NamedIndividual ; :p :a ."
    ))  # fmt: skip
    view = graph.to_rdflib()
    assert list(view.objects(EX.p, RDFS.label)) == [Literal("part")]
    assert set(view.objects(EX.p, RDF.type)) == {OWL.Class, OWL.ObjectProperty}
    assert len(view) == len(set(view))
