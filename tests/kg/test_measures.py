"""Numbers worked out by hand on d below b and c, both and e below a.

Below each, itself included: a 5, b 2, c 2, d 1, e 1. Seco: 1 - ln(below) / ln 5.
Leaves d and e, two of them; below a 2, b 1, c 1. Ancestors: a 1, b 2, c 2, d 4, e 2.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest

from kgml import load_graph
from kgml.errors import InputError, UsageError
from kgml.kg import hierarchy, measures
from kgml.kg.graph import KnowledgeGraph

A, B, C, D, E = range(5)
FIVE = """
:a a owl:Class . :b a owl:Class ; rdfs:subClassOf :a . :c a owl:Class ; rdfs:subClassOf :a .
:d a owl:Class ; rdfs:subClassOf :b , :c . :e a owl:Class ; rdfs:subClassOf :a .
"""
HALF = 1 - math.log(2) / math.log(5)  # 0.569323
pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")


@pytest.fixture
def five(turtle) -> KnowledgeGraph:
    return load_graph(turtle(FIVE))


@pytest.fixture
def chain(write) -> KnowledgeGraph:
    lines = "".join(
        f"<http://e.org/{n:06}> <http://www.w3.org/2000/01/rdf-schema#subClassOf> "
        f"<http://e.org/{n + 1:06}> .\n"
        for n in range(99_999)
    )
    return load_graph(write("chain.nt", lines))


def test_seco_is_one_for_a_leaf_and_zero_for_the_only_root(five: KnowledgeGraph) -> None:
    assert five.information_content == pytest.approx([0, 0.569323, 0.569323, 1, 1], abs=1e-6)


def test_sanchez_tells_entities_apart_by_what_is_above_them(five: KnowledgeGraph) -> None:
    content = measures.information_content(five, "sanchez")
    middle = -math.log((1 / 2 + 1) / 3)
    assert content == pytest.approx([0, middle, middle, math.log(3), math.log(3)])


def test_a_root_beside_others_has_content_and_nothing_is_put_above_it(turtle) -> None:
    graph = load_graph(turtle(FIVE + ":x a owl:Class . :y a owl:Class ; rdfs:subClassOf :x ."))
    seven = math.log(7)
    middle = 1 - math.log(2) / seven
    assert graph.information_content == pytest.approx(
        [1 - math.log(5) / seven, middle, middle, 1, 1, middle, 1]
    )
    # leaves d, e and y; below a 2, b 1, c 1, x 1
    content = measures.information_content(graph, "sanchez")
    half = -math.log((1 / 2 + 1) / 4)
    assert content == pytest.approx(
        [-math.log(3 / 4), half, half, math.log(4), math.log(4), -math.log(2 / 4), math.log(4)]
    )
    counted = measures.corpus_information_content(graph, [0, 0, 0, 1, 0, 0, 3], smoothing=0.5)
    assert counted[[A, 5]] == pytest.approx([-math.log(3.5 / 7.5), -math.log(4 / 7.5)])


def test_corpus_content_counts_a_mention_once_per_ancestor(five: KnowledgeGraph) -> None:
    content = measures.corpus_information_content(five, [0, 1, 0, 2, 1], smoothing=0)
    assert content == pytest.approx([0, -math.log(3 / 4), math.log(2), math.log(2), math.log(4)])
    smoothed = measures.corpus_information_content(five, [0, 0, 0, 5, 0])
    assert smoothed == pytest.approx([0, *[-math.log(7 / 10)] * 2, -math.log(6 / 10), math.log(10)])


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([1, 2], r"shape \(2,\); wanted \(5,\)"),
        ([1, 1, 1, -1, 1], "negative or not a number"),
        ([1, 1, 1, 1, 0], "1 of 5 entities were never seen; set smoothing=1"),
    ],
)
def test_counts_that_cannot_be_used_are_refused(five, counts, words: str) -> None:
    with pytest.raises(InputError, match=words):
        measures.corpus_information_content(five, counts, smoothing=0)


@pytest.mark.parametrize(
    ("pair", "resnik", "lin", "jaccard"),
    [
        ((B, D), HALF, 2 * HALF / (HALF + 1), 2 / 4),
        ((B, C), 0, 0, 1 / 3),
        ((D, E), 0, 0, 1 / 5),
        ((D, D), 1, 1, 1),
        ((A, A), 0, 1, 1),
        ((A, D), 0, 0, 1 / 4),
    ],
)
def test_similarities_are_those_worked_out_by_hand(five, pair, resnik, lin, jaccard) -> None:
    assert measures.resnik(five, *pair) == pytest.approx(resnik, abs=1e-6)
    assert measures.lin(five, *pair) == pytest.approx(lin, abs=1e-6)
    assert measures.jaccard(five, *pair) == pytest.approx(jaccard, abs=1e-6)


@pytest.mark.parametrize("measure", ["lin", "resnik", "jaccard"])
def test_a_batch_a_matrix_and_one_by_one_agree(five, measure: str, monkeypatch) -> None:
    pairs = np.array([(a, b) for a in range(5) for b in range(5)])
    batch = five.similarity(pairs, measure)
    assert batch.dtype == np.float32
    assert batch.shape == (25,)
    assert np.array_equal(batch, batch.reshape(5, 5).T.ravel())
    assert np.array_equal(
        measures.similarity_matrix(five, range(5), range(5), measure).ravel(), batch
    )
    assert batch.tolist() == [
        float(five.similarity([tuple(p)], measure)[0]) for p in pairs.tolist()
    ]
    monkeypatch.setattr(measures, "CHUNK", 3)
    assert np.array_equal(five.similarity(pairs, measure), batch)
    monkeypatch.setattr(hierarchy, "MAX_PAIRS", 50)
    assert np.array_equal(five.similarity(pairs, measure), batch)


def test_another_content_changes_the_numbers(five: KnowledgeGraph) -> None:
    content = [0, 1, 3, 4, 4]
    assert measures.most_informative_ancestor(five, D, D, content) == D
    assert measures.resnik(five, C, D, content) == 3
    assert measures.lin(five, C, D, content) == pytest.approx(6 / 7)


def test_the_most_informative_ancestor_is_the_one_that_resnik_takes(five: KnowledgeGraph) -> None:
    odd = [5, 1, 3, 4, 4]  # more above than below
    assert measures.most_informative_ancestor(five, B, D, odd) == A
    assert measures.resnik(five, B, D, odd) == 5
    level = [1, 1, 1, 1, 1]
    assert measures.most_informative_ancestor(five, B, D, level) == B
    assert measures.most_informative_ancestor(five, D, D, level) == D


def test_lowest_common_ancestors_may_be_several(turtle) -> None:
    graph = load_graph(turtle(FIVE + ":f a owl:Class ; rdfs:subClassOf :b , :c , :e ."))
    assert measures.common_ancestors(graph, D, 5) == [A, B, C]
    assert measures.lowest_common_ancestors(graph, D, 5) == [B, C]
    assert measures.lowest_common_ancestors(graph, D, B) == [B]
    assert measures.most_informative_ancestor(graph, D, 5) == B
    assert measures.most_informative_ancestor(graph, D, 5, [0, 1, 2, 3, 3, 3]) == C


def test_different_roots_have_nothing_in_common(turtle) -> None:
    graph = load_graph(turtle(FIVE + ":x a owl:Class . :y a owl:Class ; rdfs:subClassOf :x ."))
    assert measures.lowest_common_ancestors(graph, D, 6) == []
    assert measures.most_informative_ancestor(graph, D, 6) is None
    for measure in measures.MEASURES:
        assert graph.similarity([(D, 6), (A, 5)], measure).tolist() == [0, 0]


def test_entities_of_one_circle_are_fully_alike(turtle) -> None:
    graph = load_graph(
        turtle(FIVE + ":e rdfs:subClassOf :f . :f a owl:Class ; rdfs:subClassOf :e .")
    )
    assert measures.lowest_common_ancestors(graph, E, 5) == [E, 5]
    assert measures.lin(graph, E, 5) == measures.jaccard(graph, E, 5) == 1
    # below each of the two are both of them, of six entities
    assert measures.resnik(graph, E, 5) == pytest.approx(1 - math.log(2) / math.log(6))


def test_a_chain_of_a_hundred_thousand_is_measured_without_its_closure(chain) -> None:
    size = 100_000
    content = chain.information_content
    below = np.arange(1, size + 1)
    assert content == pytest.approx(1 - np.log(below) / math.log(size), abs=1e-12)
    at = {n: float(content[n]) for n in (3, 70_000)}
    assert measures.resnik(chain, 3, 70_000) == pytest.approx(at[70_000])
    assert measures.lin(chain, 3, 70_000) == pytest.approx(2 * at[70_000] / sum(at.values()))
    assert measures.jaccard(chain, 3, 70_000) == pytest.approx(30_000 / 99_997)
    assert measures.lowest_common_ancestors(chain, 3, 70_000) == [70_000]
    sanchez = measures.information_content(chain, "sanchez")
    assert sanchez[[0, 1, size - 1]] == pytest.approx(
        [math.log(2), -math.log((1 / 99_999 + 1) / 2), 0]
    )
    with pytest.raises(InputError, match="Ask for fewer at once"):
        chain.similarity(np.column_stack([np.arange(6000), np.arange(6000)]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: g.similarity([(0, 1)], "cosine"), UsageError, "no similarity 'cosine'; choose"),
        (lambda g: g.similarity([(0, 9)]), InputError, "Numbers go from 0 to 4"),
        (lambda g: g.similarity(np.array([[0, 9]])), InputError, "Numbers go from 0 to 4"),
        (lambda g: g.similarity(np.array([[-1, 0]])), InputError, "Numbers go from 0 to 4"),
        (lambda g: g.similarity(np.zeros((2, 3), int)), InputError, r"wanted \(k, 2\) numbers"),
        (lambda g: g.similarity(np.zeros((2, 2))), InputError, "float64; wanted"),
        (lambda g: measures.lin(g, 0, 1, [1]), InputError, r"shape \(1,\); wanted \(5,\)"),
        (
            lambda g: measures.information_content(g, "resnik"),
            UsageError,
            "choose from sanchez, sec",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(five, call, error, words: str) -> None:
    with pytest.raises(error, match=words):
        call(five)


def test_no_pairs_and_no_entities_give_empty_columns(five: KnowledgeGraph) -> None:
    assert five.similarity([]).shape == (0,)
    assert five.similarity(np.zeros((0, 2), dtype=int)).shape == (0,)
    assert measures.similarity_matrix(five, [], [0]).shape == (0, 1)
    assert measures.similarity_matrix(five, [0], []).shape == (1, 0)
    empty = KnowledgeGraph.empty()
    for kind in measures.CONTENTS:
        assert measures.information_content(empty, kind).shape == (0,)
    assert empty.similarity([]).shape == (0,)


DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ontologies"


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the checkout")
def test_all_of_hpo_against_a_hundred_takes_seconds() -> None:
    graph = load_graph(DATA / "hpo" / "hp.obo")
    few = range(0, len(graph), len(graph) // 100)
    started = time.process_time()
    matrix = measures.similarity_matrix(graph, range(len(graph)), few)
    assert time.process_time() - started < 3
    assert matrix.shape == (len(graph), len(few))
    rows = np.arange(0, len(graph), 997)
    pairs = np.column_stack([np.repeat(rows, len(few)), np.tile(few, len(rows))])
    assert np.array_equal(matrix[rows].ravel(), graph.similarity(pairs))
    seizure, focal = graph.number("HP:0001250"), graph.number("HP:0007359")
    assert measures.most_informative_ancestor(graph, seizure, focal) == seizure
