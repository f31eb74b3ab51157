"""Paths, folders, globs and shipped names become a list of ontology files."""

from __future__ import annotations

import difflib
import glob
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kgml.artifacts import MANIFEST
from kgml.errors import OntologyError
from kgml.kg.parse import formats, packing


@dataclass(frozen=True)
class Source:
    """One file to read: ``name`` is its path below what was given, the same on every machine."""

    path: Path
    name: str
    kind: str
    skip: int
    packing: str = ""
    """``gzip``, ``bzip2``, ``xz``, ``zstd``, or empty for a plain file."""

    @property
    def plain_name(self) -> str:
        """``hp.obo`` for ``hp.obo.gz``, so that packing a file changes no IRI."""
        return packing.plain_name(self.name) if self.packing else self.name


def find(paths: Sequence[str | Path], max_bytes: int) -> tuple[list[Source], int]:
    """The files behind ``paths`` in a stable order, each once, and how many were left alone.

    Hidden files and what kgml itself saved are passed over in a folder, uncounted: a graph built
    beside its ontologies is no part of them. Tables in a folder are passed over and counted: a
    list of edges is read where it is named.

    Raises:
        OntologyError: nothing there, or a file that cannot be an ontology.
    """
    sources: dict[Path, Source] = {}
    skipped = 0
    for given in paths:
        for root in _expand(given):
            if not root.is_dir():
                sources.setdefault(root.resolve(), _source(root, root.name, max_bytes))
                continue
            kind = _saved_kind(root)
            if kind:
                step = f"Use it with --graph {root}" if kind == "graph" else "Name an ontology"
                raise OntologyError(f"{root}: a saved kgml {kind}, not an ontology. {step}.")
            before = len(sources)
            files = sorted(_files(root))
            for file in files:
                name = file.relative_to(root).as_posix()
                source = _in_folder(file, name, max_bytes)
                if source is None:
                    skipped += 1
                else:
                    sources.setdefault(file.resolve(), source)
            if len(sources) == before and not any(
                s.path.is_relative_to(root) for s in sources.values()
            ):
                raise OntologyError(
                    f"{root}: {len(files)} file{'s' * (len(files) != 1)} in this folder, "
                    "none of them an ontology; "
                    f"wanted {', '.join(sorted(formats.ENDINGS))}, packed or not; a list of edges "
                    "is read where it is named. Check the path."
                )
    return list(sources.values()), skipped


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [f for f in folders if f[0] != "." and not _saved_kind(here / f)]
        yield from (here / n for n in names if n[0] != "." and (here / n).is_file())


def _saved_kind(folder: Path) -> str:
    """``graph``, ``model``, ... if kgml saved ``folder``, else an empty string."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    ours = isinstance(manifest, dict) and {"kind", "format_version", "files"} <= set(manifest)
    return str(manifest["kind"]) if ours else ""


def _expand(given: str | Path) -> list[Path]:
    path = Path(given).expanduser()
    if path.exists():
        return [path]
    if any(mark in str(given) for mark in "*?["):
        found = sorted(glob.glob(str(path), recursive=True))
        if found:
            return [Path(name) for name in found]
        raise OntologyError(f"{given}: no file matches this pattern. Check the path.")
    from kgml.resources import ontology

    shipped = ontology(str(given))
    if shipped is None:
        raise OntologyError(f"{given}: no such file or folder. {_near(path)}")
    return [shipped]


def _near(path: Path) -> str:
    names = [f.name for f in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"Did you mean '{path.parent / close[0]}'?"
    return "Check the path; 'fin' and 'bio' name the ontologies that come with kgml."


def _in_folder(path: Path, name: str, max_bytes: int) -> Source | None:
    """The source, or None for what is no ontology by its ending or, where that is open, content."""
    ending = Path(packing.plain_name(path.name)).suffix.lower()
    if ending in formats.ENDINGS:
        return _source(path, name, max_bytes)
    if ending not in formats.MAYBE:
        return None
    try:
        source = _detected(path, name)
    except (formats.UnknownFormatError, packing.DamagedError):
        return None
    if (
        source.kind in formats.TABLES.values()
    ):  # of texts, of results, of anything: name it to have it read
        return None
    _check_size(path, max_bytes)
    return source


def _source(path: Path, name: str, max_bytes: int) -> Source:
    _check_size(path, max_bytes)
    try:
        return _detected(path, name)
    except packing.DamagedError as error:
        raise OntologyError(f"{path}: {error}") from None
    except formats.UnknownFormatError as reason:
        *others, last = formats.KINDS
        wanted = f"Wanted {', '.join(others)} or {last}"
        raise OntologyError(f"{path}: found {reason}. {wanted}.") from None


def _detected(path: Path, name: str) -> Source:
    try:
        packed, head = packing.read_head(path, formats.HEAD)
    except OSError as error:
        raise OntologyError(f"{path}: cannot be read ({error.strerror or error}).") from None
    plain = Path(packing.plain_name(path.name)) if packed else path
    kind, skip = formats.detect(head, plain)
    return Source(path, name, kind, skip, packed)


def _check_size(path: Path, max_bytes: int) -> None:
    size = path.stat().st_size
    if size > max_bytes:
        raise OntologyError(
            f"{path}: {size:,} bytes, more than the limit of {max_bytes:,}. "
            "Raise max_bytes in [graph] of kgml.toml."
        )
