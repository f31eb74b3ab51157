"""Batches of pairs from a graph, and the loss on them, by hand."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from kgml.encoders.tuning.held_out import hold_out
from kgml.encoders.tuning.pairs import KINDS, Batch, PairStream, related, same_text
from kgml.encoders.tuning.tuner import contrast
from kgml.kg.graph import KnowledgeGraph

MakeGraph = Callable[..., KnowledgeGraph]
NONE = np.zeros(0, dtype=np.int64)


@pytest.fixture(scope="module")
def family(make_graph: MakeGraph) -> KnowledgeGraph:
    """0 disease; 1 fever, 2 cough, 3 rash below it; 4 high fever below fever; 5 alone."""
    return make_graph(
        [
            "disease",
            'fever\ndef: "too warm" []\nsynonym: "pyrexia" EXACT []\nsynonym: "Fever" EXACT []',
            'cough\nsynonym: "tussis" EXACT []',
            "rash",
            "high fever",
            "alone",
        ],
        [(1, "is_a", 0), (2, "is_a", 0), (3, "is_a", 0), (4, "is_a", 1)],
    )


def test_a_batch_depends_on_seed_and_number_only(family: KnowledgeGraph) -> None:
    stream = PairStream(family, NONE, 7)
    later = stream.batch(5, 12)
    again = PairStream(family, NONE, 7).batch(5, 12)
    assert (later.left, later.right) == (again.left, again.right)
    assert np.array_equal(later.masked, again.masked)
    assert stream.batch(6, 12).left != later.left


def test_pairs_are_two_names_a_name_and_its_definition_a_name_and_a_parents(
    family: KnowledgeGraph,
) -> None:
    stream = PairStream(family, NONE, 0)
    assert stream.counts == {"synonym": 2, "definition": 2, "parent": 4}
    seen: dict[str, set[tuple[str, str]]] = {kind: set() for kind in KINDS}
    for step in range(40):
        batch = stream.batch(step, 8)
        assert len(batch.left) == len(batch.right) == len(batch.kinds) == 8
        for left, right, kind in zip(batch.left, batch.right, batch.kinds.tolist(), strict=True):
            seen[KINDS[kind]].add((left, right))
    assert {tuple(sorted(pair, key=str.casefold)) for pair in seen["synonym"]} == {
        ("fever", "pyrexia"), ("cough", "tussis"),
    }  # fmt: skip
    assert seen["definition"] == {("fever", "too warm"), ("pyrexia", "too warm")}
    assert {right for left, right in seen["parent"] if left == "high fever"} == {"fever", "pyrexia"}
    assert {right for left, right in seen["parent"] if left == "rash"} == {"disease"}
    assert "alone" not in {text for pairs in seen.values() for pair in pairs for text in pair}


def test_a_held_out_name_is_never_drawn(family: KnowledgeGraph) -> None:
    row = family.forms.text.index("pyrexia")
    stream = PairStream(family, np.array([row]), 0)
    drawn = {
        text for s in range(20) for text in (stream.batch(s, 8).left + stream.batch(s, 8).right)
    }
    assert "fever" in drawn
    assert "pyrexia" not in drawn


def test_siblings_are_in_one_batch(family: KnowledgeGraph) -> None:
    stream = PairStream(family, NONE, 0)
    together = 0
    for step in range(20):
        names = set(stream.batch(step, 4).left)
        together += len(names & {"fever", "cough", "rash"}) > 1 or len(names) == 1
    assert together > 10


def test_an_entity_and_what_lies_above_or_below_it_are_no_negatives(
    family: KnowledgeGraph,
) -> None:
    left, right = np.array([4, 1, 3]), np.array([0, 4, 2])
    assert related(family.is_a, left, right).tolist() == [
        [True, True, False],  # high fever: below disease; itself
        [True, True, False],  # fever: below disease, above high fever
        [True, False, False],  # rash: below disease; cough is a sibling
    ]


def test_a_circle_of_is_a_ends() -> None:
    circle = csr_matrix(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=np.float32))
    found = related(circle, np.array([0, 2]), np.array([1, 2]))
    assert found.tolist() == [[True, False], [False, True]]


def test_equal_texts_are_no_negatives_case_apart() -> None:
    same = same_text(["Cold", "COPD", "cold"], ["coryza", "cold", "chill"])
    assert same.tolist() == [[True, True, True], [False, True, False], [True, True, True]]


def test_the_loss_is_the_weighted_mean_of_both_directions_without_what_is_masked() -> None:
    left = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    right = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    masked = np.array([[False, True], [False, False]])
    batch = Batch(["a", "b"], ["c", "d"], np.array([0, 2]), masked)
    # Cosines 1, .6 (masked); 0, .8. Weights 1 and .3; temperature 1.
    first = (0 + math.log(1 + math.exp(0 - 1))) / 2
    second = (math.log(1 + math.exp(0 - 0.8)) + 0) / 2
    expected = (first + 0.3 * second) / 1.3
    assert float(contrast(left, right, batch, 1.0)) == pytest.approx(expected, abs=1e-6)


def test_a_large_graph_costs_a_few_hundred_bytes_a_name(make_graph) -> None:
    size = 20_000
    graph = make_graph([f'thing {i}\nsynonym: "item {i}" EXACT []' for i in range(size)])
    graph.forms, graph.definitions, graph.is_a  # noqa: B018 - the graph's own
    tracemalloc.start()
    pairs = PairStream(graph, hold_out(graph, 0).rows, 0)
    for step in range(20):
        pairs.batch(step, 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 2 * size
