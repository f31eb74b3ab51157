"""One entity and what is around it, as data; ``kgml graph show`` draws it as a small tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kgml.kg.vocabulary import IS_A

if TYPE_CHECKING:
    from kgml.kg.graph import Key, KnowledgeGraph

LIMIT = 20
"""Most entities listed at one place."""


def show(graph: KnowledgeGraph, key: Key, depth: int = 1, limit: int = LIMIT) -> dict[str, Any]:
    """An entity with its words, the way up, what lies below, and its other relations.

    - ``id``, ``iri``, ``label``, ``kind``, ``definition``, ``synonyms`` (text and scope), ``depth``
    - ``comments``, ``xrefs``: texts
    - ``path``: from a root down to the entity, itself left out; the shortest way there is
    - ``parents``, ``children``: id and label, children with ``children`` of theirs
    - ``relations``: relation, direction ("out", "in"), id and label of the other end
    - ``more``: how many ``path``, ``parents``, ``children`` and ``relations`` are not listed;
      children below the first level say it themselves

    Args:
        depth: levels of children.
        limit: most entries in each list; of a longer path those nearest to the entity.

    Raises:
        InputError: no such entity.
    """
    entity = graph[key]
    path = _way_up(graph, entity.number)[::-1]
    parents, relations = graph.parents(key), _relations(graph, entity.number)
    below, more_below = _below(graph, entity.number, depth, limit)
    return {
        "id": entity.id, "iri": entity.iri, "label": entity.label, "kind": entity.kind,
        "definition": entity.definition, "depth": graph.depth(key),
        "synonyms": [{"text": t, "scope": scope.name.lower()} for t, scope in entity.synonyms],
        "comments": list(entity.comments), "xrefs": list(entity.xrefs),
        "path": [_named(graph, number) for number in path[max(0, len(path) - limit) :]],
        "parents": [_named(graph, number) for number in parents[:limit]],
        "children": below, "relations": relations[:limit],
        "more": {
            "path": max(0, len(path) - limit), "parents": max(0, len(parents) - limit),
            "children": more_below, "relations": max(0, len(relations) - limit),
        },
    }  # fmt: skip


def _named(graph: KnowledgeGraph, number: int) -> dict[str, Any]:
    return {"id": graph.ids[number], "label": graph.labels[number]}


def _way_up(graph: KnowledgeGraph, number: int) -> list[int]:
    """Entities on the shortest way up to the nearest root, nearest first; smallest numbers first."""
    roots = set(graph.roots)
    came_from: dict[int, int] = {number: number}
    level = [number]
    while level and not roots.intersection(level):
        following = []
        for below in level:
            for parent in graph.parents(below):
                if parent not in came_from:
                    came_from[parent] = below
                    following.append(parent)
        level = following
    way = [min(roots.intersection(level))] if level else [number]
    while way[-1] != number:
        way.append(came_from[way[-1]])
    return way[-2::-1]


def _below(
    graph: KnowledgeGraph, number: int, depth: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Children as a tree, level by level, and how many of the first level are left out."""
    top: dict[str, Any] = {}
    level: Sequence[tuple[int, dict[str, Any]]] = [(number, top)]
    for _ in range(depth):
        following = []
        for above, row in level:
            children = graph.children(above)
            row["children"] = [_named(graph, child) for child in children[:limit]]
            row["more"] = max(0, len(children) - limit)
            following += list(zip(children[:limit], row["children"], strict=True))
        level = following
    return top.get("children", []), top.get("more", len(graph.children(number)))


def _relations(graph: KnowledgeGraph, number: int) -> list[dict[str, Any]]:
    """Every edge but those of the hierarchy."""
    return [
        {"relation": graph.relation_labels[relation], "direction": direction} | _named(graph, other)
        for direction in ("out", "in")
        for relation, other in graph.neighbours(number, direction=direction)
        if graph.relation_iris[relation] not in IS_A
    ]
