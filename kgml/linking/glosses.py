"""Homonyms: the candidate whose definition and parents share words with what stands around it.

Simplified Lesk (Lesk, Automatic sense disambiguation using machine readable dictionaries, SIGDOC
1986; Kilgarriff and Rosenzweig, Framework and results for English SENSEVAL, 2000).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kgml.linking.fold import Folded, fold
from kgml.linking.stem import stem
from kgml.linking.words import EVERYDAY, WORDS

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

AROUND = 200
"""Characters looked at before and after a mention."""
LEAST = 2
"""Words that must be shared: one is shared by chance."""
_WORD = re.compile(r"[^\W\d_]{4,}")


class Glosses:
    """What the entities of a graph are said to be, as stems."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._stems = lru_cache(maxsize=50_000)(self._of)

    def shared(self, entity: int, around: dict[str, str]) -> list[str]:
        """Words of ``around`` (stem to word) that the definition, label or a parent's label has."""
        return sorted(word for own, word in around.items() if own in self._stems(entity))

    def _of(self, entity: int) -> frozenset[str]:
        graph = self._graph
        texts = [graph.definitions[entity] or "", *(graph.labels[p] for p in graph.parents(entity))]
        return frozenset(stems(fold(" ".join([graph.labels[entity], *texts])).lower))


def around(folded: Folded, start: int, end: int) -> dict[str, str]:
    """The words about the span ``[start, end)``, its own left out: stem to word."""
    text = folded.lower
    found = stems(text[max(0, start - AROUND) : start]) | stems(text[end : end + AROUND])
    own = stems(text[start:end])
    return {key: word for key, word in found.items() if key not in own}


def stems(text: str) -> dict[str, str]:
    """The words of a folded, lower-case text that say something, by their stems.

    >>> stems("the group had a detached retina")
    {'detach': 'detached', 'retin': 'retina'}
    """
    return {
        stem(word): word
        for word in _WORD.findall(text)
        if word not in EVERYDAY and word not in WORDS
    }
