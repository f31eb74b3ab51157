"""Ontology and table to predictions with linked concepts, in ten lines.

>>> from kgml import FinancePipeline
>>> from kgml.resources import examples
>>> pipeline = FinancePipeline().fit(examples("fin"), per_class=16)
>>> prediction = pipeline.predict(["Ten-year gilt yields fell 6 basis points."])[0]
>>> prediction.label
'fixed_income'
>>> [pipeline.graph.labels[m.candidates[0].entity] for m in prediction.mentions]
['gilt', 'yield', 'basis point']
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from kgml import resources
from kgml.data.corpus import read_corpus
from kgml.errors import InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier
from kgml.models.prediction import Prediction


class Pipeline:
    """A graph, a linker, encoders, a fusion and a classifier, wired for one domain.

    Args:
        ontology: ontology files, folders or globs, or a loaded graph; None means the ontology
            kgml ships for the domain.
        options: those of `KGTextClassifier`, such as ``fusion="attention"``.
    """

    domain: ClassVar[str]

    def __init__(
        self,
        ontology: str | Path | Sequence[str | Path] | KnowledgeGraph | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(ontology, KnowledgeGraph):
            ontology = load_graph(ontology if ontology is not None else f"{self.domain}.ttl")
        self.graph = ontology
        self.classifier = KGTextClassifier(self.graph, **options)

    def fit(self, data: str | Path | None = None, **columns: Any) -> Self:
        """Learn from the training rows of a table; None means the domain's example texts.

        Args:
            columns: ``text_column``, ``label_column``, ``split_column``, ``test_size``,
                ``per_class`` as in `kgml.data.corpus.read_corpus`; ``label_separator`` with
                ``target="multi"``: what stands between the labels of a cell.
        """
        data = data if data is not None else resources.examples(self.domain)
        if data is None:
            raise InputError(f"no example texts for '{self.domain}'; give a table: fit(path).")
        kind = self.classifier.label_kind(columns.pop("label_separator", None))
        seed = self.classifier.random_state
        self.corpus = read_corpus(Path(data), **columns, seed=seed, kind=kind)
        self.classifier.fit(*self.corpus.part(self.corpus.train))
        return self

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label, probabilities and linked concepts of each text."""
        return self.classifier.explain(texts)

    def evaluate(self) -> dict[str, Any]:
        """Scores of the target, such as accuracy and macro-F1, with intervals on the test rows of
        the table given to `fit`."""
        texts, labels = self.corpus.part(self.corpus.test)
        model = self.classifier
        predicted = model.target_.names(model.codes_documents(model.featurizer().documents(texts)))
        return model.target_.measure(labels, predicted, model.random_state)

    def save(self, path: str | Path) -> None:
        """Write the fitted classifier, its graph included, to a folder."""
        self.classifier.save(path)


class FinancePipeline(Pipeline):
    """`Pipeline` with the shipped finance ontology and example texts."""

    domain = "fin"


class BiomedicalPipeline(Pipeline):
    """`Pipeline` with the shipped biomedical ontology and example texts."""

    domain = "bio"
