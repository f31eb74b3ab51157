"""Where edges come from, and axioms in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kgml.kg.arrow import values
from kgml.kg.axioms.kinds import KINDS, written
from kgml.kg.vocabulary import IS_A

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph


@dataclass(frozen=True, slots=True)
class Axiom:
    """What an edge was made from: entity numbers, relation number, kind of axiom and file."""

    head: int
    relation: int
    tail: int
    kind: str
    """A key of `kgml.kg.axioms.kinds.TEMPLATES`."""
    file: str
    text: str
    """The axiom written out, things by their labels."""


def axioms_between(graph: KnowledgeGraph, a: int, b: int) -> list[Axiom]:
    """The axioms behind the edges from ``a`` to ``b`` and from ``b`` to ``a``, in that order."""
    return [*_axioms(graph, a, b), *(_axioms(graph, b, a) if a != b else ())]


def _axioms(graph: KnowledgeGraph, head: int, tail: int) -> Iterator[Axiom]:
    first, last = np.searchsorted(graph.triples[:, 0], [head, head + 1]).tolist()
    origins = graph.columns.origins
    of_triple = values(origins.column("triple"))
    for row in range(first, last):
        if graph.triples[row, 2] != tail:
            continue
        relation = int(graph.triples[row, 1])
        start, stop = np.searchsorted(of_triple, [row, row + 1]).tolist()
        for origin in origins.slice(start, stop - start).to_pylist():
            kind = KINDS[origin["axiom"]]
            text = written(
                kind, _quoted(graph, head), f"'{graph.relation_labels[relation]}'",
                _quoted(graph, tail),
            )  # fmt: skip
            yield Axiom(head, relation, tail, kind, graph.files[origin["file"]], text)


def _quoted(graph: KnowledgeGraph, number: int) -> str:
    return f"'{graph.labels[number]}'"


def node_texts(
    graph: KnowledgeGraph, *, definitions: bool = True, axioms: bool = True
) -> list[str]:
    """What each entity is, in words, for an encoder: label, definition, edges.

    An is-a edge gives "is a <label>", any other "something that <relation> some <label>", by the
    quantifier of its axiom. At most `MOST` edges of an entity, in the order of the triples.

    >>> from kgml import load_graph
    >>> graph = load_graph("ontologies/bio.ttl")
    >>> text = node_texts(graph, definitions=False)[graph.number("https://w3id.org/kgml/bio#AtrialFibrillation")]
    """
    texts = [[label] for label in graph.labels]
    if definitions:
        for text, definition in zip(texts, graph.definitions, strict=True):
            if definition:
                text.append(definition)
    if axioms:
        for head, phrase in _phrases(graph):
            texts[head].append(phrase)
    return [". ".join(part.rstrip(".") for part in text) + "." for text in texts]


MOST = 10
"""Edges of one entity that are put into words."""
_WORDS = {"some": "some", "only": "only", "value": "", "max": "at most n", "min": "some",
          "exactly": "some"}  # fmt: skip
_QUANTIFIED = {
    "relationship": "some", "intersection_of some": "some",
    **{f"{context} {quantifier}": word for quantifier, word in _WORDS.items()
       for context in ("SubClassOf", "EquivalentClasses", "ClassAssertion")},
}  # fmt: skip
"""Kind of axiom to what stands before the tail; nothing for all others."""


def _phrases(graph: KnowledgeGraph) -> Iterator[tuple[int, str]]:
    origins = graph.columns.origins
    rows, first = np.unique(values(origins.column("triple")), return_index=True)
    axiom = values(origins.column("axiom"))[first]
    is_a = {n for n, iri in enumerate(graph.relation_iris) if iri in IS_A}
    names = [name.replace("_", " ") for name in graph.relation_labels]
    told: Counter[int] = Counter()
    for (head, relation, tail), kind in zip(
        graph.triples[rows].tolist(), axiom.tolist(), strict=True
    ):
        told[head] += 1
        if told[head] > MOST:
            continue
        if relation in is_a:
            yield head, f"is a {graph.labels[tail]}"
            continue
        some = _QUANTIFIED.get(KINDS[kind], "")
        phrase = " ".join(filter(None, [names[relation], some, graph.labels[tail]]))
        yield head, f"something that {phrase}"
