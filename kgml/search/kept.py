"""What a search needs of a graph, built once and kept in the cache folder.

``search/<graph>-words<version>`` holds BM25's columns, ``search/<graph>-<encoder>-<kind>`` the index of
names, both keyed by fingerprints. Neither drives out the other: what has no place beside the words
is not kept. ``checked`` beside ``search`` records which files were hashed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kgml.encoders import index
from kgml.encoders.cache import default_folder
from kgml.encoders.index import EntityIndex, choose
from kgml.encoders.kept import kept
from kgml.encoders.unchanged import verify
from kgml.errors import ArtifactError
from kgml.progress import note
from kgml.search import bm25
from kgml.search.bm25 import BM25, VERSION
from kgml.search.engine import GraphSearch, index_names
from kgml.search.names import Names, documents, names_of
from kgml.search.release import carry_over, nearest_release

if TYPE_CHECKING:
    from kgml.encoders.text import TextEncoder
    from kgml.kg.graph import KnowledgeGraph

MANY = 50_000
"""Names from which it is said how long encoding them will take, at `PER_MINUTE`."""
PER_MINUTE = 30_000


def open_search(
    graph: KnowledgeGraph, encoder: TextEncoder | None = None, kind: str | None = None,
    cache: Path | None = None, mapped: bool = False,
) -> GraphSearch:  # fmt: skip
    """A `GraphSearch` from the cache folder, built and kept there if it is not in it.

    Where an index of an earlier release is kept, of the same encoder and kind and with most of the
    names, it is brought up to date instead: only names that are new are encoded and added.

    >>> from tempfile import TemporaryDirectory
    >>> from kgml import load_graph, open_search
    >>> from kgml.resources import ontology
    >>> with TemporaryDirectory() as cache:
    ...     search = open_search(load_graph(ontology("bio")), cache=Path(cache))
    >>> [hit.form for hit in search.search("heart attack", 1, method="bm25")]
    ['heart attack']

    Args:
        encoder: None: words alone, nothing is encoded.
        kind: of the index; None: by the number of names.
        cache: None: ``$KGML_CACHE`` or the user's cache folder.
        mapped: leave the vectors that are kept on disk; `GraphSearch.update` is refused then.
    """
    cache = default_folder() if cache is None else cache
    folder, records = cache / "search", cache / "checked"
    name, names = graph.fingerprint[:16], names_of(graph)

    def count() -> BM25:
        return BM25.build(documents(graph, names))

    def read_words(path: Path) -> BM25:
        verify(path, bm25.KIND, records)
        made, of = BM25.load(path, verify=False)
        _check(path, of, graph.fingerprint)
        return made

    at = folder / f"{name}-words{VERSION}"
    words = kept(at, read_words, count, lambda made, path: made.save(path, graph.fingerprint))
    if encoder is None:
        return GraphSearch(graph, words)
    kind = kind or choose(len(names))

    def encode() -> EntityIndex:
        made = _updated(folder, ending, graph, names, encoder)
        if made is not None:
            return made
        if len(names) > MANY and not encoder.is_static:
            note(
                f"{len(names):,} names are encoded once, which may take "
                f"{len(names) // PER_MINUTE + 1} minutes; what is done is kept if you stop it. "
                "'--method bm25' searches words alone."
            )
        made = index_names(graph, names, encoder, kind)
        note(f"{made.kind} index of {len(names):,} names: {_recall(made)}")
        return made

    def read_vectors(path: Path) -> EntityIndex:
        verify(path, index.KIND, records)
        made = EntityIndex.load(path, mapped=mapped, verify=False)
        made.check(graph.fingerprint, encoder.fingerprint)
        return made

    ending = f"-{encoder.fingerprint[:16]}-{kind}"
    vectors = kept(
        folder / f"{name}{ending}", read_vectors, encode,
        lambda made, path: made.save(path), beside=[at],
    )  # fmt: skip
    return GraphSearch(graph, words, vectors, encoder)


def _updated(
    folder: Path, ending: str, graph: KnowledgeGraph, names: Names, encoder: TextEncoder
) -> EntityIndex | None:
    """The index of another release in ``folder``, brought up to date; None: there is no such one."""
    path = nearest_release(folder, ending, names)
    if path is None:
        return None
    try:
        made = EntityIndex.load(path)
        made.check(made.graph_fingerprint, encoder.fingerprint)
    except (ArtifactError, OSError):  # damaged, or thrown out by another process
        return None
    changes = carry_over(made, graph, names, encoder)
    note(
        f"{made.kind} index of {len(names):,} names, from that of another release: "
        f"{changes.added:,} added, {changes.removed:,} removed; {_recall(made)}"
    )
    return made


def _recall(made: EntityIndex) -> str:
    return "recall@10 not measured" if made.recall is None else f"recall@10 {made.recall:.3f}"


def _check(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise ArtifactError(f"{path}: made from another graph ({found[:12]}).")
