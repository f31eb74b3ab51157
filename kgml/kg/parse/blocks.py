"""N-Triples text, a block at a time, into integer columns: no Python object per triple.

pyoxigraph parses and writes each block in its canonical form (one statement a line, one space
between terms); here numpy finds the terms and Arrow numbers them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml.errors import OntologyError
from kgml.kg.arrow import column, strings, values
from kgml.kg.collected import Collected

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

NEWLINE, SPACE, QUOTE, LESS, MORE, UNDERSCORE, AT, CARET = b'\n "<>_@^'
PIECES = 6
"""Parts a line is cut into."""
STAND_IN = "\x01"
"""What a space within an IRI is while a block is taken apart."""

_STATEMENT = re.compile(r"(<.*?>|_:\S+) (<.*?>) (.*) \.", re.S)
_TEXT = re.compile(rb'(?:[^"\\]|\\.)*')
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.S)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Block:
    """The statements of a block: (t,) lines and numbers of those whose object is no literal, and
    the rest.

    IRIs are numbered from 0 up, blank nodes from -1 down.
    """

    line: NDArray[np.intp]
    subject: Ints
    predicate: Ints
    object: Ints
    literals: list[tuple[int, Ints, pa.Array, Ints]]
    """Per predicate that is kept: its number, (k,) subjects, texts and `BlockReader.suffixes`."""
    unused: dict[int, int]
    """Predicate number to how many of its literals were passed over."""
    triple_terms: int
    statements: int


class BlockReader:
    """`read` one block after another; numbers go on through `Collected`."""

    def __init__(self, collected: Collected, kept: frozenset[str]) -> None:
        self._collected, self._kept = collected, kept
        self._predicates: dict[str, tuple[int, bool]] = {}
        self._blank: dict[bytes, int] = {}
        self._offset = 0
        self.blank_nodes = 0
        self.suffixes: dict[str, int] = {"": 0}
        """What follows the text of a literal (``@en``, ``^^<...>``) to its number."""

    def forget_blank_nodes(self) -> None:
        """Their labels mean something within one file only."""
        self._offset = self.blank_nodes
        self._blank.clear()

    def read(self, block: bytes) -> Block:
        """Number the terms of ``block``: lines as pyoxigraph writes N-Triples."""
        if not block:
            none = np.zeros(0, dtype=np.int32)
            return Block(np.flatnonzero(none), none, none, none, [], {}, 0, 0)
        found = _Lines(block)
        if found.odd.any():
            found = _Lines(mended(block), mended=True)
        return self._columns(found)

    def _columns(self, lines: _Lines) -> Block:
        codes, names = lines.predicates()
        numbered = [self._predicate(name) for name in names]
        number = np.array([n for n, _ in numbered], dtype=np.int32)
        kept = np.array([k for _, k in numbered], dtype=bool)
        literal = lines.first == QUOTE
        quoted = (lines.first == LESS) & (lines.second == LESS)
        rows = np.flatnonzero(~(literal | quoted))
        passed = np.bincount(codes[literal & ~kept[codes]], minlength=len(names))
        subject, value = self._numbers(lines, rows)
        return Block(
            rows, subject[rows], number[codes[rows]], value,
            self._literals(lines, np.flatnonzero(literal & kept[codes]), subject, number[codes]),
            {int(number[i]): int(n) for i, n in enumerate(passed) if n},
            int(quoted.sum()),
            len(lines.ends),
        )  # fmt: skip

    def _predicate(self, name: str) -> tuple[int, bool]:
        found = self._predicates.get(name)
        if found is None:
            iri = name[1:-1].replace(STAND_IN, " ")
            found = self._predicates[name] = (self._collected.number(iri), iri in self._kept)
        return found

    def _numbers(self, lines: _Lines, rows: NDArray[np.intp]) -> tuple[Ints, Ints]:
        """Number of each line's subject, and of the object of the lines ``rows``."""
        n = len(lines.ends)
        codes, terms = lines.encoded(np.concatenate([np.arange(n) * PIECES, rows * PIECES + 4]))
        begin = np.frombuffer(terms.buffers()[1], dtype=np.int32)[: len(terms)]
        iri = np.frombuffer(terms.buffers()[2], dtype=np.uint8)[begin] == LESS
        number = np.empty(len(terms), dtype=np.int32)
        names = pc.binary_slice(terms.filter(column(iri)), 1, -1).cast(pa.string()).to_pylist()
        if lines.mended:
            names = [name.replace(STAND_IN, " ") for name in names]
        number[iri] = enter(names, self._collected.numbers)
        blank = terms.filter(column(~iri)).to_pylist()
        before = len(self._blank)
        number[~iri] = -1 - self._offset - enter(blank, self._blank)
        self.blank_nodes += len(self._blank) - before
        return number[codes[:n]], number[codes[n:]]

    def _literals(
        self, lines: _Lines, rows: NDArray[np.intp], subject: Ints, predicate: Ints
    ) -> list[tuple[int, Ints, pa.Array, Ints]]:
        if not len(rows):
            return []
        of_predicate = predicate[rows]
        order = np.argsort(of_predicate, kind="stable")
        text, codes, suffixes = lines.literals(rows)
        known = self.suffixes
        suffix = np.array([known.setdefault(s, len(known)) for s in suffixes], dtype=np.int32)
        subjects, tails = subject[rows][order], suffix[codes][order]
        text = text.take(column(order))
        sorted_predicates = of_predicate[order]
        cuts = np.flatnonzero(np.diff(sorted_predicates)) + 1
        bounds = [0, *cuts.tolist(), len(rows)]
        return [
            (int(sorted_predicates[a]), subjects[a:b], text.slice(a, b - a), tails[a:b])
            for a, b in pairwise(bounds)
        ]


