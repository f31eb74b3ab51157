"""How deep a document nests, found by a cheap scan before a parser goes into it.

pyoxigraph 0.5 dies of a stack overflow, which nothing can catch, in a triple term nested 20,000
deep, and takes time that grows with the square of the depth for JSON-LD and RDF/XML. Blank nodes
and lists of Turtle do it no harm; there the scan may be fooled by brackets within texts.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from kgml.errors import OntologyError
from kgml.kg.parse import formats

Bytes = NDArray[np.uint8]
CEILING = 5_000
"""Deepest nesting whatever the configuration says: a parser's stack ends somewhere beyond."""
WINDOW = 1 << 15
"""Bytes estimated together: few enough to stay in the cache and to hold few elements."""
CHUNK = 1 << 24
"""Bytes looked at together."""

# Within names a backslash takes away the meaning of a quote.
_TURTLE = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*+"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*+\'\'\'|\\.|'
    rb'"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'|(<<)|(>>)|<[^<>\n]*+>|#[^\n]*+|'
    rb"([\[({])|([\])}])",
    re.S,
)
_JSON = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])', re.S)
_HIDDEN = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.S)
_LESS, _OPEN, _CLOSE = b"<{}"
_STEP: NDArray[np.int8] = np.zeros(256, dtype=np.int8)
_STEP[list(b"[({")], _STEP[list(b"])}")] = 1, -1


def check(path: Path, kind: str, most: int) -> None:
    """Refuse a file of format ``kind`` whose brackets or elements nest deeper than ``most``.

    Raises:
        OntologyError: with the byte where it gets too deep.
    """
    most = min(most, CEILING)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        where = _deep_at(path, data, kind, most)
    if where is not None:
        raise too_deep(path, f"byte {where:,}", most)


def check_block(block: bytes, path: Path) -> None:
    """The same for some lines of N-Triples, in which only triple terms nest.

    Raises:
        OntologyError: deeper than `CEILING`.
    """
    if b"<<" in block and _brackets(_TURTLE, block, CEILING) is not None:
        raise too_deep(path, "a triple term", CEILING)


def too_deep(path: Path, where: str, most: int) -> OntologyError:
    """The refusal; ``where`` says a byte or a line."""
    step = "raise max_depth in [graph] of kgml.toml" if most < CEILING else "write it flatter"
    return OntologyError(
        f"{path}, {where}: nested more than {most:,} deep, which no ontology needs. "
        f"If the file is sound, {step}."
    )


def _deep_at(path: Path, data: mmap.mmap, kind: str, most: int) -> int | None:
    content: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    if kind == formats.RDFXML:
        if _elements_within(path, most) or _element_bound(content, data) <= most:
            return None
        return _elements(path, data, most)
    if kind in (formats.JSONLD, formats.OBOGRAPHS):
        return _brackets(_JSON, data, most)
    flat = kind in (formats.NTRIPLES, formats.NQUADS)
    within, triple_terms = _turtle_within(path, most, brackets=not flat)
    if not triple_terms and (within or _bracket_estimate(content) <= most):
        return None
    return _brackets(_TURTLE, data, most)


def _windows(path: Path) -> Iterator[Bytes]:
    """`WINDOW` bytes after another, each with the last byte of the one before (0 at first)."""
    buffer = bytearray(WINDOW + 1)
    window: Bytes = np.frombuffer(buffer, dtype=np.uint8)
    with path.open("rb", buffering=0) as stream, memoryview(buffer) as view:
        while size := stream.readinto(view[1:]):
            yield window[: size + 1]
            buffer[0] = buffer[size]


def _turtle_within(path: Path, most: int, *, brackets: bool) -> tuple[bool, bool]:
    """Whether brackets, those within texts counted too, surely stay within ``most``; and whether
    there may be triple terms.
    """
    depth, within = 0, True
    for window in _windows(path):
        less = window == _LESS
        if (less[:-1] & less[1:]).any():
            return within, True
        if not brackets or not within:
            continue
        own = window[1:]
        braces = own | 0x20  # "[" becomes "{" and "]" becomes "}", and nothing else does
        opened = int(np.count_nonzero(braces == _OPEN) + np.count_nonzero(own == ord("(")))
        within = depth + opened <= most
        if opened or depth:
            closed = int(np.count_nonzero(braces == _CLOSE) + np.count_nonzero(own == ord(")")))
            depth = max(0, depth + opened - closed)
    return within, False


