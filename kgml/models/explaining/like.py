"""The labelled documents nearest to a text, as the model sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kgml.data.corpus import check_texts
from kgml.data.labels import check_labels
from kgml.errors import CorpusError, UsageError
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import Documents
from kgml.models.lexical import unit_rows

BATCH = 256
"""Texts compared with all documents at a time."""


@dataclass(frozen=True)
class Neighbour:
    """A labelled document: its row from 0, its label, the cosine of its features, its text."""

    row: int
    label: str
    similarity: float
    text: str

    def to_json(self) -> dict[str, Any]:
        """The same, rows counted from 1."""
        return {**asdict(self), "row": self.row + 1}


def nearest(
    model: KGTextClassifier,
    texts: Sequence[str] | Documents,
    documents: Sequence[str],
    labels: Sequence[str],
    k: int = 5,
) -> list[list[Neighbour]]:
    """For each of ``texts`` (n) the ``k`` nearest of ``documents`` (t), best first, ties by row.

    By the cosine of the features that the model's head reads: text vector, TF-IDF and, where
    knowledge is used, concepts.

    Raises:
        CorpusError: a text is empty, a label missing, or there are not as many.
        UsageError: ``k`` is below 1.
    """
    if k < 1:
        raise UsageError(f"k = {k}: wanted 1 or more.")
    documents, names = check_texts(documents, "documents"), check_labels(labels)
    if len(documents) != len(names):
        raise CorpusError(f"{len(documents)} documents but {len(names)} labels; wanted as many.")
    maker, stack = model.featurizer(), model.assembly_
    asked = texts if isinstance(texts, Documents) else maker.documents(check_texts(texts))
    given = maker.documents(documents)
    model.vectors_.prepare(asked, given, fusion=model.fusion)
    rows, others = (unit_rows(stack.features(part)) for part in (asked, given))
    found = []
    for start in range(0, rows.shape[0], BATCH):
        cosines = np.round((rows[start : start + BATCH] @ others.T).toarray(), 6)
        for row in cosines:
            best = np.argsort(-row, kind="stable")[:k].tolist()
            found.append([Neighbour(i, str(names[i]), float(row[i]), documents[i]) for i in best])
    return found
