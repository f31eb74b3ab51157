"""The prefixes that files declare, so that what a user calls ``ex:Bond`` is found by that name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from xml.parsers import expat

import pyoxigraph as ox

MAX_PREFIXES = 5_000
"""Kept of one load; FIBO with all it imports declares some 500."""
LONGEST_PREFIX, LONGEST_NAMESPACE = 100, 500
"""Characters; what is longer is left out, for files are written by strangers."""
PIECE = 8_192
"""Bytes of an XML file given to the parser at a time."""
_PREFIX = re.compile(r"[^\W\d_](?:[\w.-]*\w)?")
_XML = frozenset({"xml", "xmlns"})

Declare: TypeAlias = Callable[[Mapping[str, str]], None]
"""Takes the prefixes of one file: `Namespaces.add`, or `ignore`."""


def ignore(declared: Mapping[str, str]) -> None:
    """Keep none."""


class Namespaces:
    """Prefix to namespace of all files of one load; the first file that declares a prefix wins.

    The empty prefix is not kept: each file has its own.
    """

    def __init__(self) -> None:
        self.spaces: dict[str, str] = {}
        self._others: set[str] = set()
        self.left_out = 0
        """Declarations that are too many, too long, or no prefix of an IRI."""

    @property
    def conflicts(self) -> int:
        """How many prefixes another file declares otherwise."""
        return len(self._others)

    def add(self, declared: Mapping[str, str]) -> None:
        """Keep what one file declares."""
        for prefix, space in declared.items():
            known = self.spaces.get(prefix)
            if known == space or not prefix or prefix in _XML:
                continue
            if known is not None:
                self._others.add(prefix)
            elif len(self.spaces) < MAX_PREFIXES and _is_usable(prefix, space):
                self.spaces[prefix] = space
            else:
                self.left_out += 1


def _is_usable(prefix: str, space: str) -> bool:
    if len(prefix) > LONGEST_PREFIX or len(space) > LONGEST_NAMESPACE:
        return False
    if not _PREFIX.fullmatch(prefix):
        return False
    with suppress(ValueError):
        return bool(ox.NamedNode(space))
    return False


def of_xml(path: Path) -> dict[str, str]:
    """The ``xmlns`` of the root element of an XML file, entities resolved; {} if it is malformed.

    pyoxigraph forgets them at the end of the file and knows none written as ``&ex;``. The file must
    have passed `kgml.kg.parse.safety.check_xml`.
    """
    found: dict[str, str] = {}
    begun = False

    def declare(prefix: str | None, space: str | None) -> None:
        if not begun and prefix and space:
            found[prefix] = space

    def start(*_: object) -> None:
        nonlocal begun
        begun = True

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartNamespaceDeclHandler = declare
    parser.StartElementHandler = start
    with path.open("rb") as stream, suppress(expat.ExpatError):
        while not begun and (piece := stream.read(PIECE)):
            parser.Parse(piece)
    return found
