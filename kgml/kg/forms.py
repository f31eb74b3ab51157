"""Which of an entity's texts is its label, which are synonyms, which one is its definition, and
which are notes.

Language: the nearest to the wanted one (`kgml.kg.languages`), of equally near ones in the order of
the tags. Whole columns are sorted; Python sees only what is tied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml.kg import store
from kgml.kg import vocabulary as v
from kgml.kg.arrow import column, strings, values
from kgml.kg.collected import Collected, WordColumns
from kgml.kg.languages import FOREIGN, distance

Ints = NDArray[np.int64]
_SPACE, _PRINTABLE = np.uint8(32), np.uint8(95)
"""The first printable character of ASCII, and how many there are."""
COMPARED = 32
"""Bytes of texts that are compared as numbers."""
_PRECEDENCE = np.array([v.PRECEDENCE[scope] for scope in v.Scope])


@dataclass(frozen=True)
class Rows:
    """(k,) each: entity, rank (or scope), language number, text; clean, of entities alone."""

    entity: Ints
    rank: Ints
    language: Ints
    text: pa.Array

    def take(self, rows: Ints) -> Rows:
        """Some rows, in their order."""
        text = self.text.take(column(rows))
        return Rows(self.entity[rows], self.rank[rows], self.language[rows], text)

    def and_also(self, other: Rows) -> Rows:
        """These rows, then the others."""
        return Rows(
            np.concatenate([self.entity, other.entity]), np.concatenate([self.rank, other.rank]),
            np.concatenate([self.language, other.language]),
            pa.concat_arrays([self.text, other.text]),
        )  # fmt: skip


class Lexicon:
    """The words of ``size`` entities.

    Args:
        number: entity per interned number, negative for none.
        labels_only: leave synonyms and definitions alone and count nothing.
    """

    def __init__(
        self, collected: Collected, number: Ints, size: int, *, labels_only: bool = False
    ) -> None:
        self._collected, self._number, self._size = collected, number, size
        self._far = np.array(
            [distance(tag, collected.language) for tag in collected.languages], dtype=np.int64
        )
        self._order = np.argsort(np.argsort(np.array(list(collected.languages), dtype=str)))
        labels = self._rows(collected.labels, collected.label_columns)
        self._best, others = self._choose(labels)
        self._labels = labels.take(self._best)
        self.has_label = np.zeros(size, dtype=bool)
        self.has_label[self._labels.entity] = True
        self.labelled = len(self._best)
        self.defined = 0
        if not labels_only:
            self._definitions = self._defined()
            self.defined = len(self._definitions.entity)
            self._synonyms = [
                labels.take(others), self._rows(collected.synonyms, collected.synonym_columns)
            ]  # fmt: skip

    def labels(self, otherwise: Callable[[int], str]) -> pa.Array:
        """Label per entity, (size,); ``otherwise(entity)`` where there is none."""
        chosen = self._spread(self._labels)
        if self.labelled == self._size:
            return chosen
        missing = [otherwise(int(i)) for i in np.flatnonzero(~self.has_label)]
        mask = column(~self.has_label)
        return pc.replace_with_mask(chosen, mask, strings(missing))

    def _defined(self) -> Rows:
        """The best definition of each entity; of those without any, the best comment."""
        collected = self._collected
        found = self._rows(collected.definitions, collected.definition_columns)
        found = found.take(self._choose(found)[0])
        comments = self._rows(collected.comments, collected.comment_columns)
        best = self._choose(comments)[0]
        defined = np.zeros(self._size, dtype=bool)
        defined[found.entity] = True
        serving = best[~defined[comments.entity[best]]]
        others = np.ones(len(comments.entity), dtype=bool)
        others[serving] = False
        self._comments = comments.take(np.flatnonzero(others))
        return found.and_also(comments.take(serving))

    def notes(self) -> pa.Table:
        """Comments that are no definition, and cross-references; each text of an entity and kind
        once, sorted by entity, kind, text."""
        collected = self._collected
        foreign = self._foreign(self._comments.entity, self._comments.language)
        comments = self._comments.take(np.flatnonzero(~foreign))
        rows = comments.and_also(self._rows(collected.xref_texts, collected.xref_columns))
        kind = np.full(len(rows.entity), v.Note.XREF, dtype=np.int64)
        kind[: len(comments.entity)] = v.Note.COMMENT
        order, same = sorted_rows([], [kind, rows.entity], rows.text)
        order = order[~same]
        columns = [
            column(rows.entity[order].astype(np.int32)),
            column(kind[order].astype(np.int8)),
            rows.text.take(column(order)),
        ]
        return pa.Table.from_arrays(columns, schema=store.NOTES)

    def definitions(self) -> pa.Array:
        """Definition per entity or null, (size,)."""
        return self._spread(self._definitions)

    def _spread(self, rows: Rows) -> pa.Array:
        place = np.full(self._size, -1, dtype=np.int64)
        place[rows.entity] = np.arange(len(rows.entity))
        return rows.text.take(column(place, place < 0))

    def forms(self) -> pa.Table:
        """Labels and synonyms, each text of an entity once, sorted by entity, scope, text."""
        others, synonyms = self._synonyms
        parts = [
            (self._labels, np.full(self.labelled, v.Scope.LABEL)),
            (others, np.full(len(others.entity), v.Scope.EXACT)),
            (synonyms, synonyms.rank),
        ]
        entity = np.concatenate([rows.entity for rows, _ in parts])
        tongue = np.concatenate([rows.language for rows, _ in parts])
        scope = np.concatenate([scopes for _, scopes in parts])
        text = pa.concat_arrays([rows.text for rows, _ in parts])
        foreign = self._foreign(entity, tongue)
        rows = np.flatnonzero(~foreign)
        kept = text if len(rows) == len(text) else text.take(column(rows))
        by_text, same = sorted_rows([_PRECEDENCE[scope[rows]]], [entity[rows]], kept)
        rows = rows[by_text[~same]]  # by entity, then text, the scope that says most alone
        rows = rows[np.lexsort((scope[rows], entity[rows]))]
        columns = [
            column(entity[rows].astype(np.int32)),
            column(scope[rows].astype(np.int8)),
            text.take(column(rows)),
        ]
        return pa.Table.from_arrays(columns, schema=store.FORMS)

    def _foreign(self, entity: Ints, tongue: Ints) -> NDArray[np.bool_]:
        """Which texts are in another language than the wanted one and than the label; counted."""
        language = np.full(self._size, -1, dtype=np.int64)
        language[self._labels.entity] = self._labels.language
        foreign: NDArray[np.bool_] = self._far[tongue] == FOREIGN
        foreign &= tongue != language[entity]
        self._collected.dropped["text in another language"] += int(foreign.sum())
        return foreign

    def _rows(
        self, obo: Sequence[tuple[int, int, str, str]], columns: Sequence[WordColumns]
    ) -> Rows:
        """The words of entities, cleaned, those that are empty left out."""
        number, rank, language, text = zip(*obo, strict=True) if obo else ((), (), (), ())
        known = self._collected.languages
        interned = np.concatenate([np.array(number, dtype=np.int64), *(c.number for c in columns)])
        ranks = np.concatenate(
            [np.array(rank, dtype=np.int64), *(np.full(len(c.number), c.rank) for c in columns)]
        )
        tongues = np.concatenate(
            [
                np.array([known[tag] for tag in language], dtype=np.int64),
                *(c.language for c in columns),
            ]
        )
        texts = pa.concat_arrays([strings(text), *(c.text for c in columns)])
        entity = np.where(interned >= 0, self._number[interned], -1)
        chosen = np.flatnonzero(entity >= 0)
        if len(chosen) < len(texts):
            texts = texts.take(column(chosen))
        texts = cleaned(texts, self._collected)
        filled = np.flatnonzero(values(pc.binary_length(texts)))
        if len(filled) < len(chosen):
            chosen, texts = chosen[filled], texts.take(column(filled))
        return Rows(entity[chosen], ranks[chosen], tongues[chosen], texts)

    def _choose(self, rows: Rows) -> tuple[Ints, Ints]:
        """The best row per entity, and all others."""
        far = self._far[rows.language]
        key = (far * 16 + rows.rank) * (len(self._order) + 1) + self._order[rows.language]
        order = np.lexsort((key, rows.entity))
        entity, key = rows.entity[order], key[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = entity[1:] != entity[:-1]
        for start in np.flatnonzero(first[:-1] & ~first[1:] & (key[1:] == key[:-1])).tolist():
            stop = start + 1  # several as good as the first: the smallest text
            while stop < len(order) and entity[stop] == entity[start] and key[stop] == key[start]:
                stop += 1
            run = order[start:stop]
            texts = rows.text.take(column(run)).to_pylist()
            order[start:stop] = run[sorted(range(len(run)), key=texts.__getitem__)]
        return order[first], order[~first]


def sorted_rows(
    last: list[Ints], first: list[Ints], text: pa.Array
) -> tuple[Ints, NDArray[np.bool_]]:
    """The order by ``first``, then text, then ``last``; and whether each row of it has the same
    ``first`` and text as the row before it.

    Texts are compared eight bytes at a time, `COMPARED` bytes in all; what is left is few and is
    compared in Python.
    """
    prefix = _eight_bytes(text, 0)
    order: Ints = np.lexsort((*last, prefix, *first))
    tied = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in (prefix, *first):
        tied &= key[order][1:] == key[order][:-1]
    for skip in range(8, COMPARED, 8):
        _refine(order, tied, last, text, skip)
    length = values(pc.binary_length(text))[order]
    alike = tied & (length[1:] == length[:-1]) & (length[1:] <= COMPARED)
    same = np.concatenate([[False], alike])[: len(order)]
    for start, stop in _runs(tied):
        if alike[start : stop - 1].all():
            continue
        run = order[start:stop]
        texts = text.take(column(run)).to_pylist()
        ranked = sorted(range(len(run)), key=texts.__getitem__)  # stable: ``last`` stays last
        order[start:stop] = run[ranked]
        same[start + 1 : stop] = [texts[b] == texts[a] for a, b in pairwise(ranked)]
    return order, same


def _refine(
    order: Ints, tied: NDArray[np.bool_], last: list[Ints], text: pa.Array, skip: int
) -> None:
    """Sort the rows that are ``tied`` with a neighbour by eight more bytes, in place."""
    after = np.concatenate([[False], tied])
    place = np.flatnonzero(after | np.concatenate([tied, [False]]))
    if not len(tied) or not len(place):
        return
    run = np.cumsum(~after)[place]
    rows = order[place]
    key = _eight_bytes(text.take(column(rows)), skip)
    again = np.lexsort((*(k[rows] for k in last), key, run))
    order[place] = rows[again]
    tied[place[:-1]] &= key[again][1:] == key[again][:-1]


def _runs(tied: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of rows tied with the next."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tied.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), (edges[1::2] + 1).tolist(), strict=True)


def _eight_bytes(text: pa.Array, skip: int) -> NDArray[np.uint64]:
    """Eight bytes of each text after the first ``skip``, as one number that sorts as they do."""
    if not len(text):
        return np.zeros(0, dtype=np.uint64)
    bounds = np.frombuffer(text.buffers()[1], dtype=np.int32)[
        text.offset : text.offset + len(text) + 1
    ]
    data = np.frombuffer(text.buffers()[2] or b"\0", dtype=np.uint8)
    if len(data) < 8:
        data = np.concatenate([data, np.zeros(8, dtype=np.uint8)])
    start, length = bounds[:-1].astype(np.int64) + skip, np.diff(bounds) - skip
    last = len(data) - 8  # eight bytes from any place up to here, of whatever alignment
    place = np.minimum(start, last)
    eight = np.ndarray(last + 1, dtype=">u8", buffer=data, strides=(1,))[place].astype(np.uint64)
    eight <<= (8 * np.minimum(start - place, 7)).astype(np.uint64)  # a text among the last bytes
    beyond = (8 * np.clip(8 - length, 0, 7)).astype(np.uint64)
    found: NDArray[np.uint64] = (eight >> beyond) << beyond
    found[length <= 0] = 0
    return found


def cleaned(text: pa.Array, collected: Collected) -> pa.Array:
    """Each text on one line with single spaces; too long ones empty and counted.

    Only those with anything but printable ASCII and single spaces are looked at one by one.
    """
    if not len(text):
        return text
    odd = np.zeros(len(text), dtype=bool)
    bounds = np.frombuffer(text.buffers()[1], dtype=np.int32)[
        text.offset : text.offset + len(text) + 1
    ]
    low, high = int(bounds[0]), int(bounds[-1])
    data = np.frombuffer(text.buffers()[2] or b"", dtype=np.uint8)[low:high]
    marks, space = data - _SPACE >= _PRINTABLE, data == _SPACE
    marks[1:] |= space[1:] & space[:-1]
    place = np.flatnonzero(marks) + low
    odd[np.searchsorted(bounds, place, side="right") - 1] = True
    filled = np.flatnonzero(np.diff(bounds))
    ends = space[bounds[filled] - low] | space[bounds[filled + 1] - low - 1]
    odd[filled[ends]] = True
    odd |= np.diff(bounds) > collected.max_literal
    if not odd.any():
        return text
    mask = column(odd)
    fresh = [collected.clean(t) for t in text.filter(mask).to_pylist()]
    return pc.replace_with_mask(text, mask, strings(fresh))
