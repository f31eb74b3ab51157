"""Folders that are made once and kept in the cache: read if sound, made again if not, bounded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from kgml.artifacts import MANIFEST, identity
from kgml.encoders.bound import most_bytes
from kgml.errors import ArtifactError
from kgml.progress import warn

T = TypeVar("T")


def kept(
    path: Path, read: Callable[[Path], T], build: Callable[[], T],
    save: Callable[[T, Path], None] | None = None,
) -> T:  # fmt: skip
    """What is at ``path``; if nothing sound is, what ``build`` gives, kept there.

    It is an aid: what is damaged is made again, what cannot be written is done without, each with
    one warning.

    Args:
        save: None where the thing is the folder itself: ``build`` writes it, and what it raises
            is raised.
    """
    while (seen := identity(path)) is not None:
        try:
            found = read(path)
            with suppress(OSError):
                os.utime(path / MANIFEST)  # in use: the last to be thrown out
            return found
        except ArtifactError as error:
            if identity(path) != seen:  # another process has just replaced it
                continue
            warn(f"{error} It is built again.")
            shutil.rmtree(path, ignore_errors=True)
            break
    made = build()
    try:
        if save is not None:
            save(made, path)
        shrink(path.parent, most_bytes(), keep=path)
    except (ArtifactError, OSError) as error:
        warn(f"{error} It will be built again next time.")
    return made


def shrink(folder: Path, limit: int, keep: Path) -> None:
    """Remove what was used longest ago until ``folder`` holds at most ``limit`` bytes."""
    sizes = {}
    for one in folder.iterdir():
        with suppress(FileNotFoundError):  # thrown out or replaced by another process
            files = [file.stat() for file in one.rglob("*") if file.is_file()]
            sizes[one] = (one / MANIFEST).stat().st_mtime, sum(file.st_size for file in files)
    total = sum(size for _, size in sizes.values())
    for one, (_, size) in sorted(sizes.items(), key=lambda row: row[1][0]):
        if total > limit and one != keep:
            shutil.rmtree(one, ignore_errors=True)
            total -= size
