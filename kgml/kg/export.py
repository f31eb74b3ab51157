"""A graph written for other programs: GraphML, Parquet, Turtle, N-Triples, CSV.

The same graph gives the same bytes. Whatever was at the path is replaced when all is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kgml import artifacts
from kgml.errors import ArtifactError, UsageError, one_of
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

ENDINGS = {".graphml": "graphml", ".parquet": "parquet", ".ttl": "turtle", ".nt": "ntriples",
           ".csv": "csv"}  # fmt: skip
KIND = "tables"
"""Of the artifact that a folder of Parquet files is."""


def export(graph: KnowledgeGraph, path: Path | str, format: str | None = None) -> Path:
    """Write ``graph`` to ``path``.

    Args:
        format: None goes by the ending of ``path``.
            ``graphml``: nodes with iri, id, label, kind, definition; edges with relation (IRI) and
            label. What XML cannot hold becomes U+FFFD, counted.
            ``parquet``: a folder with ``entities.parquet``, ``forms.parquet``, ``notes.parquet``,
            ``edges.parquet`` (`kgml.kg.tables`) and a manifest; the edges alone where ``path`` ends
            in ``.parquet``.
            ``turtle``, ``ntriples``: the statements of `kgml.kg.rdfview.statements`; `kgml.load_graph`
            reads them to the same graph. What an IRI may not hold is percent-encoded, counted.
            ``csv``: the edges with a header, UTF-8.

    Returns:
        What was written.

    Raises:
        UsageError: the format is unknown.
        ArtifactError: not writable; what was there before is unchanged.
    """
    path = Path(path)
    _WRITERS[format_of(path, format)](graph, path)
    return path


def format_of(path: Path, format: str | None = None) -> str:
    """The format asked for, or that of the ending of ``path``.

    Raises:
        UsageError: unknown.
    """
    found = format or ENDINGS.get(path.suffix.lower())
    if found is None:
        raise UsageError(f"{path}: no format ends in '{path.suffix}'; wanted {', '.join(ENDINGS)}, or "
                         "name one with --format (format=).")  # fmt: skip
    if found not in _WRITERS:
        raise UsageError(f"no format named '{found}'; {one_of(_WRITERS, found)}")
    return found


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside ``path`` to write to; at the end it takes its place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ArtifactError(
            f"{path}: could not be written ({error.strerror or error}); what was there before is "
            "unchanged. Check the folder or choose another -o."
        ) from error
    finally:
        if temporary.is_file():
            temporary.unlink()


def _ntriples(graph: KnowledgeGraph, path: Path) -> None:
    from kgml.kg.rdfview.ntriples import ntriples

    _count_bad_iris(graph)
    with _replacing(path) as stream:
        for block in ntriples(graph, encode=True):
            stream.write(block)


def _turtle(graph: KnowledgeGraph, path: Path) -> None:
    import pyoxigraph as ox

    from kgml.kg.rdfview.ntriples import ntriples
    from kgml.kg.rdfview.statements import prefixes

    _count_bad_iris(graph)
    written = {space: name for name, space in reversed(prefixes(graph).items())}
    triples = (
        quad.triple
        for block in ntriples(graph, encode=True)
        for quad in ox.parse(block, ox.RdfFormat.N_TRIPLES, lenient=True)
    )
    with _replacing(path) as stream:
        ox.serialize(
            triples, stream, ox.RdfFormat.TURTLE, prefixes={n: s for s, n in written.items()}
        )


def _count_bad_iris(graph: KnowledgeGraph) -> None:
    from kgml.kg.rdfview.statements import may_not_be_iri

    found = sum(map(may_not_be_iri, [*graph.iris, *graph.relation_iris]))
    if found:
        hold = "IRI holds" if found == 1 else "IRIs hold"
        warn(f"{found:,} {hold} characters an IRI may not; percent-encoded")


def _csv(graph: KnowledgeGraph, path: Path) -> None:
    from pyarrow import csv

    from kgml.kg.tables import edge_blocks

    blocks = edge_blocks(graph)
    first = next(blocks)
    with _replacing(path) as stream, csv.CSVWriter(stream, first.schema) as writer:
        for block in (first, *blocks):
            writer.write_table(block)


def _parquet(graph: KnowledgeGraph, path: Path) -> None:
    from kgml.kg import tables

    if path.suffix.lower() == ".parquet":
        with _replacing(path) as stream:
            _write_blocks(stream, tables.edge_blocks(graph))
        return
    made_from = {"graph": graph.fingerprint}
    with artifacts.writing(path, KIND, made_from=made_from) as folder:
        parts = {"entities": iter([tables.entities(graph)]), "forms": iter([tables.forms(graph)]),
                 "notes": iter([tables.notes(graph)]), "edges": tables.edge_blocks(graph)}  # fmt: skip
        for name, blocks in parts.items():
            with (folder / f"{name}.parquet").open("wb") as stream:
                _write_blocks(stream, blocks)


def _write_blocks(stream: IO[bytes], blocks: Iterator[Any]) -> None:
    from pyarrow import parquet

    first = next(blocks)
    with parquet.ParquetWriter(stream, first.schema, compression="zstd") as writer:
        for block in (first, *blocks):
            writer.write_table(block)


def _graphml(graph: KnowledgeGraph, path: Path) -> None:
    from kgml.kg.graphml import write_graphml

    with _replacing(path) as stream:
        write_graphml(graph, stream)


_WRITERS: dict[str, Callable[[KnowledgeGraph, Path], None]] = {
    "graphml": _graphml, "parquet": _parquet, "turtle": _turtle, "ntriples": _ntriples, "csv": _csv,
}  # fmt: skip
