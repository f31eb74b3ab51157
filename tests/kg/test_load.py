from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rdflib

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.graph import KnowledgeGraph, Scope
from kgml.progress import KGMLWarning

IRI = "http://purl.obolibrary.org/obo/"
SUB_CLASS_OF = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
# Counted by hand from the two texts in conftest.py.
TRIPLES = [[1, 0, 3], [1, 1, 0], [2, 0, 3], [2, 1, 1], [3, 1, 4]]
FORMS = [
    (0, Scope.LABEL, "disease"),
    (1, Scope.LABEL, "heart disease"),
    (1, Scope.EXACT, "cardiac disease"),
    (2, Scope.LABEL, "atrial fibrillation"),
    (2, Scope.ABBREVIATION, "AF"),
    (2, Scope.RELATED, "auricular fibrillation"),
    (3, Scope.LABEL, "heart"),
    (4, Scope.LABEL, "organ"),
]
REPORT = {
    "entities": 5, "relations": 2, "triples": 5, "labels": 5, "synonyms": 3, "definitions": 2,
    "comments": 1, "xrefs": 1, "unlabelled": 0, "dropped": {"disjointWith": 1},
    "obsolete": 1, "merged": 0, "not_merged": 0, "files": 1, "skipped": 0, "prefix_conflicts": 0,
    "inferred": 0, "unresolved_imports": 0,
}  # fmt: skip
BECAME = {
    "obo": {"is_a": 2, "relationship": 1, "intersection_of": 1, "intersection_of some": 1},
    "rdf": {"SubClassOf": 2, "SubClassOf some": 1, "EquivalentClasses and": 1,
            "EquivalentClasses and some": 1},
}  # fmt: skip


def check_hearts(graph: KnowledgeGraph) -> None:
    assert graph.iris == [f"{IRI}EX_{n}" for n in range(1, 6)]
    assert graph.relation_iris == [f"{IRI}RO_0001025", SUB_CLASS_OF]
    assert graph.relation_labels == ["located in", "is a"]
    assert graph.triples.tolist() == TRIPLES
    found = zip(graph.forms.entity.tolist(), graph.forms.scope, graph.forms.text, strict=True)
    assert list(found) == FORMS
    assert graph.definitions[0] == 'A "disorder" of structure or function.'
    assert graph.definitions[2] == "An irregular, often rapid heart rhythm."
    assert (graph[2].comments, graph[2].xrefs) == (("Seen on the ECG.",), ("UMLS:C0004238",))
    assert len(graph.notes) == 2


@pytest.mark.parametrize("kind", ["obo", "ttl", "nt", "xml", "pretty-xml", "json-ld"])
def test_every_format_gives_the_graph_counted_by_hand(
    kind: str, hearts_obo: Path, hearts_ttl: Path, tmp_path: Path
) -> None:
    path = {"obo": hearts_obo, "ttl": hearts_ttl}.get(kind, tmp_path / "hearts.data")
    if not path.exists():
        rdflib.Graph().parse(hearts_ttl).serialize(path, format=kind, encoding="utf-8")
    graph = load_graph(path)
    check_hearts(graph)
    became = BECAME["obo" if kind == "obo" else "rdf"]
    assert graph.report == {**REPORT, "became": became}
    assert graph.ontologies == [
        {"iri": f"{IRI}ex.owl", "file": path.name, "version": "2026-01-01", "title": "Hearts",
         "licence": "https://creativecommons.org/publicdomain/zero/1.0/"}
    ]  # fmt: skip


def test_obo_keeps_the_ids_of_the_file_and_rdf_has_the_iris(
    hearts_obo: Path, hearts_ttl: Path
) -> None:
    assert load_graph(hearts_obo).ids == ["EX:1", "EX:2", "EX:3", "EX:4", "EX:5"]
    assert load_graph(hearts_obo).relations == ["located_in", SUB_CLASS_OF]
    assert load_graph(hearts_ttl).ids == load_graph(hearts_ttl).iris


