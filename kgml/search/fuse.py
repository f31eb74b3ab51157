"""Ranked lists into one: reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Sequence

RANK_CONSTANT = 1
"""k of the paper, which has 60 for lists of a thousand documents. An entity that either list puts
first is mostly the one meant: measured on hidden synonyms of HPO (benchmarks/search.py, another
sample), 1 gives .608 mean reciprocal rank, 60 gives .584."""


def fuse(rankings: Sequence[Sequence[int]]) -> dict[int, float]:
    """Score of each number: the sum of 1 / (k + its rank) over ``rankings``, each best first.

    1 for a number that all put first. Cormack, Clarke and Buettcher, Reciprocal rank fusion
    outperforms Condorcet and individual rank learning methods, SIGIR 2009.

    >>> fuse([[7, 8], [7]])
    {7: 1.0, 8: 0.3333333333333333}
    """
    scores: dict[int, float] = {}
    most = len(rankings) / (RANK_CONSTANT + 1)
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (RANK_CONSTANT + rank) / most
    return scores
