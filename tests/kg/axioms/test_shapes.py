"""SHACL shapes: ours, a user's, and those that would reach out."""

from __future__ import annotations

import bz2
import gzip
import lzma
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import KGMLError, OntologyError, UsageError
from kgml.kg.axioms.shapes import Report, validate_files
from kgml.progress import KGMLWarning

pytest.importorskip("pyshacl")

ROOT = Path(__file__).parents[3]
OURS = ROOT / "ontologies" / "shapes" / "kgml.ttl"
Write = Callable[[str, "str | bytes"], Path]
PREFIXES = """\
@prefix : <http://e.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""
GOOD = """\
: a owl:Ontology ; dcterms:title "Hearts" ; dcterms:license :licence ; owl:versionInfo "1" .
:organ a owl:Class ; rdfs:label "organ"@en , "Organ"@de ; skos:definition "A part of a body."@en .
:heart a owl:Class ; rdfs:label "heart"@en ; skos:altLabel "cor"@la ; rdfs:subClassOf :organ ,
    [ a owl:Class ; owl:unionOf ( :organ :heart ) ] ;
    skos:definition "The organ that pumps blood."@en ; skos:exactMatch <http://other.org/heart> .
:ticker a owl:Class ; rdfs:label "ticker"@en ; rdfs:subClassOf :organ ; owl:deprecated true ;
    skos:definition "A heart."@en ; skos:changeNote "Slang."@en .
