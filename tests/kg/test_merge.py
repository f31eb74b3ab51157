"""Entities of several ontologies that mappings or cross-references call the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
PREFIXES = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .
@prefix a: <https://a.example/v/> .
@prefix b: <https://b.example/v/> .
@prefix c: <https://c.example/v/> .
"""
A, B, C = "https://a.example/v/", "https://b.example/v/", "https://c.example/v/"
MATCHES = GraphConfig(merge="matches")
XREFS = GraphConfig(merge="xrefs")
Write = Callable[[str, str], Path]


@pytest.fixture
def turtle(write: Write) -> Write:
    return lambda name, body: write(name, PREFIXES + body)


def obo(*stanzas: str) -> str:
    return "ontology: x\n" + "".join(f"\n[Term]\n{stanza}\n" for stanza in stanzas)


def told(graph: KnowledgeGraph) -> tuple[int, int]:
    return graph.report["merged"], graph.report["not_merged"]


def test_nothing_is_merged_unless_asked(turtle) -> None:
    path = turtle("x.ttl", "a:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class .")
    graph = load_graph(path)
    assert (len(graph), len(graph.triples), told(graph)) == (2, 1, (0, 0))


def test_an_unknown_way_to_merge_is_refused(turtle) -> None:
    path = turtle("x.ttl", "a:1 a owl:Class .")
    with pytest.raises(UsageError, match=r"no way to merge named 'match'; .*matches"):
        load_graph(path, GraphConfig(merge="match"))


def test_two_that_match_are_one_with_the_words_and_edges_of_both(turtle) -> None:
    one = turtle("one.ttl", 'a:1 a owl:Class ; rdfs:label "heart attack" ; skos:exactMatch b:1 ;'
                 ' rdfs:subClassOf a:2 . a:2 a owl:Class ; rdfs:label "disease" .')  # fmt: skip
    two = turtle("two.ttl", 'b:1 a owl:Class ; rdfs:label "myocardial infarction" ; '
                 'skos:altLabel "MI" ; skos:definition "Death of heart muscle." ; '
                 'rdfs:subClassOf b:2 . b:2 a owl:Class ; rdfs:label "necrosis" .')  # fmt: skip
    graph = load_graph([one, two], MATCHES)
    assert graph.iris == [A + "1", A + "2", B + "2"]
    entity = graph[A + "1"]
    assert (entity.label, entity.definition) == ("heart attack", "Death of heart muscle.")
    assert [text for text, _ in entity.synonyms] == ["MI", "myocardial infarction"]
    assert graph[B + "1"] == entity
    assert B + "1" in graph
    assert graph.parents(A + "1") == [1, 2]
    assert told(graph) == (1, 0)
    # the mapping itself now joins an entity to itself
    assert graph.report["dropped"] == {"edge to itself": 1}
    assert [axiom.file for axiom in graph.axioms(B + "1", B + "2")] == ["two.ttl"]


def test_the_names_of_merged_entities_are_saved(turtle, tmp_path: Path) -> None:
    path = turtle("x.ttl", "a:1 a owl:Class ; owl:sameAs b:1 . b:1 a owl:Class .")
    load_graph(path, MATCHES).save(tmp_path / "g")
    assert KnowledgeGraph.load(tmp_path / "g")[B + "1"].iri == A + "1"


def test_an_exact_match_never_makes_two_of_one_namespace_one(turtle) -> None:
    path = turtle("x.ttl", "a:1 a owl:Class ; skos:exactMatch a:2 . a:2 a owl:Class .")
    with pytest.warns(KGMLWarning, match=r"1 exact match was not merged: 'https://a.example/v/1' "
                      r"and 'https://a.example/v/2'; it would make two .* Say owl:sameAs"):  # fmt: skip
        graph = load_graph(path, MATCHES)
    assert (len(graph), told(graph)) == (2, (0, 1))


@pytest.mark.parametrize(("one", "other"), [
    ("http://example.org/x/one#b", "http://example.org/x/two#b"), ("urn:one:a", "urn:two:a"),
    ("http://one.example#a", "http://two.example#a"), ("https://e.org/a/1/", "https://e.org/b/1/"),
    ("http://purl.obolibrary.org/obo/AA_1", "http://purl.obolibrary.org/obo/BB_1"),
])  # fmt: skip
def test_an_exact_match_between_two_namespaces_merges(one: str, other: str, turtle) -> None:
    path = turtle("x.ttl", f"<{one}> a owl:Class ; skos:exactMatch <{other}> . <{other}> a owl:Class .")  # fmt: skip
    graph = load_graph(path, MATCHES)
    assert (graph.iris, told(graph)) == ([one], (1, 0))


def test_owl_same_as_merges_individuals_of_one_namespace(turtle) -> None:
    path = turtle(
        "x.ttl",
        "a:1 a owl:NamedIndividual ; owl:sameAs a:2 . a:2 a owl:NamedIndividual ; owl:sameAs b:1 ."
        "b:1 a owl:NamedIndividual ; owl:sameAs a:3 . a:3 a owl:NamedIndividual .",
    )
    graph = load_graph(path, MATCHES)
    assert (graph.iris, told(graph)) == ([A + "1"], (3, 0))
    assert graph[A + "3"].number == graph[B + "1"].number == 0


