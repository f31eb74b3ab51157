"""Nearest entities to a vector: FAISS, exact, row = entity number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from kgml.encoders.node import label_texts
from kgml.encoders.text import Floats, Integers, TextEncoder
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.kg.vocabulary import Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

FORMS_SEARCHED = 20_000
"""Above this many surface forms, only labels are searched by meaning."""
SPARE = 16
NEAR = 1e-5
"""FAISS scores this close may change places when computed again."""
GATHERED = 4_000_000
"""Candidate values scored at once."""


class EntityIndex:
    """Vectors of entities, searched by inner product (cosine, for rows of length 1).

    Row i is entity i for ever. Equal scores come in the order of entity numbers, however many
    queries are asked together. A zero row (an entity without meaning) comes after all others.

    Attributes:
        graph_fingerprint: of the graph the rows belong to ("" if not known).
        encoder_fingerprint: of the encoder that made the vectors ("" if not known).
    """

    def __init__(
        self, index: faiss.IndexFlat, graph_fingerprint: str, encoder_fingerprint: str
    ) -> None:
        self.graph_fingerprint = graph_fingerprint
        self.encoder_fingerprint = encoder_fingerprint
        self._index = index
        self._vectors: Floats = index.reconstruct_n(0, index.ntotal).reshape(-1, index.d)
        self._zero = ~self._vectors.any(axis=1)

    @classmethod
    def build(
        cls, vectors: NDArray[Any], *, graph_fingerprint: str = "", encoder_fingerprint: str = ""
    ) -> Self:
        """Index ``vectors`` (e, d).

        Raises:
            InputError: not two-dimensional, or a value is NaN or infinite.
        """
        rows = _finite(vectors, "vectors of entities")
        index = faiss.IndexFlatIP(rows.shape[1])
        if len(rows):
            index.add(rows)
        return cls(index, graph_fingerprint, encoder_fingerprint)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def vectors(self) -> Floats:
        """The vectors as given: (e, d) float32; a copy."""
        return self._vectors.copy()

    def search(self, queries: NDArray[Any], k: int) -> tuple[Floats, Integers]:
        """The ``k`` nearest entities of each query (n, d), best first.

        Returns:
            Scores (n, k) float32 and entity numbers (n, k) int64; ``k`` is cut to the number of
            entities, so an empty index gives (n, 0) twice.

        Raises:
            InputError: another d, or a value is NaN or infinite.
            UsageError: ``k`` is below 1.
        """
        if k < 1:
            raise UsageError(f"k = {k}: wanted at least 1.")
        rows = _finite(queries, "queries")
        if rows.shape[1] != self._index.d:
            raise InputError(
                f"queries of length {rows.shape[1]}; the index holds vectors of length "
                f"{self._index.d}. Use the encoder that the index was built with."
            )
        k = min(k, len(self))
        if k == 0:
            return np.empty((len(rows), 0), np.float32), np.empty((len(rows), 0), np.int64)
        return self._ranked(rows, k, k + int(self._zero.sum()) + SPARE)

    def _ranked(self, queries: Floats, k: int, fetch: int) -> tuple[Floats, Integers]:
        """Rank the best ``fetch`` of FAISS anew; where that may be too few, twice as many."""
        fetch = min(fetch, len(self))
        scores = np.empty((len(queries), k), dtype=np.float32)
        numbers = np.empty((len(queries), k), dtype=np.int64)
        enough = np.ones(len(queries), dtype=bool)
        step = max(1, GATHERED // (fetch * self._index.d))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            rough, candidates = self._index.search(queries[part], fetch)
            if fetch < len(self):
                # FAISS leaves the order of ties open, also which of them it cuts off.
                kth = min(k + int(self._zero.sum()), fetch) - 1
                enough[part] = rough[:, kth] - rough[:, -1] > NEAR
            # FAISS sums in another order for many queries than for few; here one sum for all.
            exact = np.einsum("nkd,nd->nk", self._vectors[candidates], queries[part])
            order = np.lexsort((candidates, -exact, self._zero[candidates]), axis=1)[:, :k]
            scores[part] = np.take_along_axis(exact, order, axis=1)
            numbers[part] = np.take_along_axis(candidates, order, axis=1)
        if not enough.all():
            scores[~enough], numbers[~enough] = self._ranked(queries[~enough], k, 2 * fetch)
        return scores, numbers

    def to_bytes(self) -> bytes:
        """A FAISS file, as `faiss.read_index` reads it; the fingerprints are not in it."""
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(
        cls, data: bytes, *, graph_fingerprint: str = "", encoder_fingerprint: str = ""
    ) -> Self:
        """Read what `to_bytes` gave.

        Raises:
            ArtifactError: damaged, or an index of another kind.
        """
        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ArtifactError(
                f"entity index: cannot be read ({reason}). Make it again."
            ) from error
        if not isinstance(index, faiss.IndexFlatIP):
            raise ArtifactError(
                f"entity index: a {type(index).__name__}; wanted IndexFlatIP. Make it again."
            )
        return cls(index, graph_fingerprint, encoder_fingerprint)


def search_graph(
    graph: KnowledgeGraph, query: str, k: int, encoder: TextEncoder
) -> list[dict[str, Any]]:
    """The ``k`` entities whose names are nearest to ``query``: ``{id, label, score}``, best first.

    An entity with a label or synonym that reads as the query, case aside, comes first with score
    1. The others are ranked by cosine; an entity with several names counts by its nearest. Exact
    synonyms find what labels miss ("heart attack"), but the first search encodes every name, some
    40 seconds for 20,000 on two cores: a larger graph is searched by meaning through its labels
    alone, by spelling through all its forms. Either way the cache remembers the vectors.

    Raises:
        UsageError: the query is empty, or ``k`` is below 1.
    """
    wanted = query.strip()
    if k < 1:
        raise UsageError(f"k = {k}: wanted at least 1.")
    if not wanted:
        raise UsageError("the query is empty. Give a few words, such as 'heart attack'.")
    labels = label_texts(graph)
    names, owners = labels, np.arange(len(labels), dtype=np.int64)
    forms = graph.forms
    if len(forms) < FORMS_SEARCHED:
        exact = np.flatnonzero((forms.scope == Scope.EXACT) | (forms.scope == Scope.ABBREVIATION))
        names = labels + [forms.text[i] for i in exact]
        owners = np.concatenate([owners, forms.entity[exact]])
    index = EntityIndex.build(encoder.encode(names, description="Encoding names"))
    # With several names per entity, the k nearest names may be fewer entities: rank them all.
    scores, rows = index.search(encoder.encode([wanted]), k if names is labels else len(names))
    best = dict.fromkeys(_spelled(graph, wanted), 1.0)
    for score, entity in zip(scores[0].tolist(), owners[rows[0]].tolist(), strict=True):
        best.setdefault(entity, score)
    return [
        {"id": str(graph.ids[entity]), "label": labels[entity], "score": round(score, 6)}
        for entity, score in list(best.items())[:k]
    ]


def _spelled(graph: KnowledgeGraph, query: str) -> list[int]:
    """Entities with a form that reads as ``query``, case aside: labels first, then by number."""
    folded, forms = query.casefold(), graph.forms
    same = [i for i, text in enumerate(forms.text) if text.casefold() == folded]
    return [int(forms.entity[i]) for i in sorted(same, key=lambda i: int(forms.scope[i]))]


def _finite(values: NDArray[Any], what: str) -> Floats:
    rows = np.ascontiguousarray(values, dtype=np.float32)
    if rows.ndim != 2:
        raise InputError(f"{what}: wanted two dimensions, found shape {rows.shape}.")
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise InputError(
            f"{what}: {len(wrong):,} of {len(rows):,} rows hold NaN or infinity, the first is row "
            f"{wrong[0]}. Encode them again."
        )
    return rows
