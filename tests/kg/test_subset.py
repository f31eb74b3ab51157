from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgml import load_graph
from kgml.errors import InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.subset import OUTSIDE, subset

# hearts: EX:3 is a EX:2 is a EX:1; EX:2 and EX:3 located in EX:4; EX:4 is a EX:5


@pytest.mark.parametrize(
    ("terms", "how", "hops", "kept"),
    [
        (["EX:1"], "branch", None, ["EX:1", "EX:2", "EX:3"]),
        (["EX:1"], "branch", 1, ["EX:1", "EX:2"]),
        (["EX:1", "EX:5"], "branch", 0, ["EX:1", "EX:5"]),
        (["EX:3"], "ancestors", None, ["EX:1", "EX:2", "EX:3"]),
        (["EX:3"], "module", None, ["EX:1", "EX:2", "EX:3", "EX:4", "EX:5"]),
        (["EX:3"], "module", 1, ["EX:2", "EX:3", "EX:4"]),
        (["EX:4"], "module", None, ["EX:4", "EX:5"]),
    ],
)
def test_a_subset_keeps_the_entities_it_says(hearts_obo: Path, terms, how, hops, kept) -> None:
    part = subset(load_graph(hearts_obo), terms, how=how, hops=hops)
    assert part.ids == kept
    assert part.iris == sorted(part.iris)


def test_words_edges_and_their_axioms_come_along_under_new_numbers(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    part = subset(graph, ["EX:3"], how="module", hops=1)  # EX:2, EX:3, EX:4
    assert part.triples.tolist() == [[0, 0, 2], [1, 0, 2], [1, 1, 0]]
    assert part.relations == graph.relations
    for entity in part:
        whole = graph[entity.id]
        assert (entity.label, entity.synonyms, entity.definition, entity.kind) == (
            whole.label, whole.synonyms, whole.definition, whole.kind,
        )  # fmt: skip
    for row, file, axiom in zip(*part.columns.origins.to_pydict().values(), strict=True):
        head, relation, tail = part.triples[row].tolist()
        ends = graph.number(part.iris[head]), relation, graph.number(part.iris[tail])
        (old,) = np.flatnonzero((graph.triples == ends).all(axis=1)).tolist()
        origins = graph.columns.origins.to_pylist()
        assert {"triple": old, "file": file, "axiom": axiom} in origins
    assert len(set(part.columns.origins.column("triple").to_pylist())) == 3


def test_a_relation_without_edges_left_is_left_out(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    part = subset(graph, ["EX:4"], how="module")
    assert part.relations == [graph.relations[1]]
    assert part.triples.tolist() == [[0, 0, 1]]


def test_the_report_is_counted_anew(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    report = subset(graph, ["EX:1"]).report
    assert report == {
        "entities": 3, "relations": 1, "triples": 2, "labels": 3, "synonyms": 3,
        "definitions": 2, "comments": 1, "xrefs": 1, "unlabelled": 0, "homonyms": 0, "became": {"intersection_of": 1, "is_a": 1}, "dropped": {OUTSIDE: 2}, "obsolete": 0,
        "files": 1, "skipped": graph.report["skipped"],
        "subset": {"how": "branch", "hops": None, "terms": [graph.iris[0]],
                   "of": graph.fingerprint},
    }  # fmt: skip


def test_all_of_a_graph_is_the_same_graph(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    part = subset(graph, range(5))
    assert part.fingerprint == graph.fingerprint
    assert part.columns.origins.equals(graph.columns.origins)


def test_a_saved_subset_is_loaded_again_whole(hearts_obo: Path, tmp_path: Path) -> None:
    part = subset(load_graph(hearts_obo), ["EX:1"])
    part.save(tmp_path / "part")
    again = KnowledgeGraph.load(tmp_path / "part")
    assert (list(again), again.report) == (list(part), part.report)
    assert again.fingerprint == part.fingerprint
    assert subset(again, ["EX:2"]).ids == ["EX:2", "EX:3"]


@pytest.mark.parametrize(
    ("terms", "more", "error", "words"),
    [
        (["EX:33"], {}, InputError, "Did you mean 'EX:3'"),
        ([], {}, InputError, "no term given"),
        (["EX:3"], {"how": "brunch"}, UsageError, "no subset 'brunch'.*Did you mean 'branch'"),
        (["EX:3"], {"hops": -1}, UsageError, "hops=-1; wanted 0 or more"),
    ],
)
def test_what_cannot_be_taken_out_is_refused(hearts_obo: Path, terms, more, error, words) -> None:
    with pytest.raises(error, match=words):
        subset(load_graph(hearts_obo), terms, **more)


def test_disjoint_classes_come_along_where_both_are_kept(hearts_obo: Path, write) -> None:
    text = hearts_obo.read_text().replace("id: EX:2\n", "id: EX:2\ndisjoint_from: EX:5\n")
    graph = load_graph(write("disjoint.obo", text))  # EX:1 and EX:4, EX:2 and EX:5
    assert len(graph.columns.disjoint) == 2
    pairs = subset(graph, ["EX:1"]).columns.disjoint.to_pylist()
    assert pairs == []
    (pair,) = subset(graph, ["EX:2", "EX:5"], hops=0).columns.disjoint.to_pylist()
    assert {pair["left"], pair["right"]} == {0, 1}
