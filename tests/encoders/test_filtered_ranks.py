"""Ranks of true triples, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kgml.encoders.kge import ranking
from kgml.encoders.kge.queries import Queries
from kgml.encoders.kge.ranking import filtered_ranks, mean_reciprocal_rank

TABLE = {
    (0, 0): [0.0, 3.0, 5.0, 4.0],  # tails of (0, r, ?)
    (1, 1): [2.0, 1.0, 2.0, 2.0],  # heads of (?, r, 1)
    (2, 1): [1.0, 1.0, 1.0, 1.0],  # heads of (?, r, 2)
}


def score(keys: np.ndarray) -> torch.Tensor:
    return torch.tensor([TABLE[int(entity), int(relation)] for entity, relation in keys])


def ranks(triples: list[tuple[int, int, int]], known: list[tuple[int, int, int]]) -> list[list]:
    found = filtered_ranks(score, np.array(triples), Queries.of(np.array(known), 1), 4)
    assert found.dtype == np.float64
    return found.tolist()


def test_the_rank_is_one_more_than_what_scores_better_and_half_of_what_ties() -> None:
    # Tail 1 scores 3: 2 and 3 are better. Head 0 scores 2, so do 2 and 3: places 1 to 3, mean 2.
    assert ranks([(0, 0, 1)], [(0, 0, 1)]) == [[3.0, 2.0]]


def test_other_true_answers_do_not_count() -> None:
    # (0, r, 2) and (3, r, 1) are true as well: one better tail fewer, one tie fewer.
    known = [(0, 0, 1), (0, 0, 2), (3, 0, 1)]
    assert ranks([(0, 0, 1)], known) == [[2.0, 1.5]]


def test_a_constant_score_gets_the_middle_rank() -> None:
    assert ranks([(0, 0, 2)], [(0, 0, 2)]) == [[1.0, 2.5]]


def test_a_triple_that_is_not_among_the_known_ones_is_ranked_all_the_same() -> None:
    assert ranks([(0, 0, 1)], [(2, 0, 3)]) == [[3.0, 2.0]]


def test_blocks_change_no_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    triples, known = [(0, 0, 1), (0, 0, 2), (0, 0, 1)], [(0, 0, 1), (0, 0, 2)]
    whole = ranks(triples, known)
    monkeypatch.setattr(ranking, "SCORES", 4)
    assert ranks(triples, known) == whole == [[2.0, 2.0], [1.0, 2.5], [2.0, 2.0]]


def test_a_score_that_is_no_number_is_refused() -> None:
    from kgml.errors import InputError

    with pytest.raises(InputError, match="1 of 2 scores"):
        filtered_ranks(
            lambda keys: torch.where(torch.tensor(keys[:, 1:] == 0), torch.nan, 1.0).expand(-1, 4),
            np.array([(0, 0, 1)]), Queries.of(np.array([(0, 0, 1)]), 1), 4,
        )  # fmt: skip


def test_no_triples_have_no_ranks() -> None:
    none = np.zeros((0, 3), dtype=np.int64)
    assert filtered_ranks(score, none, Queries.of(none, 1), 4).shape == (0, 2)


def test_mean_reciprocal_rank_by_hand() -> None:
    assert mean_reciprocal_rank(np.array([[1.0, 2.0], [4.0, 4.0]])) == 0.5


def test_each_question_is_asked_once_with_all_its_answers() -> None:
    queries = Queries.of(np.array([(0, 0, 1), (0, 0, 2), (3, 1, 2), (0, 0, 1)]), 2)
    assert queries.keys.tolist() == [[0, 0], [1, 2], [2, 2], [2, 3], [3, 1]]
    place, answer = queries.answers_to(np.array([0, 3]))
    assert (place.tolist(), answer.tolist()) == ([0, 0, 1], [1, 2, 3])
    assert queries.find(np.array([[3, 1], [3, 0], [9, 9]])).tolist() == [4, -1, -1]
