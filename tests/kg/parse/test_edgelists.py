"""CSV, TSV and Parquet lists of edges: ids, relations, labels, and rows that are wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.load import load_graph
from kgml.kg.parse import edgelists
from kgml.kg.parse.edgecolumns import layout
from kgml.kg.parse.edgenames import roles
from kgml.progress import KGMLWarning

OBO = "http://purl.obolibrary.org/obo/"
SHORT = {
    OBO: "obo:", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": "a",
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs:", "http://www.w3.org/2002/07/owl#": "owl:",
}  # fmt: skip


def read(path: Path, config: GraphConfig = GraphConfig()) -> set[str]:  # noqa: B008
    """The triples, abbreviated, without what declares classes."""
    text = b"".join(edgelists.ntriples(path, path.name, config)).decode()
    for long, short in SHORT.items():
        text = text.replace(f"<{long}>", short)
        text = re.sub(f"<{re.escape(long)}([^>]*)>", rf"{short}\1", text)
    lines = text.replace(f"<urn:kgml:/{path.name}#", "<#").splitlines()
    assert len(lines) == len(set(lines))  # nothing is said twice
    return {line.removesuffix(" .") for line in lines}


def refused(path: Path, *words: str, config: GraphConfig = GraphConfig()) -> None:  # noqa: B008
    with pytest.raises(OntologyError) as caught:
        read(path, config)
    for word in (str(path), *words):
        assert word in str(caught.value)


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_a_table_with_header_becomes_triples(write) -> None:
    text = (
        "subject,predicate,object,subject_label,predicate_label,object_label,weight\n"
        "HP:1,is_a,HP:2,Seizure,,Abnormality,0.5\n"
        'HP:1,RO:3,http://e/x,Seizure,"affects, mostly",the X,1\n'
        "skos:b,skos:related,HP:1,,,Seizure,2\n"
    )
    assert read(write("a.csv", text)) == {
        "obo:HP_1 a owl:Class", "obo:HP_2 a owl:Class", "<http://e/x> a owl:Class",
        "<http://www.w3.org/2004/02/skos/core#b> a owl:Class",
        "obo:HP_1 rdfs:subClassOf obo:HP_2", "obo:HP_1 obo:RO_3 <http://e/x>",
        "<http://www.w3.org/2004/02/skos/core#b> <http://www.w3.org/2004/02/skos/core#related> "
        "obo:HP_1", "obo:RO_3 a owl:ObjectProperty", 'obo:RO_3 rdfs:label "affects, mostly"',
        'obo:HP_1 rdfs:label "Seizure"', 'obo:HP_2 rdfs:label "Abnormality"',
        '<http://e/x> rdfs:label "the X"',
    }  # fmt: skip


def test_words_without_prefix_are_names_of_the_file_and_their_own_label(write) -> None:
    assert read(write("a b.tsv", "head\trelation\ttail\nleft atrium\tpart of\tHerz: Ü\n")) >= {
        "<urn:kgml:/a%20b.tsv#left%20atrium> <urn:kgml:/a%20b.tsv#part%20of> "
        "<urn:kgml:/a%20b.tsv#Herz%3A%20%C3%9C>",
        '<urn:kgml:/a%20b.tsv#Herz%3A%20%C3%9C> rdfs:label "Herz: Ü"',
        '<urn:kgml:/a%20b.tsv#part%20of> rdfs:label "part of"',
    }


@pytest.mark.parametrize(
    "relation", ["is_a", "isa", "is a", "subClassOf", "rdfs:subClassOf", "sub_class_of", "PARENT",
                 "http://www.w3.org/2000/01/rdf-schema#subClassOf"],
)  # fmt: skip
def test_every_way_to_write_is_a_is_sub_class_of(write, relation: str) -> None:
    found = read(write("a.csv", f"head,relation,tail\nHP:1,{relation},HP:2\n"))
    assert found == {
        "obo:HP_1 a owl:Class", "obo:HP_2 a owl:Class", "obo:HP_1 rdfs:subClassOf obo:HP_2",
    }  # fmt: skip


def test_the_head_of_a_type_is_an_individual(write) -> None:
    assert read(write("a.csv", "head,relation,tail\nEX:i,rdf:type,HP:2\n")) == {
        "obo:EX_i a owl:NamedIndividual", "obo:HP_2 a owl:Class", "obo:EX_i a obo:HP_2",
    }  # fmt: skip


def test_a_list_of_children_and_parents_is_one_of_is_a(write) -> None:
    found = read(write("a.tsv", "child\tparent\tchild_label\r\nHP:1\tHP:2\tone\r\n"))
    assert found == {
        "obo:HP_1 a owl:Class", "obo:HP_2 a owl:Class", "obo:HP_1 rdfs:subClassOf obo:HP_2",
        'obo:HP_1 rdfs:label "one"',
    }  # fmt: skip


def test_a_child_without_parent_is_a_root(write, tmp_path) -> None:
    wanted = {
        "<#A> a owl:Class", "<#B> a owl:Class", "<#A> rdfs:subClassOf <#B>",
        '<#A> rdfs:label "A"', '<#B> rdfs:label "B"',
    }  # fmt: skip
    assert read(write("a.tsv", "child\tparent\nA\tB\nB\t\n")) == wanted
    assert read(write("a.csv", "parent,child\nB,A\n ,B\n")) == wanted
    assert read(parquet(tmp_path / "a.parquet", child=["A", "B"], parent=["B", None])) == wanted
    alone = read(write("b.csv", "child,parent,child_label\nHP:1,,All\n"))
    assert alone == {"obo:HP_1 a owl:Class", 'obo:HP_1 rdfs:label "All"'}


def test_children_and_parents_may_have_a_relation(write) -> None:
    found = read(write("a.csv", "child,relation,parent\nHP:1,RO:1,HP:2\n"))
    assert "obo:HP_1 obo:RO_1 obo:HP_2" in found
    refused(write("b.csv", "child,relation,parent\nHP:1,RO:1,\n"), "row 1: found no parent")


def test_sources_and_targets_without_relation_are_related_and_that_is_said(write) -> None:
    wanted = "obo:HP_1 <http://www.w3.org/2004/02/skos/core#related> obo:HP_2"
    message = "a.csv: no column is called 'relation', so 'Source' and 'Target' .* columns 'weight'"
    with pytest.warns(KGMLWarning, match=message):
        assert wanted in read(write("a.csv", "Source,Target,weight\nHP:1,HP:2,1\n"))
    gephi = "Source,Target,Type,Id,Label,Weight\nHP:1,HP:2,Undirected,0,,1.0\n"
    assert wanted in read(write("gephi.csv", gephi))


@pytest.mark.parametrize(
    ("relation", "wanted"),
    [
        ("rdfs:label", "rdfs:label"), ("http://www.w3.org/2000/01/rdf-schema#label", "rdfs:label"),
        ("label", "rdfs:label"), ("name", "rdfs:label"), ("rdfs:comment", "rdfs:comment"),
        ("skos:prefLabel", f"<{v.SKOS}prefLabel>"), ("skos:altlabel", f"<{v.SKOS}altLabel>"),
        ("skos:definition", f"<{v.SKOS}definition>"), ("definition", f"<{v.SKOS}definition>"),
        ("oboInOwl:hasExactSynonym", f"<{v.OBO_IN_OWL}hasExactSynonym>"),
        ("broad synonym", f"<{v.OBO_IN_OWL}hasBroadSynonym>"), ("IAO:0000115", "obo:IAO_0000115"),
        ("obo:IAO_0000115", "obo:IAO_0000115"), ("owl:deprecated", "owl:deprecated"),
    ],
)  # fmt: skip
def test_the_tail_of_a_word_relation_is_a_text(write, relation: str, wanted: str) -> None:
    rows = f'head,relation,tail\nHP:1,{relation},"Seizure, x"\nHP:1,is_a,HP:2\n'
    assert read(write("a.csv", rows)) == {
        "obo:HP_1 a owl:Class", "obo:HP_2 a owl:Class", "obo:HP_1 rdfs:subClassOf obo:HP_2",
        f'obo:HP_1 {wanted} "Seizure, x"',
    }  # fmt: skip


def test_a_label_row_wins_over_the_name_wherever_it_stands(write) -> None:
    many = "".join(f"A,r,HP:{i % 9}\n" for i in range(200_000))  # more than one batch
    path = write("a.csv", "head,relation,tail\n" + many + "A,label,Aye\n")
    text = b"".join(edgelists.ntriples(path, path.name, GraphConfig()))
    assert [line for line in text.splitlines() if b"schema#label" in line] == [
        b'<urn:kgml:/a.csv#A> <http://www.w3.org/2000/01/rdf-schema#label> "Aye" .',
        b'<urn:kgml:/a.csv#r> <http://www.w3.org/2000/01/rdf-schema#label> "r" .',
    ]


def test_a_head_with_nothing_but_texts_is_a_class_unless_a_row_says_otherwise(write) -> None:
    rows = (
        "EX:p,label,part of\nEX:i,label,an\nEX:c,label,alone\nEX:i,rdf:type,HP:1\nHP:1,EX:p,HP:2\n"
    )
    found = read(write("a.csv", "head,relation,tail\n" + rows))
    assert {line for line in found if " a " in line and "EX_" in line} == {
        "obo:EX_p a owl:ObjectProperty", "obo:EX_i a owl:NamedIndividual", "obo:EX_c a owl:Class",
        "obo:EX_i a obo:HP_1",
    }  # fmt: skip


def test_what_may_be_an_entity_is_none_the_less_one(write) -> None:
    assert "<#MI> <#synonym> <#infarction>" in read(
        write("a.csv", "head,relation,tail\nMI,synonym,infarction\n")
    )


def test_three_columns_need_no_header(write) -> None:
    lines = ("HP:1", "is_a", "HP:2"), ("HP:2", "is_a", "HP:3")
    for name, separator in (("a.tsv", "\t"), ("a.csv", ","), ("b.csv", ";"), ("a.txt", "\t")):
        path = write(name, "".join(separator.join(line) + "\n" for line in lines))
        assert "obo:HP_2 rdfs:subClassOf obo:HP_3" in read(path)
        assert len(read(path)) == 5


def test_quotes_hold_separators_and_line_breaks_and_a_mark_changes_nothing(write) -> None:
    text = 'head,relation,tail\n"a, b",r,"c\nd"\n\n"say ""x""",r,e\n'
    found = read(write("a.csv", b"\xef\xbb\xbf" + text.encode()))
    assert "<#a%2C%20b> <#r> <#c%0Ad>" in found
    assert '<#say%20%22x%22> rdfs:label "say \\"x\\""' in found


