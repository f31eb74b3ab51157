"""gzip, bzip2, xz and Zstandard by their magic bytes, unpacked as a stream within limits."""

from __future__ import annotations

import bz2
import lzma
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from kgml.config import GraphConfig
from kgml.errors import OntologyError

if TYPE_CHECKING:
    from kgml.kg.sources.find import Source

GZIP, BZIP2, XZ, ZSTD = "gzip", "bzip2", "xz", "zstd"
MAGIC = {b"\x1f\x8b": GZIP, b"BZh": BZIP2, b"\xfd7zXZ\0": XZ, b"\x28\xb5\x2f\xfd": ZSTD}
ENDINGS = frozenset({".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd"})
FREE = 4_000_000
"""Plain bytes that no ratio is asked of: a small file may repeat itself."""
PIECE = 1 << 18
"""Packed bytes read, and plain bytes written, at a time."""
XZ_MEMORY = 512 << 20
"""Bytes an xz stream may ask for; ``xz -9`` needs 65 MiB."""


class DamagedError(ValueError):
    """A packed stream ends early or is not what it says; the text says where and what."""


class _Stream(Protocol):
    """What `bz2.BZ2Decompressor` and `lzma.LZMADecompressor` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib with the manners of the other two; lengths and checksums are compared."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._rest = b""
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        plain = self._inner.decompress(self._rest + data, max(max_length, 0))
        self._rest = self._inner.unconsumed_tail
        self.needs_input = not self._rest and len(plain) < max_length
        return plain

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def packing(head: bytes) -> str:
    """How a file that starts with ``head`` is packed: `GZIP`, `BZIP2`, `XZ`, `ZSTD` or nothing.

    >>> packing(b"BZh91AY"), packing(b"<http")
    ('bzip2', '')
    """
    return next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "")


def plain_name(name: str) -> str:
    """``hp.obo`` for ``hp.obo.gz``: the name whose ending says the format.

    >>> plain_name("a/hp.obo.gz"), plain_name("hp.obo")
    ('a/hp.obo', 'hp.obo')
    """
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending.lower()}" in ENDINGS else name


def read_head(path: Path, size: int) -> tuple[str, bytes]:
    """How ``path`` is packed, and the first ``size`` bytes of what it holds.

    Raises:
        DamagedError: these bytes cannot be unpacked.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(size)
        kind = packing(head)
        if not kind:
            return "", head
        stream.seek(0)
        plain = bytearray()
        for piece in _unpacked(stream, kind):
            plain += piece
            if len(plain) >= size:
                break
    return kind, bytes(plain[:size])


@contextmanager
def plain(source: Source, config: GraphConfig) -> Iterator[Path]:
    """The file itself, or a temporary one with what it holds unpacked, deleted afterwards.

    Errors raised inside name the packed file in its place.

    Raises:
        OntologyError: damaged, truncated, or larger unpacked than the limits allow.
    """
    if not source.packing:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="kgml-") as folder:
        path = Path(folder) / (plain_name(source.path.name) or "plain")
        _unpack(source.path, source.packing, path, config)
        try:
            yield path
        except OntologyError as error:
            raise type(error)(str(error).replace(str(path), str(source.path))) from error.__cause__


def _unpack(packed: Path, kind: str, path: Path, config: GraphConfig) -> None:
    written = 0
    most = max(FREE, config.max_ratio * packed.stat().st_size)
    try:
        with packed.open("rb") as stream, path.open("wb") as target:
            for piece in _unpacked(stream, kind):
                written += len(piece)
                if written > config.max_bytes:
                    raise _too_large(packed, kind, f"the limit of {config.max_bytes:,}",
                                     "max_bytes")  # fmt: skip
                if written > most:
                    raise _too_large(packed, kind, f"{config.max_ratio:,} for each packed one",
                                     "max_ratio")  # fmt: skip
                target.write(piece)
    except DamagedError as error:
        raise OntologyError(f"{packed}: {error}") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OntologyError(
            f"{packed}: cannot be unpacked to {path.parent} ({reason}, after {written:,} bytes). "
            "Free some space, or set TMPDIR to a folder with more."
        ) from None


def _too_large(packed: Path, kind: str, limit: str, option: str) -> OntologyError:
    return OntologyError(
        f"{packed}: {kind} data of more bytes than {limit}. "
        f"If the file is sound, raise {option} in [graph] of kgml.toml."
    )


def _unpacked(stream: BinaryIO, kind: str) -> Iterator[bytes]:
    """Plain bytes, `PIECE` of them at most at a time."""
    try:
        yield from _zstd(stream) if kind == ZSTD else _members(stream, kind)
    except EOFError:
        raise DamagedError(
            f"the {kind} data end early, at byte {stream.tell():,}; the file looks truncated. "
            "Download it again."
        ) from None
    except (zlib.error, lzma.LZMAError, OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of reading, not of unpacking
        raise DamagedError(
            f"damaged {kind} data before byte {stream.tell():,} ({error}). Download it again."
        ) from None


def _members(stream: BinaryIO, kind: str) -> Iterator[bytes]:
    """Every member of a gzip, bzip2 or xz file; zeros after one are padding."""
    data = stream.read(PIECE)
    while data:
        decompressor = _decompressor(kind)
        while not decompressor.eof:
            if decompressor.needs_input and not data:
                data = stream.read(PIECE)
                if not data:
                    raise EOFError
            plain = decompressor.decompress(data, PIECE)
            data = b""
            if plain:
                yield plain
        data = _after_padding(decompressor.unused_data or stream.read(PIECE), stream)
        if data and packing(data) != kind:
            raise DamagedError(
                f"something that is not {kind} follows the {kind} data, before byte "
                f"{stream.tell():,}. Download it again."
            )


def _after_padding(data: bytes, stream: BinaryIO) -> bytes:
    data = data.lstrip(b"\0")
    while not data:
        data = stream.read(PIECE)
        if not data:
            return b""
        data = data.lstrip(b"\0")
    return data + stream.read(16)  # enough for a magic number


def _decompressor(kind: str) -> _Stream:
    if kind == GZIP:
        return _Gzip()
    if kind == BZIP2:
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _zstd(stream: BinaryIO) -> Iterator[bytes]:
    """Through Arrow, which has it built in; it notices an early end by itself."""
    import pyarrow as pa

    source: Any = pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")
    try:
        while piece := source.read(PIECE):
            yield piece
    except OSError as error:
        if "Truncated" in str(error):
            raise EOFError from None
        raise
