"""Folders that are made once and kept in the cache: read if sound, made again if not, bounded."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from kgml.artifacts import MANIFEST, identity
from kgml.encoders.bound import IN_USE_SECONDS, most_bytes
from kgml.errors import ArtifactError
from kgml.progress import warn

T = TypeVar("T")


def kept(
    path: Path, read: Callable[[Path], T], build: Callable[[], T],
    save: Callable[[T, Path], None] | None = None, beside: Sequence[Path] = (),
) -> T:  # fmt: skip
    """What is at ``path``; if nothing sound is, what ``build`` gives, kept there.

    It is an aid: what is damaged is made again, what cannot be written or is too large is done
    without, each with one warning.

    Args:
        save: None where the thing is the folder itself: ``build`` writes it, and what is in the way
            is raised.
        beside: what is kept in the same folder and in use with it.

    Raises:
        ArtifactError: without ``save``, if it cannot be written or is too large.
    """
    while (seen := identity(path)) is not None:
        try:
            found = read(path)
        except ArtifactError as error:
            if identity(path) != seen:  # another process has just replaced it
                continue
            warn(f"{error} It is built again.")
            shutil.rmtree(path, ignore_errors=True)
            break
        with suppress(OSError):
            os.utime(path / MANIFEST)  # in use: the last to be thrown out
        _hold(path, beside, needed=save is None)
        return found
    try:
        _make(path.parent)
    except ArtifactError as error:
        if save is None:
            raise
        warn(f"{error} It will be built again next time.")
        return build()
    made = build()
    try:
        if save is not None:
            save(made, path)
    except (ArtifactError, OSError) as error:
        warn(f"{unwritable(path, error)} It will be built again next time.")
    else:
        _hold(path, beside, needed=save is None)
    return made


def unwritable(path: Path, error: ArtifactError | OSError) -> ArtifactError:
    """``error``, met in writing ``path``, with what can be done about the cache folder."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(cause, OSError):
        return ArtifactError(str(error))
    full = cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "Free some space, or set" if full else "Set"
    return ArtifactError(
        f"{path}: could not be written ({cause.strerror or cause}). {advice} KGML_CACHE to a folder "
        "that can be written."
    )


def _make(folder: Path) -> None:
    """Raise `ArtifactError` before the work if its result could not be kept."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    if not os.access(folder, os.W_OK):
        raise unwritable(folder, PermissionError(None, "not allowed"))


def _hold(path: Path, beside: Sequence[Path], *, needed: bool) -> None:
    """Keep ``path`` within the bound, or say that it is not kept."""
    limit = most_bytes()
    size = shrink(path.parent, limit, [path, *beside])
    if size <= limit:
        return
    shutil.rmtree(path, ignore_errors=True)
    others = " with what is in use beside it" if beside else ""
    message = (
        f"{path}: KGML_CACHE_BYTES allows {limit:,} bytes, and this takes {size:,}{others}; it is "
        f"not kept. Set KGML_CACHE_BYTES to {size} or more."
    )
    if needed:
        raise ArtifactError(message)
    warn(f"{message} It will be built again next time.")


class _Unit(NamedTuple):
    """What stays or goes together: its folders, when one of them was used last, their bytes."""

    used: float
    folders: list[Path]
    size: int


def shrink(folder: Path, limit: int, keep: Sequence[Path]) -> int:
    """Remove what was used longest ago until ``folder`` holds at most ``limit`` bytes.

    What has the same name up to the first hyphen is used together and goes together. What other
    processes are writing stays and counts; what they left when they were killed goes.

    Returns:
        Bytes that have to stay: of ``keep``, and of what is being written. Where these are more
        than ``limit``, nothing is removed for them.
    """
    stay, units = 0, dict[str, _Unit]()
    own = keep[0].name.partition("-")[0]
    for one in list(folder.iterdir()):
        try:
            used, size = _measured(one)
        except FileNotFoundError:  # thrown out or replaced by another process
            continue
        if one.name.startswith("."):
            if _abandoned(one.name, used):
                _remove(one)
            else:
                stay += size
        elif one in keep:
            stay += size
        else:
            group = one.name.partition("-")[0]
            group = one.name if group == own else group
            known = units.get(group, _Unit(used, [], 0))
            units[group] = _Unit(max(used, known.used), [*known.folders, one], known.size + size)
    total = stay + sum(unit.size for unit in units.values())
    for unit in sorted(units.values()) if stay <= limit else ():
        if total > limit:
            for one in unit.folders:
                _remove(one)
            total -= unit.size
    return stay


def _measured(path: Path) -> tuple[float, int]:
    """When the folder (or file) was used last, and its bytes."""
    files = [file.stat() for file in (path, *path.rglob("*")) if file.is_file()]
    with suppress(FileNotFoundError, NotADirectoryError):
        return (path / MANIFEST).stat().st_mtime, sum(file.st_size for file in files)
    newest = max([path.stat().st_mtime, *(file.st_mtime for file in files)])
    return newest, sum(file.st_size for file in files)


def _abandoned(name: str, used: float) -> bool:
    """Whether nobody will finish this: not touched for a day, and its process is not there."""
    if time.time() - used < IN_USE_SECONDS:
        return False
    owner = re.search(r"\.(\d+)\.\w+$", name)
    if owner is None:
        return True
    try:
        os.kill(int(owner[1]), 0)  # sends nothing
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