def test_parquet_gives_the_same_as_csv(write, tmp_path) -> None:
    csv = read(
        write("a.csv", "head,relation,tail,head_label\nHP:1,is_a,HP:2,one\nHP:3,is_a,HP:2,\n")
    )
    columns = {"head": ["HP:1", "HP:3"], "relation": ["is_a"] * 2, "tail": ["HP:2"] * 2}
    plain = parquet(tmp_path / "a.parquet", **columns, head_label=["one", None], score=[0.1, 0.2])
    encoded = {name: pa.array(values).dictionary_encode() for name, values in columns.items()}
    coded = parquet(tmp_path / "b.parquet", **encoded, head_label=["one", ""])
    assert read(plain) == read(coded) == csv


def test_whole_numbers_of_parquet_are_names(tmp_path) -> None:
    path = parquet(tmp_path / "a.parquet", subject=[7], predicate=["is_a"], object=[8])
    assert "<#7> rdfs:subClassOf <#8>" in read(path)


def test_a_quarter_of_a_million_rows_take_seconds(write) -> None:
    rows = "".join(f"X:{i},is_a,X:{i // 7}\n" for i in range(250_000))
    path = write("a.csv", "head,relation,tail\n" + rows)
    started = time.process_time()
    blocks = list(edgelists.ntriples(path, path.name, GraphConfig()))
    assert sum(block.count(b"\n") for block in blocks) == 500_000
    assert time.process_time() - started < 10


