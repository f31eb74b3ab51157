"""Branches worth leaving out: they divide the texts, whatever lies above them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.models.compare.branches import branches
from kgml.models.features import spread

HEAD = "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
EDGES = [("all", "top"), ("other", "top"), ("bird", "all"), ("metal", "all"), ("tree", "all"),
         ("wren", "bird"), ("iron", "metal"), ("oak", "tree")]  # fmt: skip


def graph_of(folder: Path, edges: list[tuple[str, str]]) -> KnowledgeGraph:
    base = "http://e.org/"
    body = "".join(f"<{base}{child}> rdfs:subClassOf <{base}{top}> .\n" for child, top in edges)
    for name in {name for edge in edges for name in edge}:
        body += f"<{base}{name}> rdfs:label '{name.rpartition('/')[2]}' .\n"
    (folder / "g.ttl").write_text(HEAD + body, encoding="utf-8")
    return load_graph(folder / "g.ttl")


def found(graph: KnowledgeGraph, words: list[str], most: int = 8) -> list[tuple[str, int]]:
    """Of texts that link one word each."""
    numbers = [graph.number(f"http://e.org/{word}") for word in words]
    own = sparse.csr_matrix(
        (np.ones(len(words), dtype=np.float32), (range(len(words)), numbers)),
        shape=(len(words), len(graph)),
    )
    return [(graph.labels[n], texts) for n, texts in branches(graph, spread(own, graph), most)]


def test_a_top_over_nearly_everything_is_taken_apart(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, EDGES)
    texts = ["wren", "wren", "iron", "iron", "oak", "other"]
    assert found(graph, texts) == [("bird", 2), ("metal", 2), ("other", 1), ("tree", 1)]
    assert found(graph, texts, most=2) == [("bird", 2), ("metal", 2)]


def test_branches_that_no_text_touches_are_not_left_out(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, EDGES)
    assert found(graph, ["wren", "iron"]) == [("bird", 1), ("metal", 1)]
    assert found(graph, []) == []


def test_a_single_concept_is_a_branch_of_its_own(tmp_path: Path) -> None:
    assert found(graph_of(tmp_path, EDGES), ["wren", "wren"]) == [("wren", 2)]


def test_each_vocabulary_is_taken_apart_by_its_own_texts(tmp_path: Path) -> None:
    """A few texts of a small ontology do not vanish behind many of a large one."""
    more = [*EDGES, ("small/x", "small/top"), ("small/y", "small/top")]
    graph = graph_of(
        tmp_path, [(f"big/{c}", f"big/{p}") if "/" not in c else (c, p) for c, p in more]
    )
    words = ["big/wren", "big/iron", "big/oak"] * 3 + ["small/x", "small/y"]
    assert [name for name, _ in found(graph, words)] == ["bird", "metal", "tree", "x", "y"]
