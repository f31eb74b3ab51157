"""Texts become rows of numbers: text vectors, linked concepts, term counts. No labels here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from kgml.config import EncoderConfig, NodeTrainingConfig
from kgml.data.near import near_groups
from kgml.encoders.making import make_node_encoder
from kgml.encoders.node import entity_sentences
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import encode_entities
from kgml.fusion.base import EntityBag
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import EntityLinker
from kgml.linking.mentions import Mention
from kgml.models.lead import lead_ends, mentions_before
from kgml.models.lexical import TermCounts, count_terms
from kgml.models.serialised import NamedTexts
from kgml.registry import resolve


@dataclass(frozen=True)
class Documents:
    """n documents as numbers; row i is text i throughout.

    texts: as they are given · encoder: fingerprint of what made ``text`` (n, d_text) of them ·
    terms: counts of words · own (n, e) CSR: how often each entity is linked · counts (n, e) CSR:
    the same spread over ancestors · mentions: a list per document · lead: the same of their first
    sentences, whose concepts are among those of the whole · ends (n,): of a lead, where in its
    text it ends · called (e,): the entity that each one of ``mentions`` is in ``own``; None: itself ·
    near (n,): a number that near duplicates share (`grouped`); None: they were not looked for.
    """

    texts: list[str]
    encoder: str
    text: NDArray[np.float32]
    terms: TermCounts
    own: sparse.csr_matrix
    counts: sparse.csr_matrix
    mentions: list[list[Mention]]
    lead: Documents | None = None
    ends: NDArray[np.int64] | None = None
    called: NDArray[np.int64] | None = None
    near: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.text)

    def take(self, rows: NDArray[np.int64]) -> Documents:
        """Some rows, in the given order."""
        return Documents(
            [self.texts[i] for i in rows.tolist()], self.encoder, self.text[rows],
            self.terms.take(rows), self.own[rows], self.counts[rows],
            [self.mentions[i] for i in rows],
            None if self.lead is None else self.lead.take(rows),
            None if self.ends is None else self.ends[rows],
            self.called,
            None if self.near is None else self.near[rows],
        )  # fmt: skip

    def grouped(self) -> Documents:
        """The same documents with near duplicates found: these go to one side of any split."""
        return self if self.near is not None else replace(self, near=near_groups(self.texts))

    def read_by(self, encoder: TextEncoder) -> Documents:
        """The same documents with the text vectors of ``encoder``; themselves if they have them."""
        if encoder.fingerprint == self.encoder:
            return self
        both = self.texts + (self.lead.texts if self.lead else [])
        text = encoder.encode(both)
        own = replace(self, encoder=encoder.fingerprint, text=text[: len(self)])
        if self.lead is None:
            return own
        lead = replace(self.lead, encoder=encoder.fingerprint, text=text[len(self) :])
        return replace(own, lead=lead)

    def changed(self, change: Callable[[Documents], Documents]) -> Documents:
        """``change`` made to the documents, and the same to their leads."""
        lead = None if self.lead is None else change(self.lead)
        return replace(change(self), lead=lead)

    def without_links(self) -> Documents:
        """The same documents, nothing linked."""
        none = sparse.csr_matrix(self.own.shape, dtype=self.own.dtype)
        return self.changed(lambda part: replace(part, own=none, counts=none))

    def relinked(
        self, own: Callable[[sparse.csr_matrix], sparse.csr_matrix], graph: KnowledgeGraph
    ) -> Documents:
        """The same documents with other links, ``own`` of those there are, spread in ``graph``."""

        def change(part: Documents) -> Documents:
            linked = own(part.own)
            return replace(part, own=linked, counts=spread(linked, graph))

        return self.changed(change)

    @property
    def coverage(self) -> float:
        """Share of documents with at least one linked entity."""
        return float(np.mean(np.diff(self.own.indptr) > 0)) if len(self) else 0.0


class EntityVectors:
    """Vectors of entities, looked up by number and made when first asked for.

    ``keys`` are label-text vectors (e, d_text); ``values`` are graph vectors (e, d_node). With the
    node encoder ``text`` only the entities in use are encoded; a trained node encoder needs, and
    keeps, all of them, and so do ``values`` that are given.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        encoder: TextEncoder,
        node_encoder: str,
        seed: int = 0,
        values: NDArray[np.float32] | None = None,
        objective: str = EncoderConfig.objective,
        training: NodeTrainingConfig = NodeTrainingConfig(),  # noqa: B008 - frozen
    ) -> None:
        self.graph, self.encoder = graph, encoder
        self.node_encoder, self.seed, self.objective = node_encoder, seed, objective
        self.training = training
        self._sentences: list[str] | None = None
        self._lazy = values is None and not resolve("node_encoder", node_encoder).needs_all
        self._values = _Table(len(graph), encoder.dimension)
        self._keys = _Table(len(graph), encoder.dimension)
        self._named = NamedTexts(graph, encoder)
        self.values_: NDArray[np.float32] | None = values

    @property
    def d_node(self) -> int:
        """Width of the values."""
        return self._values.width if self._lazy else self.all_values().shape[1]

    def all_values(self) -> NDArray[np.float32]:
        """Values of every entity (e, d_node), for node encoders that look at the whole graph."""
        if self.values_ is None:
            encoder = make_node_encoder(
                self.node_encoder, seed=self.seed, objective=self.objective, training=self.training
            )
            self.values_ = encode_entities(self.graph, encoder, self.encoder)
        return self.values_

    def read_by(self, encoder: TextEncoder) -> EntityVectors:
        """The same entities with label vectors of ``encoder``, to be compared with its texts.

        What was given, or a node encoder learned from the whole graph, stays: that is a space of
        its own, and no label had a part in it.
        """
        values = self.values_ if self._lazy else self.all_values()
        return EntityVectors(
            self.graph, encoder, self.node_encoder, self.seed, values, self.objective, self.training
        )

    def prepare(self, *parts: Documents, fusion: str) -> None:
        """Make the vectors that ``fusion`` will want for these documents, all at once.

        Those of a placebo are among them: a permutation moves entities among the linked ones.
        """
        wants = resolve("fusion", fusion)
        if wants.needs_values:
            self.values(np.unique(np.concatenate([d.own.indices for d in parts])))
        if wants.needs_names:
            for part in parts:
                self.named(part)
        if wants.needs_keys:
            self.keys(np.unique(np.concatenate([d.counts.indices for d in parts])))

    def values(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows for entity numbers ``ids``."""
        if not self._lazy:
            rows: NDArray[np.float32] = self.all_values()[ids]
            return rows
        if self._sentences is None:
            self._sentences = entity_sentences(self.graph)
        return self._values.rows(ids, self._sentences, self.encoder, "Encoding entities")

    def keys(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Label vectors of entity numbers ``ids``."""
        return self._keys.rows(ids, self.graph.labels, self.encoder, "Encoding labels")

    def named(self, documents: Documents) -> NDArray[np.float32]:
        """Vectors (n, d_text) of the texts with the names of their linked entities behind them."""
        return self._named.vectors(documents)


class _Table:
    """Rows filled in when first wanted, by one thread at a time."""

    def __init__(self, size: int, width: int) -> None:
        self.width = width
        self._lock = Lock()
        self._row = np.full(size, -1, dtype=np.int64)
        self._rows: NDArray[np.float32] = np.zeros((0, width), dtype=np.float32)

    def rows(
        self, ids: NDArray[np.int64], texts: Sequence[str], encoder: TextEncoder, description: str
    ) -> NDArray[np.float32]:
        with self._lock:
            missing = np.unique(ids[self._row[ids] < 0])
            if len(missing):
                new = encoder.encode([texts[i] for i in missing], description=description)
                self._row[missing] = len(self._rows) + np.arange(len(missing))
                self._rows = np.concatenate([self._rows, new])
            found: NDArray[np.float32] = self._rows[self._row[ids]]
        return found


class Featurizer:
    """Turns texts into `Documents` with one graph, linker and text encoder."""

    def __init__(self, graph: KnowledgeGraph, linker: EntityLinker, encoder: TextEncoder) -> None:
        self.graph, self.linker, self.encoder = graph, linker, encoder

    def documents(self, texts: Sequence[str], lead: bool = True) -> Documents:
        """Encode, count and link ``texts``, and their leads if ``lead``."""
        mentions = self.linker.link(texts)
        whole = self._passages(texts, mentions)
        if not lead:
            return whole
        ends = lead_ends(texts)
        leads = [text[:end] for text, end in zip(texts, ends.tolist(), strict=True)]
        first = self._passages(leads, mentions_before(mentions, ends))
        return replace(whole, lead=replace(first, ends=ends))

    def encode(self, texts: Sequence[str], lead: bool = True) -> None:
        """Vectors of ``texts``, and of their leads if ``lead``, are in the cache from now on.

        What is encoded together is rounded together: so no other text has a part in theirs."""
        self.encoder.encode(texts)
        if lead:
            ends = lead_ends(texts).tolist()
            self.encoder.encode([text[:end] for text, end in zip(texts, ends, strict=True)])

    def _passages(self, texts: Sequence[str], mentions: list[list[Mention]]) -> Documents:
        own = link_matrix(mentions, self.graph.vocabularies)
        return Documents(
            list(texts),
            self.encoder.fingerprint,
            self.encoder.encode(texts),
            count_terms(texts),
            own,
            spread(own, self.graph),
            mentions,
        )


def relabelled(documents: Documents, target: NDArray[np.int64], graph: KnowledgeGraph) -> Documents:
    """The same documents with entity ``i`` called ``target[i]`` everywhere."""

    def renamed(links: sparse.csr_matrix) -> sparse.csr_matrix:
        own = sparse.csr_matrix(
            (links.data, target[links.indices], links.indptr),
            shape=links.shape,
            copy=True,  # sorting below is in place
        )
        own.sort_indices()
        return own

    def called(part: Documents) -> Documents:
        return replace(part, called=target if part.called is None else target[part.called])

    return documents.relinked(renamed, graph).changed(called)


def with_mentions(
    documents: Documents, mentions: Sequence[Sequence[Mention]], graph: KnowledgeGraph
) -> Documents:
    """The same texts, linked as ``mentions`` says, a list per document."""

    def change(part: Documents) -> Documents:
        here = mentions if part.ends is None else mentions_before(mentions, part.ends)
        own = link_matrix(here, graph.vocabularies)
        linked = [list(of_text) for of_text in here]
        counts = spread(own, graph)
        return replace(part, own=own, counts=counts, mentions=linked, called=None)

    return documents.changed(change)


def permutation(
    documents: Documents, seed: int, vocabularies: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The placebo: entities linked in ``documents`` change places with each other, (e,).

    Counts, homonyms and co-occurrence stay; what the graph says about an entity goes. Entities
    not linked there keep their place.

    Args:
        vocabularies: (e,) the vocabulary of each entity, within which it stays: the concept view
            has a part for each. None: all are of one.
    """
    used = np.unique(documents.own.indices)
    target = np.arange(documents.own.shape[1])
    of = np.zeros(len(used), dtype=np.int64) if vocabularies is None else vocabularies[used]
    rng = np.random.default_rng(seed)
    for number in np.unique(of):
        mine = used[of == number]
        target[mine] = rng.permutation(mine)
    return target


def link_matrix(
    mentions: Sequence[Sequence[Mention]], vocabulary: NDArray[np.int64]
) -> sparse.csr_matrix:
    """Mentions to a CSR (n, e) of link weights.

    A homonym is shared among its candidates of one vocabulary; another vocabulary that has the
    word too takes nothing from them. ``vocabulary`` (e,) numbers that of each entity.
    """
    rows, columns, weights = [], [], []
    for row, of_text in enumerate(mentions):
        for mention in of_text:
            of = [int(vocabulary[c.entity]) for c in mention.candidates]
            total: dict[int, float] = {}
            for number, candidate in zip(of, mention.candidates, strict=True):
                total[number] = total.get(number, 0.0) + candidate.score
            for number, candidate in zip(of, mention.candidates, strict=True):
                rows.append(row)
                columns.append(candidate.entity)
                weights.append(candidate.score / total[number])
    matrix = sparse.csr_matrix(
        (np.array(weights, dtype=np.float32), (rows, columns)),
        shape=(len(mentions), len(vocabulary)),
    )
    matrix.sum_duplicates()
    return matrix


def emptied(matrix: sparse.csr_matrix, gone: NDArray[np.bool_]) -> sparse.csr_matrix:
    """``matrix`` (n, e) without what is stored in the columns ``gone`` (e,)."""
    kept = matrix.copy()
    kept.data[gone[kept.indices]] = 0
    kept.eliminate_zeros()
    return kept


def spread(own: sparse.csr_matrix, graph: KnowledgeGraph) -> sparse.csr_matrix:
    """Counts of each entity with those of everything below it, CSR (n, e) float32."""
    counts = sparse.csr_matrix(own @ graph.ancestors.astype(np.float32))
    counts.sort_indices()
    return counts


def bag_of(
    documents: Documents, vectors: EntityVectors, keys: bool, values: bool = True,
    names: bool = False,
) -> EntityBag:  # fmt: skip
    """Pad the concepts of ``documents`` to an `EntityBag`; mask order is ``counts.data`` order.

    Args:
        keys, values, names: whether these are wanted; what is not is of width 0.
    """
    counts, own = documents.counts, documents.own
    lengths = np.diff(counts.indptr)
    n, m = len(documents), int(lengths.max(initial=0))
    mask = np.arange(m)[None, :] < lengths[:, None]
    ids = np.zeros((n, m), dtype=np.int64)
    ids[mask] = counts.indices
    padded = np.zeros((n, m), dtype=np.float32)
    padded[mask] = counts.data
    linked = np.zeros((n, m), dtype=np.float32)
    linked[mask] = aligned(own, counts)
    value = np.zeros((n, m, vectors.d_node if values else 0), dtype=np.float32)
    if values:
        value[linked > 0] = vectors.values(ids[linked > 0])
    key = np.zeros((n, m, vectors.encoder.dimension if keys else 0), dtype=np.float32)
    if keys:
        key[mask] = vectors.keys(ids[mask])
    named = vectors.named(documents) if names else np.zeros((n, 0), dtype=np.float32)
    tensors = (torch.from_numpy(a) for a in (ids, key, value, padded, linked, mask, named))
    return EntityBag(*tensors)


def aligned(some: sparse.csr_matrix, counts: sparse.csr_matrix) -> NDArray[np.float32]:
    """``some`` at the stored places of ``counts``, of which its own are a subset."""
    found = np.zeros(counts.nnz, dtype=np.float32)
    found[_within(some, counts)] = some.data
    return found


def of_some(
    values: NDArray[np.float32], counts: sparse.csr_matrix, some: sparse.csr_matrix
) -> NDArray[np.float32]:
    """Of ``values`` at the stored places of ``counts`` those at the stored places of ``some``."""
    return values[_within(some, counts)]


def _within(some: sparse.csr_matrix, counts: sparse.csr_matrix) -> NDArray[np.int64]:
    """Which of the stored places of ``counts`` each of those of ``some`` is."""
    places, wanted = (
        np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * matrix.shape[1]
        + matrix.indices
        for matrix in (counts, some)
    )
    found: NDArray[np.int64] = np.searchsorted(places, wanted)
    return found
