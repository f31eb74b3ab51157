"""Triples as sorted numbers per predicate, for rules that join whole columns at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml.errors import OntologyError

Keys = NDArray[np.int64]
NEWLINE, SPACE, QUOTE, LESS, MORE, UNDERSCORE = b'\n "<>_'
BLOCK = 100_000
"""Lines per block written."""
END_AND_SEPARATOR = [pa.scalar(text, pa.large_binary()) for text in (b".\n", b" ")]


class TripleTable:
    """What N-Triples blocks say, and what rules `add` to it.

    A term is its N-Triples text and has a number below ``size``; a pair of subject and object is
    one number, ``subject * size + object``, so that sorted arrays are sets.
    """

    def __init__(self, blocks: Iterable[bytes], vocabulary: Iterable[str], limit: int) -> None:
        """``vocabulary``: IRIs that rules name; ``limit``: most triples added.

        Raises:
            OntologyError: a block is not canonical N-Triples.
        """
        self.limit, self.added = limit, 0
        names = [f"<{iri}>".encode() for iri in vocabulary]
        dictionaries, codes = [pa.array(names, pa.large_binary())], []
        for block in blocks:
            encoded = _terms(block).dictionary_encode()
            dictionaries.append(encoded.dictionary)
            codes.append(encoded.indices.to_numpy())
        whole = pa.chunked_array(dictionaries).dictionary_encode().combine_chunks()
        self.terms: pa.LargeBinaryArray = whole.dictionary
        self.size = len(self.terms)
        number = whole.indices.to_numpy().astype(np.int64)
        starts = np.cumsum([0, *map(len, dictionaries)])
        self._number = dict(zip(names, number[: len(names)].tolist(), strict=True))
        columns = [
            number[start:][local].reshape(-1, 6)[:, ::2]  # every second piece is what parts terms
            for start, local in zip(starts[1:-1], codes, strict=True)
        ]
        self.kind = _first_bytes(self.terms)
        """``(size,)`` uint8: the first byte of each term, by which IRI, blank node, literal differ."""
        self._stated = self._group(np.concatenate(columns) if columns else np.zeros((0, 3), int))
        self._derived: dict[int, Keys] = {}

    def _group(self, triples: NDArray[Any]) -> dict[int, Keys]:
        order = np.argsort(triples[:, 1], kind="stable")
        used, first = np.unique(triples[order, 1], return_index=True)
        keys = (triples[:, 0] * self.size + triples[:, 2])[order]
        bounds = [*first.tolist(), len(keys)]
        return {int(used[i]): np.unique(keys[bounds[i] : bounds[i + 1]]) for i in range(len(used))}

    def number(self, iri: str) -> int:
        """The number of an IRI of the vocabulary."""
        found: int = self._number[f"<{iri}>".encode()]
        return found

    @property
    def predicates(self) -> list[int]:
        """Numbers of the predicates in use, ascending."""
        return sorted({*self._stated, *self._derived})

    def keys(self, predicate: int) -> Keys:
        """Sorted pairs of ``predicate``, stated and derived."""
        none = np.zeros(0, dtype=np.int64)
        stated, derived = (t.get(predicate, none) for t in (self._stated, self._derived))
        return np.sort(np.concatenate([stated, derived]), kind="stable")

    def pairs(self, predicate: int) -> tuple[Keys, Keys]:
        """Subjects and objects of ``predicate``, sorted by subject."""
        subject, value = np.divmod(self.keys(predicate), max(self.size, 1))
        return subject, value

    def resources(self, numbers: Keys) -> NDArray[np.bool_]:
        """Whether each term is an IRI or a blank node: may be a subject."""
        kind: NDArray[np.bool_] = np.isin(self.kind[numbers], (LESS, UNDERSCORE))
        return kind

    def add(self, predicate: int, subject: Keys, value: Keys | int) -> None:
        """Add pairs that are not there yet; those with a literal as subject are left out.

        Raises:
            OntologyError: more than ``limit`` triples in all were added.
        """
        kept = self.resources(subject)
        keys = np.unique((subject * self.size + value)[kept])
        new = keys[~_within(keys, self.keys(predicate))]
        self.added += len(new)
        self.check(0)
        if len(new):
            old = self._derived.get(predicate, new[:0])
            self._derived[predicate] = np.sort(np.concatenate([old, new]), kind="stable")

    def check(self, more: int) -> None:
        """Refuse ``more`` triples than may still be added, before they take memory."""
        if self.added + more > self.limit:
            raise OntologyError(
                f"more than {self.limit:,} triples follow from these. "
                "Raise max_triples in [graph] of kgml.toml, or infer less with another 'reason'."
            )

    def reach(self, predicate: int, starts: Keys) -> tuple[Keys, Keys]:
        """Everything reached from each of ``starts`` by one or more steps, sorted by start."""
        edges = self.pairs(predicate)
        frontier = seen = np.zeros(0, dtype=np.int64)
        source = node = np.unique(starts)
        while len(source):
            source, node = follow(source, node, edges)
            frontier = np.unique(source * self.size + node)
            frontier = frontier[~_within(frontier, seen)]
            seen = np.sort(np.concatenate([seen, frontier]), kind="stable")
            self.check(len(seen))
            source, node = np.divmod(frontier, self.size)
        start, reached = np.divmod(seen, max(self.size, 1))
        return start, reached

    def new(self, useful: Any) -> Iterator[bytes]:
        """Blocks of the derived triples that are ``useful(predicate, subject, object)``, sorted."""
        parts = []
        for predicate, keys in self._derived.items():
            subject, value = np.divmod(keys, self.size)
            kept = np.asarray(useful(predicate, subject, value))
            parts.append(np.stack([subject, np.full_like(subject, predicate), value])[:, kept])
        if not parts:
            return
        triples = np.concatenate(parts, axis=1)
        used, codes = np.unique(triples, return_inverse=True)
        terms = self.terms.take(pa.array(used))
        rank = np.empty(len(used), dtype=np.int64)
        rank[_sorted(terms)] = np.arange(len(used))
        codes = codes.reshape(triples.shape)
        codes = codes[:, np.lexsort(rank[codes][::-1])]
        for start in range(0, codes.shape[1], BLOCK):
            part = (terms.take(pa.array(row)) for row in codes[:, start : start + BLOCK])
            lines = pc.binary_join_element_wise(*part, *END_AND_SEPARATOR)
            yield b"".join(lines.to_pylist())


def follow(source: Keys, node: Keys, edges: tuple[Keys, Keys]) -> tuple[Keys, Keys]:
    """Join ``node`` with the first column of ``edges``, which is sorted: (source, second) pairs."""
    first, second = edges
    low, high = (np.searchsorted(first, node, side) for side in ("left", "right"))
    times = high - low
    rows = np.arange(times.sum()) + np.repeat(low - np.cumsum(times) + times, times)
    return np.repeat(source, times), second[rows]


def _within(keys: Keys, known: Keys) -> NDArray[np.bool_]:
    """Whether each of ``keys`` is in ``known``, which is sorted."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: NDArray[np.bool_] = known[place] == keys
    return found


