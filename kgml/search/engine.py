"""`GraphSearch`: entities by words (BM25) and by meaning (cosine), and why each was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgml.config import METHODS
from kgml.encoders.index import EntityIndex
from kgml.encoders.nearest.checks import checked_mask
from kgml.errors import ArtifactError, UsageError, one_of
from kgml.kg.vocabulary import Scope
from kgml.progress import note, warn
from kgml.search.bm25 import BM25
from kgml.search.fuse import fuse
from kgml.search.names import Names, documents, names_of, spelling, terms
from kgml.search.release import ENCODING, carry_over

if TYPE_CHECKING:
    from kgml.encoders.nearest.columns import Columns
    from kgml.encoders.text import TextEncoder
    from kgml.kg.graph import KnowledgeGraph

DEPTH = 1000
"""Entities of each list that are fused, however many are wanted."""


@dataclass(frozen=True)
class Place:
    """Where one of the lists has an entity."""

    rank: int
    score: float


@dataclass(frozen=True)
class Hit:
    """One entity found, and why."""

    entity: int
    score: float
    """1 for a name that is spelled so, or for the first of every list that was asked: a place among
    the others, not how well it answers."""
    form: str
    """The name that answers the query: spelled so, or else nearest in meaning or in words."""
    scope: Scope
    spelled: bool
    words: tuple[str, ...]
    """Words of the query that occur, inflected maybe, in the names or the definition."""
    bm25: Place | None
    cosine: Place | None

    def to_json(self, graph: KnowledgeGraph, recall: float | None = None) -> dict[str, Any]:
        """As ``kgml search --json`` prints it.

        Args:
            recall: `EntityIndex.recall` of the index that the cosines are from.
        """
        places: dict[str, dict[str, float | None] | None] = {
            name: None if at is None else {"rank": at.rank, "score": round(at.score, 6)}
            for name, at in (("bm25", self.bm25), ("cosine", self.cosine))
        }
        if places["cosine"] is not None:
            places["cosine"]["recall@10"] = None if recall is None else round(recall, 4)
        return {
            "id": graph.ids[self.entity], "label": graph.labels[self.entity],
            "score": round(self.score, 6), "form": self.form, "scope": self.scope.name.lower(),
            "spelled": self.spelled, "words": list(self.words), **places,
        }  # fmt: skip


class GraphSearch:
    """One graph, its words and the vectors of its names.

    `kgml.open_search` keeps what it takes to make one.

    >>> from kgml import GraphSearch, load_graph
    >>> from kgml.resources import ontology
    >>> graph = load_graph(ontology("bio"))
    >>> search = GraphSearch.build(graph)  # words alone; with a TextEncoder, meaning too
    >>> [graph.labels[hit.entity] for hit in search.search("heart attack", 2, method="bm25")]
    ['myocardial infarction', ...]

    Args:
        graph: what is searched.
        bm25: of the same graph.
        vectors: a row for each name; None: words alone.
        encoder: what made the vectors.

    Raises:
        ArtifactError: the vectors are of another graph or encoder, or not of the graph's names.
    """

    def __init__(
        self, graph: KnowledgeGraph, bm25: BM25, vectors: EntityIndex | None = None,
        encoder: TextEncoder | None = None,
    ) -> None:  # fmt: skip
        self.graph, self.bm25, self.vectors, self.encoder = graph, bm25, vectors, encoder
        self.names = names_of(graph)
        if vectors is not None and encoder is not None:
            vectors.check(graph.fingerprint, encoder.fingerprint)
            self._check_names(vectors.columns)

    def _check_names(self, columns: Columns) -> None:
        """Refuse rows that are not the names they say: hits would be said to have others'."""
        names, owners = columns.names[columns.live], columns.owners[columns.live]
        known = (names >= 0) & (names < len(self.names))
        if not known.all() or (self.names.entity[names] != owners).any():
            raise ArtifactError(
                "the index has rows that are not names of the graph. Build it with "
                "GraphSearch.build, or bring it up to date with GraphSearch.update."
            )

    @classmethod
    def build(
        cls, graph: KnowledgeGraph, encoder: TextEncoder | None = None, kind: str | None = None
    ) -> GraphSearch:
        """Count words; encode every name, if there is an encoder, into an index of this ``kind``."""
        names = names_of(graph)
        vectors = None if encoder is None else index_names(graph, names, encoder, kind)
        return cls(graph, BM25.build(documents(graph, names)), vectors, encoder)

    def search(
        self, query: str, k: int = 10, *, method: str = "hybrid",
        only: NDArray[np.bool_] | None = None,
    ) -> list[Hit]:  # fmt: skip
        """The ``k`` entities that answer ``query`` best, best first.

        Entities with a name that reads as the query come first: labels before synonyms. The
        others are ranked by reciprocal rank fusion of BM25 over all their words and cosine to the
        nearest of their names; of equal ones the nearer in meaning comes first. The first `DEPTH` of
        each list are fused whatever ``k`` is, so that fewer hits are the first of more; beyond, what
        the first twice as many have besides comes after them, and so on.

        A query without a vector (no word of it is known to the encoder) finds nothing by meaning,
        with a warning.

        Args:
            method: ``hybrid``, or one of its parts: ``bm25``, ``dense``.
            only: True for each entity (e,) that may be found; None for all.

        Raises:
            UsageError: the query is empty, ``k`` is below 1, or no such method.
            InputError: ``only`` is not True or False for each entity.
        """
        if method not in METHODS:
            raise UsageError(f"no search method named '{method}'; {one_of(METHODS, method)}")
        if k < 1:
            raise UsageError(f"k = {k}: wanted at least 1.")
        if not query.strip():
            raise UsageError("the query is empty. Give a few words, such as 'heart attack'.")
        if only is not None:
            only = checked_mask(only, len(self.graph))[: len(self.graph)]
        words = terms(query)
        depth = DEPTH
        while depth < k:
            depth *= 2
        by_words: dict[int, Place] = {}
        by_meaning: dict[int, Place] = {}
        nearest: dict[int, int] = {}
        if method != "dense":
            by_words = self._by_words([stem for _, stem in words], depth, only)
        if method != "bm25":
            by_meaning, nearest = self._by_meaning(query, depth, only)
        spelled = self._spelled(query, words, only)
        if not spelled and not any(self.bm25.knows(stem) for _, stem in words):
            alone = ": found by meaning alone" if by_meaning else ""
            note(f"no word of '{query.strip()}' is in the graph{alone}")
        asked = {"hybrid": [by_words, by_meaning], "bm25": [by_words], "dense": [by_meaning]}
        fused = _fused([list(one) for one in asked[method]], by_meaning, depth)
        ranked = [entity for entity in fused if entity not in spelled]
        return [
            self._hit(
                entity, words, 1.0 if entity in spelled else fused[entity],
                spelled.get(entity, nearest.get(entity)), entity in spelled,
                (by_words.get(entity), by_meaning.get(entity)),
            )
            for entity in [*spelled, *ranked][:k]
        ]  # fmt: skip

    def update(self, graph: KnowledgeGraph) -> GraphSearch:
        """The same for another release of the graph: only names that are new are encoded.

        Vectors are added to and taken from the index there is, so this object must not be searched
        afterwards; words are counted anew. `kgml.open_search` does so by itself.

        Raises:
            InputError: the index does not know the texts of its rows.
            UsageError: the index is mapped from a file.
        """
        names = names_of(graph)
        bm25 = BM25.build(documents(graph, names))
        if self.vectors is None or self.encoder is None:
            return GraphSearch(graph, bm25)
        carry_over(self.vectors, graph, names, self.encoder)
        return GraphSearch(graph, bm25, self.vectors, self.encoder)

    # The two lists

    def _by_words(
        self, stems: Sequence[str], depth: int, only: NDArray[np.bool_] | None
    ) -> dict[int, Place]:
        scores = self.bm25.scores(stems)
        if only is not None:
            scores[~only] = 0
        found = np.flatnonzero(scores)
        if len(found) > depth:
            least = np.partition(scores[found], -depth)[-depth]
            found = found[scores[found] >= least]
        best = found[np.lexsort((found, -scores[found]))][:depth]
        return {int(n): Place(rank, float(scores[n])) for rank, n in enumerate(best, start=1)}

    def _by_meaning(
        self, query: str, depth: int, only: NDArray[np.bool_] | None
    ) -> tuple[dict[int, Place], dict[int, int]]:
        """The nearest entities, and which name of each is nearest."""
        if self.vectors is None or self.encoder is None:
            raise UsageError("this search has words alone. Build it with an encoder.")
        vector = self.encoder.encode_query(query.strip())
        if not np.isfinite(vector).all() or not vector.any():
            warn(
                f"{self.encoder.model} has no vector for '{query.strip()}': nothing is found by "
                "meaning. Use other words."
            )
            return {}, {}
        hits = self.vectors.nearest(vector[None], depth, only)
        rows = zip(*(array[0].tolist() for array in hits), strict=True)
        found = [(score, entity, row) for score, entity, row in rows if entity >= 0]
        return (
            {entity: Place(rank, score) for rank, (score, entity, _) in enumerate(found, start=1)},
            {entity: int(self.vectors.columns.names[row]) for _, entity, row in found},
        )

    def _spelled(
        self, query: str, words: Sequence[tuple[str, str]], only: NDArray[np.bool_] | None
    ) -> dict[int, int]:
        """Entities with a name that reads as the query, and which; by scope, then by number."""
        wanted = spelling(query)
        found = {}
        for entity in self.bm25.having(stem for _, stem in words).tolist():
            if only is None or only[entity]:
                for name in self.names.of(entity):
                    if spelling(self.names.text[name]) == wanted:
                        found[entity] = name
                        break
        return dict(sorted(found.items(), key=lambda one: (self.names.scope[one[1]], one[0])))

    def _hit(
        self, entity: int, words: Sequence[tuple[str, str]], score: float, name: int | None,
        spelled: bool, places: tuple[Place | None, Place | None],
    ) -> Hit:  # fmt: skip
        said = {stem: self.bm25.weight(stem, entity) for _, stem in words}
        if name is None:  # found by its words alone
            name = max(self.names.of(entity), key=lambda n: self._shared(n, said))
        return Hit(
            entity, score, self.names.text[name], Scope(int(self.names.scope[name])), spelled,
            tuple(dict.fromkeys(word for word, stem in words if said[stem])), *places,
        )  # fmt: skip

    def _shared(self, name: int, said: dict[str, float]) -> float:
        """What the words that a name shares with the query say."""
        return sum(
            said.get(stem, 0.0) for stem in {stem for _, stem in terms(self.names.text[name])}
        )


def _fused(
    lists: Sequence[Sequence[int]], by_meaning: dict[int, Place], depth: int
) -> dict[int, float]:
    """Score of each entity, best first: of the first `DEPTH` of each list, then of twice as many."""
    found: dict[int, float] = {}
    size = DEPTH
    while size <= depth:
        scores = fuse([one[:size] for one in lists])

        def order(entity: int, scores: dict[int, float] = scores) -> tuple[float, float, int]:
            place = by_meaning.get(entity)
            return -scores[entity], -place.score if place else 0.0, entity

        found.update((one, scores[one]) for one in sorted(scores.keys() - found.keys(), key=order))
        size *= 2
    return found


def index_names(
    graph: KnowledgeGraph, names: Names, encoder: TextEncoder, kind: str | None = None
) -> EntityIndex:
    """An index with a row for each name."""
    return EntityIndex.build(
        encoder.encode(names.text, description=ENCODING), names.entity, kind=kind, texts=names.text,
        graph_fingerprint=graph.fingerprint, encoder_fingerprint=encoder.fingerprint,
    )  # fmt: skip
