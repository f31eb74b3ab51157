"""MRR and Hits@k by hand, and their intervals."""

from __future__ import annotations

import numpy as np

from kgml.evaluation.ranking import measure_ranks


def test_scores_by_hand() -> None:
    # Tails: ranks 1 and 4; heads: 2 and 20. 1 + 1/4 + 1/2 + 1/20 = 1.8, over 4.
    found = measure_ranks(np.array([[1.0, 2.0], [4.0, 20.0]]))
    assert found["mrr"] == 0.45
    assert found["hits"] == {"1": 0.25, "3": 0.5, "10": 0.75}
    assert found["mrr_of"] == {"tail": 0.625, "head": 0.275}


def test_a_tie_for_the_first_place_is_no_hit_at_one() -> None:
    assert measure_ranks(np.array([[1.5, 1.5]]))["hits"]["1"] == 0


def test_intervals_hold_the_score_and_shrink_with_more_triples() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for m in (100, 2500):
        found = measure_ranks(rng.integers(1, 30, size=(m, 2)).astype(float))
        low, high = found["interval"]["mrr"]
        assert low < found["mrr"] < high
        widths.append(high - low)
    assert 3 < widths[0] / widths[1] < 8  # about the root of 25


def test_the_two_ranks_of_a_triple_are_resampled_together() -> None:
    # Every triple's mean is the same, so no resample differs from another.
    found = measure_ranks(np.tile([[1.0, 4.0]], (50, 1)))
    assert found["interval"]["mrr"] == [0.625, 0.625]


def test_the_same_seed_gives_the_same_interval() -> None:
    ranks = np.random.default_rng(1).integers(1, 30, size=(100, 2)).astype(float)
    assert measure_ranks(ranks, 3) == measure_ranks(ranks, 3)
    assert measure_ranks(ranks, 3) != measure_ranks(ranks, 4)
