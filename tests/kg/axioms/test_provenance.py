"""Which axiom of which file an edge came from, in Python and on the command line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg import store
from kgml.kg.axioms.kinds import CODES, KINDS, RESTRICTIONS, TEMPLATES, written
from kgml.kg.build import build_graph
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
EX = "https://example.org/"
HEADER = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <https://example.org/> .
"""
CLASSES = ':A a owl:Class ; rdfs:label "A thing" . :B a owl:Class ; rdfs:label "B thing" .\n'


@pytest.fixture
def two_files(write) -> list[Path]:
    """Both say that A is a B; the second says why else."""
    one = write("one.ttl", HEADER + CLASSES + ":A rdfs:subClassOf :B .")
    two = write("two.ttl", HEADER + CLASSES + ":A rdfs:subClassOf :B . :B owl:unionOf ( :A :C ) .")
    return [one, two]


def said(graph: KnowledgeGraph, a: str, b: str) -> list[tuple[str, str]]:
    return [(axiom.text, axiom.file) for axiom in graph.axioms(EX + a, EX + b)]


def test_one_edge_of_two_files_has_an_origin_in_each(two_files: list[Path]) -> None:
    graph = load_graph(two_files)
    assert len(graph.triples) == 2  # A and C below B
    assert said(graph, "A", "B") == [
        ("SubClassOf('A thing' 'B thing')", "one.ttl"),
        ("SubClassOf('A thing' 'B thing')", "two.ttl"),
        ("EquivalentClasses('B thing' ObjectUnionOf('A thing' ...))", "two.ttl"),
    ]
    assert said(graph, "C", "B") == [
        ("EquivalentClasses('B thing' ObjectUnionOf('C' ...))", "two.ttl")
    ]
    assert graph.report["became"] == {"SubClassOf": 2, "EquivalentClasses or": 2}


def test_an_axiom_said_twice_in_one_file_is_one_origin(turtle) -> None:
    graph = load_graph(turtle(":A rdfs:subClassOf :B . :A rdfs:subClassOf :B ."))
    assert said(graph, "A", "B") == [("SubClassOf('A' 'B')", "tiny.ttl")]


def test_what_is_said_either_way_round_is_listed_there_and_back(turtle) -> None:
    path = turtle(":A a owl:Class ; :p :B . :B a owl:Class ; :q :A . :C a owl:Class .")
    graph = load_graph(path)
    assert said(graph, "A", "B") == [
        ("ObjectPropertyAssertion('p' 'A' 'B')", "tiny.ttl"),
        ("ObjectPropertyAssertion('q' 'B' 'A')", "tiny.ttl"),
    ]
    assert [text for text, _ in said(graph, "B", "A")] == [
        "ObjectPropertyAssertion('q' 'B' 'A')", "ObjectPropertyAssertion('p' 'A' 'B')",
    ]  # fmt: skip
    assert said(graph, "A", "C") == said(graph, "A", "A") == []


def test_origins_come_back_from_disk(two_files: list[Path], tmp_path: Path) -> None:
    graph = load_graph(two_files)
    graph.save(tmp_path / "g")
    assert said(KnowledgeGraph.load(tmp_path / "g"), "A", "B") == said(graph, "A", "B")


def test_where_an_edge_came_from_is_no_part_of_its_graph(two_files: list[Path]) -> None:
    one, two = two_files
    assert load_graph([one, two]).fingerprint == load_graph(two).fingerprint


