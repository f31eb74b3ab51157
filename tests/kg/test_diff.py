from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.kg.diff import graph_diff
from kgml.kg.graph import KnowledgeGraph

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
    assert found.replaced == [
        {"id": "EX:2", "label": "heart disease", "by": {"id": "EX:1", "label": "disorder"}}
    ]
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
    assert (found.counts["moved"], found.counts["replaced"]) == (2, 1)
    assert found


def test_the_way_back_swaps_added_and_removed(hearts_obo: Path, write: Write) -> None:
    old, new = load_graph(hearts_obo), load_graph(write("new.obo", NEW))
    back = graph_diff(new, old)
    assert [row["id"] for row in back.added] == ["EX:2", "EX:5"]
    assert [row["id"] for row in back.removed] == ["EX:6"]
    assert back.replaced == []
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
