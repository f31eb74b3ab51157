"""What the ontology has to do with the texts: links, branches, depth, and labels against concepts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.quality.finding import FINE, SERIOUS, WORTH_A_LOOK, Finding, first_rows, shown, weigh
from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assembly import make_head
from kgml.models.assess.measured import Material
from kgml.models.compare.branches import branches
from kgml.models.folds import assign_folds
from kgml.models.lexical import unit_rows

BRANCHES = 8
FEW, SOME = 0.2, 0.5
"""Shares of documents with a link below which the ontology is beside the point, or thin."""
SURE, UNLIKELY, FOLDS = 0.9, 0.02, 5
"""Concepts contradict a label where they are so sure of another class, and give it so little."""
BROKEN = 2.0
"""Tokens of a word from which on the encoder does not know the words."""


def coverage(given: Material, graph: KnowledgeGraph) -> tuple[dict[str, Any], Finding]:
    """Links of the documents: how many have one, how many each, where in the graph, how specific."""
    own, counts = given.documents.own, given.documents.counts
    linked = np.diff(own.indptr)
    share = given.documents.coverage
    used = np.unique(own.indices)
    keys = graph.keys()
    found = {
        "documents": len(linked), "share": round(share, 6),
        "entities_a_document": round(float(linked.mean()), 3), "entities": len(used),
        "entities_of": len(graph), "depth": None, "specificity": None,
        "branches": [
            {"id": keys[number], "label": graph.labels[number], "documents": documents}
            for number, documents in branches(graph, counts, BRANCHES)
        ],
    }  # fmt: skip
    if len(used):
        weights = own.data
        found["depth"] = round(float(np.average(graph.depths[own.indices], weights=weights)), 3)
        content = graph.information_content[own.indices]
        found["specificity"] = round(float(np.average(content, weights=weights)), 3)
    weight = SERIOUS if share < FEW else WORTH_A_LOOK if share < SOME else FINE
    bare = np.flatnonzero(linked == 0)
    return found, Finding(
        "coverage", "relevance", weight, len(bare),
        f"the ontology touches {share:.0%} of the documents, with {linked.mean():.1f} entities each",
        f"{len(used):,} of {len(graph):,} entities are used", "Choose an ontology of these texts' domain "
        "and language, or add the phrases below to it." if weight != FINE else "",
        first_rows(given.rows[bare].tolist()),
    )  # fmt: skip


def contradictions(given: Material) -> Finding:
    """Documents whose concepts alone, by models that have not seen them, are sure of another class."""
    wrong = _contradicted(given)
    evidence = ""
    if wrong:
        i, other = wrong[0]
        evidence = (
            f"row {given.rows[i] + 1} '{shown(given.labels[i], 30)}', its concepts say '{shown(other, 30)}': "
            f"{shown(given.documents.texts[i])}"
        )
    return Finding(
        "labels against concepts", "relevance", weigh(len(wrong), len(given.codes), 0.05), len(wrong),
        f"the concepts of {len(wrong):,} documents contradict their label", evidence,
        "Look at them: the label is wrong, or the linked concepts are." if wrong else "",
        first_rows([int(given.rows[i]) for i, _ in wrong]),
    )  # fmt: skip


def _contradicted(given: Material) -> list[tuple[int, str]]:
    """Rows of ``given``, and the class that their concepts are sure of."""
    linked = np.flatnonzero(np.diff(given.documents.own.indptr))
    seen, y = np.unique(given.codes[linked], return_inverse=True)
    if len(linked) <= FOLDS or len(seen) < 2:
        return []
    told, chance = _by_concepts(given, linked, y, len(seen))
    own = chance[np.arange(len(told)), y[told]]
    hit = (chance.max(axis=1) >= SURE) & (own <= UNLIKELY)
    return [
        (int(linked[told[i]]), given.classes[seen[chance[i].argmax()]]) for i in np.flatnonzero(hit)
    ]


def _by_concepts(
    given: Material, linked: NDArray[np.int64], y: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places in ``linked`` that could be asked (k,), and probabilities (k, ``classes``) out of fold by the
    concepts alone; ``y``: codes of ``linked``, from 0."""
    features = given.documents.counts[linked].copy()
    features.data = np.ones_like(features.data)
    features = unit_rows(features)
    fold = assign_folds(y, FOLDS, given.seed, given.documents.take(linked).near)
    decisions = np.full((len(y), classes), -np.inf)
    head = make_head("logistic", given.seed)
    for k in range(int(fold.max()) + 1):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if len(np.unique(y[inside])) > 1:
            head = make_head("logistic", given.seed).fit(features[inside], y[inside], classes)
            decisions[outside] = head.decision(features[outside])
    told = np.flatnonzero(np.isfinite(decisions).any(axis=1))
    return told, head.calibrate(decisions[told], y[told]).probabilities(decisions[told])


def fragmentation(
    texts: list[str], rows: NDArray[np.int64], encoder: TextEncoder
) -> tuple[dict[str, Any], Finding]:
    """Tokens that the text encoder makes of a word; ``texts`` are ``rows`` of the table."""
    words = sum(len(re.findall(r"\w+", text)) for text in texts)
    signs = sum(len(re.findall(r"[^\w\s]", text)) for text in texts)
    tokens = encoder.count_tokens(texts)
    limit = encoder.limit
    rate = max(float(tokens.sum() - 2 * len(texts) - signs) / max(words, 1), 0.0)
    cut = np.flatnonzero(tokens > limit) if limit else np.zeros(0, dtype=np.int64)
    found = {
        "tokens": int(tokens.sum()), "words": words, "tokens_a_word": round(rate, 3),
        "cut": len(cut), "limit": limit,
    }  # fmt: skip
    broken = rate > BROKEN
    weight = SERIOUS if broken else WORTH_A_LOOK if len(cut) > 0.2 * len(texts) else FINE
    return found, Finding(
        "fragmentation", "relevance", weight, len(cut),
        f"the encoder reads a word as {rate:.2f} tokens" + ("; it does not know these words" if broken else ""),
        f"{len(cut):,} texts are longer than the {limit:,} tokens it reads" if limit else "",
        "Name an --encoder of this language or domain, or adapt one: kgml adapt." if broken
        else "Read them whole: --long-texts chunks." if weight != FINE else "", first_rows(rows[cut].tolist()),
    )  # fmt: skip
