"""Nearest entities to a vector: exact or approximate, one row or several for each entity."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kgml.artifacts import read_manifest, writing
from kgml.encoders.nearest.base import Floats, Integers, Mask, Nearest
from kgml.encoders.nearest.recall import NEAR, measure_recall
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.registry import resolve

KIND = "index"
VECTORS, ROWS = "vectors.faiss", "rows.safetensors"
FLAT_UP_TO = 200_000
"""Rows up to which every one is looked at: 14 ms a query on one core."""
SPARE = 16
GATHERED = 4_000_000
"""Candidate values scored at once."""


class Hits(NamedTuple):
    """What `EntityIndex.nearest` finds, best first: three arrays (n, k)."""

    scores: Floats
    entities: Integers
    rows: Integers


class _Scope(NamedTuple):
    """Which rows a search may find."""

    allowed: Mask | None
    """(r,), those that point somewhere; None for all."""
    size: int
    """How many they are."""
    last: Integers
    """One row of each entity that has only zero rows, by entity number."""
    entities: int
    """How many entities may be found."""


def choose(rows: int) -> str:
    """The kind of index for so many rows.

    >>> choose(20_000), choose(1_000_000)
    ('flat', 'hnsw')
    """
    return "flat" if rows <= FLAT_UP_TO else "hnsw"


class EntityIndex:
    """Vectors of entities, searched by inner product (cosine, for rows of length 1).

    Row i is entity i, unless ``owners`` says to whom each row belongs; an entity with several rows
    counts by its nearest. Equal scores come in the order of entity numbers, however many queries
    are asked together. A zero row (an entity without meaning) comes after all others.

    Attributes:
        owners: the entity of each row (r,).
        recall: share of the exact ten nearest rows that a search of this kind finds, measured on
            200 of its own rows when it was built; 1 where it is exact.
        graph_fingerprint: of the graph the entities are numbered by ("" if not known).
        encoder_fingerprint: of the encoder that made the vectors ("" if not known).
    """

    def __init__(
        self, nearest: Nearest, owners: Integers, live: Mask, zero: Mask, recall: float = 1.0,
        graph_fingerprint: str = "", encoder_fingerprint: str = "",
    ) -> None:  # fmt: skip
        self._nearest, self.owners, self._live, self._zero = nearest, owners, live, zero
        self.recall = recall
        self.graph_fingerprint = graph_fingerprint
        self.encoder_fingerprint = encoder_fingerprint

    @cached_property
    def _everything(self) -> _Scope:
        return self._scope(self._live)

    @classmethod
    def build(
        cls, vectors: NDArray[Any], owners: NDArray[Any] | None = None, *, kind: str | None = None,
        graph_fingerprint: str = "", encoder_fingerprint: str = "",
    ) -> Self:  # fmt: skip
        """Index ``vectors`` (r, d).

        Args:
            owners: the entity of each row (r,); None: row i is entity i.
            kind: a name of the registry's group ``index``; None: chosen by the number of rows.

        Raises:
            InputError: not two-dimensional, a value is NaN or infinite, or not an owner for each.
            UsageError: no such kind.
        """
        rows = _finite(vectors, "vectors of entities")
        numbers = _owners(np.arange(len(rows)) if owners is None else owners, len(rows))
        nearest: Nearest = resolve("index", kind or choose(len(rows))).build(rows)
        return cls(
            nearest, numbers, np.ones(len(rows), dtype=bool), _zero(rows),
            measure_recall(nearest, rows), graph_fingerprint, encoder_fingerprint,
        )  # fmt: skip

    def __len__(self) -> int:
        """How many entities have a row."""
        return self._everything.entities

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self._nearest.name

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return self._nearest.dimension

    # Searching

    def search(
        self, queries: NDArray[Any], k: int, only: Mask | None = None
    ) -> tuple[Floats, Integers]:
        """The ``k`` nearest entities of each query (n, d), best first.

        Args:
            only: True for each entity (by number) that may be found; None for all.

        Returns:
            Scores (n, k) float32 and entity numbers (n, k) int64; ``k`` is cut to the number of
            entities, so an empty index gives (n, 0) twice. Where an approximate search finds
            fewer, the last numbers are -1 and their scores -inf.

        Raises:
            InputError: another d, or a value is NaN or infinite.
            UsageError: ``k`` is below 1.
        """
        found = self.nearest(queries, k, only)
        return found.scores, found.entities

    def nearest(self, queries: NDArray[Any], k: int, only: Mask | None = None) -> Hits:
        """As `search`, with the row of each entity that was nearest."""
        if k < 1:
            raise UsageError(f"k = {k}: wanted at least 1.")
        rows = _finite(queries, "queries")
        if rows.shape[1] != self.dimension:
            raise InputError(
                f"queries of length {rows.shape[1]}; the index holds vectors of length "
                f"{self.dimension}. Use the encoder that the index was built with."
            )
        scope = self._everything if only is None else self._scope(only[self.owners] & self._live)
        k = min(k, scope.entities)
        hits = Hits(
            np.full((len(rows), k), -np.inf, np.float32),
            np.full((len(rows), k), -1, np.int64),
            np.full((len(rows), k), -1, np.int64),
        )
        if scope.size and k:
            self._rank(rows, scope, k + SPARE, hits, np.arange(len(rows)))
        place = np.cumsum(hits.entities < 0, axis=1) - 1
        gaps = np.nonzero((hits.entities < 0) & (place < len(scope.last)))
        hits.rows[gaps] = scope.last[place[gaps]]
        hits.entities[gaps] = self.owners[hits.rows[gaps]]
        hits.scores[gaps] = 0
        return hits

    def _scope(self, live: Mask) -> _Scope:
        pointing = live & ~self._zero
        blank = np.flatnonzero(live & self._zero)
        owners, first = np.unique(self.owners[blank], return_index=True)
        last = blank[first[~np.isin(owners, self.owners[pointing])]]
        size = int(pointing.sum())
        return _Scope(None if size == len(live) else pointing, size, last,
                      len(np.unique(self.owners[pointing])) + len(last))  # fmt: skip

    def _rank(
        self, queries: Floats, scope: _Scope, fetch: int, hits: Hits, numbers: Integers
    ) -> None:
        """Fill ``hits`` at ``numbers`` from ``fetch`` candidates; where too few, from twice that."""
        k = hits.scores.shape[1]
        fetch = min(fetch, scope.size)
        again: list[int] = []
        step = max(1, GATHERED // (fetch * self.dimension))
        for start in range(0, len(numbers), step):
            part = numbers[start : start + step]
            rough, rows = self._nearest.search(queries[part], fetch, scope.allowed)
            scores = self._exactly(queries[part], rough, rows)
            for i, number in enumerate(part):
                best = self._best_rows(scores[i], rows[i], k)
                # FAISS leaves the order of ties open, also which of them it cuts off.
                cut = not self._nearest.exact or (
                    len(best) == k and scores[i][best[-1]] - rough[i, -1] > NEAR
                )
                if fetch < scope.size and not (len(best) == k and cut) and rows[i, -1] >= 0:
                    again.append(int(number))
                    continue
                hits.scores[number, : len(best)] = scores[i][best]
                hits.rows[number, : len(best)] = rows[i][best]
                hits.entities[number, : len(best)] = self.owners[rows[i][best]]
        if again:
            self._rank(queries, scope, 2 * fetch, hits, np.array(again))

    def _exactly(self, queries: Floats, rough: Floats, rows: Integers) -> Floats:
        """Scores of candidate ``rows`` (m, f): one sum whatever FAISS or a product summed."""
        known = self._nearest.rows()
        if known is None:
            return rough
        exact: Floats = np.einsum("mfd,md->mf", known[rows], queries)
        return np.where(rows < 0, np.float32(-np.inf), exact)

    def _best_rows(self, scores: Floats, rows: Integers, k: int) -> Integers:
        """Places in ``rows`` (f,) of the best row of each of the ``k`` best entities."""
        owners = np.where(rows < 0, -1, self.owners[rows])
        order = np.lexsort((rows, owners, -scores))
        order = order[rows[order] >= 0]
        first = np.sort(np.unique(owners[order], return_index=True)[1])[:k]
        return order[first]

    # Changing

    def add(self, vectors: NDArray[Any], owners: NDArray[Any]) -> None:
        """Add rows (m, d) of the entities ``owners`` (m,), which may have rows already.

        Raises:
            InputError: as in `build`, or another d.
            UsageError: the index is mapped from a file.
        """
        rows = _finite(vectors, "vectors of entities")
        if rows.shape[1] != self.dimension:
            raise InputError(
                f"vectors of length {rows.shape[1]}; the index holds vectors of length "
                f"{self.dimension}. Use the encoder that the index was built with."
            )
        numbers = _owners(owners, len(rows))
        self._nearest.add(rows)
        self.owners = np.concatenate([self.owners, numbers])
        self._live = np.concatenate([self._live, np.ones(len(rows), dtype=bool)])
        self._zero = np.concatenate([self._zero, _zero(rows)])
        vars(self).pop("_everything", None)

    def remove(self, rows: NDArray[Any]) -> None:
        """Find these rows (numbers or mask) no more. Their memory is free after the next build."""
        live = self._live.copy()
        live[rows] = False
        self._live = live
        vars(self).pop("_everything", None)

    def renumber(self, numbers: NDArray[Any], graph_fingerprint: str) -> None:
        """Say which number each entity has in another graph; -1: it is gone, and its rows are."""
        self.owners = np.asarray(numbers, dtype=np.int64)[self.owners]
        gone = self.owners < 0
        self.owners = np.where(gone, 0, self.owners)
        self.remove(gone)
        self.graph_fingerprint = graph_fingerprint

    # Keeping

    def check(self, graph_fingerprint: str, encoder_fingerprint: str) -> None:
        """Refuse to be searched with what it was not made from.

        Raises:
            ArtifactError: it was made from another graph or by another encoder.
        """
        for what, own, given in (
            ("graph", self.graph_fingerprint, graph_fingerprint),
            ("encoder", self.encoder_fingerprint, encoder_fingerprint),
        ):
            if own != given:
                raise ArtifactError(
                    f"the index was made with another {what} (fingerprint {own[:12] or 'unknown'}, "
                    f"this {what} has {given[:12]}). Build it again, or use the {what} it was made "
                    "with."
                )

    def save(self, path: Path | str) -> None:
        """Write the artifact folder ``path`` (kind ``index``).

        Raises:
            ArtifactError: not writable, or something else is there.
        """
        made_from = {"graph": self.graph_fingerprint, "encoder": self.encoder_fingerprint}
        about = {"kind": self.kind, "rows": len(self.owners), "dimension": self.dimension,
                 "recall": round(self.recall, 4)}  # fmt: skip
        with writing(Path(path), KIND, made_from=made_from, summary=about) as folder:
            self._nearest.write(folder / VECTORS)
            columns = {"owners": self.owners, "live": self._live, "zero": self._zero}
            save_file({k: np.ascontiguousarray(v) for k, v in columns.items()}, folder / ROWS)

    @classmethod
    def load(cls, path: Path | str, *, mapped: bool = False, verify: bool = True) -> Self:
        """Read what `save` wrote.

        Args:
            mapped: leave the vectors on disk; pages of the file are read when a search needs them.
            verify: compare the sha256 of every file first, which reads them once. Without it a
                damaged file may end the process.

        Raises:
            ArtifactError: missing, damaged or of another kind.
        """
        path = Path(path)
        manifest = read_manifest(path, KIND, verify=verify)
        kind = resolve("index", str(manifest.summary.get("kind")))
        nearest = kind.read(path / VECTORS, mapped)
        try:
            columns = load_file(path / ROWS)
            owners, live, zero = (columns[name] for name in ("owners", "live", "zero"))
        except (OSError, SafetensorError, KeyError) as error:
            raise ArtifactError(
                f"{path / ROWS}: cannot be read ({error}). Make it again."
            ) from error
        if not len(owners) == len(live) == len(zero) == len(nearest):
            raise ArtifactError(f"{path}: its files are of different indexes. Make it again.")
        made_from = manifest.made_from
        return cls(
            nearest, owners, live, zero, float(manifest.summary.get("recall", 1.0)),
            made_from.get("graph", ""), made_from.get("encoder", ""),
        )  # fmt: skip


def _owners(owners: NDArray[Any], size: int) -> Integers:
    numbers = np.asarray(owners, dtype=np.int64)
    if numbers.shape != (size,) or (size and numbers.min() < 0):
        raise InputError(
            f"owners of shape {numbers.shape}: wanted the number of an entity for each of "
            f"{size:,} vectors."
        )
    return numbers


def _zero(rows: Floats) -> Mask:
    return np.logical_not(rows.any(axis=1))


def _finite(values: NDArray[Any], what: str) -> Floats:
    rows = np.ascontiguousarray(values, dtype=np.float32)
    if rows.ndim != 2:
        raise InputError(f"{what}: wanted two dimensions, found shape {rows.shape}.")
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise InputError(
            f"{what}: {len(wrong):,} of {len(rows):,} rows hold NaN or infinity, the first is row "
            f"{wrong[0]}. Encode them again."
        )
    return rows
