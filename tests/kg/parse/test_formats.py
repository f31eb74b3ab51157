"""Which format a file is in, how deep it may nest, and in which encoding."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time
from pathlib import Path

import pytest
import rdflib

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import formats, nesting, safety
from kgml.kg.sources.find import find

T = "@prefix : <http://e/> .\n"
NT = '<http://e/a> <http://e/b> "x"@en .\n'
NQ = "<http://e/a> <http://e/b> <http://e/c> <http://e/g> .\n"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.ttl", T + ':a :b "{ not a graph }" , <http://e/{> . # { nor this', formats.TURTLE),
        ("a", T + ':a :b """\n{""" .', formats.TURTLE),
        ("a.ttl", T + ":g { :a :b :c }", formats.TRIG),
        ("a", T + "GRAPH :g { :a :b :c }", formats.TRIG),
        ("a", "{ <http://e/a> <http://e/b> <http://e/c> }", formats.TRIG),
        ("a.trig", T + ":a :b :c .", formats.TRIG),
        ("a.ttl", T + ":a :b :c {| :d :e |} .", formats.TURTLE),
        ("a", NT, formats.NTRIPLES),
        ("a.ttl", NT, formats.TURTLE),
        ("a", NQ, formats.NQUADS),
        ("a.nt", NT + NQ, formats.NQUADS),
        ("a.nt", NQ + NT, formats.NQUADS),
        ("a.nq", NT, formats.NQUADS),
        ("a.txt", NT.replace(" ", "\t"), formats.NTRIPLES),
        ("a.owl", "Prefix(:=<http://e/>)\nOntology(<http://e/>)", formats.OWLFUNCTIONAL),
        ("a", "# made by hand\nOntology( <http://e/>\n)", formats.OWLFUNCTIONAL),
        ("a.owl", '<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#"/>',
         formats.OWLXML),
        ("a.owl", "<owl:Ontology xmlns:owl='http://www.w3.org/2002/07/owl#' "
         "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' rdf:about='http://e/'/>",
         formats.RDFXML),
        ("a.json", '{"graphs": [{"id": "http://e/", "nodes": []}]}', formats.OBOGRAPHS),
        ("a.json", '{"@context": {}, "graphs": [{"nodes": []}]}', formats.OBOGRAPHS),
        ("a.json", '{"@context": {}, "@id": "http://e/a"}', formats.JSONLD),
        ("a", '[{"@id": "http://e/a"}]', formats.JSONLD),
        ("a.csv", "head,relation,tail\na,b,c\n", formats.EDGELIST),
        ("a", "subject\tpredicate\tobject\na\tb\tc\n", formats.EDGELIST),
        ("a.csv", "child;parent\na;b\n", formats.EDGELIST),
        ("a.tsv", "HP:1\tis_a\tHP:2\n", formats.EDGELIST),
        ("train.txt", "/m/1\t/film/by\t/m/2\n", formats.EDGELIST),
        ("a", "format-version: 1.2\n", formats.OBO),
    ],
)  # fmt: skip
def test_a_format_is_told_by_content_and_the_ending_breaks_ties(name, text, kind) -> None:
    assert formats.detect(text.encode(), Path(name)) == (kind, 0)
    marked = b"\xef\xbb\xbf" + text.encode()
    assert formats.detect(marked, Path(name)) == (kind, 3)


def test_parquet_is_known_by_its_magic() -> None:
    assert formats.detect(b"PAR1\x15\x04", Path("a.bin")) == (formats.PARQUET, 0)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.csv",
            "text,label\nhello,1\n",
            "a table that starts with 'text', 'label', which are not",
        ),
        ("a.csv", "id,text,label\n1,hello,2\n", "starts with 'id', 'text', 'label'"),
        ("a.csv", f"{'word ' * 20},b,c\nd,e,f\n", "a table that starts with"),
        ("a.txt", "One, two, three.\nFour, five, six.\n", "which are not the columns"),
        ("a.omn", "Prefix: : <http://e/>\nOntology: <http://e/>", "Manchester syntax"),
        ("a.json", '{"graphs": 3, "nodes": []}', "no OBO Graphs JSON"),
        ("a.db", b"SQLite format 3\0....", "an SQLite database"),
    ],
)
def test_what_is_no_ontology_is_named_for_what_it_is(name, content, words) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(formats.UnknownFormatError) as caught:
        formats.detect(data, Path(name))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-16", "UTF-16 text (byte order mark at byte 0)"),
        ("utf-32", "UTF-32 text (byte order mark at byte 0)"),
        ("utf-16-le", "UTF-16LE text without byte order mark (a zero at byte 1)"),
        ("utf-16-be", "UTF-16BE text without byte order mark (a zero at byte 0)"),
        ("utf-32-le", "UTF-32LE text without byte order mark (a zero at byte 1)"),
        ("utf-32-be", "UTF-32BE text without byte order mark (a zero at byte 0)"),
    ],
)
def test_wide_encodings_are_named_with_the_byte_and_the_way_out(encoding, words) -> None:
    with pytest.raises(formats.UnknownFormatError) as caught:
        formats.detect((T + ":a :b :c .").encode(encoding), Path("a.ttl"))
    assert words in str(caught.value)
    assert f"iconv -f {words.split()[0]} -t UTF-8" in str(caught.value)


def test_latin_1_is_named_with_line_and_byte(write) -> None:
    path = write("a.ttl", (T + ':a :b "caf\xe9" .\n').encode("latin-1"))
    offset = safety.invalid_utf8(path)
    assert offset == len(T) + 10
    assert f"{path}, line 2: byte 34 is not UTF-8" in str(safety.not_utf8(path, offset))


def test_tables_in_a_folder_are_passed_over_and_read_where_they_are_named(write) -> None:
    folder = write("f/edges.tsv", "child\tparent\na\tb\n").parent
    write("f/bare.tsv", "a\tis_a\tb\n")
    write("f/corpus.csv", "text,label\nhello,1\n")
    write("f/a.ttl", T + ":a a :C .")
    sources, skipped = find([folder], 10**9)
    assert [s.name for s in sources] == ["a.ttl"]
    assert skipped == 3
    assert find([folder / "bare.tsv"], 10**9)[0][0].kind == formats.EDGELIST


@pytest.mark.parametrize("content", ["<urn:a> a <urn:B> .\n", "<urn:a> <urn:p> <urn:B> .\n"])
def test_an_iri_at_the_start_is_no_tag(write, content: str) -> None:
    assert formats.detect(content.encode(), Path("a"))[0] in (formats.TURTLE, formats.NTRIPLES)


def test_a_name_without_end_is_looked_at_in_linear_time_and_shown_in_short(write) -> None:
    path = write("a.ttl", "<" + "a" * 60_000)
    with pytest.raises(OntologyError) as refusal:
        load_graph(path)
    assert len(str(refusal.value)) < 1_000


# Nesting


def deep(kind: str, levels: int) -> str:
    """A sound document nested ``levels`` deep."""
    start, end = {
        "blank": (T + ":a :p ", " ."),
        "list": (T + ":a :p ", " ."),
        "trig": (T + ":g { :a :p ", " . }"),
        "term": (T + ":a :p ", " ."),
        "json": ('{"@id": "http://e/a", "http://e/p": ', "}"),
        "xml": ('<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://e/">',
                "</r:RDF>"),
    }[kind]  # fmt: skip
    open_, inner, close = {
        "blank": ("[ :p ", "1", "]"), "trig": ("[ :p ", "1", "]"), "list": ("(", "", ")"),
        "term": ("<<( :a :p ", "1", " )>>"), "json": ("[", "1", "]"), "xml": ("<A>", "", "</A>"),
    }[kind]  # fmt: skip
    return start + open_ * levels + inner + close * levels + end


KINDS = {"blank": formats.TURTLE, "list": formats.TURTLE, "trig": formats.TRIG,
         "term": formats.TURTLE, "json": formats.JSONLD, "xml": formats.RDFXML}  # fmt: skip


@pytest.mark.parametrize("shape", KINDS)
@pytest.mark.parametrize("levels", [1_100, 3_000, 100_000])
def test_deep_nesting_never_reaches_the_parser(write, shape, levels) -> None:
    path = write("deep", deep(shape, levels))
    with pytest.raises(OntologyError, match="nested more than 1,000 deep") as caught:
        safety.check(path, KINDS[shape], GraphConfig())
    assert f"{path}, byte " in str(caught.value)
    assert "max_depth" in str(caught.value)


@pytest.mark.parametrize("shape", KINDS)
def test_nesting_up_to_the_limit_passes(write, shape) -> None:
    path = write("deep", deep(shape, 40))
    safety.check(path, KINDS[shape], GraphConfig(max_depth=100))
    with pytest.raises(OntologyError, match="nested more than 30 deep"):
        safety.check(path, KINDS[shape], GraphConfig(max_depth=30))


def test_a_triple_term_in_n_triples_is_counted_too(write) -> None:
    """pyoxigraph 0.5 overflows its stack at 20,000."""
    term = "<<( <http://e/a> <http://e/p> "
    path = write("a.nt", f"<http://e/a> <http://e/p> {term * 20_000}1{' )>>' * 20_000} .\n")
    with pytest.raises(OntologyError, match="nested more than 5,000 deep"):
        load_graph(path)


def test_no_configuration_lifts_the_ceiling(write) -> None:
    path = write("a.ttl", deep("term", 20_000))
    with pytest.raises(OntologyError, match=r"more than 5,000 deep.*write it flatter"):
        nesting.check(path, formats.TURTLE, 10**9)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (formats.TURTLE, T + ':a :b "' + "((([" * 1000 + '" , "]" .'),
        (formats.TURTLE, T + ':a :b """\n' + "((([\n" * 1000 + '""" .'),
        (formats.TURTLE, T + "# " + "[" * 4000 + "\n:a :b <http://e/" + "(" * 4000 + "> ."),
        (formats.NTRIPLES, '<http://e/a> <http://e/b> "' + "<<" * 4000 + '" .'),
        (formats.JSONLD, '{"@id": "http://e/a", "http://e/p": "\\"' + "[{" * 4000 + '"}'),
        (formats.RDFXML, "<a><!-- " + "<b>" * 4000 + " --><![CDATA[" + "<b>" * 4000 + "]]></a>"),
        (formats.RDFXML, "<a>" + "<b/>text > more" * 4000 + "</a>"),
        (formats.RDFXML, "<a>" + '<b c="/>"></b>' * 4000 + "</a>"),
    ],
)  # fmt: skip
def test_brackets_within_texts_comments_and_names_do_not_nest(write, kind, content) -> None:
    nesting.check(write("a", content), kind, 1000)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (formats.TURTLE, T + ":a :p " + '<<( :a ")>>" ' * 3000 + "1" + " )>>" * 3000 + " ."),
        (formats.NTRIPLES, "<<( " * 3000 + '")>>"' * 3000),
        (formats.JSONLD, '{"]]]": ' * 3000 + "1" + "}" * 3000),
        (formats.RDFXML, "<a><!-- </a></a> -->" * 3000 + "</a>" * 3000),
        (formats.RDFXML, "<a><![CDATA[</a></a>]]>" * 3000 + "</a>" * 3000),
        (formats.RDFXML, '<a b="/>">/>' * 3000 + "</a>" * 3000),
        (formats.RDFXML, "<a><?p </a>?>" * 3000 + "</a>" * 3000),
    ],
)
def test_closing_within_texts_and_comments_hides_no_depth(write, kind, content) -> None:
    with pytest.raises(OntologyError, match="nested more than 1,000 deep"):
        nesting.check(write("a", content), kind, 1000)


def test_the_scan_is_a_small_part_of_reading(write) -> None:
    lines = "".join(f":c{i} a :C ; :p [ :q :c{i // 7} ] .\n" for i in range(50_000))
    path = write("a.ttl", T + lines)
    started = time.process_time()
    nesting.check(path, formats.TURTLE, 1000)
    assert time.process_time() - started < 0.5


# Truncation: what pyoxigraph notices, whose word for it is taken


@pytest.mark.parametrize(
    ("kind", "text", "whole_at"),
    [
        (formats.TRIG, T + ":g { :a :b :c . :d :e ( 1 [ :f :g ] ) }\n:h :i :j .\n", "} ."),
        (formats.NQUADS, NQ + NQ.replace("/a", "/z"), "."),
        (formats.JSONLD, '{"@graph": [{"@id": "http://e/a", "http://e/b": [1, "x"]}]}', ""),
    ],
)
def test_a_file_cut_within_a_statement_is_noticed(write, kind, text, whole_at) -> None:
    from kgml.kg.parse.rdf import ntriples

    silent = []
    for cut in range(1, len(text.rstrip())):
        path = write("cut", text[:cut])
        try:
            list(ntriples(path, "cut", kind))
        except SyntaxError:
            continue
        silent.append(text[:cut].rstrip()[-1])
    assert set(silent) <= set(whole_at)


# Through the whole load


def test_the_way_a_file_is_written_and_packed_changes_no_graph(write, hearts_ttl: Path) -> None:
    wanted = load_graph(hearts_ttl)
    text = hearts_ttl.read_bytes()
    data = rdflib.Dataset()
    data.graph("http://e/g").parse(hearts_ttl)
    packed = [write("p/hearts.ttl" + ending, pack(text))
              for ending, pack in ((".gz", gzip.compress), (".bz2", bz2.compress),
                                   (".xz", lzma.compress))]  # fmt: skip
    other = [write("h.trig", data.serialize(format="trig")),
             write("h.nq", data.serialize(format="nquads"))]  # fmt: skip
    for path in (*packed, *other):
        graph = load_graph(path)
        assert (graph.iris, graph.triples.tolist()) == (wanted.iris, wanted.triples.tolist())
        assert graph.labels == wanted.labels
        assert graph.report["files"] == 1


def test_packing_changes_no_relative_iri(write) -> None:
    text = b"head,relation,tail\nheart,is_a,organ\n"
    plain, packed = write("a.csv", text), write("b/a.csv.gz", gzip.compress(text))
    assert load_graph(plain).iris == load_graph(packed).iris
    assert load_graph(packed).iris == ["urn:kgml:/a.csv#heart", "urn:kgml:/a.csv#organ"]


OFN = "Prefix(:=<http://e/>)\nOntology(\nDeclaration(Class(:A))\nSubClassOf(:A :B)\n)"
OWX = ('<Ontology xmlns="http://www.w3.org/2002/07/owl#" xml:base="http://e/">\n'
       '<SubClassOf><Class IRI="A"/>\n<Class IRI="B"/></SubClassOf>\n</Ontology>')  # fmt: skip
OG = '{"graphs": [{"nodes": [{"id": "http://e/A", "lbl": "a"}],\n"edges": ' \
    '[{"sub": "http://e/A", "pred": "is_a",\n"obj": "http://e/B"}]}]}'  # fmt: skip
CSV = "child,parent\nhttp://e/A,http://e/B\n"


@pytest.mark.parametrize("text", [OFN, OWX, OG, CSV])
def test_a_small_ontology_of_each_format_is_loaded(write, text: str) -> None:
    graph = load_graph(write("a", text))
    assert graph.iris == ["http://e/A", "http://e/B"]
    assert graph.triples.tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("text", [OFN, OWX, OG])
def test_what_is_wrong_is_named_by_file_and_line_even_when_packed(write, text: str) -> None:
    half = text[: text.index("B") + 1]
    for path in (write("half", half), write("half.gz", gzip.compress(half.encode()))):
        with pytest.raises(OntologyError) as caught:
            load_graph(path)
        assert str(caught.value).startswith(str(path))
        assert "truncated" in str(caught.value)
    latin = text.replace("http://e/A", "http://e/\xe9").replace(":A", ":\xe9").encode("latin-1")
    if b"\xe9" in latin:
        with pytest.raises(OntologyError, match=r"line \d+: byte \d+ is not UTF-8"):
            load_graph(write("latin", latin))


def test_deep_nesting_is_refused_by_a_load(write) -> None:
    for kind in KINDS:
        with pytest.raises(OntologyError, match="nested more than 1,000 deep"):
            load_graph(write("deep", deep(kind, 3_000)))
