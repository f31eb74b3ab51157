"""What ``kgml build-graph`` calls, and which graph a folder works with."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgml import artifacts
from kgml.config import Config
from kgml.kg.arrow import values
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.progress import warn

FOLDER = Path("artifacts")
CURRENT = FOLDER / "current-graph"
DEFAULT = Config()
SHOWN = 100
"""Circles and contradictions that are listed."""


def build_graph(
    paths: Sequence[str | Path] | str | Path, output: Path | None = None, *,
    config: Config = DEFAULT, command: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Load ``paths`` and save the graph.

    Args:
        output: the artifact folder; None means ``artifacts/<name>.kg``, the name being that of
            the files or folders, joined by "+", and makes it this folder's current graph.

    Returns:
        The graph's report with ``seconds``, ``sha256`` (its fingerprint) and ``path``.

    Raises:
        OntologyError: a file cannot be used.
        ArtifactError: the result cannot be written; what was there before is unchanged.
    """
    started = time.perf_counter()
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    graph = load_graph(given, config.graph)
    check(graph)
    path = FOLDER / f"{_name(given)}.kg" if output is None else Path(output)
    graph.save(path, command=command, config=config.to_dict(), seed=config.seed)
    if output is None:
        artifacts.write_file(CURRENT, os.path.relpath(path) + "\n")
    return {
        **graph.report, "seconds": round(time.perf_counter() - started, 3),
        "sha256": graph.fingerprint, "path": str(path),
    }  # fmt: skip


def check(graph: KnowledgeGraph) -> None:
    """Count homonyms, circles of is-a and entities under two disjoint classes in the report.

    Circles and contradictions are warned of.

    The first `SHOWN` of each are listed in ``report["findings"]``.
    """
    from kgml.kg.axioms.checks import disjoint_violations
    from kgml.kg.hierarchy import cycles
    from kgml.kg.stats import homonyms

    found = cycles(graph)
    pairs = graph.columns.disjoint
    ends = np.column_stack([values(pairs.column(side)) for side in ("left", "right")])
    wrong = disjoint_violations(graph.is_a, ends)
    graph.report |= {
        "homonyms": len(homonyms(graph)), "cycles": len(found), "contradictions": len(wrong),
    }  # fmt: skip
    circles = [[graph.ids[n] for n in circle] for circle in found[:SHOWN]]
    contradictions = [_contradiction(graph, *row) for row in wrong[:SHOWN].tolist()]
    graph.findings = {"cycles": circles, "contradictions": contradictions}
    if circles:
        shown = ", ".join(circles[0][:5]) + (", ..." if len(circles[0]) > 5 else "")
        circles_of = "circle of is-a" if len(found) == 1 else "circles of is-a, such as"
        warn(f"{len(found):,} {circles_of} {shown}; the entities of each count as one")
    for row in contradictions[:3]:
        warn(f"{row['text']}. {len(wrong):,} such in all; correct one of the two axioms")


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
    """``'a' > 'b'``: the shortest way up."""
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


def current_graph() -> Path | None:
    """The graph last built in this folder, None if there is none (any more)."""
    if not CURRENT.is_file():
        return None
    path = Path(CURRENT.read_text(encoding="utf-8").strip())
    return path if (path / artifacts.MANIFEST).is_file() else None


def _name(given: Sequence[str | Path]) -> str:
    """``hpo/hp.obo`` and ``doid/`` give ``hp+doid``."""
    stems = []
    for path in given:
        full = Path(path)
        name = full.resolve().name if full.is_dir() else full.stem
        stems.append("".join(c for c in name if c not in '*?[]/\\"<>|:') or "graph")
    return "+".join(dict.fromkeys(stems))[:100]
