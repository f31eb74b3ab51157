"""Link prediction as a task without labels: the split, the negatives and the score of a ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.rows import Integers

VALID_SHARE = 0.1
ROUNDS = 10
"""Attempts at replacing a negative that is a true link; what still is one is dropped."""


def split_links(links: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Split ``links`` (p, 3) into training and validation (a tenth of the joined pairs).

    All links between the same two entities go to the same side, or the answer could be read off
    the training graph. Fewer than ten pairs are all for training.
    """
    codes = pair_codes(links, int(links[:, [0, 2]].max()) + 1)
    pairs, pair_of = np.unique(codes, return_inverse=True)
    valid = np.zeros(len(pairs), dtype=bool)
    valid[rng.permutation(len(pairs))[: int(VALID_SHARE * len(pairs))]] = True
    return links[~valid[pair_of]], links[valid[pair_of]]


def distinct_links(
    head: Integers, relation: Integers, tail: Integers, size: int, *, directed: bool
) -> Integers:
    """Distinct links (p, 3) without loops, sorted; one number each is sorted faster than three.

    Args:
        directed: false: a link and its reverse are one, whatever the relation, which becomes 0.

    >>> two = np.array([0, 1]), np.array([1, 0]), np.array([1, 0])
    >>> distinct_links(*two, 2, directed=False).tolist()
    [[0, 0, 1]]
    >>> distinct_links(*two, 2, directed=True).tolist()
    [[0, 1, 1], [1, 0, 0]]
    """
    kinds = 1
    if directed:
        kinds = int(relation.max(initial=0)) + 1
    else:
        head, tail = np.minimum(head, tail), np.maximum(head, tail)
        relation = np.zeros(1, dtype=np.int64)
    codes = np.unique(((head * np.int64(size) + tail) * kinds + relation)[head != tail])
    pairs, relation = np.divmod(codes, kinds)
    head, tail = np.divmod(pairs, max(1, size))
    return np.stack([head, relation, tail], axis=1)


def pair_codes(links: Integers, size: int) -> Integers:
    """One number per unordered pair (head, tail) of ``size`` entities: (p,) int64."""
    low = np.minimum(links[:, 0], links[:, 2])
    high = np.maximum(links[:, 0], links[:, 2])
    return low * np.int64(size) + high


def corrupt(links: Integers, size: int, known: Integers, rng: np.random.Generator) -> Integers:
    """Negatives: each link with its head or its tail replaced by an entity drawn uniformly.

    Args:
        links: (p, 3) head, relation, tail.
        size: number of entities.
        known: `pair_codes` of all true links, sorted; no negative joins such a pair.
    """
    negatives = links.copy()
    wrong = np.arange(len(links))
    for _ in range(ROUNDS):
        if not len(wrong):
            break
        side = 2 * rng.integers(0, 2, size=len(wrong))
        negatives[wrong] = links[wrong]
        negatives[wrong, side] = rng.integers(0, size, size=len(wrong))
        codes = pair_codes(negatives[wrong], size)
        joined = known[np.searchsorted(known[:-1], codes)] == codes
        wrong = wrong[joined | (negatives[wrong, 0] == negatives[wrong, 2])]
    return np.delete(negatives, wrong, axis=0)


def area_under_curve(positives: NDArray[Any], negatives: NDArray[Any]) -> float:
    """The chance that a true link scores above a false one; ties count half (area under ROC).

    >>> area_under_curve(np.array([3.0, 1.0]), np.array([0.0, 1.0]))
    0.875
    """
    below = np.sort(negatives)
    ranks = np.searchsorted(below, positives, "left") + np.searchsorted(below, positives, "right")
    return float(ranks.mean() / (2 * len(below)))
