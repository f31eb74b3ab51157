"""What an entity is searched by: each of its names, and the words of all that is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kgml.kg.vocabulary import Scope
from kgml.linking.fold import fold
from kgml.linking.tokens import content

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

NAMED = 3
"""How much more a word in a name counts than one in the definition."""


@dataclass(frozen=True)
class Names:
    """Names of entities: three columns of equal length, sorted by entity.

    Labels and synonyms of every scope; an entity without a label has the end of its IRI.
    """

    text: list[str]
    entity: NDArray[np.int64]
    scope: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.text)

    def of(self, entity: int) -> range:
        """Which names are an entity's: its labels first."""
        start, end = np.searchsorted(self.entity, [entity, entity + 1])
        return range(int(start), int(end))


def names_of(graph: KnowledgeGraph) -> Names:
    """The names of every entity, at least one each."""
    forms = graph.forms
    labelled = np.zeros(len(graph), dtype=bool)
    labelled[forms.entity[forms.scope == Scope.LABEL]] = True
    bare = np.flatnonzero(~labelled)
    entity = np.concatenate([forms.entity.astype(np.int64), bare])
    scope = np.concatenate([forms.scope, np.full(len(bare), Scope.LABEL, dtype=np.int8)])
    order = np.lexsort((scope, entity))
    texts = [*forms.text, *(graph.labels[number] for number in bare)]
    return Names([texts[i] for i in order], entity[order], scope[order])


def terms(text: str) -> list[tuple[str, str]]:
    """Words of a text and their stems, as linking folds and cuts them, without "the" and "of".

    A text of such words alone keeps them.

    >>> terms("Abnormality of the KIDNEYS"), terms("of the")
    ([('abnormality', 'abnorm'), ('kidneys', 'kidney')], [('of', 'of'), ('the', 'the')])
    """
    folded = fold(text)
    return content(folded.lower) or [(word, word) for word in folded.words.decode().split()]


def spelling(text: str) -> str:
    """What two texts share that read the same: case, hyphens and typography aside.

    >>> spelling("Non-small  CELL") == spelling("non small cell")
    True
    """
    return " ".join(fold(text).words.decode().split())


def documents(graph: KnowledgeGraph, names: Names) -> Iterator[dict[str, int]]:
    """What each entity is searched by: its stems, and how much each counts.

    A word counts once for all names that have it, `NAMED` times as much as in the definition: an
    entity with many synonyms is not more about the word they share (BM25F with two fields;
    Robertson, Zaragoza and Taylor, CIKM 2004).
    """
    starts = np.searchsorted(names.entity, np.arange(len(graph) + 1)).tolist()
    for (start, end), definition in zip(pairwise(starts), graph.definitions, strict=True):
        counts = {stem: NAMED for text in names.text[start:end] for _, stem in terms(text)}
        for stem in {stem for _, stem in terms(definition or "")}:
            counts[stem] = counts.get(stem, 0) + 1
        yield counts
