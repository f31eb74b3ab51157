"""The cells of a list of edges as nodes and texts; a cell that is wrong is named by its row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyoxigraph as ox

from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.parse import edgewords, emit

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ID = 10_000
"""Characters of a cell; more are a quote that is never closed, or a document in a wrong column."""
_UNUSED = ox.NamedNode(v.SUB_CLASS_OF)
Rows = npt.NDArray[np.bool_]
"""Which rows of a batch are meant, ``(rows,)``."""
Codes = npt.NDArray[np.int64]
"""For each row the number of its word in the column's dictionary, -1 for none; ``(rows,)``."""


class Cells:
    """What the cells of one file stand for; each word is made a node once."""

    def __init__(self, path: Path, base: str, called: dict[str, str]) -> None:
        self._path, self._base, self._called = path, base, called
        self._nodes: dict[str, ox.NamedNode] = {}

    def nodes(
        self, first: int, column: pa.DictionaryArray, role: str, rows: Rows
    ) -> tuple[list[ox.NamedNode], Codes]:
        """A node for each word that some of ``rows`` have, and the number of each row's word.

        Args:
            first: number of the batch's first row.
            column: of the batch, dictionary-encoded.
            role: of the column.
            rows: the others may be empty, or hold texts.

        Raises:
            OntologyError: an empty cell, one too long, or one that is no IRI.
        """
        self._check_filled(first, column, role, rows)
        codes, words = coded(column), column.dictionary.to_pylist()
        nodes = [_UNUSED] * len(words)  # Parquet may list what no row has
        chosen = np.flatnonzero(rows)
        used, at = np.unique(codes[chosen], return_index=True)
        for code, row in zip(used.tolist(), chosen[at].tolist(), strict=True):
            word = words[code]
            node = self._nodes.get(word)
            if node is None:
                node = self._nodes[word] = self._node(word.strip(), role, first + row)
            nodes[code] = node
        return nodes, codes

    def relations(
        self, first: int, column: pa.DictionaryArray, rows: Rows
    ) -> tuple[list[ox.NamedNode], Codes]:
        """As `nodes`, with what `kgml.kg.parse.edgewords` knows in its place."""
        nodes, codes = self.nodes(first, column, "relation", rows)
        known = [
            edgewords.relation(word or "", self._called["relation"])
            for word in column.dictionary.to_pylist()
        ]
        return [
            ox.NamedNode(iri) if iri else node for iri, node in zip(known, nodes, strict=True)
        ], codes

    def texts(
        self, first: int, column: pa.DictionaryArray, role: str, rows: Rows
    ) -> list[ox.Literal]:
        """The text in each of ``rows``.

        Raises:
            OntologyError: an empty cell, or one too long.
        """
        self._check_filled(first, column, role, rows)
        codes, words = coded(column), column.dictionary.to_pylist()
        chosen = np.flatnonzero(rows).tolist()
        for row in chosen:
            self._check_length(words[codes[row]], role, first + row)
        return [ox.Literal(words[codes[row]].strip()) for row in chosen]

    def _node(self, identifier: str, role: str, row: int) -> ox.NamedNode:
        self._check_length(identifier, role, row)
        try:
            return emit.named(emit.expanded(identifier, self._base))
        except ValueError as error:
            found = f"the {self._called[role]} '{identifier[:60]}'"
            raise self._bad(row, found, f"an IRI ({error})") from None

    def _check_filled(self, first: int, column: pa.DictionaryArray, role: str, rows: Rows) -> None:
        empty = blank(column) & rows
        if empty.any():
            raise self._bad(first + int(empty.argmax()), f"no {self._called[role]}", "one")

    def _check_length(self, cell: str, role: str, row: int) -> None:
        if len(cell) > MAX_ID:
            found = f"a {self._called[role]} of {len(cell):,} characters"
            raise self._bad(row, found, f"at most {MAX_ID:,}")

    def _bad(self, row: int, found: str, wanted: str) -> OntologyError:
        return OntologyError(
            f"{self._path}, row {row:,}: found {found}, wanted {wanted}. Correct the row."
        )


def coded(column: pa.DictionaryArray) -> Codes:
    """The number of each row's word."""
    import pyarrow as pa

    codes: Codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def blank(column: pa.DictionaryArray) -> Rows:
    """Which rows have nothing but blanks."""
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column.dictionary)
    empty = pc.fill_null(pc.equal(trimmed, ""), True).to_numpy(zero_copy_only=False)
    return np.isin(coded(column), [-1, *np.flatnonzero(empty)])