class _Lines:
    """Where the terms of each line of a block are."""

    def __init__(self, block: bytes, *, mended: bool = False) -> None:
        self.block, self.mended = block, mended
        data: Bytes = np.frombuffer(block, dtype=np.uint8)
        self.data = data
        blanks = np.flatnonzero((data == SPACE) | (data == NEWLINE))
        closing = np.flatnonzero(data[blanks] == NEWLINE)
        ends = blanks[closing]
        starts = np.concatenate([[0], ends[:-1] + 1])
        first = np.concatenate([[0], closing[:-1] + 1])
        self.starts, self.ends = starts, ends
        self.one, self.two = blanks[first], blanks[np.minimum(first + 1, len(blanks) - 1)]
        after = np.minimum(self.two, len(data) - 3)  # an odd line may have nothing there
        self.first, self.second = data[after + 1], data[after + 2]
        begin, last = data[starts], data[self.one - 1]
        self.odd = ~(
            (data[self.one + 1] == LESS) & (data[self.two - 1] == MORE) & (self.two < ends)
            & (((begin == LESS) & (last == MORE)) | (begin == UNDERSCORE))
            & ((self.first == LESS) | (self.first == QUOTE) | (self.first == UNDERSCORE))
        )  # fmt: skip

    def predicates(self) -> tuple[Ints, list[str]]:
        """Code per line, and the distinct terms."""
        codes, terms = self.encoded(np.arange(2, PIECES * len(self.ends), PIECES))
        return codes, terms.cast(pa.string()).to_pylist()

    def encoded(self, pieces: NDArray[np.intp]) -> tuple[Ints, pa.Array]:
        """Code of each piece asked for, and what is distinct among them."""
        encoded = self._pieces.take(column(pieces)).dictionary_encode()
        return values(encoded.indices), encoded.dictionary

    @cached_property
    def _pieces(self) -> pa.Array:
        """`PIECES` a line: subject, space, predicate, space, object, and `` .`` with the newline."""
        bounds = np.empty(PIECES * len(self.ends) + 1, dtype=np.int32)
        for place, found in enumerate(
            (self.starts, self.one, self.one + 1, self.two, self.two + 1, self.ends - 2)
        ):
            bounds[place:-1:PIECES] = found
        bounds[-1] = self.ends[-1] + 1
        return _binary(bounds, self.block)

    def literals(self, rows: NDArray[np.intp]) -> tuple[pa.Array, Ints, list[str]]:
        """Texts of the lines ``rows``, code of what follows each, and what those codes mean."""
        data, stop = self.data, self.ends[rows] - 2
        quote = stop - 1
        more = np.flatnonzero(data[quote] != QUOTE)
        codes = np.zeros(len(rows), dtype=np.int32)
        suffixes = [""]
        if len(more):
            quote[more] = self._closed(self.two[rows[more]] + 2, stop[more])
            encoded = self._spans(quote[more] + 1, stop[more]).dictionary_encode()
            codes[more] = values(encoded.indices) + 1
            suffixes += encoded.dictionary.cast(pa.string()).to_pylist()
        text = self._spans(self.two[rows] + 2, quote).cast(pa.string())
        return unescaped(text) if b"\\" in self.block else text, codes, suffixes

    def _closed(self, start: NDArray[np.intp], stop: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where texts from ``start`` are closed, in literals that end at ``stop`` with a tag or a
        type."""
        data = self.data
        close = stop - 4  # "@en" most often, which needs no search
        far = np.flatnonzero((data[stop - 3] != AT) | (data[stop - 1] == MORE))
        if len(far):
            quotes = np.flatnonzero(data == QUOTE)
            close[far] = quotes[np.searchsorted(quotes, stop[far]) - 1]
            after, typed = close[far] + 1, data[stop[far] - 1] == MORE
            within = typed & ((data[after] != CARET) | (data[after + 1] != CARET))
            for i in far[within].tolist():  # the IRI of a type may, wrongly, hold quotes
                found = _TEXT.match(self.block, int(start[i]))
                close[i] = found.end() if found else close[i]
        return close

    def _spans(self, start: NDArray[np.intp], stop: NDArray[np.intp]) -> pa.Array:
        bounds = np.empty(2 * len(start), dtype=np.int32)
        bounds[0::2], bounds[1::2] = start, stop
        return _binary(bounds, self.block).take(column(np.arange(0, 2 * len(start), 2)))


def _binary(bounds: Ints, block: bytes) -> pa.Array:
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(block)]
    return pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)


def unescaped(text: pa.Array) -> pa.Array:
    """String array with the escapes of N-Triples undone."""
    marked = pc.match_substring(text, "\\")
    if not pc.any(marked).as_py():
        return text
    plain = [_ESCAPE.sub(_unescape, t) for t in text.filter(marked).to_pylist()]
    return pc.replace_with_mask(text, marked, strings(plain))


def _unescape(match: re.Match[str]) -> str:
    mark = match[1]
    return chr(int(mark[1:], 16)) if len(mark) > 1 else _ESCAPES.get(mark, mark)


def mended(block: bytes) -> bytes:
    """The same block with `STAND_IN` for spaces within IRIs.

    Raises:
        OntologyError: a line is no statement.
    """
    lines = []
    for line in block.decode().split("\n")[:-1]:
        match = _STATEMENT.fullmatch(line)
        if match is None:
            raise OntologyError(
                f"a statement over several lines, or an IRI with a line break: '{line[:80]}'. "
                "Correct it, or export the file again."
            )
        subject, predicate, value = (_without_spaces(term) for term in match.groups())
        lines.append(f"{subject} {predicate} {value} .\n")
    return "".join(lines).encode()


def _without_spaces(term: str) -> str:
    iri = term.startswith("<") and not term.startswith("<<(")
    return term.replace(" ", STAND_IN) if iri else term


def enter(names: list[Any], numbers: dict[Any, int]) -> Ints:
    """The number of each of some distinct names; new ones are entered in their order.

    >>> known = {"a": 0}
    >>> enter(["b", "a", "c"], known).tolist(), known
    ([1, 0, 2], {'a': 0, 'b': 1, 'c': 2})
    """
    found = list(map(numbers.get, names))
    fresh = [i for i, number in enumerate(found) if number is None]
    if fresh:
        first = len(numbers)
        numbers.update(
            zip(map(names.__getitem__, fresh), range(first, first + len(fresh)), strict=True)
        )
        for number, i in enumerate(fresh, first):
            found[i] = number
    return np.array(found, dtype=np.int32)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Sorted distinct values of an integer array; faster than hashing them."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    found: NDArray[Any] = ordered[first]
    return found
