"""What a search needs of a graph, built once and kept in the cache folder.

``search/<graph>-words<version>`` holds BM25's columns, ``search/<graph>-<encoder>-<kind>`` the index of
names, both keyed by fingerprints. They are an aid: what is damaged is built again, what cannot be
written is done without, each with one warning.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kgml.artifacts import MANIFEST
from kgml.encoders.cache import default_folder, most_bytes
from kgml.encoders.index import EntityIndex, choose
from kgml.errors import ArtifactError
from kgml.progress import note, warn
from kgml.search.bm25 import BM25, VERSION
from kgml.search.engine import GraphSearch, index_names
from kgml.search.names import documents, names_of

if TYPE_CHECKING:
    from kgml.encoders.text import TextEncoder
    from kgml.kg.graph import KnowledgeGraph

T = TypeVar("T")
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

    words = _kept(
        folder / f"{name}-words{VERSION}", read_words, count,
        lambda made, path: made.save(path, graph.fingerprint),
    )  # fmt: skip
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

    vectors = _kept(
        folder / f"{name}-{encoder.fingerprint[:16]}-{kind}", read_vectors, encode,
        lambda made, path: made.save(path),
    )  # fmt: skip
    return GraphSearch(graph, words, vectors, encoder)


def _check(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise ArtifactError(f"{path}: made from another graph ({found[:12]}).")


def _kept(
    path: Path, read: Callable[[Path], T], build: Callable[[], T],
    save: Callable[[T, Path], None],
) -> T:  # fmt: skip
    """What is at ``path``; if nothing sound is, what ``build`` gives, kept there."""
    if path.exists():
        try:
            found = read(path)
            with suppress(OSError):
                os.utime(path / MANIFEST)  # in use: the last to be thrown out
            return found
        except ArtifactError as error:
            warn(f"{error} It is built again.")
            shutil.rmtree(path, ignore_errors=True)
    made = build()
    try:
        save(made, path)
        shrink(path.parent, most_bytes(), keep=path)
    except (ArtifactError, OSError) as error:
        warn(f"{error} It will be built again at the next search.")
    return made


def shrink(folder: Path, limit: int, keep: Path) -> None:
    """Remove what was used longest ago until ``folder`` holds at most ``limit`` bytes."""
    sizes = {}
    for one in folder.iterdir():
        if (one / MANIFEST).is_file():
            files = [file.stat() for file in one.rglob("*") if file.is_file()]
            sizes[one] = (one / MANIFEST).stat().st_mtime, sum(file.st_size for file in files)
    total = sum(size for _, size in sizes.values())
    for one, (_, size) in sorted(sizes.items(), key=lambda row: row[1][0]):
        if total > limit and one != keep:
            shutil.rmtree(one, ignore_errors=True)
            total -= size
