"""What every format of linked texts shares; each is one class in a file of its own."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kgml import registry
from kgml.artifacts import write_file
from kgml.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

GROUP = "link_format"
FLAGS = {"negated": "Negated", "family": "Family"}
"""What a mention may be marked with, as `kgml.linking.linker.mention_to_json` names it."""
NO_VOCABULARY = "Entity"
"""The type of what has no CURIE, or no candidate (NIL)."""


class Linked(NamedTuple):
    """A text, its mentions as JSON in the order of their offsets, and what the text is called."""

    text: str
    mentions: list[dict[str, Any]]
    id: Any = None


class Format(ABC):
    """A way to write linked texts."""

    ending: ClassVar[str]
    """Of the file that is written; "" for a folder of files."""

    @abstractmethod
    def check(self, path: Path) -> None:
        """Refuse now what `write` could not do after all the work.

        Raises:
            ArtifactError: ``path`` holds what is not replaced.
        """

    @abstractmethod
    def write(self, path: Path, linked: Sequence[Linked], graph: KnowledgeGraph) -> None:
        """Write beside ``path``, then put it there in one step.

        Raises:
            ArtifactError: not writable; what was there before is unchanged.
        """

    @abstractmethod
    def render(self, linked: Sequence[Linked], graph: KnowledgeGraph) -> str:
        """The same as one text.

        Raises:
            UsageError: this format is a folder.
        """


class FileFormat(Format):
    """A format of one file."""

    def check(self, path: Path) -> None:
        """Refuse a folder."""
        if path.is_dir():
            raise ArtifactError(f"{path}: is a folder; wanted a file to write. Choose another -o.")

    def write(self, path: Path, linked: Sequence[Linked], graph: KnowledgeGraph) -> None:
        """Write what `render` gives; a lone surrogate becomes its escape."""
        write_file(path, self.render(linked, graph).encode("utf-8", "backslashreplace"))


def chosen(name: str | None, output: Path | None) -> Format | None:
    """The format called ``name``, else that of the ending of ``output``; None where neither is given.

    Raises:
        UsageError: unknown, or a folder without ``output``.
        ArtifactError: ``output`` cannot be written.
    """
    if name is None:
        if output is None:
            return None
        name = _by_ending(output)
    found: Format = registry.resolve(GROUP, name)()
    if output is not None:
        found.check(output)
    elif not found.ending:
        raise UsageError(f"--format {name} is a folder of files; name it with -o DIR.")
    return found


def _by_ending(output: Path) -> str:
    endings = {registry.resolve(GROUP, name).ending: name for name in registry.names(GROUP)}
    wanted = output.suffix.lower()
    if wanted not in endings or not wanted:
        known = " or ".join(sorted(filter(None, endings)))
        raise UsageError(
            f"-o {output}: wanted a file ending in {known}, or a --format: "
            f"{', '.join(registry.names(GROUP))}."
        )
    return endings[wanted]


def curie(mention: dict[str, Any], graph: KnowledgeGraph) -> str | None:
    """The first candidate as ``PREFIX:name``; its IRI where it has no prefix, None for NIL."""
    if not mention["candidates"]:
        return None
    number = graph.number(mention["candidates"][0]["id"])
    return graph.curie(number)


def vocabulary(mention: dict[str, Any], graph: KnowledgeGraph) -> str:
    """The prefix of the first candidate's CURIE: letters, digits, "-" and "_"."""
    name = curie(mention, graph) or ""
    prefix, colon, local = name.partition(":")
    if not colon or local.startswith("//"):
        return NO_VOCABULARY
    return re.sub(r"[^A-Za-z0-9_-]", "_", prefix) or NO_VOCABULARY