# Bad input


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "HP:1,is_a\nHP:1,is_a,HP:3\n",
            ["row 2: 2 columns in 'HP:1,is_a', wanted 3", "Fill it in"],
        ),
        ("HP:1,is_a", ["row 2: 2 columns", "truncated"]),
        ("HP:1,is_a,HP:3,x\n", ["row 2: 4 columns", "Quote cells that hold the separator"]),
        ("HP:1,,HP:3\n", ["row 2: found no relation, wanted one"]),
        (",is_a,HP:3\n", ["row 2: found no head"]),
        ("HP:1,label,\n", ["row 2: found no tail"]),
        (f"HP:1,label,{'x' * 10_001}\n", ["row 2: found a tail of 10,001 characters"]),
        ("\nHP:1,is_a, \n", ["row 2: found no tail"]),
        ('HP:1,is_a,"HP:3\nHP:4,is_a,HP:5\n', ["4 lines, but only 3 rows", "a quote is left open"]),
        ('HP:1,"is_a,HP:3\nHP:4,is_a,HP:5\n', ["row 2", "Is a quote left open?"]),
        ("HP:1,is_a,http://[x\n", ["row 2: found the tail 'http://[x', wanted an IRI"]),
        (f"HP:1,is_a,{'x' * 10_001}\n", ["row 2: found a tail of 10,001 characters"]),
    ],
)
def test_a_wrong_row_is_named_by_its_number(write, text: str, words: list[str]) -> None:
    refused(write("a.csv", "head,relation,tail\nHP:1,is_a,HP:2\n" + text), *words)


