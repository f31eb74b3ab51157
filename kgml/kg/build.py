"""What ``kgml build-graph`` calls, and which graph a folder works with."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kgml import artifacts
from kgml.config import Config
from kgml.kg.load import load_graph

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
        The graph's report with ``seconds``, ``sha256`` (its fingerprint) and ``path``.

    Raises:
        OntologyError: a file cannot be used.
        ArtifactError: the result cannot be written; what was there before is unchanged.
    """
    started = time.perf_counter()
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    graph = load_graph(given, config.graph)
    path = FOLDER / f"{_name(given)}.kg" if output is None else Path(output)
    graph.save(path, command=command, config=config.to_dict(), seed=config.seed)
    if output is None:
        artifacts.write_file(CURRENT, os.path.relpath(path) + "\n")
    return {
        **graph.report, "seconds": round(time.perf_counter() - started, 3),
        "sha256": graph.fingerprint, "path": str(path),
    }  # fmt: skip


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