"""
SPARQL = """\
:Shape a sh:NodeShape ; sh:targetClass owl:Class ; sh:sparql [ a sh:SPARQLConstraint ;
    sh:message "found" ; sh:select \"\"\"%s\"\"\" ] .
"""


def check(write: Write, body: str, shapes: Path = OURS, inference: str = "none") -> Report:
    data = write("data.ttl", PREFIXES + body)
    return validate_files(data, shapes, config=GraphConfig(), inference=inference)


def against(write: Write, shapes: str, body: str = GOOD, inference: str = "none") -> Report:
    return check(write, body, write("shapes.ttl", PREFIXES + shapes), inference)


# Our shapes


@pytest.mark.parametrize("name", ["fin", "bio"])
def test_the_ontologies_we_ship_conform_to_our_shapes(name: str) -> None:
    report = validate_files(name, OURS, config=GraphConfig())
    assert report.results == []
    assert report.conforms
    assert report.triples > 10_000


def test_a_small_ontology_that_keeps_to_the_rules_conforms(write: Write) -> None:
    assert check(write, GOOD).results == []


@pytest.mark.parametrize(
    ("old", "new", "focus", "message"),
    [
        ('rdfs:label "heart"@en ;', "", "heart", "has no rdfs:label"),
        ('"heart"@en ;', '"heart"@en , "pump"@en ;', "heart", "two labels in one language"),
        ('"heart"@en', '" heart"@en', "heart", "blanks around it"),
        ('skos:altLabel "cor"@la', "skos:altLabel :cor", "heart", "is no text"),
        ('skos:definition "A heart."@en ;', "", "ticker", "has no skos:definition"),
        ('"cor"@la', '"heart"@en', "heart", "its label as a synonym"),
        (": a owl:Ontology", ':toe a owl:Class ; rdfs:label "toe" ; skos:definition "Toe." .\n'
         ": a owl:Ontology", "toe", "neither a parent nor a child"),
        ("<http://other.org/heart>", '"http://other.org/heart"', "heart", "no IRI"),
        ("skos:exactMatch <", "skos:closeMatch <http://other.org/heart> ; skos:exactMatch <",
         "heart", "both exactly and closely"),
        ('; skos:changeNote "Slang."@en', "", "ticker", "deprecated without a replacement"),
        ('dcterms:title "Hearts" ;', "", "", "no dcterms:title"),
        (":licence", '"free"', "", "no dcterms:license, or one that is no IRI"),
        ('"1" .', '"1" , "2" .', "", "owl:versionInfo, or several"),
    ],
)  # fmt: skip
def test_each_rule_of_ours_finds_what_breaks_it(
    write: Write, old: str, new: str, focus: str, message: str
) -> None:
    assert old in GOOD
    report = check(write, GOOD.replace(old, new, 1))
    assert not report.conforms
    assert [(r["focus"], r["source"]) for r in report.results] == [
        ("http://e.org/" + focus, "data.ttl")
    ]
    (result,) = report.results
    assert message in result["message"]
    assert result["severity"] == "Violation"
    assert result["shape"].startswith("https://w3id.org/kgml/shapes#")


def test_the_shapes_we_ship_are_no_ontology(write: Write) -> None:
    with pytest.raises(OntologyError, match="no class, individual or concept"):
        load_graph(OURS)


# A user's shapes


def test_a_result_says_what_where_and_by_which_shape(write: Write) -> None:
    shape = """:Age a sh:NodeShape ; sh:targetNode :tom ;
        sh:property [ sh:path :age ; sh:maxInclusive 30 ; sh:severity sh:Warning ] ."""
    report = against(write, shape, ":tom :age 41 .")
    assert report.results == [{
        "focus": "http://e.org/tom", "path": "http://e.org/age", "value": "41",
        "severity": "Warning", "message": "Value is not <= Literal(\"30\", datatype=xsd:integer)",
        "constraint": "MaxInclusive", "shape": "http://e.org/Age", "source": "data.ttl",
    }]  # fmt: skip
    assert (report.triples, report.files) == (1, 1)


def test_files_are_checked_together_and_keep_their_blank_nodes_apart(write: Write) -> None:
    one = write("d/one.ttl", PREFIXES + "_:x :p 1 . :a :q _:x .")
    write("d/two.nt", "_:x <http://e.org/p> <http://e.org/b> .\n")
    shapes = write("s.ttl", PREFIXES + ":S a sh:NodeShape ; sh:targetSubjectsOf :p ;"
                   "sh:property [ sh:path :p ; sh:maxCount 1 ] .")  # fmt: skip
    report = validate_files(one.parent, shapes, config=GraphConfig())
    assert (report.conforms, report.triples, report.files) == (True, 3, 2)


def test_what_is_inferred_is_checked_too(write: Write) -> None:
    shape = ":S a sh:NodeShape ; sh:targetClass :Animal ; sh:property [ sh:path :age ; sh:minCount 1 ] ."
    body = ":sees rdfs:domain :Animal . :tom :sees :jerry ."
    assert against(write, shape, body).conforms
    report = against(write, shape, body, inference="rdfs")
    assert [r["focus"] for r in report.results] == ["http://e.org/tom"]
    assert report.triples == 3


def test_a_saved_graph_is_checked_as_it_is(write: Write, tmp_path: Path) -> None:
    load_graph(write("g.ttl", PREFIXES + ':a a owl:Class ; rdfs:label "a" .')).save(tmp_path / "g")
    shape = ":S a sh:NodeShape ; sh:targetClass owl:Class ; sh:property [ sh:path rdfs:comment ; sh:minCount 1 ] ."
    report = validate_files(tmp_path / "g", write("s.ttl", PREFIXES + shape), config=GraphConfig())
    assert [(r["focus"], r["source"]) for r in report.results] == [("http://e.org/a", "g")]


def test_an_obo_file_is_checked_as_the_graph_made_of_it(write: Write, hearts_obo: Path) -> None:
    shape = ":S a sh:NodeShape ; sh:targetClass owl:Class ; sh:property [ sh:path skos:definition ; sh:minCount 1 ] ."
    report = validate_files(hearts_obo, write("s.ttl", PREFIXES + shape), config=GraphConfig())
    assert [r["focus"].rpartition("/")[2] for r in report.results] == ["EX_2", "EX_4", "EX_5"]


def test_a_sparql_constraint_sees_the_data(write: Write) -> None:
    select = "SELECT $this WHERE { $this <http://www.w3.org/2000/01/rdf-schema#subClassOf>+ $this }"
    body = ":a a owl:Class ; rdfs:subClassOf :b . :b rdfs:subClassOf :a . :c a owl:Class ."
    report = against(write, SPARQL % select, body)
    assert [(r["focus"], r["message"], r["constraint"]) for r in report.results] == [
        ("http://e.org/a", "found", "SPARQL")
    ]


# Bad and unsafe shapes


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A local port, and what anyone sends there."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            with connection:
                heard.append(connection.recv(1000))

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1], heard
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELECT $this WHERE { SERVICE <http://127.0.0.1:%d/> { $this ?p ?o } }", "SERVICE"),
        # pySHACL's own check knows the word only with a blank or '<' after it
        ("PREFIX : <http://127.0.0.1:%d/> SELECT $this WHERE { { SERVICE:q { $this ?p ?o } } }", "SERVICE"),
        ("SELECT $this WHERE { SERVICE#\n<http://127.0.0.1:%d/> { $this ?p ?o } }", "SERVICE"),
        ("SELECT $this FROM <http://127.0.0.1:%d/> WHERE { $this ?p ?o }", "FROM"),
    ],
)  # fmt: skip
def test_a_query_that_reads_from_elsewhere_is_refused(
    write: Write, listener: tuple[int, list[bytes]], query: str, word: str
) -> None:
    port, heard = listener
    with pytest.raises(OntologyError, match=f"(?i)shapes.*{word}|{word}.*shapes file"):
        against(write, SPARQL % (query % port))
    assert heard == []


def test_imports_scripts_and_rules_are_passed_over_with_a_warning(
    write: Write, listener: tuple[int, list[bytes]]
) -> None:
    port, heard = listener
    shapes = f"""<http://e.org/s> a owl:Ontology ; owl:imports <http://127.0.0.1:{port}/more.ttl> .
    :S a sh:NodeShape ; sh:targetClass owl:Class ; sh:nodeKind sh:BlankNodeOrIRI ;
      sh:js [ a sh:JSConstraint ; sh:jsFunctionName "f" ;
              sh:jsLibrary [ sh:jsLibraryURL "http://127.0.0.1:{port}/f.js" ] ] ;
      sh:rule [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate :p ; sh:object :o ] ."""
    with pytest.warns(KGMLWarning, match="1 sh:js, 1 sh:jsLibrary, 1 sh:rule, 1 owl:imports"):
        report = against(write, shapes)
    assert report.conforms
    assert heard == []


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (":a :b :c .", "no SHACL shape found"),
        (":S a sh:NodeShape ; sh:targetNode :x ; sh:property [ sh:minCount 1 ] .", "not a usable"),
        (":S a sh:NodeShape ; sh:targetNode :x ; sh:property [ sh:path :p ; sh:minCount 1, 2 ] .",
         "not a usable shapes file .*minCount"),
        (":S a sh:NodeShape ; sh:targetNode :x ; sh:pattern '(' .", "not a usable"),
        (SPARQL % "SELECT $this WHERE { $this", "not a usable"),
        (SPARQL % "SELECT $this WHERE { $this nowhere:p ?o }", "not a usable"),
        (SPARQL % "SELECT $this WHERE { $this ?p ?o MINUS { $this a ?o } }", "MINUS"),
        (":S a sh:NodeShape ; sh:property [", "not valid Turtle"),
    ],
)  # fmt: skip
def test_unusable_shapes_are_named(write: Write, shapes: str, words: str) -> None:
    with pytest.raises(OntologyError, match=f"(?s)shapes.ttl.*{words}"):
        against(write, shapes)


def test_data_that_is_broken_or_missing_is_named(write: Write, tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"data\.ttl, line \d+: not valid Turtle"):
        check(write, ":a :b")
    with pytest.raises(OntologyError, match="no such file"):
        validate_files(tmp_path / "none.ttl", OURS, config=GraphConfig())


def test_more_triples_than_the_limit_are_refused(write: Write) -> None:
    data = write("data.ttl", PREFIXES + GOOD)
    with pytest.raises(OntologyError, match=r"more than 10 triples"):
        validate_files(data, write("s.ttl", PREFIXES + ":S a sh:NodeShape ."),
                       config=GraphConfig(max_triples=10))  # fmt: skip


def test_an_import_is_not_followed_whatever_the_format(write: Write) -> None:
    more = write("more.obo", "format-version: 1.4\n\n[Term]\nid: EX:2\nname: b\n")
    term = "\n[Term]\nid: EX:1\nname: a\n"
    data = write("data.obo", "format-version: 1.4\nimport: http://e.org/more.obo\n" + term)
    shape = ":S a sh:NodeShape ; sh:targetClass owl:Class ; sh:property [ sh:path rdfs:comment ; sh:minCount 1 ] ."
    config = GraphConfig(import_map={"http://e.org/more.obo": str(more)})
    assert len(load_graph(data, config)) == 2
    report = validate_files(data, write("s.ttl", PREFIXES + shape), config=config)
    assert [r["focus"].rpartition("/")[2] for r in report.results] == ["EX_1"]


# Files as they come: packed, cut short, hostile


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd,
}  # fmt: skip
AGES = PREFIXES + "<tom> :age 41 . :eve :age 7 ."
AGE = (
    PREFIXES
    + """:Age a sh:NodeShape ; sh:targetSubjectsOf :age ;
    sh:property [ sh:path :age ; sh:maxInclusive 30 ] ."""
)
AGES_XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://e.org/">
<rdf:Description rdf:about="http://e.org/tom"><age>41</age></rdf:Description>
<rdf:Description rdf:about="http://e.org/eve"><age>7</age></rdf:Description>
</rdf:RDF>
"""
AGE_XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sh="http://www.w3.org/ns/shacl#">
<sh:NodeShape rdf:about="http://e.org/Age">
<sh:targetSubjectsOf rdf:resource="http://e.org/age"/><sh:nodeKind rdf:resource="http://www.w3.org/ns/shacl#IRI"/>
</sh:NodeShape>
<sh:NodeShape rdf:about="http://e.org/Unused"/>
</rdf:RDF>
"""
BOMB = '<!DOCTYPE rdf:RDF [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;">]>'


@pytest.fixture(params=["data", "shapes"])
def refused(request: pytest.FixtureRequest, write: Write) -> Callable[..., None]:
    """Refuse a file with each of some words, taken as the data and taken as the shapes."""

    def check_refused(path: Path, *words: str, config: GraphConfig = GraphConfig()) -> None:  # noqa: B008
        data, shapes = write("good.ttl", AGES), write("good-shapes.ttl", AGE)
        both = (path, shapes) if request.param == "data" else (data, path)
        with pytest.raises(OntologyError) as caught:
            validate_files(*both, config=config)
        for word in (str(path), *words):
            assert word in str(caught.value)
        assert str(caught.value).count(str(path)) == 1

    return check_refused


@pytest.mark.parametrize("ending", PACKERS)
def test_packed_files_are_checked_as_what_they_hold(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    plain = validate_files(write("d.ttl", AGES), write("s.ttl", AGE), config=GraphConfig())
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    data = write(f"d.ttl{ending}", PACKERS[ending](AGES.encode()))
    shapes = write(f"s.ttl{ending}", PACKERS[ending](AGE.encode()))
    packed = validate_files(data, shapes, config=GraphConfig())
    (result,) = packed.results
    assert (result["value"], result["source"]) == ("41", f"d.ttl{ending}")
    # a relative IRI is the same whether its file is packed or not
    assert [{**r, "source": f"d.ttl{ending}"} for r in plain.results] == packed.results
    assert (packed.triples, packed.files) == (plain.triples, plain.files) == (2, 1)
    assert list(folder.iterdir()) == []


def test_a_packed_obo_file_is_checked_too(write: Write, hearts_obo: Path) -> None:
    shape = ":S a sh:NodeShape ; sh:targetClass owl:Class ; sh:property [ sh:path skos:definition ; sh:minCount 1 ] ."
    packed = write("hearts.obo.gz", gzip.compress(hearts_obo.read_bytes()))
    report = validate_files(packed, write("s.ttl", PREFIXES + shape), config=GraphConfig())
    assert [(r["focus"].rpartition("/")[2], r["source"]) for r in report.results] == [
        (name, "hearts.obo.gz") for name in ("EX_2", "EX_4", "EX_5")
    ]


def test_damaged_and_exploding_packed_files_are_refused(
    write: Write, refused: Callable[..., None]
) -> None:
    refused(write("a.ttl.gz", gzip.compress(AGE.encode())[:-9]), "end early", "truncated")
    bomb = write("b.ttl.gz", gzip.compress(AGE.encode() + b"\n#" + b"x" * 6_000_000))
    refused(bomb, "200 for each packed one", "max_ratio")
    loose = GraphConfig(max_ratio=10**9, max_bytes=100_000)
    refused(bomb, "more bytes than the limit of 100,000", "max_bytes", config=loose)
    refused(write("c.ttl.gz", gzip.compress(b"@prefix : <http://e/> .\n:a :b")), "not valid Turtle")


@pytest.mark.parametrize("text", [AGES_XML, AGE_XML])
def test_rdf_xml_that_is_cut_short_is_refused_though_the_parser_takes_it(
    write: Write, refused: Callable[..., None], text: str
) -> None:
    # between two elements: what is left is well-formed as far as it goes
    cut = text[: text.rindex("</rdf:RDF>")]
    refused(write("cut.rdf", cut), "<rdf:RDF> is never closed", "truncated", "export it again")
    refused(write("cut.rdf.gz", gzip.compress(cut.encode())), "never closed", "truncated")


def test_whole_rdf_xml_is_checked_as_data_and_as_shapes(write: Write) -> None:
    report = validate_files(write("d.rdf", AGES_XML), write("s.rdf", AGE_XML), config=GraphConfig())
    assert (report.conforms, report.triples) == (True, 2)


@pytest.mark.parametrize("text", [AGES_XML, AGE_XML])
def test_an_entity_bomb_never_reaches_the_parser(
    write: Write, refused: Callable[..., None], text: str
) -> None:
    bomb = text.replace("<rdf:RDF", BOMB + "\n<rdf:RDF", 1).replace("http://e.org/", "&c;", 1)
    words = ("the XML entity 'b' contains other entities", "Write the names out")
    refused(write("bomb.rdf", bomb), *words)
    refused(write("bomb.rdf.bz2", bz2.compress(bomb.encode())), *words)


def test_what_nests_deeper_than_the_limit_is_refused(
    write: Write, refused: Callable[..., None]
) -> None:
    deep = write("deep.ttl", PREFIXES + ":x :p " + "[ :p " * 30 + ":y" + " ]" * 30 + " .")
    refused(deep, "max_depth", config=GraphConfig(max_depth=20))


def test_an_unknown_level_of_inference_names_the_known_ones(write: Write) -> None:
    with pytest.raises(UsageError, match="'owl'; choose from none, owlrl, rdfs, skos"):
        check(write, GOOD, inference="owl")


def test_without_pyshacl_the_line_to_install_it_is_given(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyshacl", None)
    with pytest.raises(KGMLError, match=r"pip install 'kgml\[shacl\]'"):
        check(write, GOOD)
