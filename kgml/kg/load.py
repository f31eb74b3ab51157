"""Ontology files become one `KnowledgeGraph`: format by content, limits, merged by IRI."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kgml import artifacts
from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.progress import track, warn

if TYPE_CHECKING:
    from kgml.kg.collected import Collected
    from kgml.kg.find import Source
    from kgml.kg.graph import KnowledgeGraph
    from kgml.kg.rdf import Triples

DEFAULT = GraphConfig()


def load_graph(
    paths: Sequence[str | Path] | str | Path, config: GraphConfig = DEFAULT
) -> KnowledgeGraph:
    """Read Turtle, RDF/XML, N-Triples, JSON-LD and OBO files into one graph.

    Args:
        paths: files, folders (read recursively), globs, or names of shipped ontologies; whatever
            they hold is merged by IRI.
        config: language and limits.

    Raises:
        OntologyError: a file is missing, empty, truncated, malformed, unsafe or too large.
    """
    # imported here so that importing this module costs nothing
    from kgml.kg.assemble import assemble
    from kgml.kg.collected import Collected
    from kgml.kg.find import find
    from kgml.kg.projection import PROJECTIONS
    from kgml.kg.rdf import Triples
    from kgml.kg.words import read_words

    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise OntologyError("no ontology given. Name a file, a folder or a pattern.")
    sources, skipped = find(given, config.max_bytes)
    collected = Collected(config.language, config.max_literal)
    with _no_collection():
        triples = Triples(collected)
        for source in track(sources, "Reading ontologies"):
            _read(source, triples, collected, config.max_triples - collected.statements)
        PROJECTIONS["relations"](triples, collected)
        read_words(triples, collected)
        graph = assemble(collected, len(sources), skipped, _hashes(sources))
    if not len(graph):
        raise _nothing(given, graph.report["obsolete"])
    _warn(graph, collected.bad_iris)
    return graph


def _read(source: Source, triples: Triples, collected: Collected, limit: int) -> None:
    from kgml.kg import formats, safety
    from kgml.kg.obo import OboFile

    path = source.path
    try:
        if source.kind == formats.OBO:
            OboFile(path, source.name, collected, limit).read(source.skip)
            return
        if source.kind == formats.RDFXML:
            safety.check_xml(path)
        triples.read(path, source.name, source.kind, limit, source.skip)
    except SyntaxError as error:
        raise safety.explain(path, source.kind, error) from None
    except UnicodeDecodeError:
        raise safety.not_utf8(path, safety.invalid_utf8(path) or 0) from None
    except OSError as error:
        raise OntologyError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _hashes(sources: Sequence[Source]) -> dict[str, str]:
    """sha256 per file name; the second file of one name is called ``name (2)``."""
    hashes: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for source in sources:
        seen[source.name] += 1
        again = f" ({seen[source.name]})" if seen[source.name] > 1 else ""
        hashes[source.name + again] = artifacts.sha256(source.path)
    return hashes


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of small live objects and no cycles: the collector would only walk them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
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
    relative = sum(iri.startswith("urn:kgml:/") for iri in graph.iris)
    if relative:
        have = _count(relative, "entity has a relative IRI", "entities have relative IRIs")
        warn(f"{have}; read as if under 'urn:kgml:/'")


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
