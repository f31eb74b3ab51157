"""What would the model say if the ontology had another synonym, or lacked a concept? No retraining:
texts are linked anew, all that was learned stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kgml.config import EncoderConfig
from kgml.data.corpus import check_texts
from kgml.errors import UsageError
from kgml.kg.graph import Key, KnowledgeGraph
from kgml.kg.synonyms import with_synonyms
from kgml.linking.linker import EntityLinker, mention_to_json
from kgml.linking.mentions import Mention
from kgml.models.classifier import KGTextClassifier
from kgml.models.explaining.removal import check_single
from kgml.models.features import Documents, emptied, with_mentions


@dataclass(frozen=True)
class Side:
    """A text's label, its probability, and what is linked: before the change, or after it."""

    label: str
    probability: float
    mentions: list[Mention]

    def to_json(self, graph: KnowledgeGraph) -> dict[str, Any]:
        """Plain dictionaries with entity ids in place of numbers."""
        mentions = [mention_to_json(mention, graph) for mention in self.mentions]
        return {"label": self.label, "probability": self.probability, "mentions": mentions}


@dataclass(frozen=True)
class WhatIf:
    """Both sides of each text, (n,) each, and the rows whose concepts are others, ascending:
    linked ones or those above them."""

    before: list[Side]
    after: list[Side]
    reached: list[int]

    @property
    def flips(self) -> list[int]:
        """Rows with another label, ascending."""
        pairs = zip(self.before, self.after, strict=True)
        return [row for row, (one, other) in enumerate(pairs) if one.label != other.label]


def what_if(
    model: KGTextClassifier,
    texts: Sequence[str],
    *,
    synonyms: Sequence[tuple[Key, str]] = (),
    drop: Sequence[Key] = (),
) -> WhatIf:
    """Predict ``texts`` (n) with the ontology as it is and changed.

    Args:
        synonyms: entity and the exact synonym it gets.
        drop: entities that nothing links to any more, and that carry nothing from what is below
            them; what is below keeps what is above.

    Raises:
        CorpusError: a text is empty or no string.
        InputError: the ontology has no such entity.
        UsageError: a synonym is blank, no change is asked for, or the target is not one label.
    """
    check_single(model)
    graph = model.featurizer().graph
    added = [(graph.number(key), _form(key, text)) for key, text in synonyms]
    dropped = np.zeros(len(graph), dtype=bool)
    dropped[[graph.number(key) for key in drop]] = True
    if not added and not dropped.any():
        raise UsageError("no change to try; give a synonym or a concept to drop.")
    documents = model.featurizer().documents(check_texts(texts))
    entities = np.flatnonzero(~dropped).tolist() if dropped.any() else None
    linker = EntityLinker.from_graph(
        with_synonyms(graph, added), model.linking, entities,
        EncoderConfig(precision=model.precision, device=model.device),
    )  # fmt: skip
    changed = with_mentions(documents, linker.link(texts), graph)
    changed = changed.changed(lambda part: replace(part, counts=emptied(part.counts, dropped)))
    difference = abs(documents.counts - changed.counts)
    reached = np.flatnonzero(np.asarray(difference.sum(axis=1)).ravel()).tolist()
    return WhatIf(_sides(model, documents), _sides(model, changed), reached)


def parse_synonym(text: str, graph: KnowledgeGraph) -> tuple[str, str]:
    """``ID=words`` as id and words; an IRI may have an "=" of its own.

    Raises:
        UsageError: there is no "=", or nothing behind it.
        InputError: what stands before it is no entity of ``graph``.
    """
    if "=" not in text.strip("= "):
        raise UsageError(f"--add-synonym '{text}': wanted ID=WORDS, such as HP:0001250=fits.")
    cuts = [place for place, character in enumerate(text) if character == "="]
    known = [place for place in cuts if text[:place].strip() in graph]
    place = known[-1] if known else cuts[0]
    key, words = text[:place].strip(), text[place + 1 :]
    graph.number(key)
    return key, _form(key, words)


def _form(key: Key, text: str) -> str:
    if not text.strip():
        raise UsageError(f"a synonym of {key}: found nothing but blanks, wanted a word at least.")
    return text.strip()


def _sides(model: KGTextClassifier, documents: Documents) -> list[Side]:
    model.vectors_.prepare(documents, fusion=model.fusion)
    return [
        Side(str(model.classes_[row.argmax()]), round(float(row.max()), 6), mentions)
        for row, mentions in zip(model.proba_documents(documents), documents.mentions, strict=True)
    ]