def test_obo_clauses_are_quoted_as_clauses(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    assert [axiom.text for axiom in graph.axioms("EX:3", "EX:4")] == [
        "intersection_of: 'located in' 'heart', in [Term] 'atrial fibrillation'"
    ]
    assert [axiom.text for axiom in graph.axioms("EX:2", "EX:1")] == [
        "is_a: 'disease', in [Term] 'heart disease'"
    ]
    assert [axiom.text for axiom in graph.axioms("EX:2", "EX:4")] == [
        "relationship: 'located in' 'heart', in [Term] 'heart disease'"
    ]


def test_every_kind_of_axiom_is_written_with_both_ends() -> None:
    assert len(KINDS) == len(set(KINDS)) < 2**15  # a file has sixteen bits for a kind
    for kind in TEMPLATES:
        text = written(kind, "HEAD", "RELATION", "TAIL")
        assert {"HEAD", "TAIL"} <= set(re.findall("[A-Z]{4}", text))
        assert "{" not in text
        assert KINDS[CODES[kind]] == kind


def test_an_edge_is_explained_on_the_command_line(two_files: list[Path], tmp_path, kgml) -> None:
    build_graph(two_files, tmp_path / "g")
    human = kgml("info", "g", "--edge", EX + "A", EX + "B")
    assert human.returncode == 0
    assert [line.split("  ")[0] for line in human.stdout.splitlines()] == [
        "SubClassOf('A thing' 'B thing')",
        "SubClassOf('A thing' 'B thing')",
        "EquivalentClasses('B thing' ObjectUnionOf('A thing' ...))",
    ]
    assert human.stdout.splitlines()[1].endswith("two.ttl")
    rows = json.loads(kgml("info", "g", "--edge", EX + "B", EX + "C", "--json").stdout)
    assert rows == [{
        "head": EX + "C", "relation": "http://www.w3.org/2000/01/rdf-schema#subClassOf",
        "tail": EX + "B", "kind": "EquivalentClasses or", "file": "two.ttl",
        "axiom": "EquivalentClasses('B thing' ObjectUnionOf('C' ...))",
    }]  # fmt: skip
    assert "no edge between these two" in kgml("info", "g", "--edge", EX + "A", EX + "C").stdout


def test_an_unknown_end_of_an_edge_is_named(two_files: list[Path], tmp_path, kgml) -> None:
    build_graph(two_files, tmp_path / "g")
    failed = kgml("info", "g", "--edge", EX + "A", EX + "Z")
    assert failed.returncode == 1
    assert f"no entity '{EX}Z' in this graph of 3" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert kgml("info", "g", "--edge", EX + "A").returncode == 2


def test_node_texts_put_each_quantifier_in_words(turtle) -> None:
    path = turtle("""
:atrium a owl:Class ; rdfs:label "atrium" . :i a owl:NamedIndividual ; rdfs:label "patient 7" .
:some a owl:Class ; rdfs:label "a" ; skos:definition "A disease." ;
  rdfs:subClassOf :atrium , [ owl:onProperty :located_in ; owl:someValuesFrom :atrium ] .
:only a owl:Class ; rdfs:label "b" ;
  rdfs:subClassOf [ owl:onProperty :affects ; owl:allValuesFrom :atrium ] .
:max a owl:Class ; rdfs:label "c" ;
  rdfs:subClassOf [ owl:onProperty :has ; owl:maxQualifiedCardinality 2 ; owl:onClass :atrium ] .
:value a owl:Class ; rdfs:label "d" ; rdfs:subClassOf [ owl:onProperty :of ; owl:hasValue :i ] .
:given a owl:NamedIndividual , :some ; rdfs:label "e" ; :near :i .
""")
    graph = load_graph(path, GraphConfig(projection="owl2vec"))
    texts = dict(zip(graph.labels, graph.node_texts(), strict=True))
    assert texts == {
        "atrium": "atrium.", "patient 7": "patient 7.",
        "a": "a. A disease. is a atrium. something that located in some atrium.",
        "b": "b. something that affects only atrium.",
        "c": "c. something that has a limited number of atrium.",
        "d": "d. something that of patient 7.",
        "e": "e. is a a. something that near patient 7.",
    }  # fmt: skip
    assert graph.node_texts(axioms=False)[graph.number(EX + "some")] == "a. A disease."
    plain = graph.node_texts(definitions=False)[graph.number(EX + "some")]
    assert plain == "a. is a atrium. something that located in some atrium."
    assert graph.node_texts(definitions=False, axioms=False) == [f"{x}." for x in graph.labels]


def test_node_texts_say_only_what_holds_of_every_such_thing(turtle) -> None:
    path = turtle("""
:h a owl:Class ; rdfs:subClassOf
  [ owl:onProperty :a ; owl:allValuesFrom [ owl:unionOf ( :C :D ) ] ] ,
  [ owl:onProperty :b ; owl:someValuesFrom [ owl:intersectionOf ( :C [ owl:unionOf ( :D ) ] ) ] ] ,
  [ owl:onProperty :c ; owl:maxQualifiedCardinality 2 ; owl:onClass [ owl:intersectionOf ( :C :D ) ] ] ,
  [ owl:onProperty :d ; owl:minQualifiedCardinality 0 ; owl:onClass :C ] ,
  [ owl:onProperty :e ; owl:qualifiedCardinality 0 ; owl:onClass :C ] ,
  [ owl:onProperty :f ; owl:qualifiedCardinality 3 ; owl:onClass :C ] .
[ owl:onProperty :g ; owl:someValuesFrom :C ] rdfs:subClassOf :h .
:k rdfs:domain :h ; rdfs:range :C ; owl:inverseOf :l . :m rdfs:subPropertyOf :f . :f owl:inverseOf :n .
:C a owl:Class . :D a owl:Class . :i a :C ; :k :j . :j a :D .
""")
    graph = load_graph(path, GraphConfig(projection="owl2vec"))
    of_h = [
        graph.relation_labels[r] for h, r, _ in graph.triples.tolist() if graph.labels[h] == "h"
    ]
    assert of_h == [*"aabbccdefgkm"]
    assert dict(zip(graph.labels, graph.node_texts(), strict=True)) == {
        "h": "h. something that a only C or others. something that a only D or others. "
             "something that b some C. something that b some D or others. "
             "something that e no C. something that f some C.",
        "C": "C.", "D": "D.",  # that h has f some C does not say that every C is the f of an h
        "i": "i. is a C. something that k j.", "j": "j. is a D. something that l i.",
    }  # fmt: skip


def test_an_edge_is_put_in_words_by_the_axiom_that_says_most(write) -> None:
    one = write("one.ttl", HEADER + ":p rdfs:domain :A ; rdfs:range :B .\n" + CLASSES)
    two = write("two.ttl", HEADER + ":A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B ] .")  # fmt: skip
    graph = load_graph([one, two], GraphConfig(projection="owl2vec"))
    assert [axiom.file for axiom in graph.axioms(EX + "A", EX + "B")] == ["one.ttl", "two.ttl"]
    assert graph.node_texts()[0] == "A thing. something that p some B thing."


def test_a_graph_saved_with_fewer_kinds_of_axioms_still_opens(
    two_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = load_graph(two_files)
    fewer = [kind for kind in KINDS if kind not in RESTRICTIONS]
    codes = [fewer.index(KINDS[code]) for code in graph.columns.origins["axiom"].to_pylist()]
    old = graph.columns.origins.set_column(2, "axiom", pa.array(codes, pa.int16()))
    monkeypatch.setattr(store, "KINDS", fewer)
    KnowledgeGraph(replace(graph.columns, origins=old), graph.report, files=graph.files).save(
        tmp_path / "g"
    )
    monkeypatch.undo()
    again = KnowledgeGraph.load(tmp_path / "g")
    assert said(again, "A", "B") == said(graph, "A", "B")
    assert again.columns.origins.schema == store.ORIGINS


def test_equivalence_needs_no_quantifier_in_words(turtle) -> None:
    graph = load_graph(turtle(":A a owl:Class ; owl:equivalentClass :B . :B a owl:Class ."))
    assert graph.node_texts() == ["A. something that is the same as B.", "B."]


def test_obo_relations_are_put_in_words(hearts_obo: Path) -> None:
    texts = load_graph(hearts_obo).node_texts(definitions=False)
    assert texts[1] == "heart disease. something that located in some heart. is a disease."


def test_node_texts_stop_after_ten_edges(turtle) -> None:
    many = " , ".join(f":b{i:02}" for i in range(12))
    graph = load_graph(turtle(f":a rdfs:subClassOf {many} ."))
    assert graph.node_texts()[0].count("is a") == 10


def test_the_empty_graph_has_no_texts() -> None:
    assert KnowledgeGraph.empty().node_texts() == []
    assert store.Columns.empty().origins.num_rows == 0


def test_what_is_inferred_says_so(turtle) -> None:
    path = turtle(":A rdfs:subClassOf :B . :i a :A ; :p :j . :j a :C . :p rdfs:range :B .")
    assert len(load_graph(path).triples) == 4
    graph = load_graph(path, GraphConfig(reason="rdfs"))
    assert len(graph.triples) == 6
    for one in "ij":
        assert said(graph, one, "B") == [(f"ClassAssertion('B' '{one}')", "inferred (rdfs)")]
    assert said(graph, "i", "A") == [("ClassAssertion('A' 'i')", "tiny.ttl")]
    assert graph.report["inferred"] == 2
    assert graph.files == ["tiny.ttl", "inferred (rdfs)"]
    assert graph.report["files"] == 1  # what is inferred is no file


def test_an_imported_file_is_an_origin_of_its_own(write) -> None:
    write(
        "parts.ttl", HEADER + f"<{EX}parts> a owl:Ontology . :B a owl:Class ; rdfs:subClassOf :C ."
    )
    main = write("main.ttl", HEADER + f"<{EX}main> a owl:Ontology ; owl:imports <{EX}parts> . :A rdfs:subClassOf :B .")  # fmt: skip
    graph = load_graph(main)
    assert said(graph, "B", "C") == [("SubClassOf('B' 'C')", "parts.ttl")]
    assert said(graph, "A", "B") == [("SubClassOf('A' 'B')", "main.ttl")]
    assert (graph.report["files"], graph.report["unresolved_imports"]) == (2, 0)
    alone = load_graph(main, GraphConfig(imports=False))
    assert (alone.files, alone.report["unresolved_imports"]) == (["main.ttl"], 0)


def test_files_that_import_each_other_are_read_once(write) -> None:
    text = HEADER + "<%s> a owl:Ontology ; owl:imports <%s> . :%s rdfs:subClassOf :Top ."
    one = write("one.ttl", text % (EX + "1", EX + "2", "A"))
    write("two.ttl", text % (EX + "2", EX + "1", "B"))
    graph = load_graph(one)
    assert (graph.files, len(graph.triples)) == (["one.ttl", "two.ttl"], 2)


def test_an_import_that_nobody_has_is_warned_of_and_counted(write) -> None:
    main = write("main.ttl", HEADER + "<urn:m> a owl:Ontology ; owl:imports <https://e.org/gone> . :A rdfs:subClassOf :B .")  # fmt: skip
    with pytest.warns(
        KGMLWarning, match=r"1 import was not read: https://e.org/gone \(imported by "
    ):
        graph = load_graph(main)
    assert graph.report["unresolved_imports"] == 1


def test_two_files_of_one_name_are_told_apart(write) -> None:
    paths = [
        write("a/x.ttl", HEADER + CLASSES + ":A rdfs:subClassOf :B ."),
        write("b/x.ttl", HEADER + CLASSES + ":A rdfs:subClassOf :B ."),
    ]
    graph = load_graph(paths)
    assert [file for _, file in said(graph, "A", "B")] == ["x.ttl", "x.ttl (2)"]
