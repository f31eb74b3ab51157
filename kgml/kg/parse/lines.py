"""N-Triples files that are canonical already are read as they are; any other goes to the parser.

Canonical is what one regular expression accepts, a part of what the grammar allows
(https://www.w3.org/TR/n-triples/): single spaces, absolute IRIs without escapes, plain escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from kgml.kg.parse import nesting

SIZE = 1 << 21
"""Bytes read at a time."""

_IRI = r"<[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*>"
_BLANK = r"_:[A-Za-z0-9_]+"
_TAG = r"@[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*"
_LITERAL = r"\"(?:[^\"\\\x00-\x1f\x7f]|\\[tbnrf\"\\])*\"(?:" + _TAG + r"|\^\^" + _IRI + ")?"
_STATEMENT = f"^(?:{_IRI}|{_BLANK}) {_IRI} (?:{_IRI}|{_BLANK}|{_LITERAL}) \\.\n$"


def blocks(path: Path, parse: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The lines of ``path``, some `SIZE` bytes at a time.

    Args:
        parse: reads the whole file by a parser: called for its error where a block has one.

    Raises:
        SyntaxError: as ``parse`` raises it.
    """
    with path.open("rb") as stream:
        rest = b""
        while data := stream.read(SIZE):
            data = rest + data
            end = data.rfind(b"\n") + 1
            rest = data[end:]
            if end:
                yield _canonical(data[:end], path, parse)
        if rest.strip():
            yield _canonical(rest + b"\n", path, parse)


def _canonical(block: bytes, path: Path, parse: Callable[[], Iterator[bytes]]) -> bytes:
    if is_canonical(block):
        return block
    nesting.check_block(block, path)
    try:
        parsed = ox.parse(block, format=ox.RdfFormat.N_TRIPLES, lenient=True)
        return ox.serialize(parsed, format=ox.RdfFormat.N_TRIPLES) or b""
    except SyntaxError:
        for _ in parse():  # the line of the error is that of the file
            pass
        raise


def is_canonical(block: bytes) -> bool:
    """Whether each line of ``block`` is a statement as `kgml.kg.parse.blocks` wants it.

    >>> is_canonical(b'<http://e/a> <http://e/b> "c"@en .\\n'), is_canonical(b"# a comment\\n")
    (True, False)
    """
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10) + 1
    bounds = np.concatenate([[0], ends]).astype(np.int32)
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(block)]
    try:
        found = pa.Array.from_buffers(pa.binary(), len(ends), buffers).cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8
        return False
    return bool(pc.all(pc.match_substring_regex(found, _STATEMENT)).as_py())
