"""What is wrong with a graph, by name: imports that were not read, circles of is-a, contradictions.

`KnowledgeGraph.findings` holds a list of each, at most `LIMIT`; the full numbers are in
`KnowledgeGraph.report` under the same names. A load lists the imports; circles and contradictions
are looked for by `kgml.kg.build.check` and `kgml.kg.stats.graph_stats`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from kgml.kg.arrow import values

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

LIMIT = 1_000
"""Most of each kind that are listed."""
MEMBERS = 100
"""Most entities of one circle that are listed."""

Found: TypeAlias = dict[str, Any]
"""``count``: how many there are, and ``first``: a list of them, at most `LIMIT`."""


def imports(unresolved: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    """``iri``, ``importer`` and ``why`` of the first of ``unresolved``.

    Paths below the working folder are written from there, so that a saved graph is the same
    wherever it was built.
    """
    here = os.path.join(Path.cwd(), "")
    return [
        {"iri": iri, "importer": importer, "why": why.replace(here, "")}
        for iri, importer, why in unresolved[:LIMIT]
    ]


def unresolved_imports(graph: KnowledgeGraph) -> Found:
    """What the load of ``graph`` listed."""
    listed = graph.findings.get("unresolved_imports", [])
    return {"count": graph.report.get("unresolved_imports", len(listed)), "first": listed}


def cycles(graph: KnowledgeGraph) -> Found:
    """Circles of is-a, each as the ids of its first `MEMBERS` entities; ``entities`` in them all."""
    from kgml.kg.hierarchy import cycles as circles

    found = circles(graph)
    first = [[graph.ids[n] for n in circle[:MEMBERS]] for circle in found[:LIMIT]]
    return {"count": len(found), "entities": sum(map(len, found)), "first": first}


def contradictions(graph: KnowledgeGraph) -> Found:
    """Entities under two disjoint classes: ids of ``entity``, ``left`` and ``right``, the ``file``
    that says they are disjoint, and a ``text`` that says it all; only the topmost of each branch.
    """
    from kgml.kg.axioms.checks import disjoint_violations

    pairs = graph.columns.disjoint
    ends = np.column_stack([values(pairs.column(side)) for side in ("left", "right")])
    found = disjoint_violations(graph.is_a, ends)
    first = [_contradiction(graph, *row) for row in found[:LIMIT].tolist()]
    return {"count": len(found), "first": first}


def _contradiction(graph: KnowledgeGraph, entity: int, left: int, right: int) -> dict[str, str]:
    pairs = graph.columns.disjoint
    low, high = min(left, right), max(left, right)
    mask = (values(pairs.column("left")) == low) & (values(pairs.column("right")) == high)
    file = graph.files[int(values(pairs.column("file"))[mask][0])]
    names = [f"'{graph.labels[n]}' ({graph.ids[n]})" for n in (entity, left, right)]
    text = (
        f"{names[0]} is both {_way(graph, entity, left)} and {_way(graph, entity, right)}, "
        f"which DisjointClasses({names[1]} {names[2]}) in {file} excludes"
    )
    return {"entity": graph.ids[entity], "left": graph.ids[left], "right": graph.ids[right],
            "file": file, "text": text}  # fmt: skip


def _way(graph: KnowledgeGraph, entity: int, above: int) -> str:
    """``'top' < 'middle' < 'entity'``: the shortest way up, read from its end."""
    before = {entity: entity}
    queue = [entity]
    for number in queue:
        for parent in graph.parents(number):
            if parent not in before:
                before[parent] = number
                queue.append(parent)
    way = [above]
    while way[-1] != entity and way[-1] in before:
        way.append(before[way[-1]])
    return " < ".join(f"'{graph.labels[n]}'" for n in way)