def _elements_within(path: Path, most: int) -> bool:
    """Whether elements surely stay within ``most``: False where only a closer look can tell.

    In a window with a comment or the like, what looks like the end of an element is none.
    """
    depth = 0
    for window in _windows(path):
        this, following = window[:-1], window[1:]
        tag = this == _LESS
        odd = tag & ((following == ord("!")) | (following == ord("?")))
        ends = tag & (following == ord("/"))
        opened = (
            int(np.count_nonzero(tag)) - int(np.count_nonzero(ends)) - int(np.count_nonzero(odd))
        )
        if depth + opened > most:
            return False
        depth += opened
        # more ">" than tags: some are text, and a "/>" may be text too
        if not odd.any() and np.count_nonzero(this == ord(">")) <= np.count_nonzero(tag) + 1:
            alone = (this == ord("/")) & (following == ord(">"))
            depth -= int(np.count_nonzero(ends)) + int(np.count_nonzero(alone))
        depth = max(0, depth)
    return True


def _brackets(pattern: re.Pattern[bytes], data: mmap.mmap | bytes, most: int) -> int | None:
    """The byte at which more than ``most`` brackets are open outside texts, IRIs and comments."""
    depth = 0
    for match in pattern.finditer(data):
        group = match.lastindex
        if group is not None:
            depth = max(depth + (1 if group % 2 else -1), 0)
            if depth > most:
                return match.start()
    return None


def _bracket_estimate(content: Bytes) -> int:
    """Most brackets open at once, those within texts counted too."""
    deepest = depth = 0
    for start in range(0, len(content), CHUNK):
        steps = _STEP[content[start : start + CHUNK]]
        depths = depth + np.cumsum(steps[steps != 0], dtype=np.int64)
        if len(depths):
            depths -= np.minimum(np.minimum.accumulate(depths), 0)  # never below 0
            deepest, depth = max(deepest, int(depths.max())), int(depths[-1])
    return deepest


def _element_bound(content: Bytes, data: mmap.mmap) -> int:
    """No element is deeper than this; comments and the like are taken out, in their order."""
    tags, closers = _where(content, "<"), _where(content, ">")
    hidden = [(match.start(), match.end()) for match in _HIDDEN.finditer(data)]
    if hidden:
        starts, ends = np.array(hidden).T
        inside = np.searchsorted(starts, tags, side="right") - 1
        tags = tags[(inside < 0) | (tags >= ends[inside])]
    first = np.searchsorted(closers, tags)
    ends = np.searchsorted(closers, np.append(tags[1:], len(data)))
    # one ">" up to the next tag, with "/" before it: an element without content
    alone = ends[: len(tags)] - first == 1
    alone[alone] = content[closers[first[alone]] - 1] == ord("/")
    after = content[np.minimum(tags + 1, len(data) - 1)]
    steps = np.where(after == ord("/"), -1, np.where(alone | (after == ord("!")), 0, 1))
    return int(np.cumsum(steps).max(initial=0))


def _elements(path: Path, data: mmap.mmap, most: int) -> int | None:
    """The byte at which more than ``most`` elements are open, by a real parser."""
    depth, found = 0, None
    parser = expat.ParserCreate()

    def start(_: str, __: dict[str, str]) -> None:
        nonlocal depth, found
        depth += 1
        if depth > most and found is None:
            found = parser.CurrentByteIndex

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        for position in range(0, len(data), 1 << 16):
            parser.Parse(data[position : position + (1 << 16)])
            if found is not None:
                break
    except expat.ExpatError as error:
        if found is None:
            raise OntologyError(
                f"{path}, line {error.lineno}: not well-formed XML "
                f"({expat.ErrorString(error.code)}). Correct the line, or export the file again."
            ) from None
    return found


def _where(content: Bytes, character: str) -> NDArray[np.int64]:
    """Positions of an ASCII character, (k,)."""
    starts = range(0, len(content), CHUNK)
    found = [s + np.flatnonzero(content[s : s + CHUNK] == ord(character)) for s in starts]
    return np.concatenate(found)
