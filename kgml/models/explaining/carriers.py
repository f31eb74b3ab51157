"""Which concepts carry a document's evidence to its label: a mention's own, or one above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.way import in_words, way_up
from kgml.models.classifier import KGTextClassifier
from kgml.models.explaining.removal import lost
from kgml.models.features import Documents, spread

MOST = 5
"""Carriers named for a concept."""


@dataclass(frozen=True)
class Carrier:
    """A concept of the sparse view. ``lost``: the probability of the label that is lost when its
    features, of the text and of the lead, are 0 before the head; ``log_odds``: the same in log-odds; ``weight``: what the fusion
    makes of the concept, 1 meaning as counted."""

    entity: int
    lost: float
    log_odds: float
    weight: float


@dataclass(frozen=True)
class Way:
    """From a linked concept to the carrier that weighs most: (relation, entity) of each step, the
    same in words, and the carriers, those that weigh most first."""

    steps: list[tuple[int, int]]
    words: str
    carriers: list[Carrier]


def carriers(
    model: KGTextClassifier, one: Documents, label: int, weight: Mapping[int, float]
) -> dict[int, Carrier]:
    """Each concept of the document ``one`` (1 row) that is a feature, by entity number.

    A concept's feature counts all that is below it: it is shared by the mentions that it lies over.

    Args:
        label: number of the class.
        weight: what the fusion makes of each concept of the document.
    """
    stack = model.assembly_
    row = stack.features(one)
    entities = np.where(row.data != 0, stack.of_columns()[row.indices], -1)
    carrying = np.unique(entities[entities >= 0])
    data = np.repeat(row.data[None, :], len(carrying) + 1, axis=0)
    data[:-1][entities == carrying[:, None]] = 0  # the last row stays as it is
    bounds = np.arange(len(data) + 1) * row.nnz
    indices = np.tile(row.indices, len(data))
    without = sparse.csr_matrix((data.ravel(), indices, bounds), shape=(len(data), row.shape[1]))
    shares = stack.head_.probabilities(stack.head_.decision(without))
    probability, odds = lost(shares[:-1], shares[-1], label)
    return {
        number: Carrier(number, less, in_odds, weight[number])
        for number, less, in_odds in zip(
            carrying.tolist(), probability.tolist(), odds.tolist(), strict=True
        )
    }


def ways(
    found: dict[int, Carrier], concepts: list[int], odds: list[float], graph: KnowledgeGraph
) -> list[Way]:
    """The way of each of ``concepts`` (k).

    Args:
        found: what `carriers` gave.
        odds: log-odds lost without each concept (k): where they are negative, the way leads to
            what weighs most against the label.
    """
    ones = np.ones(len(concepts), dtype=np.float32)
    linked = sparse.csr_matrix(
        (ones, concepts, np.arange(len(concepts) + 1)), shape=(len(concepts), len(graph))
    )
    above = spread(linked, graph)
    told = []
    for row, concept in enumerate(concepts):
        over = above.indices[above.indptr[row] : above.indptr[row + 1]].tolist()
        of = [found[number] for number in over if number in found]
        told.append(_way(of, concept, 1 if odds[row] >= 0 else -1, graph))
    return told


def _way(over: list[Carrier], concept: int, sign: int, graph: KnowledgeGraph) -> Way:
    ranked = sorted(over, key=lambda carrier: -abs(carrier.log_odds))
    kept = [carrier for carrier in ranked if carrier.log_odds][:MOST]
    best = max(over, key=lambda carrier: sign * carrier.log_odds, default=None)
    if best is None or sign * best.log_odds <= 0:
        return Way([], graph.labels[concept], kept)
    steps = way_up(graph, concept, best.entity) or []
    return Way(steps, in_words(graph, concept, steps), kept)
