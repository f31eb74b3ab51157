"""``owl:imports``: the IRI of an ontology becomes the file to read next.

In this order: what is loaded already, ``import_map`` of ``kgml.toml``, an XML catalog, a file
nearby that declares the IRI, and the network where that was allowed. What none of them provides is
listed with the reason and the next step; the load goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.sources import catalog as catalogs
from kgml.kg.sources.catalog import Catalogs, as_path, bare
from kgml.kg.sources.declared import candidates, declared
from kgml.kg.sources.network import cache_folder, fetch
from kgml.kg.sources.transport import PUBLIC, Rules

MAX_DOWNLOADS = 100
"""Ontologies fetched for one load."""
OWN_BASE = "urn:kgml:/"
"""What a relative import is relative to: the names of files below what the user gave."""


class Imports:
    """Resolve imported ontologies, one load's worth.

    Args:
        loaded: what the user gave: folders, which are searched with all they hold, and files,
            whose own folder is searched. Files named here are never handed out by `resolve`.
        folder: where downloads are kept; None: the user's cache folder.
        rules: what the network may be asked for.

    Raises:
        OntologyError: the catalog that the user named is missing or broken.
    """

    def __init__(
        self,
        config: GraphConfig,
        loaded: Iterable[Path],
        *,
        folder: Path | None = None,
        rules: Rules = PUBLIC,
    ) -> None:
        self._config = config
        given = [Path(path).resolve() for path in loaded]
        self._trees = [path for path in given if path.is_dir()]
        self._known = {path for path in given if not path.is_dir()}
        beside = {file.parent for file in self._known if not self._within(file, self._trees)}
        self._roots = [
            *self._trees,
            *(b for b in sorted(beside) if not self._within(b.parent, beside)),
        ]
        self._map = {bare(iri): Path(file) for iri, file in config.import_map.items()}
        self._catalog = Path(config.catalog).expanduser() if config.catalog else None
        if self._catalog is not None:
            catalogs.read(self._catalog)
        self._catalogs = Catalogs(self._roots)
        self._folder, self._rules = folder, rules
        self._real: dict[Path, Path] = {}
        self._seen: set[str] = set()
        self._index: dict[Path, dict[str, list[Path]]] = {}
        self._beside: dict[Path, list[Path]] = {}
        """Folder to the catalogs in it and above it."""
        self._failed: dict[str, str] = {}
        self._unresolved: dict[str, tuple[str, str, str]] = {}
        self.downloaded: dict[Path, str] = {}
        """Files that came from the network, and from where."""

    @property
    def unresolved(self) -> list[tuple[str, str, str]]:
        """(IRI, name of the file that imports it, why and what to do), each IRI once, sorted."""
        return sorted(self._unresolved.values())

    def loaded_ontology(self, iri: str, version_iri: str, path: Path) -> None:
        """Remember that the ontology ``iri`` was read from ``path``; either IRI may be empty."""
        self._known.add(self._resolved(path))
        for name in (iri, version_iri):
            if name:
                self._seen.add(bare(name))
                self._unresolved.pop(bare(name), None)

    def seen(self, iri: str) -> bool:
        """Whether an ontology of this IRI or version IRI was loaded."""
        return bare(iri) in self._seen

    def resolve(self, iri: str, importer: Path) -> Path | None:
        """The file to read next for ``iri``, which ``importer`` imports.

        None where it was read, was handed out before, or cannot be resolved; the last is listed in
        `unresolved`. ``http`` and ``https``, and a ``#`` or ``/`` at the end, make no difference.
        """
        if self.seen(iri):
            return None
        importer = self._resolved(importer)
        self._known.add(importer)
        reasons: list[str] = []
        path = self._find(iri, importer, reasons)
        if path is None:
            if bare(iri) not in self._unresolved:
                self._unresolved[bare(iri)] = (iri, self._name(importer), "; ".join(reasons))
            return None
        self._unresolved.pop(bare(iri), None)
        if path in self._known:
            return None
        self._known.add(path)
        return path

    def _resolved(self, path: Path) -> Path:
        """``path`` with its links followed, which takes a call of the system for each part."""
        if path not in self._real:
            self._real[path] = Path(path).resolve()
        return self._real[path]

    def _find(self, iri: str, importer: Path, reasons: list[str]) -> Path | None:
        mapped = self._map.get(bare(iri))
        if mapped is not None:
            if mapped.expanduser().is_file():
                return mapped.expanduser().resolve()
            reasons.append(f"import_map gives {mapped}, which is no file; correct it in kgml.toml")
            return None
        local = (
            self._relative(iri, importer, reasons)
            or self._catalogued(iri, importer, reasons)
            or self._declared(iri, importer)
        )
        return local or self._fetched(iri, importer, reasons)

    def _relative(self, iri: str, importer: Path, reasons: list[str]) -> Path | None:
        """An import written as a path: ``<other.ttl>``, ``import: other.obo``, ``file:///...``."""
        if iri.startswith(OWN_BASE):
            root = next((r for r in self._roots if importer.is_relative_to(r)), importer.parent)
            path: Path | None = root / unquote(iri.removeprefix(OWN_BASE).partition("#")[0])
        elif not _scheme(iri):
            path = importer.parent / unquote(iri)
        else:
            path = as_path(iri)
        if path is None or importer in self.downloaded:
            return None
        return self._allowed(path, "the import", [importer.parent, *self._roots], reasons)

    def _catalogued(self, iri: str, importer: Path, reasons: list[str]) -> Path | None:
        for path in self._catalog_files(importer):
            uri = self._catalogs.lookup(iri, path)
            if uri is None:
                continue
            local = as_path(uri)
            if local is None and _scheme(uri) in ("http", "https"):
                return self._fetched(uri, importer, reasons)
            what = f"the catalog {self._name(path)}"
            if local is None:
                reasons.append(f"{what} gives '{uri}', which is neither a file nor a web address")
                continue
            found = self._allowed(local, what, [path.resolve().parent, *self._roots], reasons)
            if found is not None:
                return found
        return None

    def _catalog_files(self, importer: Path) -> list[Path]:
        """The catalog the user named, else those from the importer's folder up to the root."""
        if self._catalog is not None:
            return [self._catalog]
        if importer in self.downloaded:
            return []
        folder = importer.parent
        if folder not in self._beside:
            above = (path for path in folder.parents if self._within(path, self._roots))
            files = [path / catalogs.NAME for path in (folder, *above)]
            self._beside[folder] = [path for path in files if path.is_file()]
        return self._beside[folder]

    def _allowed(self, path: Path, what: str, roots: list[Path], reasons: list[str]) -> Path | None:
        """``path`` if it is a file inside one of ``roots``, links followed."""
        try:
            path = path.resolve()
            if not self._within(path, roots):
                reasons.append(f"{what} points outside {roots[0]}; give that file or folder too")
            elif path.is_file():
                return path
            else:
                reasons.append(f"{what} gives {self._name(path)}, which is no file")
        except (OSError, ValueError):
            reasons.append(f"{what} gives a path that cannot be one")
        return None

    def _declared(self, iri: str, importer: Path) -> Path | None:
        """A file nearby that says it is this ontology; the nearest to the importer wins."""
        folders = [] if importer in self.downloaded else [importer.parent]
        folders = [f for f in folders if not self._within(f, self._trees)]
        for folder in dict.fromkeys([*folders, *self._roots]):
            if folder not in self._index:
                self._index[folder] = _index(folder, recursive=folder in self._trees)
            found = self._index[folder].get(bare(iri))
            if found:
                return min(
                    found,
                    key=lambda path: (path != importer, path.parent != importer.parent, str(path)),
                )
        return None

    def _fetched(self, iri: str, importer: Path, reasons: list[str]) -> Path | None:
        if _scheme(iri) not in ("http", "https"):
            reasons.append("no file given declares it; name one in [graph.import_map] of kgml.toml")
            return None
        if not self._config.allow_network:
            if bare(iri) not in self._unresolved:
                reasons.append(self._offline(importer))
            return None
        url = f"https:{iri.partition(':')[2]}"
        if url not in self._failed and len(self.downloaded) >= MAX_DOWNLOADS:
            self._failed[url] = f"more than {MAX_DOWNLOADS} ontologies to download"
        if url not in self._failed:
            try:
                path = fetch(url, self._config, self._folder or cache_folder(), self._rules)
            except OntologyError as error:
                self._failed[url] = str(error)
            else:
                self.downloaded[path.resolve()] = url
                return path.resolve()
        reasons.append(self._failed[url])
        return None

    def _offline(self, importer: Path) -> str:
        advice = "give its folder, name it in [graph.import_map] of kgml.toml, or --allow-network"
        if self._catalog is None and importer not in self.downloaded:
            above = (folder for folder in importer.parents if not self._within(folder, self._roots))
            known = [folder / catalogs.NAME for folder in above]
            found = next((path for path in known if path.is_file()), None)
            if found is not None:  # not asked unasked: anyone may have put it there
                advice = f"{found} may know it: give catalog = '{found}' in [graph] of kgml.toml"
        return f"no file given declares it; {advice}"

    def _name(self, path: Path) -> str:
        path = self._resolved(path)
        if path in self.downloaded:
            return self.downloaded[path]
        inside = [path.relative_to(r).as_posix() for r in self._roots if path.is_relative_to(r)]
        return min(inside, key=len) if inside else path.name

    @staticmethod
    def _within(path: Path, roots: Iterable[Path]) -> bool:
        inside = os.path.join(path, "")
        return any(inside.startswith(os.path.join(root, "")) for root in roots)


def _scheme(iri: str) -> str:
    try:
        return urlsplit(iri).scheme.lower()
    except ValueError:
        return "?"


def _index(folder: Path, recursive: bool) -> dict[str, list[Path]]:
    """`bare` IRI to the files below ``folder`` that declare it."""
    index: dict[str, list[Path]] = {}
    for path in candidates(folder, recursive):
        for iri in declared(path):
            index.setdefault(bare(iri), []).append(path.resolve())
    return index