def test_what_is_not_merged_is_named_a_few_and_their_number(write) -> None:
    stanzas = [f"id: AA:{n}\nname: n{n}\nxref: AA:{n + 1}" for n in range(1, 6)]
    path = write("one.obo", obo(*stanzas, "id: AA:6\nname: n6"))
    with pytest.warns(KGMLWarning, match=r"5 xrefs were not merged: 'AA:1' and 'AA:2'; 'AA:2' and "
                      r"'AA:3'; 'AA:3' and 'AA:4'; and 2 more; each .* Say skos:exactMatch"):  # fmt: skip
        assert told(load_graph(path, XREFS)) == (0, 5)


def test_cross_references_written_as_iris_merge_as_curies_do(turtle, write) -> None:
    rdf = turtle(
        "x.ttl",
        "a:1 a owl:Class ; oio:hasDbXref <http://purl.obolibrary.org/obo/BB_1> ."
        'a:2 a owl:Class ; oio:hasDbXref " http://purl.obolibrary.org/obo/BB_2" .'
        'a:3 a owl:Class ; oio:hasDbXref "BB:3" . a:4 a owl:Class ; oio:hasDbXref "urn:b:4" .'
        "<urn:b:4> a owl:Class . [] a owl:Axiom ; oio:hasDbXref a:1 .",
    )
    other = write("two.obo", obo(*(f"id: BB:{n}\nname: n{n}" for n in (1, 2, 3))))
    graph = load_graph([rdf, other], XREFS)
    assert [graph[f"BB:{n}"].iri for n in (1, 2, 3)] == ["http://purl.obolibrary.org/obo/BB_1",
        "http://purl.obolibrary.org/obo/BB_2", "http://purl.obolibrary.org/obo/BB_3"]  # fmt: skip
    assert graph[A + "1"].number == graph["BB:1"].number
    assert (graph[A + "4"].iri, told(graph)) == (A + "4", (4, 0))
    assert load_graph([other, rdf], XREFS).fingerprint == graph.fingerprint


def test_nor_by_way_of_a_third(turtle) -> None:
    path = turtle(
        "x.ttl",
        "a:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class ; skos:exactMatch a:2 ."
        "a:2 a owl:Class .",
    )
    graph = load_graph(path, MATCHES)
    # pairs by IRI: (a:1, b:1) is first, and (a:2, b:1) would put a:1 and a:2 together
    assert (graph.iris, told(graph)) == ([A + "1", A + "2"], (1, 1))
    assert graph[B + "1"].iri == A + "1"


def test_a_pair_left_apart_is_counted_once_however_often_it_is_said(turtle) -> None:
    path = turtle(
        "x.ttl",
        'a:1 a owl:Class ; skos:exactMatch a:2 ; oio:hasDbXref a:2 , "https://a.example/v/2" .'
        "a:2 a owl:Class ; skos:exactMatch a:1 .",
    )
    assert told(load_graph(path, MATCHES)) == (0, 1)
    assert told(load_graph(path, XREFS)) == (0, 1)


def test_a_chain_of_matches_is_one_entity(turtle) -> None:
    path = turtle(
        "x.ttl",
        "c:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class ; skos:exactMatch a:1 ."
        'a:1 a owl:Class . c:1 rdfs:label "third" .',
    )
    graph = load_graph(path, MATCHES)
    assert (graph.iris, told(graph)) == ([A + "1"], (2, 0))
    assert graph[B + "1"].number == graph[C + "1"].number == 0
    assert graph.labels == ["third"]


def test_the_order_of_the_files_does_not_matter(turtle) -> None:
    files = [
        turtle("1.ttl", 'c:1 a owl:Class ; skos:exactMatch b:1 ; rdfs:label "C" .'),
        turtle("2.ttl", 'b:1 a owl:Class ; skos:exactMatch a:1 , a:2 ; rdfs:label "B" .'),
        turtle("3.ttl", 'a:1 a owl:Class ; rdfs:label "A" . a:2 a owl:Class ; owl:sameAs c:1 .'),
    ]
    graphs = [load_graph(order, MATCHES) for order in itertools.permutations(files)]
    assert len({graph.fingerprint for graph in graphs}) == 1
    assert {told(graph) for graph in graphs} == {(2, 2)}
    assert graphs[0].iris == [A + "1", A + "2"]


def test_a_long_chain_of_matches_needs_no_recursion(write) -> None:
    lines = [PREFIXES]
    for i in range(5_000):
        lines.append(f"<https://v{i:04}.example/x/1> a owl:Class ; skos:exactMatch <https://v{i + 1:04}.example/x/1> .\n")  # fmt: skip
    graph = load_graph(write("long.ttl", "".join(lines)), MATCHES)
    assert (len(graph), told(graph)) == (1, (4_999, 0))  # the last one named is declared nowhere


