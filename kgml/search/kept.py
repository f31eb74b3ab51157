"""What a search needs of a graph, built once and kept in the cache folder.

``search/<graph>-words<version>`` holds BM25's columns, ``search/<graph>-<encoder>-<kind>`` the index of
names, both keyed by fingerprints. Neither drives out the other: what has no place beside the words
is not kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kgml.encoders.cache import default_folder
from kgml.encoders.index import EntityIndex, choose
from kgml.encoders.kept import kept
from kgml.errors import ArtifactError
from kgml.progress import note
from kgml.search.bm25 import BM25, VERSION
from kgml.search.engine import GraphSearch, index_names
from kgml.search.names import documents, names_of

if TYPE_CHECKING:
    from kgml.encoders.text import TextEncoder
    from kgml.kg.graph import KnowledgeGraph

MANY = 50_000
"""Names from which it is said how long encoding them will take, at `PER_MINUTE`."""
PER_MINUTE = 30_000


def open_search(
    graph: KnowledgeGraph, encoder: TextEncoder | None = None, kind: str | None = None,
    cache: Path | None = None,
) -> GraphSearch:  # fmt: skip
    """A `GraphSearch` from the cache folder, built and kept there if it is not in it.

    Args:
        encoder: None: words alone, nothing is encoded.
        kind: of the index; None: by the number of names.
        cache: None: ``$KGML_CACHE`` or the user's cache folder.
    """
    folder = (default_folder() if cache is None else cache) / "search"
    name, names = graph.fingerprint[:16], names_of(graph)

    def count() -> BM25:
        return BM25.build(documents(graph, names))

    def read_words(path: Path) -> BM25:
        made, of = BM25.load(path)
        _check(path, of, graph.fingerprint)
        return made

    at = folder / f"{name}-words{VERSION}"
    words = kept(at, read_words, count, lambda made, path: made.save(path, graph.fingerprint))
    if encoder is None:
        return GraphSearch(graph, words)
    kind = kind or choose(len(names))

    def encode() -> EntityIndex:
        if len(names) > MANY:
            note(
                f"{len(names):,} names are encoded once, which may take "
                f"{len(names) // PER_MINUTE + 1} minutes; what is done is kept if you stop it. "
                "'--method bm25' searches words alone."
            )
        made = index_names(graph, names, encoder, kind)
        note(f"{made.kind} index of {len(names):,} names: recall@10 {made.recall:.3f}")
        return made

    def read_vectors(path: Path) -> EntityIndex:
        made = EntityIndex.load(path)
        made.check(graph.fingerprint, encoder.fingerprint)
        return made

    vectors = kept(
        folder / f"{name}-{encoder.fingerprint[:16]}-{kind}", read_vectors, encode,
        lambda made, path: made.save(path), beside=[at],
    )  # fmt: skip
    return GraphSearch(graph, words, vectors, encoder)


def _check(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise ArtifactError(f"{path}: made from another graph ({found[:12]}).")
