"""Linked texts as files: offsets hold, nothing escapes from its place, what is there is kept."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from kgml import registry
from kgml.errors import ArtifactError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.formats.base import GROUP, Linked, chosen
from kgml.linking.formats.brat import fragments
from kgml.linking.linker import EntityLinker, mention_to_json

TTL = """\
@prefix : <http://example.org/> .
@prefix ex: <http://purl.obolibrary.org/obo/EX_> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
ex:1 a owl:Class ; rdfs:label "Fever"@en .
:h a owl:Class ; rdfs:label "heart failure"@en .
ex:2 a owl:Class ; rdfs:label "<script>alert(1)</script>\\n&\\"'\\u202e"@en , "odd fellow"@en ;
    <http://www.w3.org/2004/02/skos/core#altLabel> "odd fellow"@en .
"""
TEXTS = [
    "No fever, but heart\n  failure.",
    "İ\ud800\x00 <b>odd fellow</b>\u202e & \U0001f600 fever\r\n",
    "",
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path: Path = tmp_path_factory.mktemp("formats") / "odd.ttl"
    path.write_text(TTL, encoding="utf-8")
    return load_graph(path)


@pytest.fixture(scope="module")
def linked(graph: KnowledgeGraph) -> list[Linked]:
    found = EntityLinker.from_graph(graph).link(TEXTS)
    return [
        Linked(text, [mention_to_json(m, graph) for m in mentions])
        for text, mentions in zip(TEXTS, found, strict=True)
    ]


def files(path: Path) -> list[Path]:
    return sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]


@pytest.mark.parametrize("name", registry.OPTIONS[GROUP])
def test_every_format_writes_utf8_twice_the_same_and_leaves_nothing_beside(
    name: str, tmp_path: Path, graph: KnowledgeGraph, linked: list[Linked]
) -> None:
    how = registry.resolve(GROUP, name)()
    path = tmp_path / f"out{how.ending}"
    how.write(path, linked, graph)
    first = {file: file.read_bytes() for file in files(path)}
    how.write(path, linked, graph)
    assert {file: file.read_bytes() for file in files(path)} == first
    assert all(data.decode() is not None for data in first.values())
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ArtifactError, match="could not be written"):
        how.write(path.parent / files(path)[0] / "x", linked, graph)


def test_jsonl_gives_back_each_text_and_its_mentions(
    tmp_path: Path, graph: KnowledgeGraph, linked: list[Linked]
) -> None:
    path = tmp_path / "out.jsonl"
    registry.resolve(GROUP, "jsonl")().write(path, linked, graph)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [one._asdict() for one in linked]


def test_brat_puts_words_at_their_offsets(
    tmp_path: Path, graph: KnowledgeGraph, linked: list[Linked]
) -> None:
    path = tmp_path / "out"
    registry.resolve(GROUP, "brat")().write(path, linked, graph)
    assert (path / "001.ann").read_text() == (
        "T1\tEX 3 8\tfever\n"
        "N1\tReference T1 EX:1\tFever\n"
        "A1\tNegated T1\n"
        "T2\tEntity 14 19;22 29\theart failure\n"
        "N2\tReference T2 http://example.org/h\theart failure\n"
    )
    assert (path / "annotation.conf").read_text() == (
        "[entities]\nEX\nEntity\n[relations]\n[events]\n[attributes]\n"
        "Negated\tArg:<ENTITY>\nFamily\tArg:<ENTITY>\n"
    )
    text = (path / "002.txt").read_bytes().decode()
    assert len(text) == len(TEXTS[1])
    spans = re.findall(r"^T\d+\tEX (\d+) (\d+)\t(.*)$", (path / "002.ann").read_text(), re.M)
    assert [words for _, _, words in spans] == ["odd fellow", "fever"]
    assert all(text[int(start) : int(end)] == words for start, end, words in spans)
    assert (path / "003.txt").read_bytes() == (path / "003.ann").read_bytes() == b""


def test_brat_leaves_a_folder_that_is_not_its_own_alone(
    tmp_path: Path, graph: KnowledgeGraph, linked: list[Linked]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="it is left alone"):
        chosen("brat", tmp_path)
    with pytest.raises(ArtifactError, match="it is left alone"):
        registry.resolve(GROUP, "brat")().write(tmp_path, linked, graph)


def test_a_discontinuous_mention_keeps_its_pieces() -> None:
    mention = {"start": 0, "end": 23, "pieces": [(0, 5), (16, 23)]}
    assert fragments("short and broad fingers", mention) == [(0, 5), (16, 23)]


def test_html_shows_the_text_once_and_escapes_all_of_it(
    graph: KnowledgeGraph, linked: list[Linked]
) -> None:
    page = registry.resolve(GROUP, "html")().render(linked, graph)
    assert "<script" not in page
    assert "http" not in re.sub(r'title="[^"]*"', "", page)
    assert not set("\x00\u202e\ud800") & set(page)
    bodies = re.findall(r'<section dir="auto" title="[^"]*">(.*?)</section>', page, re.S)
    plain = [re.sub(r"<span>.*?</span>|<[^>]*>", "", body, flags=re.S) for body in bodies]
    unseen = re.compile("[\x00\u202e\ud800]")
    assert [html.unescape(text) for text in plain] == [unseen.sub("\ufffd", t) for t in TEXTS]
    assert "<bdi>Fever, negated</bdi>" in page


def test_overlapping_mentions_and_nil_are_shown_without_saying_a_word_twice(
    graph: KnowledgeGraph,
) -> None:
    nil = {"candidates": [], "negated": False}
    one = Linked("short and broad fingers", [{"start": 0, "end": 23, **nil},
                                             {"start": 10, "end": 23, **nil}])  # fmt: skip
    page = registry.resolve(GROUP, "html")().render([one], graph)
    assert page.count("fingers") == 1
    assert page.count("<bdi>NIL</bdi>") == 2


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("brta", None, r"no link format named 'brta'; .* Did you mean 'brat'\?"),
        ("brat", None, "is a folder of files; name it with -o DIR"),
        (None, "out.xml", r"out.xml: wanted a file ending in \.html or \.jsonl, or a --format"),
        (None, "out", "wanted a file ending in"),
    ],
)
def test_a_format_that_cannot_be_told_is_asked_for(
    name: str | None, output: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(name, Path(output) if output else None)


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is a folder; wanted a file to write"):
        chosen("html", tmp_path)


def test_a_format_is_told_by_name_or_by_ending() -> None:
    assert chosen(None, None) is None
    assert type(chosen(None, Path("a.HTML"))).__name__ == "Page"
    assert type(chosen("brat", Path("a.html"))).__name__ == "Brat"
