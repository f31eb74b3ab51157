"""A kept folder is hashed once, and again when one of its files was touched.

What was verified is recorded with the inode, size and times of each file, as git's index does. A
file that is written to gets another time of change, which no program can set; one that was changed
less than `SETTLED` before it was verified is not recorded, since a second change might have the
same time. Bits that rot on the disk are not noticed until the file is hashed again.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from kgml.artifacts import read_manifest, to_json, write_file
from kgml.errors import ArtifactError

SETTLED = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system (FAT) has two seconds."""
Stamp = list[int]


def verify(path: Path, kind: str, records: Path) -> None:
    """Compare the sha256 of the artifact's files, but of those that are as they were.

    Args:
        records: a folder for what was verified; made if need be, done without if it cannot be.

    Raises:
        ArtifactError: as `read_manifest` does.
    """
    record = records / f"{path.name}.json"
    known = _read(record)
    now = time.time_ns()
    files = read_manifest(path, kind, verify=False).files
    found = {name: _stamp(path / name) for name in files}
    same = {
        name for name, stamp in found.items() if stamp and known.get(name) == [files[name], *stamp]
    }
    read_manifest(path, kind, unchanged=same)
    if len(same) == len(files):
        return
    settled = {
        name: [files[name], *stamp]
        for name, stamp in found.items()
        if max(stamp[2:]) < now - SETTLED and stamp == _stamp(path / name)
    }
    if settled:
        _write(record, settled, path.parent)


def _stamp(file: Path) -> Stamp:
    """Inode, size and times of change; nothing where there is no file."""
    try:
        status = file.stat()
    except OSError:
        return [0, 0, 0, 0]
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(record: Path) -> dict[str, list[object]]:
    try:
        return dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write(record: Path, settled: dict[str, list[object]], kept: Path) -> None:
    """Keep a record, and drop those of folders that are gone."""
    with suppress(ArtifactError, OSError):
        write_file(record, to_json(settled))
        for other in record.parent.glob("*.json"):
            if not (kept / other.stem).exists():
                other.unlink(missing_ok=True)
