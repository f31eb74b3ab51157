"""Neighbours, ancestors, shortest paths, roots, leaves and circles; on graphs drawn by hand."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest

from kgml import load_graph
from kgml.errors import InputError, UsageError
from kgml.kg import hierarchy, store
from kgml.kg.graph import Entity, KnowledgeGraph
from kgml.kg.vocabulary import SUB_CLASS_OF

DIAMOND = """
:a a owl:Class . :b a owl:Class ; rdfs:subClassOf :a . :c a owl:Class ; rdfs:subClassOf :a .
:d a owl:Class ; rdfs:subClassOf :b , :c . :e a owl:Class ; rdfs:subClassOf :d .
"""
CIRCLE = """
:a a owl:Class . :b a owl:Class ; rdfs:subClassOf :a , :c . :c a owl:Class ; rdfs:subClassOf :b .
:d a owl:Class ; rdfs:subClassOf :c . :x a owl:Class ; rdfs:subClassOf :y .
:y a owl:Class ; rdfs:subClassOf :x .
"""
pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")


def made_of(size: int, triples: np.ndarray, relations: int = 1) -> KnowledgeGraph:
    """A graph of ``size`` entities e000000, ...; relation 0 is rdfs:subClassOf, then r1, r2."""
    import dataclasses

    import pyarrow as pa

    names = [f"http://e.org/e{n:06}" for n in range(size)]
    kinds = [SUB_CLASS_OF, *(f"http://www.w3.org/r{n}" for n in range(1, relations))]
    entities = {"iri": names, "id": names, "label": names, "labelled": [False] * size,
                "kind": [0] * size, "definition": [None] * size}  # fmt: skip
    columns = dataclasses.replace(
        store.Columns.empty(),
        entities=pa.table(entities, schema=store.ENTITIES),
        relations=pa.table(dict.fromkeys(("iri", "id", "label"), kinds), schema=store.RELATIONS),
        triples=np.unique(np.asarray(triples, dtype=np.int64).reshape(-1, 3), axis=0),
    )
    return KnowledgeGraph(columns, {})


def chain(size: int) -> KnowledgeGraph:
    """Entity n is a child of entity n + 1."""
    steps = np.arange(size - 1)
    return made_of(size, np.column_stack([steps, np.zeros_like(steps), steps + 1]))


def test_ancestors_and_descendants_come_nearest_first_without_the_entity_itself(turtle) -> None:
    graph = load_graph(turtle(DIAMOND))
    assert graph.ancestors_of(4) == [3, 1, 2, 0]
    assert graph.ancestors_of(4, hops=2) == [3, 1, 2]
    assert graph.ancestors_of(0) == []
    assert graph.descendants_of(0) == [1, 2, 3, 4]
    assert graph.descendants_of(2, hops=1) == [3]
    assert [graph.depth(n) for n in range(5)] == [0, 1, 1, 2, 3]
    assert (graph.roots, graph.leaves) == ([0], [4])


def test_in_a_circle_each_lies_above_the_other_and_levels_count_it_once(turtle) -> None:
    graph = load_graph(turtle(CIRCLE))
    assert graph.ancestors_of("https://example.org/b") == [0, 2]
    assert graph.ancestors_of("https://example.org/d") == [2, 1, 0]
    assert hierarchy.cycles(graph) == [[1, 2], [4, 5]]
    assert (graph.roots, graph.leaves) == ([0, 4, 5], [3, 4, 5])
    assert graph.depths.tolist() == [0, 1, 1, 2, 0, 0]


def test_no_circle_is_an_empty_list(turtle) -> None:
    assert hierarchy.cycles(load_graph(turtle(DIAMOND))) == []
    assert hierarchy.cycles(KnowledgeGraph.empty()) == []
    assert KnowledgeGraph.empty().roots == []


def test_neighbours_go_out_or_in_and_by_relation(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    assert graph.neighbours("EX:4") == [(1, 4)]
    assert graph.neighbours("EX:4", direction="in") == [(0, 1), (0, 2)]
    assert graph.neighbours("EX:2", direction="both") == [(0, 3), (1, 0), (1, 2)]
    for key in ("located in", "located_in", 0, ["located in"], graph.relation_iris[0]):
        assert graph.neighbours("EX:2", key, "both") == [(0, 3)]
    assert graph.neighbours("EX:2", []) == []


@pytest.mark.parametrize(
    ("relations", "direction", "error", "words"),
    [
        ("located_im", "out", InputError, "no relation 'located_im'.*Did you mean 'located_in'"),
        (7, "out", InputError, "no relation 7; this graph has 2"),
        (None, "up", UsageError, "no direction 'up'; choose from both, in, out"),
    ],
)
def test_an_unknown_relation_or_direction_is_refused(
    hearts_obo: Path, relations, direction: str, error, words: str
) -> None:
    with pytest.raises(error, match=words):
        load_graph(hearts_obo).neighbours("EX:2", relations, direction)


def test_a_shortest_path_is_steps_of_relation_and_entity(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)  # 2 is a 1 is a 0; 1 and 2 located in 3; 3 is a 4
    assert graph.shortest_path("EX:1", "EX:5") == [(1, 1), (0, 3), (1, 4)]
    assert graph.shortest_path("EX:5", "EX:1") == [(1, 3), (0, 1), (1, 0)]
    assert graph.shortest_path("EX:3", "EX:5", directed=True) == [(0, 3), (1, 4)]
    assert graph.shortest_path("EX:5", "EX:3", directed=True) is None
    assert graph.shortest_path("EX:3", "EX:5", relations="is a") is None
    assert graph.shortest_path("EX:3", "EX:1", relations="is a") == [(1, 1), (1, 0)]
    assert graph.shortest_path("EX:3", "EX:3") == []


@pytest.mark.parametrize("directed", [True, False])
def test_paths_in_random_graphs_are_as_short_as_a_plain_search_finds(directed: bool) -> None:
    random = np.random.default_rng(0)
    triples = np.column_stack(
        [random.integers(0, 40, 60), random.integers(0, 3, 60), random.integers(0, 40, 60)]
    )
    graph = made_of(40, triples, relations=3)
    edges = {(h, r, t) for h, r, t in graph.triples.tolist()}
    for relations in (None, [0, 2]):
        wanted = {0, 1, 2} if relations is None else set(relations)
        ways: dict[int, set[int]] = {n: set() for n in range(40)}
        for head, relation, tail in edges:
            if relation in wanted:
                ways[head].add(tail)
                if not directed:
                    ways[tail].add(head)
        for start in range(40):
            distance = plain_search(ways, start)
            for end in range(40):
                path = graph.shortest_path(start, end, relations, directed)
                assert (None if path is None else len(path)) == distance.get(end)
                here = start
                for relation, entity in path or []:
                    assert relation in wanted
                    steps = {(here, relation, entity), (entity, relation, here)}
                    assert steps & edges if not directed else (here, relation, entity) in edges
                    here = entity
                assert path is None or here == end


def plain_search(ways: dict[int, set[int]], start: int) -> dict[int, int]:
    distance, waiting = {start: 0}, deque([start])
    while waiting:
        number = waiting.popleft()
        for other in ways[number]:
            if other not in distance:
                distance[other] = distance[number] + 1
                waiting.append(other)
    return distance


def test_a_chain_of_a_hundred_thousand_works_without_recursion_or_its_closure() -> None:
    graph = chain(100_000)
    assert graph.depth() == graph.depth(0) == 99_999
    assert graph.ancestors_of(0) == list(range(1, 100_000))
    assert len(graph.descendants_of(99_999)) == 99_999
    assert len(graph.shortest_path(0, 99_999) or []) == 99_999
    assert (graph.roots, graph.leaves) == ([99_999], [0])
    assert hierarchy.cycles(graph) == []
    with pytest.raises(InputError, match="a chain of classes"):
        graph.ancestors  # noqa: B018


def test_sums_below_agree_with_the_closure(monkeypatch) -> None:
    monkeypatch.setattr(hierarchy, "BITS", 16)
    random = np.random.default_rng(1)
    triples = np.column_stack(
        [random.integers(0, 70, 110), np.zeros(110), random.integers(0, 70, 110)]
    )
    graph = made_of(70, triples[triples[:, 0] != triples[:, 2]])
    assert hierarchy.cycles(graph) != []
    weights = random.integers(0, 3, 70) / 2
    assert np.allclose(hierarchy.sums_below(graph.is_a, weights), graph.ancestors.T @ weights)


def test_an_entity_is_a_key_of_its_graph(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    entity = graph["EX:3"]
    assert graph.parents(entity) == [1]
    assert graph.depths[entity] == 2
    assert entity in graph
    assert isinstance(graph[entity], Entity)


def test_a_long_ladder_is_measured_without_its_closure() -> None:
    # 0 and 1 below 2 and 3, these below 4 and 5, ...: two ways up at every step
    size = 40_000
    steps = np.array([(n, 0, n // 2 * 2 + up) for n in range(size - 2) for up in (2, 3)])
    graph = made_of(size, steps)
    sums = hierarchy.sums_below(graph.is_a, np.ones(size))
    assert sums[[0, 1, 2, 3, size - 1]].tolist() == [1, 1, 3, 3, size - 1]
    ends = graph.similarity([(0, 1), (0, 2), (0, size - 1)], "jaccard")
    assert ends == pytest.approx([(size - 2) / size, (size - 3) / (size - 1), 1 / (size - 1)])
