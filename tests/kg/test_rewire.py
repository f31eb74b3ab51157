"""Rewired is-a edges: other edges, the same degrees, no circle, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.hierarchy import cycles
from kgml.kg.load import load_graph
from kgml.kg.rewire import exchanged, rewired

HEAD = "@prefix : <http://e.org/> .\n@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"


@pytest.fixture(scope="module", params=["bio", "fin"])
def graph(request: pytest.FixtureRequest) -> KnowledgeGraph:
    return load_graph(request.param)


def turtle(folder: Path, body: str) -> KnowledgeGraph:
    (folder / "g.ttl").write_text(HEAD + body, encoding="utf-8")
    return load_graph(folder / "g.ttl")


def test_every_entity_keeps_its_numbers_of_parents_and_children(graph: KnowledgeGraph) -> None:
    other = rewired(graph, seed=3)
    for axis in (0, 1):
        before, after = (np.asarray(g.is_a.sum(axis=axis)).ravel() for g in (graph, other))
        assert (before == after).all()
    for relation in range(len(graph.relations)):
        before, after = (np.sort(g.triples[g.triples[:, 1] == relation, 2]) for g in (graph, other))
        assert (before == after).all()


def test_it_stays_without_circles_and_most_edges_change(graph: KnowledgeGraph) -> None:
    other = rewired(graph, seed=3)
    assert cycles(graph) == cycles(other) == []
    kept = graph.is_a.multiply(other.is_a).nnz
    assert kept < 0.5 * graph.is_a.nnz
    counted = other.report["rewired"]
    assert counted["changed"] <= counted["edges"]
    assert counted["changed"] > 0.5 * counted["edges"]


def test_words_and_other_edges_stay(graph: KnowledgeGraph) -> None:
    other = rewired(graph, seed=3)
    assert other.iris == graph.iris
    assert other.forms.text == graph.forms.text
    wanted = [n for n, iri in enumerate(graph.relation_iris) if "subClassOf" not in iri]
    rows = [g.triples[np.isin(g.triples[:, 1], wanted)] for g in (graph, other)]
    assert rows[0].shape == rows[1].shape


def test_the_same_seed_gives_the_same_graph_and_another_another(graph: KnowledgeGraph) -> None:
    assert rewired(graph, seed=3).fingerprint == rewired(graph, seed=3).fingerprint
    assert rewired(graph, seed=3).fingerprint != rewired(graph, seed=4).fingerprint


def test_the_original_is_left_as_it_was() -> None:
    graph = load_graph("bio")
    before = graph.triples.copy()
    rewired(graph, seed=3)
    assert (graph.triples == before).all()


def test_a_circle_stays_and_no_other_comes(tmp_path: Path) -> None:
    body = ":a rdfs:subClassOf :b . :b rdfs:subClassOf :a, :top . :top rdfs:label 'top' .\n"
    body += "".join(
        f":x{i} rdfs:subClassOf :y{i} . :y{i} rdfs:subClassOf :top .\n" for i in range(9)
    )
    graph = turtle(tmp_path, body)
    for seed in range(5):
        other = rewired(graph, seed)
        assert cycles(other) == cycles(graph) != []


def test_two_edges_by_hand() -> None:
    """0 and 1 are roots; 2 is below 0, 3 below 1: the only other graph has 2 below 1, 3 below 0."""
    edges = np.array([[2, 0, 0], [3, 0, 1]])
    level = np.array([0, 0, 1, 1], dtype=np.int32)
    found = {tuple(exchanged(edges, edges[:, 1], level, s)) for s in range(20)}
    assert found == {(0, 1), (1, 0)}


def test_edges_of_two_kinds_do_not_mix() -> None:
    edges = np.array([[2, 0, 0], [3, 0, 1]])
    level = np.array([0, 0, 1, 1], dtype=np.int32)
    assert exchanged(edges, np.array([0, 1]), level, 0).tolist() == [0, 1]


def test_no_vocabulary_gets_ancestors_of_another(tmp_path: Path) -> None:
    """Two ontologies beside each other, with one edge between them."""
    body = "<http://e.org/a/y0> rdfs:subClassOf <http://e.org/b/y0> .\n"
    for space in "ab":
        name = f"<http://e.org/{space}/%s>"
        body += f"{name % 'top'} rdfs:label 'top' .\n"
        for i in range(9):
            x, y = name % f"x{i}", name % f"y{i}"
            body += f"{x} rdfs:subClassOf {y} . {y} rdfs:subClassOf {name % 'top'} .\n"
    graph = turtle(tmp_path, body)
    assert len(set(graph.vocabularies.tolist())) == 2
    pairs = []
    for g in (graph, *(rewired(graph, seed) for seed in range(3))):
        ends = graph.vocabularies[np.stack(g.is_a.nonzero())]
        pairs.append(np.unique(ends, axis=1, return_counts=True)[1].tolist())
    assert pairs == [pairs[0]] * 4 == [[18, 1, 18]] * 4


def test_a_chain_cannot_be_rewired_and_is_kept(tmp_path: Path) -> None:
    graph = turtle(tmp_path, ":a rdfs:subClassOf :b . :b rdfs:subClassOf :c .")
    assert rewired(graph).fingerprint == graph.fingerprint
    assert len(rewired(KnowledgeGraph.empty())) == 0
