"""`KGTextClassifier`: an ontology and labelled texts in, a scikit-learn classifier out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from kgml.config import (
    EncoderConfig,
    FewShotConfig,
    LinkingConfig,
    NodeTrainingConfig,
    TransformerConfig,
)
from kgml.data.corpus import check_texts
from kgml.data.labels import LabelKind
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import load_vectors
from kgml.errors import CorpusError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import EntityLinker
from kgml.models.assembly import Assembly, Recipe, without_words
from kgml.models.backoff import Backoff, Covered, calibrated, why_not
from kgml.models.evidence import Evidence, weigh
from kgml.models.features import Documents, EntityVectors, Featurizer
from kgml.models.fewshot.fit import tuned_on
from kgml.models.fewshot.honest import Worth
from kgml.models.fewshot.tuning import check_tunable
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.finetuned.checks import check_rows
from kgml.models.finetuned.fit import FineTuningReport, fit_transformer
from kgml.models.folds import row_order
from kgml.models.light import AUTO, Decisions
from kgml.models.options import check_options
from kgml.models.prediction import Prediction, rounded
from kgml.models.targets.base import Codes, Labels, Target
from kgml.progress import warn
from kgml.registry import resolve


class KGTextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to labels with the help of an ontology, or without it where it does not help.

    Args:
        graph: the ontology; None for text alone.
        fusion: a name of that group in `kgml.registry`; none for text alone.
        node_encoder: a name of that group in `kgml.registry`.
        objective: what a graph neural node encoder is trained for; likewise.
        node_training: how a node encoder is trained.
        vectors: a folder of ``kgml encode`` for this graph, whose vectors are taken in place of a
            node encoder's. Not saved with the model, which holds them.
        head: auto, logistic, svm, ridge, blend, centroid, boosting or transformer; auto is ridge for numbers,
            else goes by the number of training rows per class. With transformer text encoder, fusion and
            classifier are trained together; the encoder is saved with the model.
        transformer: how, with that head.
        checkpoint: a folder where that training is saved, and gone on with by the same fit; it stays
            there. None: an interrupted one is lost. Not saved with the model.
        regularization: C of logistic and svm, alpha of ridge; "auto" chooses C by log-loss in
            three folds of the training rows; None leaves it to the head.
        class_weight: "none" or "balanced"; None leaves it to the head.
        target: single (one label), multi (several or none), ordinal (classes have an order) or
            regression (a number).
        order: the classes of an ordinal target, lowest first; none for classes that are numbers.
        encoder: the packaged default, a sentence-transformers name or a folder.
        precision: of the text encoder: fp32; bf16, about twice as fast; int8, four times.
        long_texts: cut after what the text encoder reads, or chunks.
        tune: whether the text encoder is tuned on the labels first, for few rows of one label each:
            True, or how. What it then reads texts with is saved with the model.
        device: of the text encoder: auto, cpu, cuda, mps. Not saved with the model.
        lexical: whether TF-IDF stands beside the text vector, counting what leave-one-out says; a
            number: what it counts, the vector being 1.
        lead: whether first sentences are features of their own, where most texts have another.
        knowledge: "auto" ships knowledge only on out-of-fold evidence, "always" regardless.
        folds: number of folds for that evidence.
        linking: options of the linker.
        random_state: seed of everything drawn.

    Attributes:
        classes_ (c,): labels, sorted (ordinal: in their order; regression: none). strength_: how
        much knowledge counts, 1, .5 or 0 for not at all. evidence_: `Evidence` for that choice
        (after `fit`; not saved). tuned_: the tuned text encoder, without the head transformer beside
        the one it was made from, or None. worth_: what tuning gave out of fold, or None (after `fit`;
        not saved). apart_: the training rows that the head learns from where the encoder is tuned and
        knowledge enters, each as an encoder reads it that was tuned on others; None where it is not tuned, or
        on few rows (after `fit`; not saved). fine_tuning_: how the transformer was trained, or None (after `fit`; not saved).
        backoff_: `Backoff` where the labels are entities of the graph, else None. learned_from_: how
        many texts (not saved).

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
        transformer: TransformerConfig = TransformerConfig(),  # noqa: B008 - frozen
        checkpoint: str | Path | None = None,
        regularization: float | str | None = None,
        class_weight: str | None = None,
        target: str = "single",
        order: Sequence[Any] = (),
        encoder: str = "all-MiniLM-L6-v2",
        precision: str = "fp32",
        long_texts: str = "cut",
        tune: bool | FewShotConfig = False,
        device: str = "auto",
        lexical: bool | float = True,
        lead: bool = True,
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
        self.transformer = transformer
        self.checkpoint = checkpoint
        self.regularization = regularization
        self.class_weight = class_weight
        self.target = target
        self.order = order
        self.encoder = encoder
        self.precision = precision
        self.long_texts = long_texts
        self.tune = tune
        self.device = device
        self.lexical = lexical
        self.lead = lead
        self.knowledge = knowledge
        self.folds = folds
        self.linking = linking
        self.random_state = random_state

    tuned_: TextEncoder | None = None
    worth_: Worth | None = None
    apart_: Documents | None = None
    fine_tuning_: FineTuningReport | None = None

    def fit(self, texts: Sequence[str], y: Sequence[Any]) -> KGTextClassifier:
        """Learn from ``texts`` (n,) and labels ``y`` (n,).

        With ``target="multi"``, ``y`` is a list of lists of labels, or an array or sparse matrix
        (n, c) of 0 and 1 whose columns are then the classes; with "regression" n numbers.

        Raises:
            CorpusError: empty or non-string texts, labels missing, one class only, unequal
                lengths.
            UsageError: an option's name is not known, or options do not go together.
            ArtifactError: ``vectors`` are of another graph.
        """
        self.tuned_ = self.worth_ = self.apart_ = self.fine_tuning_ = None
        self.check_options()
        target = self.make_target()
        texts, labels = check_texts(texts), target.check(y)
        if len(texts) != len(labels):
            raise CorpusError(f"{len(texts)} texts but {len(labels)} labels; wanted as many.")
        vectors = self.entity_vectors()
        return self.fit_documents(self.featurizer().documents(texts), labels, vectors, target)

    def fit_documents(
        self,
        documents: Documents,
        y: Labels,
        vectors: EntityVectors | None = None,
        target: Target | None = None,
    ) -> KGTextClassifier:
        """`fit` on texts already turned into numbers by `featurizer`."""
        self.tuned_ = self.worth_ = self.apart_ = self.fine_tuning_ = None
        self.check_options()
        if self.tune:
            check_tunable(self.featurizer().encoder, self.target, y)
        self.target_ = target or self.make_target()
        codes = self.target_.learn(y)
        if self.head == TRANSFORMER:
            check_rows(self.target_, codes)
        self.classes_ = self.target_.classes_
        classes = self.target_.width(codes)
        order = row_order(documents.texts, codes)  # that of the table is no part of what it says
        documents, codes = documents.take(order).grouped(), codes[order]
        self.vectors_ = vectors or self.entity_vectors()
        self.light_ = self.recipe_ = self.recipe(len(y) / max(classes, 1))
        self.vectors_.prepare(documents, fusion=self.fusion)
        self.evidence_: Evidence = weigh(
            documents, codes, self.recipe_, self.vectors_, self.folds, self.target_
        )
        always = self.knowledge == "always" and documents.own.nnz > 0
        if self.head == TRANSFORMER:
            kept, asked = self._fine_tune(documents, codes, always)
        else:
            if self.tune:
                documents = self._tune(documents, codes, always)
            self.strength_ = 1.0 if always else self.evidence_.strength
            self.assembly_ = Assembly(self.recipe_, self.vectors_, classes, self.target_).fit(
                documents, codes, self.strength_
            )
            held = self.evidence_.held  # of the stack that is kept, whatever the evidence says
            kept = held["knowledge"] if always and "knowledge" in held else self.evidence_.decisions
            asked = codes
        self.target_.settle(self.assembly_.head_, kept, asked, self.random_state)
        self.backoff_: Backoff | None = None
        self.learned_from_ = len(y)
        if self.target == "single":
            shares = self.target_.probabilities(self.assembly_.head_, kept)
            self.backoff_ = calibrated(self.graph, self.classes_, shares, asked)
        back = np.argsort(order)
        self.evidence_ = self.evidence_.take(back)
        if self.apart_ is not None:
            self.apart_ = self.apart_.take(back)
        return self

    def _fine_tune(
        self, documents: Documents, codes: Codes, always: bool
    ) -> tuple[Decisions, Codes]:
        """Train encoder, fusion and classifier; return decisions on the rows held out, and their
        codes."""
        self._box = tempfile.TemporaryDirectory(prefix="kgml-tuned-")  # as long as the model lives
        found = fit_transformer(
            self.base_encoder, self.vectors_, documents, codes, self.target_, self.recipe_,
            self.evidence_, self.transformer, Path(self._box.name), always=always,
            checkpoint=None if self.checkpoint is None else Path(self.checkpoint),
        )  # fmt: skip
        self.evidence_, self.fine_tuning_ = found.evidence, found.fine_tuning
        self.strength_ = float(found.knowledge)
        self.tuned_, self.assembly_ = found.kept.encoder, found.kept.stack
        self.recipe_ = self.assembly_.recipe
        return found.kept.held, codes[found.outside]

    def _tune(self, documents: Documents, codes: Codes, always: bool) -> Documents:
        """Tune the text encoder on the training rows, the evidence being of tuned ones then; return
        ``documents`` as the head is to learn from them."""
        made = tuned_on(
            self.featurizer().encoder, documents, codes, self.classes_, self.few_shot, self.evidence_,
            self.recipe_, self.vectors_, self.target_, always=always,
        )  # fmt: skip
        self.tuned_, self.evidence_, self.worth_ = made.encoder, made.evidence, made.worth
        self._box = made.box  # as long as the model lives
        self.vectors_ = self.vectors_.read_by(made.encoder)
        self.apart_ = made.apart
        if made.apart is not None and (always or self.evidence_.ship):
            documents = made.apart
        else:
            documents = documents.read_by(made.encoder)
        self.vectors_.prepare(documents, fusion=self.fusion)
        return documents

    def read(self, documents: Documents) -> Documents:
        """``documents`` with the text vectors of this model's encoder, the tuned one if it has one."""
        return documents.read_by(self.tuned_) if self.tuned_ is not None else documents

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The label of each text, (n,).

        Of several labels a list of lists, or an array (n, c) of 0 and 1 where `fit` was given one.
        """
        codes = self.codes_documents(self._documents(texts))
        found: NDArray[Any] = self.target_.labels(codes)
        return found

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each of ``classes_``, (n, c); those of several labels are their own."""
        return self.proba_documents(self._documents(texts))

    def score(self, texts: Sequence[str], y: Sequence[Any], sample_weight: Any = None) -> float:
        """Accuracy; of several labels that of whole rows, of numbers R2."""
        codes = self.codes_documents(self._documents(texts))
        return self.target_.score(y, codes, sample_weight)

    def proba_documents(self, documents: Documents) -> NDArray[np.float64]:
        """`predict_proba` on texts already turned into numbers."""
        check_is_fitted(self)
        decisions = self.assembly_.decision(self.read(documents))
        return self.target_.probabilities(self.assembly_.head_, decisions)

    def codes_documents(self, documents: Documents) -> Codes:
        """What is predicted for them, as codes of the target."""
        check_is_fitted(self)
        decisions = self.assembly_.decision(self.read(documents))
        return self.target_.decide(self.assembly_.head_, decisions)

    def cover_documents(self, documents: Documents, coverage: float) -> list[Covered]:
        """What `explain` calls back-off, of texts already turned into numbers."""
        check_is_fitted(self)
        if self.backoff_ is None:
            raise UsageError(
                f"coverage {coverage}: this model has no back-off, "
                f"{why_not(self.graph, self.classes_, self.target)}. Leave it out, or train on a label "
                "column of ids or IRIs of the graph."
            )
        return self.backoff_.cover(self.proba_documents(documents), coverage)

    def explain(self, texts: Sequence[str], coverage: float | None = None) -> list[Prediction]:
        """Label, probabilities and linked concepts of each text.

        Args:
            coverage: also how far up the graph to go, so that this share of texts has its class
                below; see `kgml.models.backoff`.

        Raises:
            UsageError: a coverage, and labels that are no entities of the graph.
        """
        documents = self._documents(texts)
        decisions, head = self.assembly_.decision(documents), self.assembly_.head_
        labels = self.target_.names(self.target_.decide(head, decisions))
        rows = self.target_.probabilities(head, decisions)
        classes = [str(c) for c in self.classes_]
        backed: list[dict[str, Any] | None] = [None] * len(documents)
        if coverage is not None:
            graph = self.featurizer().graph
            backed = [
                one.to_json(graph, classes, coverage)
                for one in self.cover_documents(documents, coverage)
            ]
        return [
            Prediction(label, rounded(classes, row), mentions, back)
            for label, row, mentions, back in zip(
                labels, rows, documents.mentions, backed, strict=True
            )
        ]

    def featurizer(self) -> Featurizer:
        """What turns texts into numbers; made once for a graph and its options. Once a tuned encoder
        is there it reads the texts; linking stays with the one that the options name."""
        options = self.encoder_options
        wanted = (self.graph, self.linking, options)
        if getattr(self, "_made_for", None) != wanted:
            graph = self.graph if self.graph is not None else KnowledgeGraph.empty()
            linker = EntityLinker.from_graph(graph, self.linking, encoder=options)
            self._featurizer = Featurizer(graph, linker, TextEncoder.of(options))
            self._made_for = wanted
        made = self._featurizer
        return Featurizer(made.graph, made.linker, self.tuned_) if self.tuned_ else made

    @property
    def base_encoder(self) -> TextEncoder:
        """The text encoder that the options name, whether it was tuned since or not."""
        self.featurizer()
        return self._featurizer.encoder

    def entity_vectors(self, values: NDArray[np.float32] | None = None) -> EntityVectors:
        """The vectors of the graph's entities, by this model's encoders, or those in ``vectors``.

        Args:
            values: (e, d_node) that are known already.

        Raises:
            ArtifactError: ``vectors`` are of another graph, or damaged.
        """
        maker, name, objective = self.featurizer(), self.node_encoder, self.objective
        # a transformer was trained beside the vectors of entities that the frozen encoder gives
        encoder = self.base_encoder if self.head == TRANSFORMER else maker.encoder
        if values is None and self.vectors:
            saved = load_vectors(Path(self.vectors), maker.graph)
            values, name = saved.vectors, saved.node_encoder
            objective = saved.objective or objective
        return EntityVectors(
            maker.graph, encoder, name, self.random_state, values, objective, self.node_training,
        )  # fmt: skip

    @property
    def encoder_options(self) -> EncoderConfig:
        """Of the text encoder that the options name, which is the one that is tuned."""
        return EncoderConfig(
            model=self.encoder, precision=self.precision, long_texts=self.long_texts,
            device=self.device,
        )  # fmt: skip

    @property
    def few_shot(self) -> FewShotConfig:
        """How the text encoder is tuned, if it is."""
        return self.tune if isinstance(self.tune, FewShotConfig) else FewShotConfig()

    def recipe(self, rows_per_class: float) -> Recipe:
        """The names of the parts, ``auto`` resolved; with the head transformer those of the light stack
        that it is compared with."""
        name = AUTO if self.head == TRANSFORMER else self.head
        head = self.make_target().head(name, rows_per_class)
        if name == AUTO and self.lexical is False:
            head = without_words(head)
        return Recipe(
            self.fusion, head, self.lexical, self.random_state, self.regularization,
            self.class_weight, self.lead,
        )  # fmt: skip

    def label_kind(self, separator: str | None = None) -> LabelKind:
        """How a table's label column is read.

        Args:
            separator: what stands between several labels in a cell; None where cells are lists.

        Raises:
            UsageError: there is a separator, and each row has one label.
        """
        if separator is not None and self.target != "multi":
            raise UsageError(
                f"label_separator {separator!r} is for target multi; this one is {self.target}. "
                "Leave it out."
            )
        return self.make_target().kind(separator, [str(name) for name in self.order])

    def make_target(self) -> Target:
        """A target that has learned nothing yet."""
        made: Target = resolve("target", self.target)(self.order)
        return made

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

    def check_options(self) -> None:
        """Raise `UsageError` where an option's name or value is not known; see
        `kgml.models.options`."""
        check_options(self)

    def _documents(self, texts: Sequence[str]) -> Documents:
        check_is_fitted(self)
        return self.featurizer().documents(check_texts(texts), self.assembly_.lead_ is not None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.target == "regression":
            tags.estimator_type = "regressor"
        return tags


def warn_if_unlinked(*parts: Documents) -> None:
    """Say when the graph plays no part because no text mentions any of its concepts."""
    if any(len(part) for part in parts) and not any(part.own.nnz for part in parts):
        warn(
            "no text mentions a concept of the graph: knowledge has no part in this model. "
            "Check that graph and texts are of one domain and language."
        )
