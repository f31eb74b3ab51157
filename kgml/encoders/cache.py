"""Text vectors on disk: one SQLite file per model, so that no text is encoded twice.

A vector is found by the 16-byte BLAKE2b of its text. Every row carries a checksum, so a changed
bit is a miss and never a silently wrong vector. The cache is an aid: whatever is wrong with it is
one warning, and the work goes on. It is bounded: beyond `most_bytes`, files of other models go
first, those used longest ago, then the oldest vectors of this one.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.bound import drop_others, most_bytes
from kgml.progress import warn

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
ASKED_AT_ONCE = 500
BUSY_SECONDS = 30.0
ROW_BYTES, PAGE_SLACK = 64, 1.25
"""Of a row beside its vector, key and index included; and what pages take that are not quite full."""
EMPTY_BYTES = 4 * 16384
SCHEMA = """CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, vector BLOB NOT NULL, tokens INTEGER NOT NULL, checksum INTEGER NOT NULL
)"""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def default_folder() -> Path:
    """``$KGML_CACHE``, or the folder this system keeps caches in."""
    given = os.environ.get("KGML_CACHE")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("kgml", appauthor=False))


def text_key(text: str) -> bytes:
    """The 16 bytes a text is found by; lone surrogates are allowed."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorCache:
    """The vectors of one model; a context manager.

    Safe under several processes (write-ahead log); the first vector written for a text stays.

    Args:
        folder: where the file is kept; made if need be.
        fingerprint: of the model.
        dimension: d, the length of a vector.
    """

    def __init__(self, folder: Path, fingerprint: str, dimension: int) -> None:
        self.path = Path(folder) / "vectors" / f"{fingerprint[:32]}.sqlite"
        self.dimension = dimension
        self.most_bytes = most_bytes()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> VectorCache:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(self._connect(), [])
            with suppress(FileNotFoundError):
                os.utime(self.path)  # in use: the last to be thrown out
        except OSError as error:
            self._go_without(error.strerror or str(error))
        except sqlite3.Error as error:
            self._recover(error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def get(self, keys: Sequence[bytes], vectors: Floats, tokens: Integers) -> NDArray[np.bool_]:
        """Fill the rows of ``vectors`` (n, d) and ``tokens`` (n,) that are known.

        ``keys`` must be distinct. Returns a mask (n,): True where a row was filled.
        """
        row_of = {key: row for row, key in enumerate(keys)}
        found = np.zeros(len(keys), dtype=bool)
        bad: list[bytes] = []
        try:
            for key, blob, count, checksum in self._select(keys):
                if not self._sound(key, blob, count, checksum):
                    bad.append(key)
                    continue
                row = row_of[key]
                vectors[row] = np.frombuffer(blob, dtype="<f4")
                tokens[row] = count
                found[row] = True
            self._forget(bad)
        except sqlite3.Error as error:
            self._recover(error)
        return found

    def put(self, keys: Sequence[bytes], vectors: Floats, tokens: Integers) -> None:
        """Add rows; a text that another process added meanwhile keeps its first vector."""
        if self._connection is None:
            return
        rows = []
        for key, vector, count in zip(keys, vectors, tokens.tolist(), strict=True):
            blob = vector.astype("<f4").tobytes()
            rows.append((key, blob, count, _checksum(key, blob, count)))
        try:
            self._make_room(self._connection, rows)
            with self._connection as connection:
                connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?, ?)", rows)
            drop_others(self.path, self.most_bytes)
        except sqlite3.Error as error:
            self._recover(error)

    def _make_room(self, connection: sqlite3.Connection, rows: list[Any]) -> None:
        """Forget the oldest vectors, a quarter at a time, until ``rows`` fit; then rows of these."""
        row = (4 * self.dimension + ROW_BYTES) * PAGE_SLACK
        del rows[: max(0, len(rows) - int((self.most_bytes - EMPTY_BYTES) / row))]
        with connection:
            while self._pages(connection) + len(rows) * row > self.most_bytes:
                forgotten = connection.execute(
                    "DELETE FROM vectors WHERE rowid <= "
                    "(SELECT min(rowid) + (max(rowid) - min(rowid)) / 4 FROM vectors)"
                )
                if not forgotten.rowcount:
                    break
        if self._pages(connection, free=True) > self.most_bytes:  # the bound was lowered
            with suppress(sqlite3.OperationalError):  # another process reads it
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @staticmethod
    def _pages(connection: sqlite3.Connection, *, free: bool = False) -> int:
        """Bytes of the pages in use; with ``free``, of the others too."""
        count, unused, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((count - (0 if free else unused)) * size)

    def _connect(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        self._connection.execute("PRAGMA page_size = 16384")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Safe in WAL mode against a crash of the process; a power cut loses the last rows only.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self._connection as connection:
            connection.execute(SCHEMA)
        return self._connection

    def _select(self, keys: Sequence[bytes]) -> Iterable[tuple[bytes, bytes, int, int]]:
        for start in range(0, len(keys) if self._connection else 0, ASKED_AT_ONCE):
            asked = keys[start : start + ASKED_AT_ONCE]
            marks = ",".join("?" * len(asked))
            assert self._connection is not None
            yield from self._connection.execute(
                f"SELECT key, vector, tokens, checksum FROM vectors WHERE key IN ({marks})", asked
            )

    def _sound(self, key: bytes, blob: object, tokens: object, checksum: object) -> bool:
        # SQLite columns are not typed: a damaged page can bring back anything.
        return (
            isinstance(blob, bytes)
            and len(blob) == 4 * self.dimension
            and isinstance(tokens, int)
            and _checksum(key, blob, tokens) == checksum
        )

    def _forget(self, keys: Sequence[bytes]) -> None:
        if keys and self._connection is not None:
            warn(f"{self.path}: {len(keys):,} damaged rows; these texts are encoded again.")
            with self._connection as connection:
                connection.executemany("DELETE FROM vectors WHERE key = ?", [(k,) for k in keys])

    def _recover(self, error: sqlite3.Error) -> None:
        """Begin a new file where this one is damaged; otherwise go on without a cache."""
        self._close()
        if not self.path.exists():  # another process threw it out
            try:
                self._connect()
            except sqlite3.Error as again:
                self._go_without(str(again))
            return
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code not in DAMAGED:
            self._go_without(str(error))
            return
        aside = self.path.with_suffix(".damaged")
        warn(f"{self.path}: damaged ({error}); moved to {aside.name} and begun again.")
        try:
            self.path.replace(aside)
            for tail in ("-wal", "-shm"):
                self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
            self._connect()
        except (OSError, sqlite3.Error) as again:
            self._go_without(str(again))

    def _go_without(self, reason: str) -> None:
        self._close()
        warn(
            f"{self.path.parent}: the cache of text vectors cannot be used ({reason}); going on "
            "without it. Set KGML_CACHE to a folder that can be written."
        )

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _checksum(key: bytes, blob: bytes, tokens: int) -> int:
    return zlib.crc32(blob, zlib.crc32(key + tokens.to_bytes(8, "little", signed=True)))
