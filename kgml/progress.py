"""Progress bars and counted warnings, both on stderr and both silent under ``--quiet``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_quiet = False
_say: Callable[[str], None] | None = None


class KGMLWarning(UserWarning):
    """Something odd but usable, said once with its count."""


def set_quiet(quiet: bool) -> None:
    """Switch bars off (and on again)."""
    global _quiet
    _quiet = quiet


def set_notes(say: Callable[[str], None] | None) -> None:
    """Who is told what `note` says; nobody until this is called."""
    global _say
    _say = say


def note(message: str) -> None:
    """Tell what was chosen for the user, before the work begins."""
    if _say is not None:
        _say(message)


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items``; draw a bar on stderr if that is a terminal and ``--quiet`` was not given."""
    if _quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(
        items, description, total=total, console=Console(stderr=True), transient=True
    )


def warn(message: str) -> None:
    """Say once that something odd was met and the work goes on."""
    warnings.warn(message, KGMLWarning, stacklevel=2)
