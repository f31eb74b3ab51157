"""Homonyms: the meaning that the rest of the document supports comes first.

A candidate is supported by an entity that the document mentions without ambiguity and that is the
candidate itself, its neighbour in the graph, or another child of one of its parents. Where none is,
the words around the mention are asked (`glosses`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from kgml.linking.choose import Span
from kgml.linking.fold import Folded
from kgml.linking.glosses import LEAST, Glosses, around
from kgml.linking.mentions import Candidate

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

UNSUPPORTED, NEAR = 0.9, 0.98
"""Factors for a homonym without support where another one has it, and for one that is not mentioned
itself but a neighbour of it."""
_MOST = 50
"""Neighbours beyond which an entity supports only itself and its neighbours: a hub is no topic."""


class Coherence:
    """Puts the supported candidates of ambiguous mentions first."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._glosses = Glosses(graph)
        self._near = lru_cache(maxsize=50_000)(self._neighbourhood)

    def rank(self, folded: Folded, spans: Sequence[Span]) -> list[Span]:
        """``spans`` with the candidates of homonyms in the order of their support."""
        if all(len(span.candidates) < 2 for span in spans):
            return list(spans)
        sure = {span.candidates[0].entity for span in spans if len(span.candidates) == 1}
        return [
            self._ranked(folded, span, sure) if len(span.candidates) > 1 else span for span in spans
        ]

    def _ranked(self, folded: Folded, span: Span, sure: set[int]) -> Span:
        support = [self._support(candidate, sure) for candidate in span.candidates]
        if not any(support):
            support = self._defined(folded, span)
        found = list(span.candidates)
        if any(support):
            found = [
                replace(candidate, method=f"{candidate.method}, {reason}",
                        score=round(candidate.score * (NEAR if reason.startswith("near") else 1), 4))
                if reason
                else replace(candidate, score=round(candidate.score * UNSUPPORTED, 4))
                for candidate, reason in zip(span.candidates, support, strict=True)
            ]  # fmt: skip
        return span._replace(candidates=tuple(sorted(found, key=self._place)))

    def _place(self, candidate: Candidate) -> tuple[float, int, int]:
        """Better scores first, of equal ones what the graph says most about."""
        return -candidate.score, -self._degree(candidate.entity), candidate.entity

    def _degree(self, entity: int) -> int:
        return sum(1 for _ in self._graph.neighbours(entity, direction="both"))

    def _support(self, candidate: Candidate, sure: set[int]) -> str:
        """Why the document supports a candidate; "" if it does not."""
        if candidate.entity in sure:
            return "also unambiguous here"
        near = sorted(sure & self._near(candidate.entity))
        return f"near '{self._graph.labels[near[0]]}'" if near else ""

    def _defined(self, folded: Folded, span: Span) -> list[str]:
        """A reason for the one candidate that shares most words with what stands around it."""
        words = around(folded, span.start, span.end)
        shared = [self._glosses.shared(candidate.entity, words) for candidate in span.candidates]
        counts = sorted(map(len, shared), reverse=True)
        if counts[0] < LEAST or counts[0] == counts[1]:
            return [""] * len(shared)
        return [
            f"defined by {', '.join(map(repr, found[:3]))}" if len(found) == counts[0] else ""
            for found in shared
        ]

    def _neighbourhood(self, entity: int) -> frozenset[int]:
        graph = self._graph
        near = {other for _, other in graph.neighbours(entity, direction="both")}
        for parent in graph.parents(entity):
            siblings = graph.children(parent)
            near.update(siblings if len(siblings) <= _MOST else ())
        return frozenset(near - {entity})
