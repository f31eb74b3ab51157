from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.diff import graph_diff
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.subset import subset

NEW = """\
format-version: 1.4
data-version: 2026-06-01
ontology: ex

[Term]
id: EX:1
name: disorder
def: "A \\"disorder\\" of structure or function." []

[Term]
id: EX:3
name: atrial fibrillation
def: "An irregular heart rhythm." []
synonym: "AF" EXACT []
synonym: "a-fib" EXACT []
is_a: EX:1 ! disorder

[Term]
id: EX:2
is_obsolete: true
replaced_by: EX:1

[Term]
id: EX:4
name: heart

[Term]
id: EX:6
name: ventricle
relationship: part_of EX:4 ! heart
"""
Write = Callable[[str, str], Path]


def test_each_kind_of_change_is_told(hearts_obo: Path, write: Write) -> None:
    old, new = load_graph(hearts_obo), load_graph(write("new.obo", NEW))
    found = graph_diff(old, new)
    assert found.added == [{"id": "EX:6", "label": "ventricle"}]
    assert found.removed == [{"id": "EX:5", "label": "organ"}]
    assert found.deprecated == [
        {"id": "EX:2", "label": "heart disease", "by": {"id": "EX:1", "label": "disorder"}}
    ]
    assert found.replaced == []
    assert found.renamed == [{"id": "EX:1", "old": "disease", "new": "disorder"}]
    assert found.moved == [
        {"id": "EX:3", "label": "atrial fibrillation", "added": ["EX:1"], "removed": ["EX:2"]},
        {"id": "EX:4", "label": "heart", "added": [], "removed": ["EX:5"]},
    ]
    assert found.synonyms == [
        {"id": "EX:3", "label": "atrial fibrillation",
         "added": [("AF", "exact"), ("a-fib", "exact")],
         "removed": [("AF", "abbreviation"), ("auricular fibrillation", "related")]}
    ]  # fmt: skip
    assert [(row["id"], row["new"]) for row in found.definitions] == [
        ("EX:3", "An irregular heart rhythm.")
    ]
    is_a = old.relations[1]
    assert found.edges == {
        is_a: {"added": [("EX:3", "EX:1")],
               "removed": [("EX:2", "EX:1"), ("EX:3", "EX:2"), ("EX:4", "EX:5")]},
        "located_in": {"added": [], "removed": [("EX:2", "EX:4"), ("EX:3", "EX:4")]},
        "part_of": {"added": [("EX:6", "EX:4")], "removed": []},
    }  # fmt: skip
    assert found.counts["edges"]["part_of"] == {"added": 1, "removed": 0}
    assert (found.counts["moved"], found.counts["deprecated"]) == (2, 1)
    assert found


def test_the_way_back_swaps_added_and_removed(hearts_obo: Path, write: Write) -> None:
    old, new = load_graph(hearts_obo), load_graph(write("new.obo", NEW))
    back = graph_diff(new, old)
    assert [row["id"] for row in back.added] == ["EX:2", "EX:5"]
    assert [row["id"] for row in back.removed] == ["EX:6"]
    assert (back.deprecated, back.replaced) == ([], [])
    assert back.renamed == [{"id": "EX:1", "old": "disorder", "new": "disease"}]


def test_a_graph_and_itself_do_not_differ(hearts_obo: Path, write: Write) -> None:
    graph = load_graph(hearts_obo)
    assert not graph_diff(graph, graph)
    assert not graph_diff(KnowledgeGraph.empty(), KnowledgeGraph.empty())


def test_the_same_ontology_in_two_formats_moves_nothing(hearts_obo: Path, hearts_ttl: Path) -> None:
    found = graph_diff(load_graph(hearts_obo), load_graph(hearts_ttl))
    assert (found.added, found.removed, found.moved, found.renamed) == ([], [], [], [])


def test_the_order_of_files_and_of_their_lines_changes_nothing(hearts_obo: Path, write) -> None:
    header, *terms = hearts_obo.read_text().split("\n\n")
    turned = write("turned.obo", "\n\n".join([header, *reversed(terms)]) + "\n")
    new = write("new.obo", NEW)
    more = write("more.obo", "format-version: 1.4\nontology: m\n\n[Term]\nid: M:1\nname: more\n")
    forwards = graph_diff(load_graph([hearts_obo, more]), load_graph([new, more]))
    backwards = graph_diff(load_graph([more, turned]), load_graph([more, new]))
    assert forwards == backwards
    assert json.dumps(forwards.to_dict()) == json.dumps(backwards.to_dict())


