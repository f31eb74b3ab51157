"""Texts, linked once, and what stands in for their knowledge: placebos and parts left out."""

from __future__ import annotations

import warnings
from dataclasses import replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.data.corpus import Corpus, draw_per_class
from kgml.evaluation.answers import FULL
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.rewire import rewired
from kgml.models.classifier import KGTextClassifier, warn_if_unlinked
from kgml.models.compare.branches import branches
from kgml.models.compare.question import BRANCHES, Part, Question
from kgml.models.compare.store import Plan
from kgml.models.evidence import PLACEBO_SEED
from kgml.models.features import Documents, EntityVectors, emptied, relabelled, spread
from kgml.models.train import make_classifier
from kgml.progress import KGMLWarning
from kgml.registry import resolve


class Knowledge:
    """Everything that cells are made from; texts are encoded and linked when this is made.

    Args:
        graphs: the ontologies, each by itself.
        whole: all of them as one graph.
    """

    def __init__(
        self, question: Question, corpus: Corpus, graphs: list[KnowledgeGraph],
        whole: KnowledgeGraph,
    ) -> None:  # fmt: skip
        self.question, self.corpus, self.graphs, self.whole = question, corpus, graphs, whole
        rows = np.concatenate([corpus.train, corpus.test])
        model = make_classifier(whole, question.config)
        maker = model.featurizer()
        maker.encode([corpus.texts[i] for i in corpus.train])
        self.documents = maker.documents([corpus.texts[i] for i in rows]).grouped()
        """Row i is row ``rows[i]`` of the table: the training part, then the test part."""
        warn_if_unlinked(self.documents)
        self.held = np.arange(len(corpus.train), len(rows))
        self.vectors = model.entity_vectors()
        for fusion in question.fusions:
            self.vectors.prepare(self.documents, fusion=fusion)
        self.rows = {
            (size, draw): self._drawn(size, draw)
            for size in question.sizes
            for draw in range(question.seeds)
        }
        """Training rows of each draw, as numbers of ``documents``."""
        self._only = _only(graphs, whole)
        self._model = model
        self._lock = Lock()
        self._rewired: dict[int, tuple[KnowledgeGraph, EntityVectors]] = {}
        for draw in range(question.seeds):  # in order: what is encoded together is rounded so
            permuted = self.permuted(self.documents, draw)
            self.vectors.prepare(permuted, fusion=question.main)
            if resolve("fusion", question.main).needs_keys:
                self.rewire(draw)

    def _drawn(self, size: str, draw: int) -> NDArray[np.int64]:
        rows = self.corpus.train
        if size != FULL:
            with warnings.catch_warnings():
                if draw:  # classes with too few rows are named once
                    warnings.simplefilter("ignore", KGMLWarning)
                seed = self.question.seed(draw)
                rows = draw_per_class(self.corpus.labels, rows, int(size), seed)
        return np.searchsorted(self.corpus.train, rows)

    def plan(self) -> Plan:
        """The ontologies, and the branches that most training texts touch."""
        learn = self.documents.take(np.arange(len(self.corpus.train)))
        parts = [
            Part("ontology", f"ontology-{i}", name, name, _touched(learn.own, mine))
            for i, (name, mine) in enumerate(
                zip(self.question.graph_names, self._only, strict=True)
            )
        ] if len(self.graphs) > 1 else []  # fmt: skip
        keys = self.whole.keys()
        parts += [
            Part("branch", f"branch-{i}", keys[number], self.whole.labels[number], texts)
            for i, (number, texts) in enumerate(branches(self.whole, learn.counts, BRANCHES))
        ]
        if resolve("fusion", self.question.main).needs_names:  # here, as in `__init__`
            for part in parts:
                rest = self.without(self.documents, part)
                self.vectors.prepare(rest, fusion=self.question.main)
        return Plan(parts, round(self.documents.coverage, 6))

    def permuted(self, documents: Documents, draw: int) -> Documents:
        """The same documents with all entities of the graph permuted, each within its vocabulary.

        Those linked in the training part change places with each other, and so do all others:
        with few labels most concepts of a test text are in no training text, and if they kept
        their places the placebo would know where they belong. No test text is looked at.
        """
        linked = np.zeros(len(self.whole), dtype=bool)
        linked[self.documents.own[: self.held[0]].indices] = True
        rng = np.random.default_rng([PLACEBO_SEED, self.question.seed(draw)])
        target = np.arange(len(self.whole))
        group = 2 * self.whole.vocabularies + ~linked
        for number in np.unique(group):
            mine = np.flatnonzero(group == number)
            target[mine] = rng.permutation(mine)
        return relabelled(documents, target, self.whole)

    def rewire(self, draw: int) -> tuple[KnowledgeGraph, EntityVectors]:
        """The graph of one draw with other is-a edges, and its entities' vectors."""
        with self._lock:
            if draw not in self._rewired:
                graph = rewired(self.whole, self.question.seed(draw))
                self._rewired[draw] = graph, self._vectors_of(graph)
            return self._rewired[draw]

    def _vectors_of(self, graph: KnowledgeGraph) -> EntityVectors:
        """Vectors made without looking at edges are those of the whole graph."""
        vectors, main = self.vectors, self.question.main
        if resolve("node_encoder", self.question.config.encoder.node_encoder).needs_all:
            vectors = EntityVectors(
                graph, self._model.featurizer().encoder, vectors.node_encoder, vectors.seed,
                objective=vectors.objective, training=vectors.training,
            )  # fmt: skip
        if resolve("fusion", main).needs_keys or vectors is not self.vectors:
            vectors.prepare(in_graph(self.documents, graph), fusion=main)
        return vectors

    def without(self, documents: Documents, part: Part) -> Documents:
        """The same documents, nothing of ``part`` linked in them."""
        if part.kind == "ontology":
            gone = self._only[int(part.name.rpartition("-")[2])]
        else:
            gone = np.zeros(len(self.whole), dtype=bool)
            number = self.whole.number(part.id)
            gone[[number, *self.whole.descendants_of(number)]] = True

        def change(part: Documents) -> Documents:
            own = emptied(part.own, gone)
            return replace(part, own=own, counts=emptied(spread(own, self.whole), gone))

        return documents.changed(change)

    def classifier(self, seed: int) -> KGTextClassifier:
        """An unfitted model with the options of the question: kgml as it is shipped."""
        config = replace(self.question.config, seed=seed).override(
            "fusion", name=self.question.main
        )
        return make_classifier(self.whole, config)


def in_graph(documents: Documents, graph: KnowledgeGraph) -> Documents:
    """The same links, spread over the ancestors that another graph gives them."""
    return documents.relinked(lambda own: own, graph)


def _only(graphs: list[KnowledgeGraph], whole: KnowledgeGraph) -> list[NDArray[np.bool_]]:
    """For each graph which entities (e,) of ``whole`` it alone has."""
    known = [set(graph.iris) for graph in graphs]
    has = np.array([[iri in iris for iri in whole.iris] for iris in known])
    return [row & (has.sum(axis=0) == 1) for row in has]


def _touched(own: sparse.csr_matrix, mine: NDArray[np.bool_]) -> int:
    """How many rows have something in the columns ``mine``."""
    return int((np.diff(emptied(own, ~mine).indptr) > 0).sum())
