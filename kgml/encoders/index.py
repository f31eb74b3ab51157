"""Nearest entities to a vector: exact or approximate, one row or several for each entity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kgml.artifacts import read_manifest, writing
from kgml.encoders.nearest.base import Floats, Integers, Mask, Nearest
from kgml.encoders.nearest.checks import checked_mask, checked_numbers, checked_owners, checked_rows
from kgml.encoders.nearest.columns import Columns
from kgml.encoders.nearest.ranking import Hits, Ranking, Scope
from kgml.encoders.nearest.recall import measure_recall
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.registry import resolve

KIND = "index"
VECTORS, ROWS = "vectors.faiss", "rows.safetensors"
FLAT_UP_TO = 200_000
"""Rows up to which every one is looked at: 14 ms a query on one core."""


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
        columns: whose each row is, and of which text.
        graph_fingerprint: of the graph the entities are numbered by ("" if not known).
        encoder_fingerprint: of the encoder that made the vectors ("" if not known).
    """

    def __init__(
        self, nearest: Nearest, columns: Columns, recall: float | None = 1.0,
        graph_fingerprint: str = "", encoder_fingerprint: str = "",
    ) -> None:  # fmt: skip
        self._nearest, self.columns, self._recall = nearest, columns, recall
        self._changed = False
        self.graph_fingerprint = graph_fingerprint
        self.encoder_fingerprint = encoder_fingerprint

    @cached_property
    def _everything(self) -> Scope:
        return self._scope(self.columns.live)

    def _scope(self, live: Mask) -> Scope:
        return Scope.of(self.owners, live, self.columns.zero)

    @classmethod
    def build(
        cls, vectors: NDArray[Any], owners: NDArray[Any] | None = None, *, kind: str | None = None,
        texts: Sequence[str] | None = None, graph_fingerprint: str = "",
        encoder_fingerprint: str = "",
    ) -> Self:  # fmt: skip
        """Index ``vectors`` (r, d).

        Args:
            owners: the entity of each row (r,); None: row i is entity i.
            kind: a name of the registry's group ``index``; None: chosen by the number of rows.
            texts: what each row is the vector of, by which another release of the graph finds it.

        Raises:
            InputError: not two-dimensional, a value is NaN or infinite, or not an owner for each.
            UsageError: no such kind.
        """
        rows = checked_rows(vectors, "vectors of entities")
        numbers = checked_owners(np.arange(len(rows)) if owners is None else owners, len(rows))
        columns = Columns.of(rows, numbers, texts)
        nearest: Nearest = resolve("index", kind or choose(len(rows))).build(rows)
        return cls(
            nearest, columns, measure_recall(nearest, rows), graph_fingerprint, encoder_fingerprint
        )

    def __len__(self) -> int:
        """How many entities have a row."""
        return self._everything.entities

    @property
    def owners(self) -> Integers:
        """The entity of each row (r,)."""
        return self.columns.owners

    @property
    def recall(self) -> float | None:
        """Share of the exact ten nearest rows that a search of this kind finds; 1 where it is exact.

        Measured on 200 of its own rows when it is built, and again after a change where the rows
        are kept whole; None after a change of ``ivf-sq8``.
        """
        if self._changed:
            rows = self._nearest.rows()
            allowed = self.columns.live & ~self.columns.zero
            self._recall = None if rows is None else measure_recall(self._nearest, rows, allowed)
            self._changed = False
        return self._recall

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
            InputError: another d, a value is NaN or infinite, or ``only`` is too short.
            UsageError: ``k`` is below 1.
        """
        found = self.nearest(queries, k, only)
        return found.scores, found.entities

    def nearest(self, queries: NDArray[Any], k: int, only: Mask | None = None) -> Hits:
        """As `search`, with the row of each entity that was nearest."""
        if k < 1:
            raise UsageError(f"k = {k}: wanted at least 1.")
        rows = checked_rows(queries, "queries")
        if rows.shape[1] != self.dimension:
            raise InputError(
                f"queries of length {rows.shape[1]}; the index holds vectors of length "
                f"{self.dimension}. Use the encoder that the index was built with."
            )
        scope = self._everything
        if only is not None:
            most = int(self.owners.max(initial=-1)) + 1
            scope = self._scope(checked_mask(only, most)[self.owners] & self.columns.live)
        return Ranking(self._nearest, self.owners, self.columns.names, scope).rank(rows, k)

    # Changing

    def add(
        self, vectors: NDArray[Any], owners: NDArray[Any], texts: Sequence[str] | None = None
    ) -> None:
        """Add rows (m, d) of the entities ``owners`` (m,), which may have rows already.

        Raises:
            InputError: as in `build`, or another d.
            UsageError: the index is mapped from a file.
        """
        rows = checked_rows(vectors, "vectors of entities")
        if rows.shape[1] != self.dimension:
            raise InputError(
                f"vectors of length {rows.shape[1]}; the index holds vectors of length "
                f"{self.dimension}. Use the encoder that the index was built with."
            )
        numbers = checked_owners(owners, len(rows))
        more = Columns.of(rows, numbers, texts, len(self.columns))
        if len(rows):
            self._nearest.add(rows)
        self._change(self.columns.followed_by(more))

    def remove(self, rows: NDArray[Any]) -> None:
        """Find these rows (numbers or mask) no more. Their memory is free after the next build.

        Raises:
            InputError: no such row.
        """
        numbers = checked_numbers(rows, len(self.columns), "rows")
        self._change(self.columns.without(numbers))

    def remove_entities(self, entities: NDArray[Any]) -> None:
        """Find none of the rows of these entities (their numbers) any more.

        Raises:
            InputError: an entity has no row that is found.
        """
        there = self.owners[self.columns.live]
        numbers = checked_numbers(entities, int(there.max(initial=-1)) + 1, "entities")
        missing = np.setdiff1d(numbers, there)
        if len(missing):
            raise InputError(
                f"{len(missing):,} of {len(numbers):,} entities have no row, the first is "
                f"{missing[0]}."
            )
        self._change(self.columns.without(np.isin(self.owners, numbers)))

    def renumber(self, numbers: NDArray[Any], graph_fingerprint: str) -> None:
        """Say which number each entity has in another graph; -1: it is gone, and its rows are.

        Raises:
            InputError: not a number for each entity.
        """
        given = np.asarray(numbers)
        least = int(self.owners.max(initial=-1)) + 1
        if given.ndim != 1 or given.dtype.kind not in "iu" or len(given) < least:
            raise InputError(
                f"numbers: found {given.dtype} of shape {given.shape}; wanted the new number of "
                f"each of {least:,} entities, -1 for those that are gone."
            )
        owners = given.astype(np.int64)[self.owners]
        self.assign(np.where(self.columns.live, owners, -1), self.columns.names, graph_fingerprint)

    def assign(self, owners: NDArray[Any], names: NDArray[Any], graph_fingerprint: str) -> None:
        """Say anew whose each row is (r,), and which of the graph's names; -1: it is found no more.

        A row that was removed is found again if it gets an owner.

        Raises:
            InputError: not one for each row.
        """
        size = len(self.columns)
        new, of = np.asarray(owners, dtype=np.int64), np.asarray(names, dtype=np.int64)
        if not new.shape == of.shape == (size,):
            raise InputError(
                f"owners of shape {new.shape}, names of shape {of.shape}: wanted one for each of "
                f"{size:,} rows."
            )
        live = new >= 0
        self._change(replace(self.columns, owners=np.where(live, new, 0), live=live, names=of))
        self.graph_fingerprint = graph_fingerprint

    def _change(self, columns: Columns) -> None:
        self.columns, self._changed = columns, True
        vars(self).pop("_everything", None)

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
        recall = None if self.recall is None else round(self.recall, 4)
        about = {"kind": self.kind, "rows": len(self.columns), "dimension": self.dimension,
                 "recall": recall}  # fmt: skip
        with writing(Path(path), KIND, made_from=made_from, summary=about) as folder:
            self._nearest.write(folder / VECTORS)
            self.columns.save(folder / ROWS)

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
        columns = Columns.load(path / ROWS)
        if len(columns) != len(nearest):
            raise ArtifactError(f"{path}: its files are of different indexes. Make it again.")
        made_from, recall = manifest.made_from, manifest.summary.get("recall", 1.0)
        return cls(
            nearest, columns, None if recall is None else float(recall),
            made_from.get("graph", ""), made_from.get("encoder", ""),
        )  # fmt: skip
