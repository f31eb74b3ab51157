"""Synonyms that training never sees, and how well they find the label of their entity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kgml.encoders.rows import Floats, Integers
from kgml.errors import InputError
from kgml.kg.vocabulary import Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

SHARE, MOST = 0.1, 1_000
"""Synonyms held out: a tenth, at most so many."""
FEWEST = 20
"""Synonyms a graph must have; half of them are held out then."""
LABELS = 2_000
"""Labels that a held-out synonym is looked for among."""
_STREAM = 1_000_003
"""Keeps these draws apart from those of the batches, which are numbered from 0."""

Encode: TypeAlias = Callable[[Sequence[str]], Floats]
Scores: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Part:
    """Synonyms, and the row of ``HeldOut.labels`` that each should find, (q,)."""

    texts: list[str]
    gold: Integers


@dataclass(frozen=True)
class HeldOut:
    """Two parts: ``valid`` chooses the best weights, ``test`` is only reported.

    ``rows`` are the rows of ``graph.forms`` behind both; ``labels`` are distinct.
    """

    rows: Integers
    labels: list[str]
    valid: Part
    test: Part


def hold_out(graph: KnowledgeGraph, seed: int) -> HeldOut:
    """Draw the two parts, and the labels: of their entities, of siblings, then of any.

    Raises:
        InputError: fewer than two entities, or too few synonyms.
    """
    rows = _synonyms(graph)
    rng = np.random.default_rng([seed, _STREAM])
    count = min(MOST, max(FEWEST // 2, round(SHARE * len(rows))))
    chosen = np.sort(rng.choice(rows, size=count, replace=False))
    entity = graph.forms.entity[chosen].astype(np.int64)
    row_of: dict[str, int] = {}
    labels: list[str] = []
    for number in _label_order(graph, entity, rng):
        if len(labels) >= max(LABELS, count):
            break
        label = graph.labels[number]
        if row_of.setdefault(label.casefold(), len(labels)) == len(labels):
            labels.append(label)
    gold = np.asarray([row_of[graph.labels[n].casefold()] for n in entity], dtype=np.int64)
    mixed = rng.permutation(count)
    valid, test = np.sort(mixed[: count // 2]), np.sort(mixed[count // 2 :])
    texts = [graph.forms.text[row] for row in chosen]
    parts = [Part([texts[i] for i in part], gold[part]) for part in (valid, test)]
    return HeldOut(chosen, labels, *parts)


def _synonyms(graph: KnowledgeGraph) -> Integers:
    """Rows of synonyms that are no other entity's name, and of an entity that has a label."""
    if len(graph) < 2:
        raise InputError(
            f"the graph has {'one entity' if len(graph) else 'no entities'}; wanted one with "
            f"labels and synonyms. Build it from an ontology that has them."
        )
    forms = graph.forms
    times = Counter(text.casefold() for text in forms.text)
    labelled = np.zeros(len(graph), dtype=bool)
    labelled[forms.entity[forms.scope == Scope.LABEL]] = True
    possible = np.flatnonzero((forms.scope != Scope.LABEL) & labelled[forms.entity])
    rows = [row for row in possible.tolist() if times[forms.text[row].casefold()] == 1]
    if len(rows) < FEWEST:
        found = f"{len(rows):,} synonyms" if rows else "no synonyms"
        raise InputError(
            f"the graph has {found} that name one labelled entity only, {len(graph):,} entities; "
            f"wanted at least {FEWEST}, to learn from some and to measure with the others. Add "
            "synonyms, or use the encoder as it is."
        )
    return np.asarray(rows, dtype=np.int64)


def _label_order(graph: KnowledgeGraph, gold: Integers, rng: np.random.Generator) -> list[int]:
    """Numbers of labelled entities: ``gold``, then their siblings, then all in a random order."""
    children = graph.is_a.T.tocsr()
    labelled = np.zeros(len(graph), dtype=bool)
    labelled[graph.forms.entity[graph.forms.scope == Scope.LABEL]] = True
    siblings = children[np.unique(graph.is_a[np.unique(gold)].indices)].indices
    near = rng.permutation(np.unique(siblings))[:LABELS]
    order = np.concatenate([np.unique(gold), near, rng.permutation(len(graph))])
    order = order[labelled[order]]
    _, first = np.unique(order, return_index=True)
    numbers: list[int] = order[np.sort(first)].tolist()
    return numbers


def ranks(queries: Floats, labels: Floats, gold: Integers) -> Floats:
    """Place of each query's label among all, from 1, (q,); equal cosines share their mean place."""
    cosines = queries @ labels.T
    own = cosines[np.arange(len(gold)), gold][:, None]
    better, equal = (cosines > own).sum(axis=1), (cosines == own).sum(axis=1) - 1
    places: Floats = (1 + better + equal / 2).astype(np.float32)
    return places


def score(encode: Encode, held: HeldOut, parts: Sequence[Part]) -> list[Scores]:
    """`scores_of` each part."""
    return [scores_of(found) for found in places(encode, held, parts)]


def scores_of(found: Floats) -> Scores:
    """``mrr`` (mean reciprocal rank) and ``hits1`` (share of first places) of places (q,)."""
    rounded = round(float((1 / found).mean()), 6), round(float((found == 1).mean()), 6)
    return {"mrr": rounded[0], "hits1": rounded[1]}


def places(encode: Encode, held: HeldOut, parts: Sequence[Part]) -> list[Floats]:
    """`ranks` of each part."""
    texts = [text for part in parts for text in part.texts]
    vectors = encode([*held.labels, *texts])
    labels, queries = vectors[: len(held.labels)], vectors[len(held.labels) :]
    ends = np.cumsum([len(part.texts) for part in parts])[:-1]
    split = np.split(queries, ends)
    return [ranks(rows, labels, part.gold) for rows, part in zip(split, parts, strict=True)]
