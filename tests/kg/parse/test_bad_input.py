from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import rdflib

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import safety

RDF_XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:owl="http://www.w3.org/2002/07/owl#">
<owl:Class rdf:about="http://e/a"><rdfs:label>a</rdfs:label></owl:Class>
<owl:Class rdf:about="http://e/b"><rdfs:label>b</rdfs:label></owl:Class>
</rdf:RDF>
"""


def refused(path: Path | str, *words: str, config: GraphConfig = GraphConfig()) -> str:  # noqa: B008
    """The message of the refusal, which holds every one of ``words`` and names the file."""
    with pytest.raises(OntologyError) as caught:
        load_graph(path, config)
    message = str(caught.value)
    for word in (str(path), *words):
        assert word in message
    return message


def test_a_missing_file_is_refused_and_its_neighbour_named(hearts_obo: Path) -> None:
    refused(
        hearts_obo.with_name("heart.obo"), "no such file or folder", "Did you mean", "hearts.obo"
    )
    refused(hearts_obo.parent / "no" / "x.ttl", "no such file or folder", "Check the path")
    refused(str(hearts_obo.parent / "*.owl"), "no file matches this pattern")


def test_a_folder_without_ontologies_is_refused(write) -> None:
    refused(write("folder/README.md", "# Hello").parent, "1 file in this folder, none of them")


@pytest.mark.parametrize("content", ["", "  \n\n", "# only a comment\n", "! only a comment\n"])
def test_an_empty_file_is_refused(write, content: str) -> None:
    refused(write("empty.ttl", content), "Wanted Turtle, TriG, N-Triples", "or Parquet")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.ttl", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a zero at byte 8"),
        ("a.zip", b"PK\x03\x04....", "zip archive"),
        ("a.owl", "<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("a.xml", "<?xml version='1.0'?><catalog/>", "the root <catalog>"),
        ("a.owl", "Prefix: : <http://e/>\nOntology: <http://e/>", "Manchester"),
        ("a.json", '{"name": "x", "version": 1}', "not JSON-LD"),
        (
            "a.csv",
            "text,label\nhello,1\n",
            "starts with 'text', 'label', which are not the columns of a list of edges",
        ),
    ],
)
def test_what_is_no_ontology_is_named_for_what_it_is(write, name: str, content, words: str) -> None:
    refused(write(name, content), words)


def test_utf_16_and_latin_1_are_named_with_the_byte(write, hearts_obo: Path) -> None:
    turtle = '@prefix : <http://e/> .\n:a :b "caf\xe9" .\n'
    refused(write("u.ttl", turtle.encode("utf-16")), "UTF-16", "byte 0")
    refused(write("u16.ttl", turtle.encode("utf-16-le")), "a zero at byte 1")
    refused(
        write("l.ttl", turtle.encode("latin-1")), "line 2: byte 34 is not UTF-8", "iconv -f LATIN1"
    )
    obo = hearts_obo.read_bytes().replace(b"organ\n", b"org\xe4n\n")
    refused(write("l.obo", obo), f"byte {obo.index(0xE4)} is not UTF-8")
    nt = b'<http://e/a> <http://e/b> "x" .\n<http://e/a> <http://e/b> "\xe9" .\n'
    refused(write("l.nt", nt), f"byte {nt.index(0xE9)} is not UTF-8")
    xml = RDF_XML.replace("<rdfs:label>a", "<rdfs:label>\xe9")
    refused(write("l.rdf", xml.encode("latin-1")), "is not UTF-8")
    declared = xml.replace('"1.0"', '"1.0" encoding="ISO-8859-1"')
    refused(write("d.rdf", declared.encode("latin-1")), "XML in ISO-8859-1", "iconv")


def test_truncated_turtle_says_the_line(write, hearts_ttl: Path) -> None:
    text = hearts_ttl.read_text()
    cut = text[: text.index("The ECG") if "The ECG" in text else text.index("ECG")]
    refused(write("cut.ttl", cut), f"line {cut.count(chr(10)) + 1}", "looks truncated")
    refused(write("cut2.ttl", text[: text.index("obo:EX_5 .")]), "not valid Turtle", "truncated")


def test_truncated_n_triples_and_json_ld_are_refused(write, hearts_ttl: Path, tmp_path) -> None:
    graph = rdflib.Graph().parse(hearts_ttl)
    nt = graph.serialize(format="nt").strip()
    refused(write("cut.nt", nt[:-20]), "not valid N-Triples", "truncated")
    json = graph.serialize(format="json-ld")
    refused(write("cut.jsonld", json[: len(json) // 2]), "not valid JSON-LD")


def test_rdf_xml_truncated_between_elements_is_refused_though_the_parser_takes_it(write) -> None:
    second = RDF_XML.index('<owl:Class rdf:about="http://e/b"')
    for cut in (second, second + 30, len(RDF_XML) - 2, len(RDF_XML) - 12):
        refused(write("cut.rdf", RDF_XML[:cut]), "truncated")
    assert len(load_graph(write("whole.rdf", RDF_XML + "<!-- end -->\n<?done?>\n \n"))) == 2


def test_an_rdf_xml_root_may_have_any_prefix_and_be_empty(write) -> None:
    other = RDF_XML.replace("rdf:", "r:").replace("xmlns:rdf=", "xmlns:r=")
    assert len(load_graph(write("a.rdf", other))) == 2
    refused(write("b.rdf", other.replace("</r:RDF>", "")), "<r:RDF> is never closed", "truncated")
    empty = RDF_XML[: RDF_XML.index('owl#">') + 5] + "/>"
    refused(write("c.rdf", empty), "no class, individual or concept found")


def test_xml_that_is_not_well_formed_is_refused(write) -> None:
    refused(
        write("a.rdf", RDF_XML.replace("a</rdfs:label>", "a</rdfs:lable>")), "not valid RDF/XML"
    )


def with_entities(declarations: str, use: str = "a") -> str:
    doctype = f"<!DOCTYPE rdf:RDF [{declarations}]>\n<rdf:RDF"
    return RDF_XML.replace("<rdf:RDF", doctype).replace(">a</rdfs", f">{use}</rdfs")


def test_namespace_entities_work(write) -> None:
    declared = """
  <!ENTITY owl "http://www.w3.org/2002/07/owl#"> <!-- the usual ones -->
  <!ENTITY amp2 "this &amp; that &#233;">
