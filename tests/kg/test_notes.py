"""Comments and cross-references: what an entity keeps beside its names and its definition."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kgml import artifacts, load_graph
from kgml.config import GraphConfig
from kgml.errors import ArtifactError
from kgml.kg import store
from kgml.kg.export import export
from kgml.kg.graph import Entity, KnowledgeGraph, Note
from kgml.kg.subset import subset

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
OIO = "@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .\n"
NOTED = (
    OIO
    + """
:a a owl:Class ; rdfs:label "a" ; skos:definition "Means a." ; rdfs:comment "two" , " one  line" ;
  oio:hasDbXref "MESH:D1" , <https://example.org/elsewhere> , "MESH:D1"@en .
:b a owl:Class ; rdfs:label "b" ; rdfs:subClassOf :a ; rdfs:comment "first" , "second" .
:c a owl:Class ; rdfs:label "c" ; rdfs:subClassOf :b ; oio:hasDbXref "MESH:D0" .
"""
)


def notes(entity: Entity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return entity.comments, entity.xrefs


def test_comments_and_xrefs_of_rdf_are_kept_once_each_and_sorted(turtle) -> None:
    graph = load_graph(turtle(NOTED))
    assert notes(graph[0]) == (("one line", "two"), ("MESH:D1", "https://example.org/elsewhere"))
    assert notes(graph[2]) == ((), ("MESH:D0",))
    assert graph.notes.entity.tolist() == [0, 0, 0, 0, 1, 2]
    assert graph.notes.kind.tolist() == [0, 0, 1, 1, 0, 1]
    assert (graph.report["comments"], graph.report["xrefs"]) == (3, 3)
    assert graph.report["dropped"] == {}


def test_a_comment_that_serves_as_definition_is_no_note(turtle) -> None:
    graph = load_graph(turtle(NOTED))
    assert graph.definitions == ["Means a.", "first", None]
    assert graph[1].comments == ("second",)


def test_comments_and_xrefs_of_obo_files_are_kept_as_those_of_rdf(write) -> None:
    path = write("x.obo", 'ontology: x\n\n[Term]\nid: X:1\nname: x\ndef: "X." [PMID:1]\n'
                 'comment: Of \\"x\\". {xref="PMID:2"}\nxref: UMLS:C1 "of UMLS" ! x\nxref: A:1\n\n'
                 "[Term]\nid: X:2\nname: y\ncomment: About y.\n")  # fmt: skip
    graph = load_graph(path)
    assert notes(graph["X:1"]) == (('Of "x".',), ("A:1", "UMLS:C1"))
    assert (graph["X:2"].definition, graph["X:2"].comments) == ("About y.", ())
    assert graph.report["dropped"] == {}


def test_comments_and_xrefs_of_obo_graphs_are_kept(write) -> None:
    meta = {"definition": {"val": "X.", "xrefs": ["PMID:1"]}, "comments": ["Seen."],
            "xrefs": [{"val": "UMLS:C1"}]}  # fmt: skip
    node = {"id": "http://purl.obolibrary.org/obo/X_1", "type": "CLASS", "lbl": "x", "meta": meta}
    graph = load_graph(write("x.json", json.dumps({"graphs": [{"nodes": [node], "edges": []}]})))
    assert notes(graph[0]) == (("Seen.",), ("UMLS:C1",))
    assert graph.report["dropped"] == {"xref of an axiom": 1}


def test_comments_in_another_language_are_left_out_and_counted(turtle) -> None:
    path = turtle(
        ':a a owl:Class ; rdfs:label "a" ; skos:definition "A." ; rdfs:comment "x"@en , "y"@de .'
    )
    graph = load_graph(path)
    assert graph[0].comments == ("x",)
    assert graph.report["dropped"] == {"text in another language": 1}
    assert load_graph(path, GraphConfig(language="de"))[0].comments == ("y",)


def test_what_is_no_entity_has_no_notes(turtle) -> None:
    graph = load_graph(turtle(OIO + """
