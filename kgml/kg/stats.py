"""What a graph holds, in numbers: kinds, edges, words, homonyms, shape of the hierarchy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kgml.kg import findings
from kgml.kg.vocabulary import Scope, vocabulary_of

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

WORST = 10
"""Most homonyms and roots listed."""


def graph_stats(graph: KnowledgeGraph) -> dict[str, Any]:
    """Counts for people and programs.

    Equal for equal graphs, whatever they were read from, but for what the load could not read.

    - ``entities`` in all, ``kinds``, ``unlabelled``, ``definitions``, ``comments``, ``xrefs``,
      ``vocabularies`` by size
    - ``edges`` in all, ``relations``: id, label and edges of each, most frequent first
    - ``forms`` by scope, ``homonyms`` (see `homonyms`): their ``count`` and the ``worst``
    - ``depth``, ``roots``, ``leaves``, ``orphans`` (entities without any edge), ``components``
      (connected by edges of any kind, whatever their direction): ``count`` and the ``largest``
    - ``cycles`` of is-a: ``count``, ``entities`` in them, and the ``first``
    - ``contradictions``, ``unresolved_imports``: ``count`` and the ``first``; see
      `kgml.kg.findings` for what each says and how many are listed
    """
    comments, xrefs = graph.columns.note_counts
    return {
        "entities": len(graph),
        "kinds": _kinds(graph),
        "unlabelled": len(graph) - int((graph.forms.scope == Scope.LABEL).sum()),
        "definitions": sum(definition is not None for definition in graph.definitions),
        "comments": comments,
        "xrefs": xrefs,
        "vocabularies": _vocabularies(graph),
        "edges": len(graph.triples),
        "relations": _relations(graph),
        "forms": _scopes(graph),
        "homonyms": _worst(graph),
        "depth": graph.depth(),
        "roots": {"count": len(graph.roots), "first": _ids(graph, graph.roots)},
        "leaves": len(graph.leaves),
        "orphans": len(graph) - len(np.unique(graph.triples[:, [0, 2]])),
        "components": _components(graph),
        "cycles": findings.cycles(graph),
        "contradictions": findings.contradictions(graph),
        "unresolved_imports": findings.unresolved_imports(graph),
    }


def homonyms(graph: KnowledgeGraph) -> dict[str, list[int]]:
    """Forms, in lower case, that several entities have, and whose they are; most shared first."""
    owners: dict[str, set[int]] = {}
    for text, entity in zip(graph.forms.text, graph.forms.entity.tolist(), strict=True):
        owners.setdefault(text.lower(), set()).add(entity)
    shared = [(text, sorted(numbers)) for text, numbers in owners.items() if len(numbers) > 1]
    return dict(sorted(shared, key=lambda item: (-len(item[1]), item[0])))


def _worst(graph: KnowledgeGraph) -> dict[str, Any]:
    found = homonyms(graph)
    worst = [
        {"text": text, "count": len(numbers), "entities": _ids(graph, numbers)}
        for text, numbers in list(found.items())[:WORST]
    ]
    return {"count": len(found), "worst": worst}


def _ids(graph: KnowledgeGraph, numbers: list[int]) -> list[str]:
    return [graph.ids[number] for number in numbers[:WORST]]


def _kinds(graph: KnowledgeGraph) -> dict[str, int]:
    from kgml.kg.graph import KINDS

    counts = np.bincount(graph.kinds, minlength=len(KINDS)).tolist()
    return dict(zip(KINDS, counts, strict=True))


def _vocabularies(graph: KnowledgeGraph) -> dict[str, int]:
    codes, first, sizes = np.unique(graph.vocabularies, return_index=True, return_counts=True)
    names = [vocabulary_of(graph.iris[row]) for row in first.tolist()]
    return dict(zip(names, sizes.tolist(), strict=True)) if len(codes) else {}


def _relations(graph: KnowledgeGraph) -> list[dict[str, Any]]:
    counts = np.bincount(graph.triples[:, 1], minlength=len(graph.relations))
    order = np.argsort(-counts, kind="stable").tolist()
    return [
        {"id": graph.relations[r], "label": graph.relation_labels[r], "edges": int(counts[r])}
        for r in order
    ]


def _scopes(graph: KnowledgeGraph) -> dict[str, int]:
    counts = np.bincount(graph.forms.scope, minlength=len(Scope))
    return {scope.name.lower(): int(counts[scope]) for scope in Scope}


def _components(graph: KnowledgeGraph) -> dict[str, int]:
    sizes = np.bincount(graph.components)
    return {"count": len(sizes), "largest": int(sizes.max(initial=0))}
