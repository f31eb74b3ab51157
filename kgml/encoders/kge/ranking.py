"""The filtered, realistic rank of a true triple among all others of the same question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgml.encoders.kge.queries import Queries, both_directions
from kgml.encoders.rows import Integers
from kgml.errors import InputError

SCORES = 2**24
"""Most scores held at once: 64 MiB."""


def filtered_ranks(
    score: Callable[[Integers], Tensor], triples: NDArray[Any], known: Queries, entities: int
) -> NDArray[np.float64]:
    """Ranks (m, 2) of ``triples`` (m, 3): of the tail, and of the head; 1 is best.

    Filtered: other answers that ``known`` calls true do not count (Bordes et al., NeurIPS 2013).
    Realistic: the mean of the best and the worst place among equal scores (Berrendorf et al.,
    On the Ambiguity of Rank-Based Evaluation, 2020), so a constant score is no good score.

    Args:
        score: keys (b, 2), head and relation, to scores (b, e) of every tail.
        known: all true triples, these included or not.
        entities: e.

    Raises:
        InputError: a true triple's score is no number: every comparison with it would be false,
            and its rank 1.
    """
    asked = both_directions(triples, known.relations)
    size = max(1, SCORES // max(1, entities))
    ranks = np.empty(len(asked))
    for first in range(0, len(asked), size):
        block = asked[first : first + size]
        keys, inverse = np.unique(block[:, :2], axis=0, return_inverse=True)
        scores = score(keys)[torch.from_numpy(inverse.reshape(-1))]
        ranks[first : first + size] = _ranks(scores, block, known)
    return ranks.reshape(2, -1).T


def mean_reciprocal_rank(ranks: NDArray[np.float64]) -> float:
    """Mean of 1 / rank over every direction of every triple."""
    return float((1 / ranks).mean())


def _ranks(scores: Tensor, asked: Integers, known: Queries) -> NDArray[np.float64]:
    true = scores[torch.arange(len(asked)), torch.from_numpy(asked[:, 2])].clone()
    if wrong := int((~true.isfinite()).sum()):
        raise InputError(f"{wrong:,} of {len(true):,} scores are no numbers. Train again.")
    found = known.find(asked[:, :2])
    rows = np.flatnonzero(found >= 0)
    place, answer = known.answers_to(found[rows])
    # The true answer too: it is not compared with itself.
    scores[torch.from_numpy(rows[place]), torch.from_numpy(answer)] = -torch.inf
    scores[torch.arange(len(asked)), torch.from_numpy(asked[:, 2])] = -torch.inf
    better = (scores > true[:, None]).sum(dim=1)
    equal = (scores == true[:, None]).sum(dim=1)
    ranks: NDArray[np.float64] = (1 + better + equal / 2).numpy().astype(np.float64)
    return ranks