"""
    assert load_graph(write("a.rdf", with_entities(declared, "&owl;x")))[0].label.endswith("owl#x")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ('<!ENTITY a "x"><!ENTITY b "&a;&a;">', "'b' contains other entities"),
        ("<!ENTITY a 'x'><!ENTITY b '&a;&a;'>", "'b' contains other entities"),
        ('<!ENTITY a SYSTEM "file:///etc/hostname">', "outside the file"),
        ('<!ENTITY % a SYSTEM "http://e/x.dtd">%a;', "outside the file"),
        (f'<!ENTITY a "{"x" * 3000}">', "'a' is 3,000 bytes long"),
        ('<!-- ]> --><!ENTITY a "x"><!ENTITY b "&a;&a;">', "'b' contains other entities"),
        ('<?p ]> ?><!ENTITY a "x"><!ENTITY b "&a;">', "'b' contains other entities"),
        ('<!ENTITY a "]>"><!ENTITY b "&a;&a;">', "'b' contains other entities"),
        (
            '<!-- ]><rdf:RDF x="--><!ENTITY a "x"><!ENTITY b "&a;&a;">',
            "'b' contains other entities",
        ),
        ("".join(f'<!ENTITY a{i} "x">' for i in range(1001)), "1,001 XML entities"),
    ],
)
def test_entities_that_nest_reach_out_or_grow_never_reach_the_parser(
    write, declared: str, words: str
) -> None:
    refused(write("bomb.rdf", with_entities(declared, "&a;")), words)


def test_one_entity_used_a_million_times_is_refused(write, monkeypatch) -> None:
    monkeypatch.setattr(safety, "MAX_EXPANSION", 1_000_000)
    path = write("bomb.rdf", with_entities(f'<!ENTITY a "{"x" * 1000}">', "&a;" * 2000))
    refused(path, "would grow to 2,000,000 bytes")


def test_an_undeclared_prefix_is_named_with_its_line(write) -> None:
    path = write("p.ttl", "@prefix e: <http://e/> .\n\ne:a ex:b e:c .\n")
    refused(path, "line 3", "prefix 'ex'", "Add '@prefix ex: <...> .'")


def test_a_remote_json_ld_context_is_not_fetched(write) -> None:
    path = write("r.jsonld", '{"@context": "http://127.0.0.1:9/x", "@id": "a", "name": "b"}')
    refused(path, "remote contexts are not fetched")


def test_limits_on_bytes_and_triples_are_kept(hearts_obo: Path, hearts_ttl: Path) -> None:
    refused(hearts_obo, "more than the limit of 100", config=GraphConfig(max_bytes=100))
    refused(hearts_ttl, "more than 10 triples", "max_triples", config=GraphConfig(max_triples=10))
    refused(hearts_obo, "more than the limit of 10", config=GraphConfig(max_triples=10))


TERM = "format-version: 1.2\n\n[Term]\nid: X:1\nname: one\n\n[Term]\nid: X:2\nname: two\n"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ('def: "A text that sto', "line 10: found"),
        ('synonym: "two" EXACT [PMID:', "the list in square brackets closed"),
        ("is_a", "wanted 'tag: value'"),
        ("is_a:", "without a value"),
        ("is_a: X:", "names a term the file does not define"),
        ("is_a: ! one", "names a term the file does not define"),
        ("is_a: X:1 ! on", "names its term otherwise"),
        ("[Ter", "wanted a stanza such as [Term]"),
        ("\n[Term]", "a [Term] without 'id:' ends here"),
        ("\n[Term]\nid: X:3", "the last [Term] has no 'name:'"),
        ("\n[Term]\nid: X:3\n", "the last [Term] has no 'name:'"),
        ("\n[Term]\nname: three\n", "without 'id:'"),
        ("relationship: part_of\n", "wanted 'relationship: RELATION TERM'"),
    ],
)
def test_truncated_obo_is_refused_with_its_line(write, end: str, words: str) -> None:
    message = refused(write("cut.obo", TERM + end), words, "truncated")
    assert ", line " in message


def test_a_last_line_without_newline_is_fine_when_it_is_whole(write) -> None:
    assert len(load_graph(write("a.obo", TERM + "is_a: X:1 ! one"))) == 2
    assert len(load_graph(write("b.obo", TERM + "is_a: X:1"))) == 2
    assert len(load_graph(write("c.obo", TERM + 'def: "Two." [X:7]'))) == 2
    assert len(load_graph(write("d.obo", TERM + "is_obsolete: true"))) == 1


@pytest.mark.parametrize("last", ["comment: It is the", "name: tw", "xref: UMLS:C00", "! one"])
def test_a_last_line_without_newline_that_may_go_on_is_refused(write, last: str) -> None:
    words = ("line 10", f"'{last}', has no newline", "truncated", "if the line is whole, end it")
    refused(write("cut.obo", TERM + last), *words)
    named = TERM + "is_a: X:1 ! one\n\n[Term]\nid: X:3\nname: three\nis_a: X:1"
    refused(write("bare.obo", named), "'is_a: X:1', lacks the name the others have", "truncated")


def test_a_real_obo_file_cut_anywhere_is_refused_but_after_a_whole_line(tmp_path: Path) -> None:
    """What cannot be seen is a cut right after a line that is whole, in a stanza with a name.

    With its newline that file is sound OBO; without, only lines that are plainly complete pass.
    """
    whole = Path(__file__).parents[3].parent / "shared" / "data" / "ontologies" / "hpo" / "hp.obo"
    if not whole.is_file():
        pytest.skip("hp.obo is not on this machine")
    start, cut = whole.read_bytes()[:60_000], tmp_path / "cut.obo"
    for size in (800, 20_007, *np.random.default_rng(0).integers(1, 60_000, 60).tolist()):
        cut.write_bytes(start[:size])
        line = start[:size].rpartition(b"\n")[2]
        complete = not line or start[size : size + 1] == b"\n"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                load_graph(cut)
        except OntologyError:
            continue
        assert complete, (size, line)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.obo", "format-version: 1.2\nontology: x\n"),
        ("a.ttl", "@prefix : <http://e/> .\n"),
        ("a.jsonld", '{"@context": {"a": "b"}, "@id": "http://x/1", "a": "c"}'),
        ("a.rdf", RDF_XML.replace("owl:Class", "x").replace("<x ", "<rdf:Description ")
         .replace("</x>", "</rdf:Description>")),
    ],
)  # fmt: skip
def test_an_ontology_of_nothing_is_refused(write, name: str, content: str) -> None:
    refused(write(name, content), "no class, individual or concept found; wanted", "is whole")


def test_only_obsolete_terms_are_named_as_the_reason(write) -> None:
    gone = "format-version: 1.2\n\n[Term]\nid: X:1\nname: one\nis_obsolete: true\n"
    refused(write("a.obo", gone), "found that is not obsolete (1 are)")


def test_an_is_a_target_that_no_file_defines_is_counted(write) -> None:
    graph = load_graph(write("a.obo", TERM + "is_a: X:1\nis_a: X:7\n"))
    assert (len(graph), graph.report["unlabelled"]) == (3, 1)
    assert graph.report["dropped"] == {"is-a target that no file defines (kept by its IRI)": 1}


def test_a_relative_predicate_is_read(write) -> None:
    json = '{"@graph": [{"@id": "http://e/a", "@type": "http://e/C", "%s": {"@id": "http://e/b"}}]}'
    assert len(load_graph(write("a.jsonld", json % "http://e/p"))) == 2
    context = '{"@context": {"p": {"@id": "b", "@type": "@id"}}, "@id": "http://e/a", ' \
        '"@type": "http://e/C", "p": "http://e/b"}'  # fmt: skip
    assert len(load_graph(write("b.jsonld", context))) == 2
    xml = RDF_XML.replace("xmlns:owl", 'xmlns:x="foo" xmlns:owl').replace(
        "<rdfs:label>a</rdfs:label>", '<x:p rdf:resource="http://e/b"/><x:q>text</x:q>'
    )
    assert len(load_graph(write("a.rdf", xml))) == 2


def test_what_kgml_saved_is_no_ontology(hearts_obo: Path) -> None:
    folder = hearts_obo.parent
    first = load_graph(folder)
    saved = folder / "artifacts" / "hearts.kg"
    first.save(saved)
    assert (saved / "report.json").is_file()
    again = load_graph(folder)
    assert (again.fingerprint, again.report) == (first.fingerprint, first.report)
    refused(saved, "a saved kgml graph, not an ontology", f"Use it with --graph {saved}")
    refused(saved / "report.json", "not JSON-LD")


def test_a_file_that_cannot_be_read_is_refused(hearts_obo: Path, monkeypatch) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    hearts_obo.chmod(0)
    refused(hearts_obo, "cannot be read")


def test_a_document_type_that_hides_its_end_is_refused(write) -> None:
    bomb = with_entities('<!ENTITY a "x"><!ENTITY b "&a;&a;">', "&b;")
    refused(write("a.rdf", bomb.replace("rdf:RDF [", 'rdf:RDF PUBLIC "a>b" "c" [')), "root element")


def test_numbers_of_any_length_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    node = '{"id": "http://e/A", "lbl": "a", "type": "CLASS", "rank": %s}'
    path.write_text('{"graphs": [{"id": "http://e/o", "nodes": [' + node % ("9" * 20_000) + "]}]}")
    assert load_graph(path).labels == ["a"]


def test_a_run_of_blanks_takes_no_longer_than_its_length(tmp_path: Path) -> None:
    path = tmp_path / "blanks.obo"
    blanks = " " * 300_000
    path.write_text(
        f"[Term]\nid: A:1\nname: a\nis_a: A:2{blanks}{{x=y}} z\n\n[Term]\nid: A:2\nname: b\n"
    )
    started = time.process_time()
    load_graph(path)
    assert time.process_time() - started < 10  # it took minutes


def test_a_long_word_in_owl_xml_takes_no_longer_than_its_length(tmp_path: Path) -> None:
    path = tmp_path / "word.owx"
    path.write_text(
        '<?xml version="1.0"?>\n<Ontology xmlns="http://www.w3.org/2002/07/owl#" ontologyIRI="http://e/'
        + "9" * 1_000_000
    )
    started = time.process_time()
    refused(path, "never closed")
    assert time.process_time() - started < 10  # it took 16 s
