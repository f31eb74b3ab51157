"""Where edges come from, and axioms in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kgml.kg.arrow import values
from kgml.kg.axioms.kinds import CODES, KINDS, RESTRICTIONS, Restriction, written
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
    quantifier of its axiom. An edge of which the axioms say nothing about every such thing (that of
    a domain and a range, or of a sub-property by owl2vec) is left out. At most `MOST` edges of an
    entity, in the order of the triples.

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
_WORDS = {
    "some": "some", "min": "some", "exactly": "some", "only": "only", "value": "",
    "max": "a limited number of", "exactly 0": "no",
}  # fmt: skip
"""Quantifier to what stands before the tail; "min 0" says nothing."""
_UNTOLD = frozenset({"value and type", "inverse", "SubObjectPropertyOf", "property chain"})
"""Rules of owl2vec whose edges need not hold of everything they begin at; with domains and ranges.
An inverse does between two individuals."""


def _around(kind: str) -> tuple[str, str] | None:
    """What stands before and after the tail of an edge of this kind; None where it would be false."""
    restriction = RESTRICTIONS.get(kind)
    if restriction:
        return _restricted(restriction)
    if kind in ("relationship", "intersection_of some"):
        return "some", ""
    return None if kind in _UNTOLD or kind.startswith("domain ") else ("", "")


def _restricted(restriction: Restriction) -> tuple[str, str] | None:
    """The same of a restriction.

    (p some B) subClassOf A says nothing of every A. A filler may be made wider: what has only a B
    or C has only "B or others". Where the number is limited, it may be made narrower instead.
    """
    word = _WORDS.get(restriction.quantifier)
    if word is None or restriction.context not in _OF_HEAD:
        return None
    if restriction.quantifier in ("max", "exactly 0"):
        return (word, "") if restriction.part in ("", "or") else None
    return word, "or others" if restriction.part in ("or", "nested") else ""


_OF_HEAD = frozenset(
    f"{context}{part}"
    for context in ("SubClassOf", "EquivalentClasses", "ClassAssertion") for part in ("", " and")
)  # fmt: skip
"""Where a restriction holds of everything that is the head."""


def certain(graph: KnowledgeGraph) -> NDArray[np.int64]:
    """Rows of ``graph.triples``, rising, by which everything that is the head has such a tail.

    Not those that say "only", "no" or "a limited number of", nor what has one tail or others.
    """
    plain = [_around(kind) in (("some", ""), ("", "")) for kind in KINDS]
    return _told(graph, plain)[0]


def _told(graph: KnowledgeGraph, wanted: list[bool]) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Rows of the triples with an axiom of a kind that is wanted, and the first such kind of each."""
    origins = graph.columns.origins
    axiom = values(origins.column("axiom"))
    of_triple = values(origins.column("triple"))
    between_individuals = (graph.columns.kinds[graph.triples[:, [0, 2]]] == 1).all(axis=1)
    told = np.array(wanted)[axiom]
    told |= (axiom == CODES["inverse"]) & between_individuals[of_triple]
    rows, first = np.unique(of_triple[told], return_index=True)
    return rows, axiom[told][first]


def _phrases(graph: KnowledgeGraph) -> Iterator[tuple[int, str]]:
    around = [_around(kind) for kind in KINDS]
    rows, kinds = _told(graph, [found is not None for found in around])
    is_a = {n for n, iri in enumerate(graph.relation_iris) if iri in IS_A}
    names = [name.replace("_", " ") for name in graph.relation_labels]
    times: Counter[int] = Counter()
    for (head, relation, tail), kind in zip(
        graph.triples[rows].tolist(), kinds.tolist(), strict=True
    ):
        times[head] += 1
        if times[head] > MOST:
            continue
        if relation in is_a:
            yield head, f"is a {graph.labels[tail]}"
            continue
        before, after = around[kind] or ("", "")
        phrase = " ".join(filter(None, [names[relation], before, graph.labels[tail], after]))
        yield head, f"something that {phrase}"