def _sorted(terms: pa.LargeBinaryArray) -> NDArray[Any]:
    order: NDArray[Any] = pc.array_sort_indices(terms).to_numpy()
    return order


def _first_bytes(terms: pa.LargeBinaryArray) -> NDArray[np.uint8]:
    offsets = np.frombuffer(terms.buffers()[1], dtype=np.int64)[: len(terms)]
    data: NDArray[np.uint8] = np.frombuffer(terms.buffers()[2], dtype=np.uint8)
    return data[offsets]


def _terms(block: bytes) -> pa.LargeBinaryArray:
    """Six pieces per line: subject, space, predicate, space, object, end of statement.

    An IRI ends at the first ``> ``, since read leniently it may hold spaces.
    """
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    spaces = np.flatnonzero(data == SPACE)
    closing = spaces[data[spaces - 1] == MORE]
    if not len(closing):
        raise _not_canonical(block)
    blank = data[starts] == UNDERSCORE
    one = np.where(blank, _next(spaces, starts), _next(closing, starts))
    two = _next(closing, one + 1)
    value = data[np.minimum(two + 1, len(data) - 1)]
    if (
        np.any(two + 3 > ends)
        or np.any(data[one + 1] != LESS)
        or not np.isin(value, (LESS, UNDERSCORE, QUOTE)).all()
        or not np.isin(data[starts], (LESS, UNDERSCORE)).all()
    ):
        raise _not_canonical(block)
    bounds = np.stack([starts, one, one + 1, two, two + 1, ends - 2], axis=1).ravel()
    bounds = np.append(bounds, len(block)).astype(np.int64)
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(block)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(bounds) - 1, buffers)


def _next(places: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """The first of ``places`` at or after each of ``after``; the last where there is none."""
    found: NDArray[Any] = places[np.minimum(np.searchsorted(places, after), len(places) - 1)]
    return found


def _not_canonical(block: bytes) -> OntologyError:
    return OntologyError(
        "a statement over several lines, or an IRI with a line break, near "
        f"'{block[:80].decode(errors='replace')}'. Correct it, or export the file again."
    )
