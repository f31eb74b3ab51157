"""Entities under two disjoint classes, on graphs small enough to see."""

from __future__ import annotations

import time

import numpy as np
from scipy.sparse import csr_matrix

from kgml.kg.axioms.checks import disjoint_violations
from kgml.kg.hierarchy import adjacency

PLANT, ANIMAL, ALGA, EUGLENA, LONG_EUGLENA, CAT, ROOT = range(7)
LIFE = [(PLANT, ROOT), (ANIMAL, ROOT), (ALGA, PLANT), (EUGLENA, ALGA), (EUGLENA, ANIMAL),
        (LONG_EUGLENA, EUGLENA), (CAT, ANIMAL)]  # fmt: skip


def is_a(edges: list[tuple[int, int]], size: int = 7) -> csr_matrix:
    child, parent = np.array(edges).reshape(-1, 2).T
    return adjacency(child, parent, size)


def found(edges: list[tuple[int, int]], *pairs: tuple[int, int], size: int = 7) -> list[list[int]]:
    return disjoint_violations(is_a(edges, size), np.array(pairs).reshape(-1, 2)).tolist()


def test_only_the_topmost_entity_under_both_is_named() -> None:
    assert found(LIFE, (PLANT, ANIMAL)) == [[EUGLENA, PLANT, ANIMAL]]


def test_classes_with_nothing_in_common_are_fine() -> None:
    assert found(LIFE, (ALGA, CAT)) == []
    assert found(LIFE) == []
    assert found([], (PLANT, ANIMAL)) == []


def test_a_class_below_what_it_excludes_is_itself_the_entity() -> None:
    assert found(LIFE, (ROOT, CAT)) == [[CAT, ROOT, CAT]]


def test_a_class_disjoint_with_itself_is_named() -> None:
    assert found(LIFE, (CAT, CAT)) == [[CAT, CAT, CAT]]


def test_a_pair_turned_round_counts_once_as_first_given() -> None:
    assert found(LIFE, (ANIMAL, PLANT), (PLANT, ANIMAL)) == [[EUGLENA, ANIMAL, PLANT]]


def test_each_pair_is_told_apart() -> None:
    assert found(LIFE, (PLANT, ANIMAL), (ALGA, ANIMAL), (CAT, ROOT)) == [
        [EUGLENA, PLANT, ANIMAL], [EUGLENA, ALGA, ANIMAL], [CAT, CAT, ROOT],
    ]  # fmt: skip


def test_two_topmost_entities_are_both_named() -> None:
    edges = [*LIFE, (CAT, PLANT)]
    assert found(edges, (PLANT, ANIMAL)) == [[EUGLENA, PLANT, ANIMAL], [CAT, PLANT, ANIMAL]]


def test_of_a_cycle_under_both_the_lowest_number_stands_for_all() -> None:
    edges = [*LIFE, (EUGLENA, LONG_EUGLENA)]
    assert found(edges, (PLANT, ANIMAL)) == [[EUGLENA, PLANT, ANIMAL]]


def test_a_cycle_through_both_classes_is_a_violation() -> None:
    assert found([(0, 1), (1, 0), (2, 1)], (0, 1), size=3) == [[0, 0, 1]]


def test_a_chain_of_a_hundred_thousand_is_walked_without_recursion() -> None:
    size = 100_000
    chain = adjacency(np.arange(1, size), np.arange(size - 1), size)
    started = time.process_time()
    assert disjoint_violations(chain, np.array([[5, 50]])).tolist() == [[50, 5, 50]]
    assert time.process_time() - started < 5
