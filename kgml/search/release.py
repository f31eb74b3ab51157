"""An index of one release of a graph becomes that of another: a vector is its text's, whose ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kgml.artifacts import read_manifest
from kgml.encoders.index import KIND, ROWS, EntityIndex
from kgml.encoders.nearest.columns import Keys, keys_of, read_keys
from kgml.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from kgml.encoders.text import TextEncoder
    from kgml.kg.graph import KnowledgeGraph
    from kgml.search.names import Names

ENCODING = "Encoding names"
MOST = 0.5
"""Share of names, and of rows, that two releases have in common at least: with more rows that are
found no more, an index is slower and finds less than one built anew."""


class Changes(NamedTuple):
    """What an update did: how many names are new, and how many rows are found no more."""

    added: int
    removed: int


def carry_over(
    index: EntityIndex, graph: KnowledgeGraph, names: Names, encoder: TextEncoder
) -> Changes:
    """Make ``index`` that of ``graph``: only texts that no row of it has are encoded.

    A name takes a row of its text, one that was removed before too; rows that no name takes are
    found no more.

    Raises:
        InputError: the index does not know the texts of its rows.
        UsageError: it is mapped from a file.
    """
    if index.columns.keys is None:
        raise InputError(
            "the index does not know the texts of its rows. Build it with texts=, or with "
            "GraphSearch.build."
        )
    live = int(index.columns.live.sum())
    rows: dict[bytes, list[int]] = {}
    for row in range(len(index.columns) - 1, -1, -1):  # so that the first is taken first
        rows.setdefault(index.columns.keys[row].tobytes(), []).append(row)
    taken = np.full(len(index.columns), -1, dtype=np.int64)
    added = []
    for name, key in enumerate(keys_of(names.text)):
        free = rows.get(key.tobytes())
        if free:
            taken[free.pop()] = name
        else:
            added.append(name)
    texts = [names.text[name] for name in added]
    index.add(encoder.encode(texts, description=ENCODING), names.entity[added], texts)
    taken = np.concatenate([taken, np.array(added, dtype=np.int64)])
    owners = np.where(taken < 0, -1, names.entity[taken])
    index.assign(owners, taken, graph.fingerprint)
    return Changes(len(added), live + len(added) - len(names))


def nearest_release(folder: Path, ending: str, names: Names) -> Path | None:
    """The index in ``folder``, of those so ``ending``, with most of the names; None: none has most."""
    own = _words(keys_of(names.text))
    best, most = None, (0, 0)
    for path in sorted(folder.glob(f"*{ending}")):
        try:
            rows = int(read_manifest(path, KIND, verify=False).summary["rows"])
        except (ArtifactError, OSError, KeyError, TypeError, ValueError):
            continue
        larger = max(rows, len(own))
        if min(rows, len(own)) <= MOST * larger:
            continue
        keys = read_keys(path / ROWS)
        shared = 0 if keys is None else int(np.isin(own, _words(keys)).sum())
        if shared > MOST * larger and (shared, -rows) > most:
            best, most = path, (shared, -rows)
    return best


def _words(keys: Keys) -> NDArray[np.uint64]:
    """The first half of each key: enough to count by."""
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)
