"""What ``kgml build-graph`` calls, and which graph a folder works with."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kgml import artifacts
from kgml.config import Config
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.progress import warn

FOLDER = Path("artifacts")
CURRENT = FOLDER / "current-graph"
DEFAULT = Config()


def build_graph(
    paths: Sequence[str | Path] | str | Path, output: Path | None = None, *,
    config: Config = DEFAULT, command: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Load ``paths`` and save the graph.

    Args:
        output: the artifact folder; None means ``artifacts/<name>.kg``, the name being that of
            the files or folders, joined by "+", and makes it this folder's current graph.

    Returns:
        The graph's report with ``findings`` (imports that were not read, circles of is-a and
        contradictions, at most `kgml.kg.findings.LIMIT` of each; the report has their numbers),
        ``seconds``, ``sha256`` (its fingerprint) and ``path``.

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
        **graph.report, "findings": graph.findings, "seconds": round(time.perf_counter() - started, 3),
        "sha256": graph.fingerprint, "path": str(path),
    }  # fmt: skip


def check(graph: KnowledgeGraph) -> None:
    """Look for homonyms, circles of is-a and entities under two disjoint classes, and warn of the
    last two.

    Their numbers go to ``graph.report``, the first circles and contradictions to
    ``graph.findings`` (`kgml.kg.findings`). `kgml.load_graph` leaves this to whoever wants it.
    """
    from kgml.kg import findings
    from kgml.kg.stats import homonyms

    circles, wrong = findings.cycles(graph), findings.contradictions(graph)
    graph.report |= {
        "homonyms": len(homonyms(graph)), "cycles": circles["count"],
        "contradictions": wrong["count"],
    }  # fmt: skip
    graph.findings |= {"cycles": circles["first"], "contradictions": wrong["first"]}
    if circles["count"]:
        first, count = circles["first"][0], circles["count"]
        shown = ", ".join(first[:5]) + (", ..." if len(first) > 5 else "")
        circles_of = "circle of is-a" if count == 1 else "circles of is-a, such as"
        warn(f"{count:,} {circles_of} {shown}; the entities of each count as one")
    for row in wrong["first"][:3]:
        warn(f"{row['text']}. {wrong['count']:,} such in all; correct one of the two axioms")


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
