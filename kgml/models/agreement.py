"""Is what the graph says of unlabelled texts worth hearing? Asked without one label.

Text and knowledge are two views of a text. Where both are about the classes they often name the same
one; where the ontology is of something else, or its entities are permuted, they agree by chance
(two views that agree bound each other's error: Blum and Mitchell 1998; Dasgupta, Littman and
McAllester 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.metrics import Difference, mean_difference
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assembly import Assembly
from kgml.models.features import Documents, permutation, relabelled

DRAWS = 3
"""Permutations whose mean is the placebo's."""
MORE, LINKED = 0.05, 100
"""How much more often than with permuted entities the two must agree, by the lower end of the 95%
interval; and the fewest linked texts that can say so."""


@dataclass(frozen=True)
class Agreement:
    """How often the class that the text alone names is the one that knowledge alone names.

    real, placebo: shares of the texts with a link, as they are and with permuted entities ·
    difference: of the two, with its interval · ship: whether knowledge enters.
    """

    real: float
    placebo: float
    difference: Difference
    ship: bool

    @property
    def sentence(self) -> str:
        """What was found and what follows from it."""
        low, high = (100 * end for end in self.difference.interval)
        found = (
            f"text and ontology name the same class in {self.real:.0%} of the linked texts, with "
            f"permuted entities in {self.placebo:.0%} ({100 * self.difference.value:+.1f} points "
            f"[{low:+.1f}, {high:+.1f}])"
        )
        end = "it is used" if self.ship else "too little more, so the model leaves it out"
        return f"No label tells whether the ontology helps; {found}: {end}."


def agreement(
    stack: Assembly, documents: Documents, graph: KnowledgeGraph, seed: int = 0
) -> Agreement | None:
    """Of n texts, by a ``stack`` whose decisions are sums of what each part says; None where fewer
    than `LINKED` are linked, too few to tell."""
    linked = documents.take(np.flatnonzero(np.diff(documents.own.indptr)))
    if len(linked) < LINKED:
        return None
    text = stack.decision(linked.without_links())

    def same(of: Documents) -> NDArray[np.float64]:
        knowledge = stack.decision(of) - text
        agree: NDArray[np.float64] = knowledge.argmax(axis=1) == text.argmax(axis=1)
        return agree.astype(np.float64)

    real = same(linked)
    moved = [
        relabelled(linked, permutation(linked, seed + draw, graph.vocabularies), graph)
        for draw in range(DRAWS)
    ]
    chance = np.mean([same(one) for one in moved], axis=0)
    found = mean_difference(chance, real, seed)
    ship = found.interval[0] > MORE
    return Agreement(round(float(real.mean()), 6), round(float(chance.mean()), 6), found, ship)
