"""`KGTextClassifier`: an ontology and labelled texts in, a scikit-learn classifier out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from kgml.config import EncoderConfig, LinkingConfig, NodeTrainingConfig
from kgml.data.corpus import check_labels, check_texts
from kgml.encoders.making import check_training
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import load_vectors
from kgml.errors import CorpusError, UsageError, one_of
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import EntityLinker, mention_to_json
from kgml.linking.mentions import Mention
from kgml.models.assembly import Assembly, Recipe
from kgml.models.evidence import Evidence, weigh
from kgml.models.features import Documents, EntityVectors, Featurizer
from kgml.progress import warn
from kgml.registry import check, resolve

KNOWLEDGE = ("auto", "always")


@dataclass(frozen=True)
class Prediction:
    """One text's label, the probability of every label, and the concepts linked in it."""

    label: str
    probabilities: dict[str, float]
    mentions: list[Mention]

    def to_json(self, graph: KnowledgeGraph) -> dict[str, Any]:
        """Plain dictionaries with entity ids in place of numbers."""
        return {**asdict(self), "mentions": [mention_to_json(m, graph) for m in self.mentions]}


class KGTextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to labels with the help of an ontology, or without it where it does not help.

    Args:
        graph: the ontology; None for text alone.
        fusion: concat, weighted, attention, gated or none.
        node_encoder: a name of that group in `kgml.registry`.
        objective: what a graph neural node encoder is trained for; likewise.
        node_training: how a node encoder is trained.
        vectors: a folder of ``kgml encode`` for this graph, whose vectors are taken in place of a
            node encoder's. Not saved with the model, which holds them.
        head: auto, logistic or svm; auto goes by the number of training rows per class.
        encoder: the packaged default, a sentence-transformers name or a folder.
        precision: of the text encoder: fp32; bf16, about twice as fast; int8, four times.
        long_texts: cut after what the text encoder reads, or chunks.
        device: of the text encoder: auto, cpu, cuda, mps. Not saved with the model.
        lexical: whether TF-IDF stands beside the text vector.
        knowledge: "auto" ships knowledge only on out-of-fold evidence, "always" regardless.
        folds: number of folds for that evidence.
        linking: options of the linker.
        random_state: seed of everything drawn.

    Attributes:
        classes_ (c,): labels, sorted. strength_: 1 where knowledge is used, else 0. evidence_:
        `Evidence` for that choice (after `fit`; not saved).

    >>> from kgml import load_graph
    >>> texts = ["Gilt yields fell.", "The bund curve steepened.", "Bonds sold off.",
    ...          "Brent crude rose.", "Copper stocks fell.", "Gold hit a record."]
    >>> labels = ["bonds"] * 3 + ["raw"] * 3
    >>> model = KGTextClassifier(load_graph("ontologies/fin.ttl")).fit(texts, labels)
    >>> [str(name) for name in model.predict(["Treasury yields rose.", "Brent crude fell."])]
    ['bonds', 'raw']
    """

    def __init__(
        self,
        graph: KnowledgeGraph | None = None,
        *,
        fusion: str = "concat",
        node_encoder: str = "text",
        objective: str = "link-prediction",
        node_training: NodeTrainingConfig = NodeTrainingConfig(),  # noqa: B008 - frozen
        vectors: str | Path = "",
        head: str = "auto",
        encoder: str = "all-MiniLM-L6-v2",
        precision: str = "fp32",
        long_texts: str = "cut",
        device: str = "auto",
        lexical: bool = True,
        knowledge: str = "auto",
        folds: int = 5,
        linking: LinkingConfig = LinkingConfig(),  # noqa: B008 - frozen
        random_state: int = 0,
    ) -> None:
        self.graph = graph
        self.fusion = fusion
        self.node_encoder = node_encoder
        self.objective = objective
        self.node_training = node_training
        self.vectors = vectors
        self.head = head
        self.encoder = encoder
        self.precision = precision
        self.long_texts = long_texts
        self.device = device
        self.lexical = lexical
        self.knowledge = knowledge
        self.folds = folds
        self.linking = linking
        self.random_state = random_state

    def fit(self, texts: Sequence[str], y: Sequence[Any]) -> KGTextClassifier:
        """Learn from ``texts`` (n,) and labels ``y`` (n,).

        Raises:
            CorpusError: empty or non-string texts, labels missing, one class only, unequal
                lengths.
            UsageError: an option's name is not known.
            ArtifactError: ``vectors`` are of another graph.
        """
        self.check_options()
        texts, labels = check_texts(texts), check_labels(y)
        if len(texts) != len(labels):
            raise CorpusError(f"{len(texts)} texts but {len(labels)} labels; wanted as many.")
        vectors = self.entity_vectors()
        return self.fit_documents(self.featurizer().documents(texts), labels, vectors)

    def fit_documents(
        self, documents: Documents, y: NDArray[Any], vectors: EntityVectors | None = None
    ) -> KGTextClassifier:
        """`fit` on texts already turned into numbers by `featurizer`."""
        self.check_options()
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            found = f"one class only ('{self.classes_[0]}')" if len(y) else "no text"
            raise CorpusError(f"{found} in {len(y)} rows; wanted at least two classes.")
        self.vectors_ = vectors or self.entity_vectors()
        self.recipe_ = self.recipe(len(y) / len(self.classes_))
        self.vectors_.prepare(documents, fusion=self.fusion)
        self.evidence_: Evidence = weigh(documents, codes, self.recipe_, self.vectors_, self.folds)
        always = self.knowledge == "always" and documents.own.nnz > 0
        self.strength_ = float(self.evidence_.ship or always)
        self.assembly_ = Assembly(self.recipe_, self.vectors_, len(self.classes_)).fit(
            documents, codes, self.strength_
        )
        self.assembly_.head_.calibrate(self.evidence_.decisions, codes)
        return self

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The label of each text, (n,)."""
        best = self.predict_proba(texts).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each of ``classes_``, (n, c)."""
        return self.proba_documents(self._documents(texts))

    def proba_documents(self, documents: Documents) -> NDArray[np.float64]:
        """`predict_proba` on texts already turned into numbers."""
        check_is_fitted(self)
        head = self.assembly_.head_
        return head.probabilities(self.assembly_.decision(documents))

    def explain(self, texts: Sequence[str]) -> list[Prediction]:
        """Label, probabilities and linked concepts of each text."""
        documents = self._documents(texts)
        rows = self.proba_documents(documents)
        names = [str(c) for c in self.classes_]
        return [
            Prediction(names[row.argmax()], _rounded(names, row), mentions)
            for row, mentions in zip(rows, documents.mentions, strict=True)
        ]

    def featurizer(self) -> Featurizer:
        """What turns texts into numbers; made once for a graph and its options."""
        options = EncoderConfig(
            model=self.encoder, precision=self.precision, long_texts=self.long_texts,
            device=self.device,
        )  # fmt: skip
        wanted = (self.graph, self.linking, options)
        if getattr(self, "_made_for", None) != wanted:
            graph = self.graph if self.graph is not None else KnowledgeGraph.empty()
            linker = EntityLinker.from_graph(graph, self.linking, encoder=options)
            self._featurizer = Featurizer(graph, linker, TextEncoder.of(options))
            self._made_for = wanted
        return self._featurizer

    def entity_vectors(self, values: NDArray[np.float32] | None = None) -> EntityVectors:
        """The vectors of the graph's entities, by this model's encoders, or those in ``vectors``.

        Args:
            values: (e, d_node) that are known already.

        Raises:
            ArtifactError: ``vectors`` are of another graph, or damaged.
        """
        maker, name, objective = self.featurizer(), self.node_encoder, self.objective
        if values is None and self.vectors:
            saved = load_vectors(Path(self.vectors), maker.graph)
            values, name = saved.vectors, saved.node_encoder
            objective = saved.objective or objective
        return EntityVectors(
            maker.graph, maker.encoder, name, self.random_state, values, objective,
            self.node_training,
        )  # fmt: skip

    def recipe(self, rows_per_class: float) -> Recipe:
        """The names of the parts, ``auto`` resolved."""
        head = resolve("head", self.head).choose(rows_per_class)
        return Recipe(self.fusion, head, self.lexical, self.random_state)

    def save(self, path: str | Path, *, command: str = "", config: Any = None) -> None:
        """Write the fitted model to a folder; see `kgml.models.store`."""
        from kgml.models.store import save_model

        check_is_fitted(self)
        save_model(self, Path(path), command=command, config=config)

    @classmethod
    def load(cls, path: str | Path) -> KGTextClassifier:
        """Read a model from a folder, checking every file's sha256."""
        from kgml.models.store import load_model

        return load_model(Path(path))

    def _documents(self, texts: Sequence[str]) -> Documents:
        check_is_fitted(self)
        return self.featurizer().documents(check_texts(texts))

    def check_options(self) -> None:
        """Raise `UsageError` where an option's name or value is not known."""
        check("fusion", self.fusion)
        check("node_encoder", self.node_encoder)
        check("objective", self.objective)
        check("head", self.head)
        if not self.vectors:
            check_training(self.node_encoder, self.node_training)
        EncoderConfig(
            precision=self.precision, long_texts=self.long_texts, device=self.device
        ).check()
        if self.knowledge not in KNOWLEDGE:
            hint = one_of(KNOWLEDGE, str(self.knowledge))
            raise UsageError(f"no knowledge option '{self.knowledge}'; {hint}")
        if self.folds < 2:
            raise UsageError(f"folds = {self.folds}: wanted at least 2, such as 5.")
        if not isinstance(self.random_state, Integral) or not 0 <= self.random_state < 2**32:
            raise UsageError(f"seed {self.random_state}: wanted a number from 0 to 4294967295.")
        if not isinstance(self.graph, KnowledgeGraph | None):
            raise UsageError(
                f"graph={self.graph!r}: wanted a KnowledgeGraph; use kgml.load_graph(path)."
            )


def warn_if_unlinked(documents: Documents) -> None:
    """Say when the graph plays no part because no text mentions any of its concepts."""
    if len(documents) and not documents.own.nnz:
        warn(
            "no text mentions a concept of the graph: knowledge has no part in this model. "
            "Check that graph and texts are of one domain and language."
        )


def _rounded(names: list[str], row: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(p), 6) for name, p in zip(names, row, strict=True)}
