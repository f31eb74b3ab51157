"""Nearest entities to a vector: exact or approximate, one row or several for each entity."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kgml.artifacts import read_manifest, writing
from kgml.encoders.nearest.base import Floats, Integers, Mask, Nearest
from kgml.encoders.nearest.checks import checked_owners, checked_rows, zero_rows
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
    def _everything(self) -> Scope:
        return self._scope(self._live)

    def _scope(self, live: Mask) -> Scope:
        return Scope.of(self.owners, live, self._zero)

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
        rows = checked_rows(vectors, "vectors of entities")
        numbers = checked_owners(np.arange(len(rows)) if owners is None else owners, len(rows))
        nearest: Nearest = resolve("index", kind or choose(len(rows))).build(rows)
        return cls(
            nearest, numbers, np.ones(len(rows), dtype=bool), zero_rows(rows),
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
        rows = checked_rows(queries, "queries")
        if rows.shape[1] != self.dimension:
            raise InputError(
                f"queries of length {rows.shape[1]}; the index holds vectors of length "
                f"{self.dimension}. Use the encoder that the index was built with."
            )
        scope = self._everything if only is None else self._scope(only[self.owners] & self._live)
        return Ranking(self._nearest, self.owners, scope).rank(rows, k)

    # Changing

    def add(self, vectors: NDArray[Any], owners: NDArray[Any]) -> None:
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
        self._nearest.add(rows)
        self.owners = np.concatenate([self.owners, numbers])
        self._live = np.concatenate([self._live, np.ones(len(rows), dtype=bool)])
        self._zero = np.concatenate([self._zero, zero_rows(rows)])
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