def test_the_obo_and_the_rdf_edition_merge_into_one_graph(
    hearts_obo: Path, hearts_ttl: Path
) -> None:
    graph = load_graph([hearts_obo, hearts_ttl])
    check_hearts(graph)
    assert graph["EX:3"].number == graph[f"{IRI}EX_3"].number == 2
    assert graph.report["files"] == 2
    assert graph.report["dropped"] == {"disjointWith": 2}
    assert graph.fingerprint == load_graph([hearts_ttl, hearts_obo]).fingerprint


def test_a_term_obsolete_in_one_file_is_left_out_of_the_merged_graph(
    hearts_obo: Path, turtle
) -> None:
    update = turtle(f"<{IRI}EX_4> a owl:Class ; owl:deprecated true .")
    graph = load_graph([hearts_obo, update])
    assert f"{IRI}EX_4" not in graph
    assert graph.report["obsolete"] == 2
    # EX_2 and EX_3 located in EX_4, and EX_4 is-a EX_5
    assert graph.report["dropped"]["edge of an obsolete entity"] == 3


def test_a_folder_is_read_recursively_and_what_is_no_ontology_is_counted(
    hearts_obo: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    (folder / "deep" / ".git").mkdir(parents=True)
    shutil.copy(hearts_obo, folder / "deep" / "hearts")
    shutil.copy(hearts_obo, folder / "deep" / ".git" / "more.obo")
    (folder / "README.md").write_text("# Read me\n")
    (folder / "catalog.xml").write_text("<?xml version='1.0'?><catalog><uri/></catalog>")
    (folder / "q.sparql").write_text("PREFIX : <http://e/> SELECT * { ?s ?p ?o }")
    (folder / "settings.json").write_text('{"a": 1}')
    graph = load_graph(folder)
    check_hearts(graph)
    assert (graph.report["files"], graph.report["skipped"]) == (1, 4)
    assert list(graph.sources) == ["deep/hearts"]
    check_hearts(load_graph(str(folder / "**" / "hear*")))
    assert load_graph([folder, folder / "deep" / "hearts"]).report["files"] == 1


def test_blank_nodes_of_two_files_are_two_things(write) -> None:
    text = """@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <https://example.org/> .
:a a owl:Class . :b a owl:Class . :p a owl:ObjectProperty .
_:x owl:onProperty :p ; owl:someValuesFrom :%s .
"""
    one = write("one.ttl", text % "b" + ":a rdfs:subClassOf _:x .")
    two = write("two.ttl", text % "a")
    with pytest.warns(KGMLWarning, match="2 of 2 entities have no label"):
        graph = load_graph([one, two])
    assert graph.triples.tolist() == [[0, 0, 1]]


def test_the_wanted_language_comes_first_then_no_tag_then_any_other(turtle) -> None:
    path = turtle("""
:a a owl:Class ; rdfs:label "Herz"@de , "heart"@en , "heart!"@en-GB , "core" ;
  skos:altLabel "Pumpe"@de , "pump"@en .
:b a owl:Class ; rdfs:label "Niere"@de , "rein"@fr ; skos:altLabel "Nieren"@de .
:c a owl:Class ; skos:prefLabel "preferred" ; rdfs:label "rdfs" ; schema:name "named" ;
  dcterms:title "titled" .
""")
    graph = load_graph(path)
    assert graph.labels == ["heart", "Niere", "preferred"]
    assert graph[0].synonyms == (
        ("core", Scope.EXACT),
        ("heart!", Scope.EXACT),
        ("pump", Scope.EXACT),
    )
    assert graph[1].synonyms == (("Nieren", Scope.EXACT),)
    assert [text for text, _ in graph[2].synonyms] == ["named", "rdfs", "titled"]
    # Herz, Pumpe, rein
    assert graph.report["dropped"] == {"text in another language": 3}
    assert load_graph(path, GraphConfig(language="de")).labels[0] == "Herz"


def test_words_of_skos_xl_and_schema_and_fibo_are_read(turtle) -> None:
    fibo = "https://spec.edmcouncil.org/fibo/ontology/FND/Utilities/AnnotationVocabulary/"
    path = turtle(f"""
:a a skos:Concept ; skosxl:prefLabel [ skosxl:literalForm "letter of credit"@en ] ;
  skosxl:altLabel [ skosxl:literalForm "documentary credit"@en ] ;
  <https://www.omg.org/spec/Commons/AnnotationVocabulary/abbreviation> "LC" ;
  <{fibo}commonDesignation> "credit letter" ; schema:description "A promise to pay." .
""")
    entity = load_graph(path)[0]
    assert (entity.label, entity.kind) == ("letter of credit", "concept")
    assert entity.synonyms == (
        ("credit letter", Scope.EXACT),
        ("documentary credit", Scope.EXACT),
        ("LC", Scope.ABBREVIATION),
    )
    assert entity.definition == "A promise to pay."


def test_entities_without_label_take_the_end_of_their_iri_and_are_no_form(turtle) -> None:
    with pytest.warns(KGMLWarning, match="2 of 2 entities have no label"):
        graph = load_graph(turtle(":Bond rdfs:subClassOf <https://example.org/x#Debt> ."))
    assert graph.labels == ["Bond", "Debt"]
    assert not graph[0].labelled
    assert len(graph.forms) == 0
    assert graph.report["unlabelled"] == 2


def test_bad_and_relative_iris_are_kept_and_counted(write) -> None:
    path = write(
        "odd.ttl",
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        '<http://e/a b> a owl:Class . <#here> a owl:Class ; owl:versionInfo "x" .',
    )
    with pytest.warns(KGMLWarning) as caught:
        graph = load_graph(path)
    messages = " ".join(str(w.message) for w in caught)
    assert "1 IRI holds characters an IRI may not" in messages
    assert "1 entity has a relative IRI" in messages
    assert graph.iris == ["http://e/a b", "urn:kgml:/odd.ttl#here"]


def test_a_byte_order_mark_is_no_part_of_the_text(
    write, hearts_obo: Path, hearts_ttl: Path
) -> None:
    for path in (hearts_obo, hearts_ttl):
        check_hearts(load_graph(write(f"bom{path.suffix}", b"\xef\xbb\xbf" + path.read_bytes())))


def test_windows_line_ends_change_nothing(write, hearts_obo: Path) -> None:
    check_hearts(load_graph(write("w.obo", hearts_obo.read_bytes().replace(b"\n", b"\r\n"))))


def test_the_ending_does_not_matter(write, hearts_obo: Path, hearts_ttl: Path) -> None:
    check_hearts(load_graph(write("a.ttl", hearts_obo.read_bytes())))
    check_hearts(load_graph(write("b.obo", hearts_ttl.read_bytes())))
    check_hearts(load_graph(write("c.owl", hearts_ttl.read_bytes())))


def test_the_empty_graph_has_every_shape() -> None:
    graph = KnowledgeGraph.empty()
    assert len(graph) == len(graph.triples) == len(graph.forms) == 0
    assert graph.is_a.shape == graph.ancestors.shape == (0, 0)
    assert graph.depth() == 0


def test_a_shipped_name_is_found_when_no_file_has_it() -> None:
    from kgml import resources

    if resources.ontology("fin") is None:
        pytest.skip("fin.ttl is not in this checkout")
    assert len(load_graph("fin")) >= 300


def test_literals_beyond_the_limit_are_left_out_and_counted(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo, GraphConfig(max_literal=37))
    # the two definitions have 38 and 39 characters; the comment of one, 16, is in their place
    assert graph.definitions == [None, None, "Seen on the ECG.", None, None]
    assert graph.report["dropped"]["literal too long"] == 2


def test_no_path_at_all_is_refused() -> None:
    with pytest.raises(OntologyError, match="no ontology given"):
        load_graph([])


def test_loading_a_graph_imports_neither_torch_nor_rdflib(hearts_obo: Path) -> None:
    code = (
        "import sys, kgml.kg.load\n"
        "assert not {'numpy', 'pyarrow', 'scipy', 'torch'} & set(sys.modules)\n"
        f"kgml.kg.load.load_graph({str(hearts_obo)!r}).ancestors\n"
        "assert not {'torch', 'rdflib', 'networkx', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
