"""How large the parts of the cache folder may grow, and what goes when text vectors are too many."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path

from kgml.errors import UsageError

MOST_BYTES = 4_000_000_000
"""Some two and a half million vectors of 384 values."""
IN_USE_SECONDS = 86_400.0
"""How long after it was used a file may still be open in a process."""


def most_bytes() -> int:
    """``$KGML_CACHE_BYTES``, or 4 GB: how large each part of the cache folder may grow.

    Raises:
        UsageError: not a number of bytes.
    """
    given = os.environ.get("KGML_CACHE_BYTES", str(MOST_BYTES))
    if not given.isdecimal() or int(given) < 1:
        raise UsageError(
            f"KGML_CACHE_BYTES = {given!r}: wanted a number of bytes, such as {MOST_BYTES}."
        )
    return int(given)


def drop_others(own: Path, limit: int) -> None:
    """Remove files of models beside ``own``, used longest ago, until all are within ``limit`` bytes.

    What was used lately may be open in a process: it is emptied through SQLite, not removed.
    """
    others = _by_model(own.parent)
    size = {stem: sum(f.st_size for f in files.values()) for stem, files in others.items()}
    used = {stem: max(f.st_mtime for f in files.values()) for stem, files in others.items()}
    total = sum(size.values())
    for stem in sorted(size.keys() - {own.stem}, key=lambda one: (used[one], one)):
        if total <= limit:
            return
        if time.time() - used[stem] < IN_USE_SECONDS:
            _empty(own.with_name(f"{stem}.sqlite"))
        else:
            for file in sorted(others[stem], reverse=True):  # the log before its database
                file.unlink(missing_ok=True)
        total -= size[stem]


def _by_model(folder: Path) -> dict[str, dict[Path, os.stat_result]]:
    """What is in the folder; SQLite's logs come and go with the processes that have one open."""
    found: dict[str, dict[Path, os.stat_result]] = {}
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            known = file.stat()
            if stat.S_ISREG(known.st_mode):
                found.setdefault(file.name.partition(".")[0], {})[file] = known
    return found


def _empty(path: Path) -> None:
    """Throw out all vectors in the file, unless another process is writing to it."""
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=0, uri=True)
        try:
            connection.isolation_level = None  # VACUUM wants no transaction
            for statement in ("DELETE FROM vectors", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.execute(statement)
        finally:
            connection.close()
