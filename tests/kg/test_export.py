"""Graphs written for other programs, and what those read of them."""

from __future__ import annotations

import csv
import json
import os
import warnings
from pathlib import Path

import networkx
import pyarrow.parquet as pq
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgml import load_graph
from kgml.artifacts import read_manifest
from kgml.errors import ArtifactError, UsageError
from kgml.kg.export import export
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

OBO = "http://purl.obolibrary.org/obo/"
MIXED = """
:a a skos:Concept ; skos:prefLabel "a" ; skos:broader :b ; skos:altLabel "aa" .
:b a skos:Concept ; skos:prefLabel "b" ; skos:related :i ; skos:definition "the \\"b\\"" .
:i a owl:NamedIndividual , :C ; rdfs:label "i" ; :knows :b .
:C a owl:Class ; rdfs:label "c" . :knows a owl:ObjectProperty ; rdfs:label "knows" .
:old a owl:Class ; owl:deprecated true ; <http://purl.obolibrary.org/obo/IAO_0100001> :C .
:C <http://www.geneontology.org/formats/oboInOwl#hasAlternativeId> "EX:77" .
"""
FILES = ["g.graphml", "g.parquet", "g.ttl", "g.nt", "g.csv"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@pytest.fixture
def mixed(turtle) -> KnowledgeGraph:
    return load_graph(turtle(MIXED))


@pytest.mark.parametrize("name", ["g.ttl", "g.nt"])
def test_rdf_is_loaded_to_the_same_graph(mixed: KnowledgeGraph, tmp_path: Path, name: str) -> None:
    again = load_graph(export(mixed, tmp_path / name))
    assert again.fingerprint == mixed.fingerprint
    assert again["EX:77"].iri == again["https://example.org/old"].iri == "https://example.org/C"


def test_an_obo_graph_keeps_all_but_its_ids(hearts_obo: Path, tmp_path: Path) -> None:
    graph = load_graph(hearts_obo)
    again = load_graph(export(graph, tmp_path / "g.ttl"))
    for name in ("iri", "label", "labelled", "kind", "definition"):
        assert again.columns.entities.column(name).equals(graph.columns.entities.column(name))
    assert again.columns.forms.equals(graph.columns.forms)
    assert again.triples.tolist() == graph.triples.tolist()
    assert (again.relation_iris, again.relation_labels) == (
        graph.relation_iris, graph.relation_labels,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["turtle", "nt"])
def test_rdflib_reads_what_the_view_says(mixed: KnowledgeGraph, tmp_path: Path, kind: str) -> None:
    path = export(mixed, tmp_path / "g", {"nt": "ntriples"}.get(kind, kind))
    read = rdflib.Graph().parse(path, format=kind)
    assert set(read) == set(mixed.to_rdflib())
    assert len(read) == len(mixed.to_rdflib())


def test_turtle_is_short_and_sorted(hearts_obo: Path, tmp_path: Path) -> None:
    text = export(load_graph(hearts_obo), tmp_path / "g.ttl").read_text(encoding="utf-8")
    assert '\nEX:4 a owl:Class ;\n\trdfs:label "heart" ;\n\trdfs:subClassOf EX:5 .\n' in text
    subjects = [line.split()[0] for line in text.splitlines() if line.startswith("EX:")]
    assert subjects == ["EX:1", "EX:2", "EX:3", "EX:4", "EX:5"]


def test_graphml_is_read_by_networkx(hearts_obo: Path, tmp_path: Path) -> None:
    graph = load_graph(hearts_obo)
    read = networkx.read_graphml(export(graph, tmp_path / "g.graphml"), node_type=int)
    assert read.nodes[1] == {
        "iri": f"{OBO}EX_2", "id": "EX:2", "label": "heart disease", "kind": "class",
    }  # fmt: skip
    assert read.nodes[2]["definition"] == "An irregular, often rapid heart rhythm."
    assert sorted(read.edges) == [(1, 0), (1, 3), (2, 1), (2, 3), (3, 4)]
    edge = read.edges[2, 3]
    assert (edge["relation"], edge["label"]) == (f"{OBO}RO_0001025", "located in")
    ids = [edge["number"] for *_, edge in read.edges(data=True)]
    assert sorted(ids) == [0, 1, 2, 3, 4]


def test_two_edges_between_the_same_ends_are_two_in_graphml(turtle, tmp_path: Path) -> None:
    graph = load_graph(turtle(':a a owl:NamedIndividual ; rdfs:label "a" ; :p :b ; :q :b . '
                              ':b a owl:NamedIndividual ; rdfs:label "b" .'))  # fmt: skip
    read = networkx.read_graphml(export(graph, tmp_path / "g.graphml"), node_type=int)
    assert [edge["label"] for edge in read.get_edge_data(0, 1).values()] == ["p", "q"]


def test_csv_and_parquet_hold_the_edges(hearts_obo: Path, tmp_path: Path) -> None:
    graph = load_graph(hearts_obo)
    with export(graph, tmp_path / "g.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert (rows[0]["head"], rows[0]["relation_label"], rows[0]["tail_label"]) == (
        f"{OBO}EX_2", "located in", "heart",
    )  # fmt: skip
    table = pq.read_table(export(graph, tmp_path / "g.parquet"))
    numbers = table.select(["head_number", "relation_number", "tail_number"])
    assert [list(row.values()) for row in numbers.to_pylist()] == graph.triples.tolist()
    assert table.column("head").to_pylist() == [row["head"] for row in rows]


def test_a_folder_of_parquet_has_entities_forms_notes_edges_and_a_manifest(
    mixed: KnowledgeGraph, tmp_path: Path
) -> None:
    folder = export(mixed, tmp_path / "tables", "parquet")
    assert sorted(file.name for file in folder.iterdir()) == [
        "edges.parquet", "entities.parquet", "forms.parquet", "manifest.json", "notes.parquet",
    ]  # fmt: skip
    entities = pq.read_table(folder / "entities.parquet")
    assert entities.column("kind").to_pylist() == ["class", "concept", "concept", "individual"]
    forms = pq.read_table(folder / "forms.parquet").to_pylist()
    assert {"entity": 1, "id": "https://example.org/a", "text": "aa", "scope": "exact"} in forms
    assert read_manifest(folder, "tables").made_from == {"graph": mixed.fingerprint}


@pytest.mark.parametrize("name", FILES)
def test_the_same_graph_gives_the_same_bytes(
    mixed: KnowledgeGraph, tmp_path: Path, name: str
) -> None:
    mixed.save(tmp_path / "g.kg")
    first = export(mixed, tmp_path / name).read_bytes()
    again = export(KnowledgeGraph.load(tmp_path / "g.kg"), tmp_path / name).read_bytes()
    assert first == again
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize("name", [*FILES, "tables"])
def test_the_empty_graph_can_be_written(tmp_path: Path, name: str) -> None:
    written = export(KnowledgeGraph.empty(), tmp_path / name, None if "." in name else "parquet")
    assert written.exists()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(label=TEXT, synonym=TEXT, definition=TEXT)
def test_any_text_comes_back(tmp_path: Path, label: str, synonym: str, definition: str) -> None:
    warnings.simplefilter("ignore", KGMLWarning)
    one = f"<https://e.org/a> a <{rdflib.OWL.Class}> "
    for predicate, text in ((rdflib.RDFS.label, label), (rdflib.SKOS.altLabel, synonym),
                            (rdflib.SKOS.definition, definition)):  # fmt: skip
        escaped = "".join(f"\\U{ord(c):08X}" for c in text)
        one += f'; <{predicate}> "{escaped}" '
    (tmp_path / "one.ttl").write_text(one + ".", encoding="utf-8")
    graph = load_graph(tmp_path / "one.ttl")
    for name in ("g.ttl", "g.nt"):
        assert load_graph(export(graph, tmp_path / name)).fingerprint == graph.fingerprint
    node = networkx.read_graphml(export(graph, tmp_path / "g.graphml"), node_type=int).nodes[0]
    for key, text in (("label", graph.labels[0]), ("definition", graph.definitions[0])):
        if text is not None:
            assert [c for c in node[key] if c != "\ufffd"] == [
                c for c in text if c == "\t" or may_be_xml(c)
            ]
    said = {text for entity in graph for text, _ in entity.synonyms}
    found = graph.sparql("SELECT ?t { ?x oboInOwl:hasExactSynonym ?t }").column("t").to_pylist()
    assert set(found) == said


def may_be_xml(character: str) -> bool:
    """Whether XML 1.0 has the character (production 2), but the one that stands for the others."""
    code = ord(character)
    return (code >= 0x20 or code in (9, 10, 13)) and code not in (0xFFFD, 0xFFFE, 0xFFFF)


def test_what_xml_cannot_hold_is_counted(turtle, tmp_path: Path) -> None:
    graph = load_graph(turtle(':a a owl:Class ; rdfs:label "a\\u0001\\u0002" . '
                              ':b a owl:Class ; rdfs:label "b\\uFFFF" .'))  # fmt: skip
    with pytest.warns(KGMLWarning, match=r"2 texts hold characters XML may not; U\+FFFD stands"):
        path = export(graph, tmp_path / "g.graphml")
    read = networkx.read_graphml(path, node_type=int)
    assert [read.nodes[n]["label"] for n in (0, 1)] == ["a\ufffd\ufffd", "b\ufffd"]


@pytest.mark.filterwarnings("ignore:.*kept as written:kgml.progress.KGMLWarning")
@pytest.mark.parametrize("name", ["g.ttl", "g.nt"])
def test_what_an_iri_may_not_hold_is_percent_encoded(write, tmp_path: Path, name: str) -> None:
    graph = load_graph(write("odd.nt", "<https://e.org/a b> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <https://e.org/c> .\n"
                                       "<https://e.org/c> <http://www.w3.org/2000/01/rdf-schema#label> \"c\" .\n"))  # fmt: skip
    with pytest.warns(KGMLWarning, match="1 IRI holds characters an IRI may not; percent-encoded"):
        path = export(graph, tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KGMLWarning)
        again = load_graph(path)
    assert again.iris == ["https://e.org/a%20b", "https://e.org/c"]
    rdflib.Graph().parse(path)


def test_an_unknown_format_is_named_with_those_there_are(
    mixed: KnowledgeGraph, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"no format named 'tutle'.*Did you mean 'turtle'"):
        export(mixed, tmp_path / "g.ttl", "tutle")
    with pytest.raises(UsageError, match=r"no format ends in '\.xyz'; wanted \.graphml, \.parquet"):
        export(mixed, tmp_path / "g.xyz")


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_written_leaves_what_was_there(
    mixed: KnowledgeGraph, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ArtifactError, match=r"could not be written .*Is a directory.* unchanged"):
        export(mixed, tmp_path / name)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(ArtifactError, match="could not be written"):
        export(mixed, tmp_path / "file" / name)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_writable_is_named(mixed: KnowledgeGraph, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ArtifactError, match="Permission denied"):
            export(mixed, tmp_path / "g.nt")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_of_something_else_is_left_alone(mixed: KnowledgeGraph, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="is left alone"):
        export(mixed, tmp_path / "tables", "parquet")


DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ontologies"


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the checkout")
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_hpo_comes_back_whole_from_turtle_and_says_the_same_to_rdflib(tmp_path: Path) -> None:
    graph = load_graph(DATA / "hpo" / "hp.obo")
    again = load_graph(export(graph, tmp_path / "hp.ttl"))
    assert again.columns.forms.equals(graph.columns.forms)
    assert again.columns.aliases.equals(graph.columns.aliases)
    assert again.definitions == graph.definitions
    assert again.triples.tolist() == graph.triples.tolist()
    assert set(again.to_rdflib()) == set(graph.to_rdflib())


# The command


def test_the_command_writes_and_says_what(kgml, hearts_obo: Path, tmp_path: Path) -> None:
    load_graph(hearts_obo).save(tmp_path / "h.kg")
    done = kgml("graph", "export", "h.kg", "-o", "h.ttl", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    size = (tmp_path / "h.ttl").stat().st_size
    assert said == {"path": "h.ttl", "format": "turtle", "entities": 5, "triples": 5, "bytes": size}
    done = kgml("graph", "export", "h.kg", "-o", "tables", "--format", "parquet")
    assert done.returncode == 0, done.stderr
    assert "written to  tables" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["h.kg", "-o", "h.doc"], 2, "error: h.doc: no format ends in '.doc'"),
        (["h.kg", "-o", "h", "--format", "xls"], 2, "error: no format named 'xls'"),
        (["none.kg", "-o", "h.ttl"], 1, "error: none.kg: no such folder"),
    ],
)
def test_the_command_refuses_in_one_line(
    kgml, hearts_obo: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    load_graph(hearts_obo).save(tmp_path / "h.kg")
    done = kgml("graph", "export", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert done.stderr.startswith(said)