def test_a_row_far_down_is_named_too(write) -> None:
    rows = "".join(f"X:{i},is_a,X:{i // 7}\n" for i in range(100_000))
    refused(
        write("a.csv", "head,relation,tail\n" + rows + "a,b\nc,d,e\n"), "row 100,001: 2 columns"
    )
    refused(write("b.tsv", rows.replace(",", "\t") + "a\t\tb\n"), "row 100,001: found no relation")


def test_a_wrong_cell_is_named_by_the_name_of_its_column(write) -> None:
    refused(write("a.csv", "child,parent\nA,B\n,C\n"), "row 2: found no child, wanted one")
    refused(write("b.csv", "Subject ID,predicate,object\na,b,c\n,b,c\n"), "found no Subject ID")
    text = f"source,rel,target\na,b,{'x' * 10_001}\n"
    refused(write("c.csv", text), "row 1: found a target of 10,001 characters")


def test_a_wrong_row_after_blank_lines_and_line_breaks_in_cells_is_counted_right(write) -> None:
    text = '\r\n"a\nb",r,c\r\n\r\nd,r,e\r\nf,r\r\n'
    refused(write("a.csv", "head,relation,tail\r\n" + text), "row 3: 2 columns in 'f,r'")
    long = "".join(f"a,r,{i}\n" for i in range(300_000))
    refused(write("b.csv", f'head,relation,tail\na,"r,b\n{long}'), "row 1", "Is a quote left open?")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_refused_row_leaves_no_thread_that_needs_the_interpreter(write) -> None:
    """Each child ends right after the refusal; 2 to 4 in 100 once died of SIGABRT."""
    path = write("a.csv", "head,relation,tail\nB,is_a,A\nB,part")
    children = """
import os, sys
from pathlib import Path
from pyarrow import csv
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.load import load_graph
from kgml.kg.parse import edgelists
for _ in range(30):
    child = os.fork()
    if not child:
        try:
            list(edgelists.ntriples(Path(sys.argv[1]), "a.csv", GraphConfig()))
        except OntologyError:
            sys.exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", children, str(path)], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {"1"}, done.stderr


def test_another_encoding_is_named_with_line_and_byte(write) -> None:
    for row in (b"HP:1,is_a,caf\xe9\n", b"HP:1,is_a,caf\xe9,too,many\n"):
        refused(write("a.csv", b"head,relation,tail\n" + row), "line 2: byte 32 is not UTF-8")


def test_a_last_row_without_line_break_may_be_cut(write) -> None:
    with pytest.warns(KGMLWarning, match="the last row, 'HP:1,is_a,HP:3', has no line break"):
        read(write("a.csv", "head,relation,tail\nHP:1,is_a,HP:3"))


@pytest.mark.parametrize("cut", [5, 60, -60, -9, -1])
def test_truncated_parquet_is_refused(tmp_path, cut: int) -> None:
    path = parquet(tmp_path / "a.parquet", head=["HP:1"] * 9, relation=["is_a"] * 9, tail=["x"] * 9)
    path.write_bytes(path.read_bytes()[:cut])
    refused(path, "not readable as Parquet", "truncated or damaged")


def test_damaged_parquet_is_refused(tmp_path) -> None:
    path = parquet(tmp_path / "a.parquet", head=["HP:1"] * 9, relation=["is_a"] * 9, tail=["x"] * 9)
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\0" * 40 + data[44:])
    refused(path, "not readable as Parquet")


def test_parquet_words_that_are_not_utf8_are_refused(tmp_path) -> None:
    rows = 40
    path = tmp_path / "a.parquet"
    table = pa.table(
        {"head": ["HP:0001"] * rows, "relation": ["is_a"] * rows, "tail": ["x:2"] * rows}
    )
    pq.write_table(table, path, compression="none", write_statistics=False)
    data = path.read_bytes()
    assert b"HP:0001" in data
    path.write_bytes(data.replace(b"HP:0001", b"HP:\xff\xff01"))
    refused(path, "not readable as Parquet", "UTF8")


def test_parquet_numbers_of_no_word_are_refused(tmp_path) -> None:
    """Found by fuzzing: a page of numbers with one bit changed."""
    columns = {"head": [f"x:{i % 3}" for i in range(64)], "relation": ["is_a"] * 64,
               "tail": [f"y:{i % 3}" for i in range(64)]}  # fmt: skip
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path, compression="none", write_statistics=False)
    data = path.read_bytes()
    numbers = data.rindex(
        bytes([0b00100100, 0b01001001, 0b10010010])
    )  # 0, 1, 2, 0 in two bits each
    path.write_bytes(data[:numbers] + b"\xff" * 3 + data[numbers + 3 :])
    refused(path, "not readable as Parquet", "indices")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"head": ["a"], "name": ["b"], "tail": ["c"]},
            ["found the columns 'head', 'name', 'tail'"],
        ),
        ({"head": [1.5], "relation": ["b"], "tail": ["c"]}, ["column 'head' holds double"]),
        ({"head": ["a", None], "relation": ["b"] * 2, "tail": ["c"] * 2}, ["row 2: found no head"]),
        ({"head": ["a"], "relation": [""], "tail": ["c"]}, ["row 1: found no relation"]),
    ],
)
def test_a_wrong_parquet_file_is_named_for_what_it_is(tmp_path, columns, words) -> None:
    refused(parquet(tmp_path / "a.parquet", **columns), *words)


def test_a_parquet_bomb_is_neither_unfolded_nor_read_beyond_the_limits(tmp_path) -> None:
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), ["x" * 1_000_000])
    rows = {"relation": ["is_a"] * 200_000, "tail": ["y"] * 200_000}
    path = parquet(tmp_path / "a.parquet", head=once, **rows)  # 200 GB of text in a small file
    refused(path, "row 1: found a head of 1,000,000 characters")
    refused(path, "200,000 rows, more than 1,000", config=GraphConfig(max_triples=1000))
    refused(path, "more than the limit of 10,000", config=GraphConfig(max_bytes=10_000))


# Columns


def test_columns_are_known_by_many_names() -> None:
    assert roles(["Tail ID", "Predicate", "head-id"]) == {"head": 2, "relation": 1, "tail": 0}
    assert roles(["subject", "object"]) is None
    assert roles(["start", "end"]) is roles(["start", "end", "type"]) is None  # marks in a text
    assert roles([":START_ID", ":END_ID", ":TYPE"]) == {"head": 0, "relation": 2, "tail": 1}
    names = ["source", "type", "interaction", "target", "target name"]
    assert roles(names) == {"head": 0, "relation": 2, "tail": 3, "tail_label": 4}
    assert roles(["head", "relation", "tail", "source"]) == {"head": 0, "relation": 1, "tail": 2}
    assert roles(["parent", "child", "type"]) == {"head": 1, "tail": 0}
    assert roles(["parent_label", "parent", "child"]) == {"head": 2, "tail": 1, "tail_label": 0}


@pytest.mark.parametrize(
    "header",
    ["start,rel,end", "from,edge,to", "node1,interaction,node2", "SOURCE,Relation,Target",
     "source,interaction,target", "subject,property,object", "entity1,type,entity2"],
)  # fmt: skip
def test_a_header_with_other_names_is_one(write, tmp_path, header: str) -> None:
    wanted = {
        "<#A> a owl:Class", "<#B> a owl:Class", "<#A> rdfs:subClassOf <#B>",
        '<#A> rdfs:label "A"', '<#B> rdfs:label "B"',
    }  # fmt: skip
    assert read(write("a.csv", f"{header}\nA,is_a,B\n")) == wanted
    columns = dict(zip(header.split(","), (["A"], ["is_a"], ["B"]), strict=True))
    assert read(parquet(tmp_path / "a.parquet", **columns)) == wanted


def test_blank_lines_above_a_header_make_it_no_row(write) -> None:
    wanted = "obo:HP_1 rdfs:subClassOf obo:HP_2"
    for blank in ("\n\n", " \n", "\r\n\r\n\r\n", "\ufeff\n"):
        found = read(write("a.csv", f"{blank}head,relation,tail\nHP:1,is_a,HP:2\n"))
        assert (wanted in found, len(found)) == (True, 3)
        refused(write("b.csv", f"{blank}head,relation,tail\nHP:1,is_a\n"), "row 1: 2 columns")


def test_comments_above_the_header_are_passed_over_as_in_sssom(write) -> None:
    sssom = (
        '#curie_map:\n#  HP: "http://purl.obolibrary.org/obo/HP_\n\n'
        "subject_id\tpredicate_id\tobject_id\tmapping_justification\n"
    )
    found = read(write("a.sssom.tsv", f"{sssom}HP:1\tskos:exactMatch\tHP:2\tsemapv:Manual\n"))
    assert "obo:HP_1 <http://www.w3.org/2004/02/skos/core#exactMatch> obo:HP_2" in found
    refused(write("b.sssom.tsv", f"{sssom}HP:1\tskos:exactMatch\n"), "row 1: 2 columns")
    assert read(write("c.tsv", "#head\trelation\ttail\nHP:1\tis_a\tHP:2\n"))
    assert len(read(write("d.csv", "# two\nHP:1,is_a,HP:2\nHP:2,is_a,HP:3\n"))) == 5


def test_a_sssom_file_is_told_by_its_content(write) -> None:
    rows = "#x: y\nsubject_id\tpredicate_id\tobject_id\nHP:1\tskos:exactMatch\tHP:2\n"
    assert len(load_graph(write("mappings.txt", rows)).triples) == 1


@pytest.mark.parametrize(
    "rows",
    ["a,b,c\n", "von,kante,nach\nA,is_a,B\n", "von,kante,nach\nHP:1,is_a,HP:2\nHP:2,is_a,HP:3\n",
     "gene,acts on,disease\n7,r,8\n9,s,7\n", "heart,has,valve\nliver,is a,organ\n"],
)  # fmt: skip
def test_a_first_row_that_may_be_a_header_is_refused(write, rows: str) -> None:
    assert layout(rows, ".csv") is None
    refused(write("a.csv", rows), "Name the columns so, or put that header above the first row")
    assert read(write("b.csv", "head,relation,tail\n" + rows))


@pytest.mark.parametrize(
    "rows",
    ["HP:1,r,HP:2\nHP:3,s,HP:4\n", "http://e/a,r,b\nc,s,d\n", "/m/027rn,/location/in,/m/06cx9\n",
     "00260881,_hypernym,00260622\n", "a,is_a,b\n", "Chatou,isIn,France\nParis,isIn,Europe\n",
     "heart,has,valve\nbody,contains,heart\n", "A,label,Aye\nB,label,Bee\n",
     "heart,has,valve\nbody,has,heart"],
)  # fmt: skip
def test_a_first_row_that_is_clearly_data_is_read(rows: str) -> None:
    found = layout(rows, ".csv")
    assert found is not None
    assert not found.header


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("id,name,year\n1,a,2\n", ".csv"), ("a,b,c\nd,e\n", ".csv"), ("a,b,c\n", ".txt"),
        ("a,b,c\n", ".dat"), ("a,b\nc,d\n", ".csv"), ("", ".csv"), ("\n\n", ".tsv"),
        ("<http://a>\t<http://b>\t<http://c> .\n", ".txt"), ('"open,b,c\n', ".csv"),
        ("one word after another and so on for a while until a comma,b,c\n", ".csv"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_edges_has_no_layout(text: str, ending: str) -> None:
    assert layout(text, ending) is None