@pytest.mark.parametrize("side", [0, 1])
def test_an_empty_graph_is_all_added_or_all_removed(hearts_obo: Path, side: int) -> None:
    graphs = [load_graph(hearts_obo), KnowledgeGraph.empty()]
    found = graph_diff(graphs[side], graphs[1 - side])
    assert (len(found.removed), len(found.added)) == ((5, 0) if side == 0 else (0, 5))


OLD_TTL = """
:A a owl:Class ; rdfs:label "a" . :C a owl:Class ; rdfs:label "c" .
:D a owl:Class ; rdfs:label "d" ; rdfs:subClassOf :A . :E a owl:Class ; rdfs:label "e" .
:F a owl:Class ; rdfs:label "f" . :G a owl:Class ; rdfs:label "g" .
:H a owl:Class ; rdfs:label "h" . :Z a owl:Class ; rdfs:label "z" ; owl:deprecated true .
"""
NEW_TTL = """
:A a owl:Class ; rdfs:label "a" . :C a owl:Class ; rdfs:label "c" ; oio:hasAlternativeId "X:1" .
:D a owl:Class ; rdfs:label "d" ; owl:deprecated true .
:E a owl:Class ; rdfs:label "obsolete e" ; owl:deprecated true ; dcterms:isReplacedBy :F .
:F a owl:Class ; rdfs:label "f" ; owl:deprecated true ; dcterms:isReplacedBy :C .
:G owl:deprecated true ; dcterms:isReplacedBy <http://other.org/g> .
:Z a owl:Class ; rdfs:label "z" ; owl:deprecated true .
:p a owl:ObjectProperty ; owl:deprecated true .
"""
OIO = "@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .\n"
EX = "https://example.org/"
C = {"id": EX + "C", "label": "c"}


@pytest.mark.parametrize("new_keeps", [False, True])
@pytest.mark.parametrize("old_keeps", [False, True])
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_what_the_new_graph_declares_obsolete_is_deprecated_kept_or_not(
    turtle: Callable[[str], Path], old_keeps: bool, new_keeps: bool
) -> None:
    old = load_graph(turtle(OLD_TTL), GraphConfig(obsolete=old_keeps))
    new = load_graph(turtle(OIO + NEW_TTL), GraphConfig(obsolete=new_keeps))
    found = graph_diff(old, new)
    end = {"id": EX + "F", "label": "f"} if new_keeps else C  # a chain ends at what was kept
    assert found.deprecated == [
        {"id": EX + "D", "label": "d"},
        {"id": EX + "E", "label": "e", "by": end},
        {"id": EX + "F", "label": "f", "by": C},
        {"id": EX + "G", "label": "g", "by": {"id": "http://other.org/g", "label": ""}},
        *([{"id": EX + "Z", "label": "z"}] if old_keeps and not new_keeps else []),
    ]
    assert found.removed == [{"id": EX + "H", "label": "h"}]
    assert found.replaced == []
    assert found.counts["deprecated"] == len(found.deprecated)


def test_what_was_merged_without_a_word_is_replaced(write: Write) -> None:
    head = "format-version: 1.4\nontology: x\n\n[Term]\nid: X:2\nname: two\n"
    old = load_graph(write("old.obo", head + "\n[Term]\nid: X:1\nname: one\n"))
    found = graph_diff(old, load_graph(write("new.obo", head + "alt_id: X:1\n")))
    assert found.replaced == [
        {"id": "X:1", "label": "one", "by": {"id": "X:2", "label": "two"}}
    ]  # fmt: skip
    assert (found.removed, found.deprecated) == ([], [])


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_what_is_obsolete_is_saved_and_changes_no_fingerprint(turtle, tmp_path: Path) -> None:
    old = load_graph(turtle(OLD_TTL))
    new = load_graph(turtle(OIO + NEW_TTL))
    alike = load_graph(turtle(OIO + NEW_TTL.replace(":Z a owl:Class", ":Y a owl:Class")))
    assert new.fingerprint == alike.fingerprint
    assert alike.obsolete != new.obsolete
    assert list(new.obsolete) == [EX + name for name in "DEFGZ"]
    new.save(tmp_path / "g")
    saved = KnowledgeGraph.load(tmp_path / "g")
    assert saved.obsolete == new.obsolete
    assert graph_diff(old, saved) == graph_diff(old, new)
    assert subset(new, [EX + "A"]).obsolete == new.obsolete