def test_a_match_to_something_not_loaded_is_no_merge(turtle) -> None:
    path = turtle("x.ttl", "a:1 a owl:Class ; skos:exactMatch b:404 .")
    graph = load_graph(path, MATCHES)
    assert (told(graph), B + "404" in graph) == ((0, 0), False)
    assert graph.report["dropped"] == {"mapping to an unknown entity": 1}


def test_cross_references_of_obo_files_merge_only_as_xrefs(write) -> None:
    one = write("one.obo", obo("id: AA:1\nname: flu\nxref: BB:7"))
    two = write("two.obo", obo('id: BB:7\nname: influenza\nsynonym: "grippe" EXACT []'))
    assert len(load_graph([one, two], MATCHES)) == 2
    graph = load_graph([one, two], XREFS)
    assert (graph.ids, told(graph)) == (["AA:1"], (1, 0))
    assert graph["BB:7"].number == graph["http://purl.obolibrary.org/obo/BB_7"].number == 0
    assert [text for text, _ in graph["BB:7"].synonyms] == ["grippe", "influenza"]
    assert load_graph([two, one], XREFS).fingerprint == graph.fingerprint


def test_cross_references_of_rdf_files_merge_with_obo_files(turtle, write) -> None:
    rdf = turtle(
        "x.ttl",
        '<http://purl.obolibrary.org/obo/AA_1> a owl:Class ; rdfs:label "flu" ; '
        'oio:hasDbXref "BB:7" , "not a curie" , "https://en.wikipedia.org/wiki/Flu" .',
    )
    other = write("two.obo", obo("id: BB:7\nname: influenza"))
    graph = load_graph([rdf, other], XREFS)
    assert (len(graph), told(graph)) == (1, (1, 0))
    assert graph["BB:7"].label == "flu"
    assert graph["BB:7"].xrefs == ("BB:7", "https://en.wikipedia.org/wiki/Flu", "not a curie")


def test_one_xref_to_two_terms_of_a_vocabulary_takes_the_first_by_iri(write) -> None:
    one = write("one.obo", obo("id: AA:1\nname: x\nxref: BB:2\nxref: BB:1"))
    two = write("two.obo", obo("id: BB:1\nname: y", "id: BB:2\nname: z"))
    graph = load_graph([one, two], XREFS)
    assert (graph.ids, told(graph)) == (["AA:1", "BB:2"], (1, 1))
    assert graph["BB:1"].id == "AA:1"


def test_a_match_is_stronger_than_a_cross_reference(turtle, write) -> None:
    match = turtle(
        "m.ttl",
        "<http://purl.obolibrary.org/obo/AA_1> skos:exactMatch <http://purl.obolibrary.org/obo/BB_2> .",
    )
    one = write("one.obo", obo("id: AA:1\nname: x\nxref: BB:1"))
    two = write("two.obo", obo("id: BB:1\nname: y", "id: BB:2\nname: z"))
    graph = load_graph([one, two, match], XREFS)
    assert graph["BB:2"].id == "AA:1"
    assert (graph.ids, told(graph)) == (["AA:1", "BB:1"], (1, 1))


def test_obsolete_terms_are_not_merged_into_what_lives(turtle) -> None:
    path = turtle(
        "x.ttl",
        "a:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class ; owl:deprecated true .",
    )
    graph = load_graph(path, MATCHES)
    assert (told(graph), graph.iris, B + "1" in graph) == ((0, 0), [A + "1"], False)


def test_what_a_merged_entity_replaces_leads_to_where_it_went(turtle) -> None:
    path = turtle(
        "x.ttl",
        "a:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class . b:0 a owl:Class ; "
        "owl:deprecated true ; <http://purl.obolibrary.org/obo/IAO_0100001> b:1 .",
    )
    graph = load_graph(path, MATCHES)
    assert graph[B + "0"].iri == A + "1"


def test_disjoint_classes_follow_what_they_are_merged_into(turtle) -> None:
    path = turtle(
        "x.ttl",
        "a:1 a owl:Class ; skos:exactMatch b:1 . b:1 a owl:Class ; owl:disjointWith b:2 . b:2 a owl:Class .",
    )
    pairs = load_graph(path, MATCHES).columns.disjoint
    assert pairs.select(["left", "right"]).to_pylist() == [{"left": 0, "right": 1}]


def test_the_command_line_merges_when_asked(turtle, tmp_path: Path, kgml) -> None:
    turtle("x.ttl", 'a:1 a owl:Class ; rdfs:label "x" ; skos:exactMatch b:1 . b:1 a owl:Class .')
    for flags, entities in ((), 2), (("--merge-matches",), 1), (("--merge-xrefs",), 1):
        done = kgml("build-graph", "x.ttl", "-o", f"g{len(flags)}", "--json", *flags)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["entities"], report["merged"]) == (entities, 2 - entities)