:a a owl:Class ; rdfs:label "a" . :old a owl:Class ; owl:deprecated true ; oio:hasDbXref "X:1" .
:p a owl:ObjectProperty ; rdfs:comment "Of p." .
[] a owl:Axiom ; owl:annotatedSource :a ; oio:hasDbXref "PMID:1" , <https://example.org/2> .
"""))  # fmt: skip
    assert len(graph.notes) == 0
    assert graph.report["dropped"] == {"xref of an axiom": 2}


def test_notes_are_saved_and_part_of_the_fingerprint(turtle, tmp_path: Path) -> None:
    graph = load_graph(turtle(NOTED))
    graph.save(tmp_path / "g")
    again = KnowledgeGraph.load(tmp_path / "g")
    assert again.columns.notes.equals(graph.columns.notes)
    assert again[0] == graph[0]
    assert again.fingerprint == graph.fingerprint
    assert load_graph(turtle(NOTED.replace("two", "2"))).fingerprint != graph.fingerprint


def test_a_graph_saved_before_there_were_notes_must_be_built_again(turtle, tmp_path: Path) -> None:
    load_graph(turtle(NOTED)).save(tmp_path / "new")
    with artifacts.writing(tmp_path / "g", store.KIND, made_from={}) as folder:
        for file in (tmp_path / "new").iterdir():
            if file.name not in ("notes.arrow", artifacts.MANIFEST):
                shutil.copy(file, folder)
    with pytest.raises(ArtifactError, match=r"notes\.arrow: not there, .* Build it again with"):
        KnowledgeGraph.load(tmp_path / "g")


def test_notes_come_along_with_a_subset(turtle) -> None:
    part = subset(load_graph(turtle(NOTED)), ["https://example.org/b"])
    assert [notes(entity) for entity in part] == [(("second",), ()), ((), ("MESH:D0",))]
    assert (part.report["comments"], part.report["xrefs"]) == (1, 1)


def test_merged_entities_have_the_notes_of_both(turtle) -> None:
    path = turtle(OIO + ':a a owl:Class ; oio:hasDbXref "X:1" , "X:2" ; owl:sameAs :b .'
                  ':b a owl:Class ; oio:hasDbXref "X:2" , "X:3" .')  # fmt: skip
    assert load_graph(path, GraphConfig(merge="matches"))[0].xrefs == ("X:1", "X:2", "X:3")


@pytest.mark.parametrize("name", ["g.ttl", "g.nt"])
def test_notes_are_exported_as_rdf_and_read_again(turtle, tmp_path: Path, name: str) -> None:
    graph = load_graph(turtle(NOTED))
    assert load_graph(export(graph, tmp_path / name)).fingerprint == graph.fingerprint


def test_sparql_finds_notes(turtle) -> None:
    found = load_graph(turtle(NOTED)).sparql(
        'SELECT ?e ?c { ?e oboInOwl:hasDbXref "MESH:D1" ; rdfs:comment ?c } ORDER BY ?c'
    )
    assert found.to_pylist() == [
        {"e": "https://example.org/a", "c": "one line"}, {"e": "https://example.org/a", "c": "two"},
    ]  # fmt: skip


def test_the_empty_graph_has_no_notes() -> None:
    assert len(KnowledgeGraph.empty().notes) == 0
    assert [note.name for note in Note] == ["COMMENT", "XREF"]


def test_the_command_line_shows_notes(turtle, kgml) -> None:
    many = ", ".join(f'"X:{n:02}"' for n in range(25))
    turtle(NOTED + f':d a owl:Class ; rdfs:label "d" ; oio:hasDbXref {many} ;'
           ' rdfs:comment "1" , "2" , "3" , "4" , "5" .')  # fmt: skip
    assert kgml("build-graph", "tiny.ttl", "-o", "g", "--quiet").returncode == 0
    found = json.loads(kgml("graph", "show", "g", "a", "--json").stdout)
    assert found["comments"] == ["one line", "two"]
    assert found["xrefs"] == ["MESH:D1", "https://example.org/elsewhere"]
    told = kgml("graph", "show", "g", "a").stdout
    assert "comment: one line\n" in told
    assert "xrefs: MESH:D1; https://example.org/elsewhere\n" in told
    told = kgml("graph", "show", "g", "d").stdout
    assert "… 1 more comments" in told
    assert "X:19; … 5 more" in " ".join(told.split())
