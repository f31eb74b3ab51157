"""The way from an entity up to another, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kgml.kg.vocabulary import BROADER, IS_A, SUB_CLASS_OF, TYPE

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

_KIND_OF = {SUB_CLASS_OF: "a kind of", TYPE: "an instance of", BROADER: "narrower than"}


def way_up(graph: KnowledgeGraph, start: int, end: int) -> list[tuple[int, int]] | None:
    """Fewest steps from ``start`` to ``end``: (relation, entity reached) each; None if there is none.

    By is-a steps where they lead there, else by any relation, from head to tail.
    """
    is_a = [number for number, iri in enumerate(graph.relation_iris) if iri in IS_A]
    found = graph.shortest_path(start, end, relations=is_a, directed=True)
    return graph.shortest_path(start, end, directed=True) if found is None else found


def in_words(graph: KnowledgeGraph, start: int, steps: Sequence[tuple[int, int]]) -> str:
    """A way as one sentence without its full stop; without steps the label alone.

    >>> from kgml import load_graph
    >>> graph = load_graph("ontologies/bio.ttl")
    >>> start, end = (graph.number(f"https://w3id.org/kgml/bio#{name}")
    ...               for name in ("VentricularFibrillation", "Arrhythmia"))
    >>> in_words(graph, start, way_up(graph, start, end))
    'ventricular fibrillation is a kind of tachyarrhythmia, a kind of arrhythmia'
    """
    said = graph.labels[start]
    for number, (relation, entity) in enumerate(steps):
        kind = _KIND_OF.get(graph.relation_iris[relation])
        name = graph.relation_labels[relation].replace("_", " ")
        if kind is not None:
            said += f"{', ' if number else ' is '}{kind} "
        else:
            said += f"{', which ' if number else ' '}{name} "
        said += graph.labels[entity]
    return said
