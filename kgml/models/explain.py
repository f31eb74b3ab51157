"""Why a text got its label: what it mentions, what that is, and what is lost without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from kgml.data.corpus import check_texts
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import mention_to_json
from kgml.linking.mentions import Mention
from kgml.models.classifier import KGTextClassifier
from kgml.models.explaining.carriers import Way, carriers, ways
from kgml.models.explaining.removal import (
    Cut,
    Probabilities,
    check_single,
    lost,
    one_document,
    probabilities,
)
from kgml.models.features import Documents
from kgml.progress import track

MANY = 20
"""Texts from which on a bar is shown."""


@dataclass(frozen=True)
class Loss:
    """What removing something does: the probability of the predicted label that is lost (negative:
    it spoke against the label), the same in log-odds, which tell losses apart where the probability
    is as good as 1, and the label predicted then, None where it is the same."""

    lost: float
    log_odds: float
    becomes: str | None


@dataclass(frozen=True)
class ConceptEvidence:
    """A linked entity, the places of its mentions in the list of mentions, what is lost without it
    in all of them, what the fusion makes of it (1: as counted), and its way up."""

    entity: int
    mentions: list[int]
    loss: Loss
    weight: float
    way: Way


@dataclass(frozen=True)
class WordEvidence:
    """A word that the lexical view knows, how often the text has it, and what is lost without it
    there. The text vector reads it all the same."""

    word: str
    count: int
    loss: Loss


@dataclass(frozen=True)
class Explanation:
    """One text's prediction and its evidence, strongest first; mentions in the order of the text.

    Probabilities are those of the predicted label. ``gate``: how much knowledge counts in this
    document, 0 to 1; 0 in a model without knowledge. ``without_knowledge`` and ``without_words``:
    nothing linked; nothing counted by the lexical view.
    """

    text: str
    label: str
    probabilities: dict[str, float]
    gate: float
    mentions: list[Mention]
    mention_losses: list[Loss]
    concepts: list[ConceptEvidence]
    words: list[WordEvidence]
    without_knowledge: Loss
    without_words: Loss

    @property
    def probability(self) -> float:
        """Of the predicted label."""
        return self.probabilities[self.label]

    def to_json(self, graph: KnowledgeGraph) -> dict[str, Any]:
        """Plain dictionaries with entity ids and labels in place of numbers."""

        def named(number: int) -> dict[str, str]:
            return {"id": graph.ids[number], "label": graph.labels[number]}

        return {
            "text": self.text,
            "label": self.label,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "gate": self.gate,
            "without_knowledge": asdict(self.without_knowledge),
            "without_words": asdict(self.without_words),
            "mentions": [
                {**mention_to_json(mention, graph), **asdict(loss)}
                for mention, loss in zip(self.mentions, self.mention_losses, strict=True)
            ],
            "concepts": [
                {
                    **named(one.entity), **asdict(one.loss), "mentions": one.mentions,
                    "weight": one.weight, "path": one.way.words,
                    "steps": [{"relation": graph.relations[relation], **named(entity)}
                              for relation, entity in one.way.steps],
                    "carriers": [
                        {**named(c.entity), "lost": c.lost, "log_odds": c.log_odds,
                         "weight": c.weight}
                        for c in one.way.carriers
                    ],
                }
                for one in self.concepts
            ],
            "words": [
                {"word": one.word, "count": one.count, **asdict(one.loss)} for one in self.words
            ],
        }  # fmt: skip


def explain(model: KGTextClassifier, texts: Sequence[str]) -> list[Explanation]:
    """Explain the prediction of each of ``texts`` (n) by a fitted ``model``.

    Everything lost is measured by predicting again without it: a mention without its link, a
    concept without all its links, a word without its column in TF-IDF.

    Raises:
        CorpusError: a text is empty or no string.
        UsageError: the model's target is not one label per text.

    >>> from kgml import KGTextClassifier, load_graph
    >>> texts = ["Gilt yields fell.", "The bund curve steepened.", "Bonds sold off.",
    ...          "Brent crude rose.", "Copper stocks fell.", "Gold hit a record."]
    >>> graph = load_graph("ontologies/fin.ttl")
    >>> model = KGTextClassifier(graph, knowledge="always").fit(texts, ["bonds"] * 3 + ["raw"] * 3)
    >>> told = explain(model, ["Gilts rallied."])[0]
    >>> told.label, told.mentions[0].text, told.mention_losses[0].lost > 0.01
    ('bonds', 'Gilts', True)
    >>> told.concepts[0].way.words
    'gilt is a kind of sovereign bond, a kind of government bond, a kind of bond'
    """
    return explain_documents(model, model.featurizer().documents(check_texts(texts)), texts)


def explain_documents(
    model: KGTextClassifier, documents: Documents, texts: Sequence[str]
) -> list[Explanation]:
    """`explain` on ``texts`` (n) already turned into numbers."""
    check_single(model)
    model.vectors_.prepare(documents, fusion=model.fusion)
    rows = range(len(documents))
    work = track(rows, "explaining", total=len(rows)) if len(rows) >= MANY else rows
    return [_explain(model, one_document(documents, row), texts[row]) for row in work]


def standing(model: KGTextClassifier) -> str | None:
    """Why knowledge has no part in any prediction of ``model``; None where it has."""
    if not model.assembly_.fusion_.idle:
        return None
    if model.graph is None:
        return "This model has no ontology: its predictions are made of text alone."
    if model.fusion == "none":
        return "This model was trained without knowledge (fusion none): links change no prediction."
    return (
        "This model was shipped without knowledge: its training rows gave no evidence that the "
        "ontology helps. Links are shown and change no prediction."
    )


def _explain(model: KGTextClassifier, one: Documents, text: str) -> Explanation:
    graph, mentions = model.featurizer().graph, one.mentions[0]
    linked = sorted({c.entity for mention in mentions for c in mention.candidates})
    words = _known_words(model, one)
    cuts = [
        Cut(mentions=frozenset(range(len(mentions)))),
        Cut(words=frozenset(range(len(one.terms.terms)))),
        *(Cut(mentions=frozenset([place])) for place in range(len(mentions))),
        *(Cut(entities=frozenset([entity])) for entity in linked),
        *(Cut(words=frozenset([column])) for column in words),
    ]
    shares = probabilities(model, one, [Cut(), *cuts])
    names = [str(c) for c in model.classes_]
    label = int(shares[0].argmax())
    in_order = iter(_losses(shares, label, names))
    no_knowledge, no_words = islice(in_order, 2)
    of_mentions = list(islice(in_order, len(mentions)))
    of_concepts = list(islice(in_order, len(linked)))
    weights, gate = model.assembly_.attention(one)
    weight = dict(zip(weights.indices.tolist(), np.round(weights.data, 6).tolist(), strict=True))
    found = carriers(model, one, label, weight)
    up = ways(found, linked, [loss.log_odds for loss in of_concepts], graph)
    concepts = [
        ConceptEvidence(entity, _places(entity, mentions), loss, weight.get(entity, 0.0), way)
        for entity, loss, way in zip(linked, of_concepts, up, strict=True)
    ]
    return Explanation(
        text, names[label],
        {name: round(float(p), 6) for name, p in zip(names, shares[0], strict=True)},
        round(float(gate[0]), 6), mentions, of_mentions,
        sorted(concepts, key=lambda one: (-abs(one.loss.log_odds), one.entity)),
        _words(one, words, list(in_order)), no_knowledge, no_words,
    )  # fmt: skip


def _losses(shares: Probabilities, label: int, names: list[str]) -> list[Loss]:
    """One for each row of ``shares`` (k + 1, c) but the first, which has nothing taken out."""
    probability, odds = lost(shares[1:], shares[0], label)
    best = shares[1:].argmax(axis=1).tolist()
    return [
        Loss(less, in_odds, None if now == label else names[now])
        for less, in_odds, now in zip(probability.tolist(), odds.tolist(), best, strict=True)
    ]


def _places(entity: int, mentions: list[Mention]) -> list[int]:
    return [
        place for place, mention in enumerate(mentions)
        if any(candidate.entity == entity for candidate in mention.candidates)
    ]  # fmt: skip


def _known_words(model: KGTextClassifier, one: Documents) -> list[int]:
    """Columns of the document's words that the lexical view has learned."""
    lexical = model.assembly_.lexical_
    known = set(lexical.terms_) if lexical is not None else set()
    return [column for column, term in enumerate(one.terms.terms) if term in known]


def _words(one: Documents, columns: list[int], losses: list[Loss]) -> list[WordEvidence]:
    counts = one.terms.matrix.toarray()[0]
    evidence = [
        WordEvidence(one.terms.terms[column], int(counts[column]), loss)
        for column, loss in zip(columns, losses, strict=True)
    ]
    return sorted(evidence, key=lambda one: (-abs(one.loss.log_odds), one.word))
