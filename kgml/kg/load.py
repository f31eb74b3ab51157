"""Ontology files become one `KnowledgeGraph`: format by content, limits, merged by IRI."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kgml.artifacts import MANIFEST
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.progress import track, warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

DEFAULT = GraphConfig()


def load_graph(
    paths: Sequence[str | Path] | str | Path, config: GraphConfig = DEFAULT
) -> KnowledgeGraph:
    """Read ontology files of any format into one graph.

    Imports that no file provides are warned of and listed in ``graph.findings``. Circles of is-a
    and contradictions are not looked for, which takes time: `kgml.kg.build.check` does that, and so
    do `kgml.kg.build.build_graph` and `kgml.kg.stats.graph_stats`.

    Args:
        paths: files, folders (read recursively), globs, or names of shipped ontologies; whatever
            they hold is merged by IRI.
        config: language and limits.

    Raises:
        OntologyError: a file is missing, empty, truncated, malformed, unsafe or too large.
    """
    # imported here so that importing this module costs nothing
    from kgml.kg.reading import Reading
    from kgml.kg.sources.find import find

    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise OntologyError("no ontology given. Name a file, a folder or a pattern.")
    sources, skipped = find(given, config.max_bytes)
    with _lean():
        reading = Reading(config)
        for source in track(sources, "Reading ontologies"):
            reading.read(source)
        reading.follow_imports([Path(path).expanduser() for path in given])
        graph = reading.graph(skipped)
    if not len(graph):
        raise _nothing(given, graph.report["obsolete"])
    _warn(graph, reading.collected.bad_iris())
    _warn_of_imports(reading.unresolved)
    _warn_of_prefixes(reading.collected.namespaces.left_out)
    return graph


def open_graph(given: str | Path, config: GraphConfig = DEFAULT) -> KnowledgeGraph:
    """A saved graph, or whatever ontologies ``given`` names: what every command takes as GRAPH.

    Raises:
        ArtifactError: a saved graph that is damaged, or a folder that kgml wrote of another kind.
        OntologyError: as `load_graph`.
    """
    from kgml.kg.graph import KnowledgeGraph

    path = Path(given)
    if (path / MANIFEST).is_file() or path.suffix == ".kg":
        return KnowledgeGraph.load(path)
    return load_graph(given, config)


@contextmanager
def _lean() -> Iterator[None]:
    """What a load wants of the process while it runs.

    Millions of small live objects and no cycles: the garbage collector would only walk them. And
    Arrow's own allocators keep what was freed; the system's gives it back, a third less at most.
    """
    import pyarrow as pa

    enabled, pool = gc.isenabled(), pa.default_memory_pool()
    gc.disable()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        if enabled:
            gc.enable()


def _warn(graph: KnowledgeGraph, bad_iris: int) -> None:
    unlabelled = graph.report["unlabelled"]
    if unlabelled:
        have = "has" if unlabelled == 1 else "have"
        warn(
            f"{unlabelled:,} of {_count(len(graph), 'entity', 'entities')} {have} no label; "
            "using the end of the IRI"
        )
    if bad_iris:
        hold = _count(bad_iris, "IRI holds", "IRIs hold")
        warn(f"{hold} characters an IRI may not, such as spaces; kept as written")
    relative = graph.count_iris("urn:kgml:/")
    if relative:
        have = _count(relative, "entity has a relative IRI", "entities have relative IRIs")
        warn(f"{have}; read as if under 'urn:kgml:/'")


def _warn_of_imports(unresolved: list[tuple[str, str, str]]) -> None:
    if not unresolved:
        return
    shown = "; ".join(f"{iri} (imported by {by}: {why})" for iri, by, why in unresolved[:3])
    more = ""
    if len(unresolved) > 3:
        more = (
            f"; and {len(unresolved) - 3:,} more, which 'kgml graph stats' and graph.findings list"
        )
    warn(
        f"{_count(len(unresolved), 'import was', 'imports were')} not read: {shown}{more}. "
        "What these ontologies define has no label here."
    )


def _warn_of_prefixes(left_out: int) -> None:
    if left_out:
        were = _count(left_out, "declaration of a prefix was", "declarations of prefixes were")
        warn(
            f"{were} left out: too many, too long, or no prefix of an IRI. Name what it stands for "
            "by the whole IRI"
        )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _nothing(given: Sequence[str | Path], obsolete: int) -> OntologyError:
    """An empty graph would link nothing, and quietly replace the graph in use."""
    left_out = f" that is not obsolete ({obsolete:,} are)" if obsolete else ""
    return OntologyError(
        f"{', '.join(map(str, given))}: no class, individual or concept found{left_out}; wanted "
        "at least one owl:Class, owl:NamedIndividual, skos:Concept or [Term]. "
        "Check that the file is whole and is the ontology you mean."
    )
