"""Texts with the names of their concepts behind them, as the fusion text-serialised reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph

if TYPE_CHECKING:
    from kgml.models.features import Documents

MOST = 50_000
"""Vectors that are remembered: those of a tuned encoder are in no cache."""
BEFORE, BETWEEN = "\n", ", "


class NamedTexts:
    """Vectors of texts with names behind them, each encoded once.

    A name is the label of an entity with those of its parents: "gilt (sovereign bond)".
    """

    def __init__(self, graph: KnowledgeGraph, encoder: TextEncoder) -> None:
        self.graph, self.encoder = graph, encoder
        self._lock = Lock()
        self._known: dict[str, NDArray[np.float32]] = {}
        self._tokens: dict[str, int] = {}

    def vectors(self, documents: Documents) -> NDArray[np.float32]:
        """(n, d_text); that of the text where nothing is linked, or no name has room."""
        found: NDArray[np.float32] = documents.text.copy()
        with self._lock:
            texts = self._with_names(documents)
            changed = [i for i, text in enumerate(texts) if text != documents.texts[i]]
            new = list(dict.fromkeys(texts[i] for i in changed if texts[i] not in self._known))
            if len(self._known) + len(new) > MOST:
                self._known.clear()
                self._tokens.clear()
                new = list(dict.fromkeys(texts[i] for i in changed))
            vectors = self.encoder.encode(new, description="Encoding texts with names")
            self._known.update(zip(new, vectors, strict=True))
            for i in changed:
                found[i] = self._known[texts[i]]
        return found

    def _with_names(self, documents: Documents) -> list[str]:
        """As many names as there is room for behind what the encoder reads of each text."""
        names = [distinct(self._name(entity) for entity in row) for row in by_mention(documents)]
        linked = [text for text, row in zip(documents.texts, names, strict=True) if row]
        self._count([*linked, *(name for row in names for name in row)])
        fitting = (row[: self._room(text, row)] if row else row
                   for text, row in zip(documents.texts, names, strict=True))  # fmt: skip
        return [
            f"{text}{BEFORE}{BETWEEN.join(row)}" if row else text
            for text, row in zip(documents.texts, fitting, strict=True)
        ]

    def _name(self, entity: int) -> str:
        labels, above = self.graph.labels, self.graph.is_a
        parents = above.indices[above.indptr[entity] : above.indptr[entity + 1]].tolist()
        if not parents:
            return labels[entity]
        return f"{labels[entity]} ({BETWEEN.join(labels[i] for i in parents)})"

    def _count(self, texts: Sequence[str]) -> None:
        new = list({text for text in texts if text not in self._tokens} | {""})
        if self.encoder.limit is not None:
            counts = self.encoder.count_tokens(new)
            self._tokens.update(zip(new, counts.tolist(), strict=True))

    def _room(self, text: str, names: Sequence[str]) -> int:
        """How many of ``names`` fit, a mark before each counted as one token."""
        if self.encoder.limit is None:
            return len(names)
        marks = self._tokens[""]
        own = [self._tokens[name] - marks + 1 for name in names]
        room = self.encoder.limit - self._tokens[text]
        return int(np.searchsorted(np.cumsum(own), room, side="right"))


def distinct(names: Iterable[str]) -> list[str]:
    """Each name once, whatever its case, where it comes first.

    >>> distinct(["asthma", "fever", "Asthma"])
    ['asthma', 'fever']
    """
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return list(found.values())


def by_mention(documents: Documents) -> list[list[int]]:
    """The linked entities of each document in the order in which it mentions them first."""
    own, called, rows = documents.own, documents.called, []
    for row, mentions in enumerate(documents.mentions):
        linked = set(own.indices[own.indptr[row] : own.indptr[row + 1]].tolist())
        met = (candidate.entity for mention in mentions for candidate in mention.candidates)
        known = (entity if called is None else int(called[entity]) for entity in met)
        rows.append(list(dict.fromkeys(entity for entity in known if entity in linked)))
    return rows
