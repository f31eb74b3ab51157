"""OASIS XML catalogs 1.1: which file stands for the IRI of an ontology.

Only what `Resolution of URI references (section 7.2.2)`__ uses: ``uri``, ``rewriteURI``,
``uriSuffix``, ``delegateURI``, ``nextCatalog``, ``group`` and ``xml:base``. A catalog comes with the
data and is not trusted: it declares no entities, and what it points at is checked by the caller.

__ https://docs.oasis-open.org/committees/entity/release/1.1/errata01/os/xml-catalogs-1.1-os.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname
from xml.parsers import expat

from kgml.errors import OntologyError
from kgml.progress import warn

NAME = "catalog-v001.xml"
"""What Protégé and the catalogs of published ontologies call it."""
NAMESPACE = "urn:oasis:names:tc:entity:xmlns:xml:catalog"
BASE = "http://www.w3.org/XML/1998/namespace base"
MAX_BYTES = 20_000_000
MAX_NESTING = 100
"""Elements within elements; a catalog needs three or four."""
MAX_CHAIN = 10
"""Catalogs that one look-up follows one after another."""


def bare(iri: str) -> str:
    """What two ways to write the IRI of one ontology share.

    >>> bare("http://example.org/a#") == bare("https://EXAMPLE.org/a/") == "//example.org/a"
    True
    """
    web = re.match(r"https?://([^/?#]*)", iri, re.I)
    return (f"//{web[1].lower()}{iri[web.end() :]}" if web else iri).rstrip("#/")


def as_path(uri: str) -> Path | None:
    """The path behind a ``file:`` URI, None for any other and for one that cannot be a path."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = url2pathname(parts.path)
    return Path(path) if path and "\0" not in path else None


@dataclass
class Catalog:
    """The entries of one catalog file; every value is an absolute URI."""

    path: Path
    uris: dict[str, str] = field(default_factory=dict)
    variants: dict[str, str] = field(default_factory=dict)
    """The same by `bare` name; asked after ``uris``."""
    rewrites: list[tuple[str, str]] = field(default_factory=list)
    suffixes: list[tuple[str, str]] = field(default_factory=list)
    delegates: list[tuple[str, str]] = field(default_factory=list)
    following: list[str] = field(default_factory=list)

    def lookup(self, iri: str) -> str | None:
        """The URI this file alone gives for ``iri``."""
        found = self.uris.get(iri) or self.variants.get(bare(iri))
        if found:
            return found
        start = _longest(self.rewrites, iri)
        if start is not None:
            return start[1] + _schemeless(iri)[len(_schemeless(start[0])) :]
        ends = [entry for entry in self.suffixes if bare(iri).endswith(entry[0].rstrip("#/"))]
        return max(ends, key=lambda entry: len(entry[0]))[1] if ends else None

    def delegated(self, iri: str) -> list[str]:
        """The catalogs that alone decide about ``iri``, the most specific first."""
        fitting = [entry for entry in self.delegates if _starts(iri, entry[0])]
        return [uri for _, uri in sorted(fitting, key=lambda entry: -len(entry[0]))]


def _schemeless(iri: str) -> str:
    return re.sub(r"^https?:(?=//)", "", iri, flags=re.I)


def _starts(iri: str, start: str) -> bool:
    return _schemeless(iri).startswith(_schemeless(start))


def _longest(entries: list[tuple[str, str]], iri: str) -> tuple[str, str] | None:
    fitting = [entry for entry in entries if _starts(iri, entry[0])]
    return max(fitting, key=lambda entry: len(entry[0])) if fitting else None


def read(path: Path) -> Catalog:
    """Read one catalog file, without the catalogs it names.

    Raises:
        OntologyError: missing, too large, not XML, not a catalog, or it declares entities.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise OntologyError(f"{path}: {size:,} bytes; a catalog may have {MAX_BYTES:,}.")
        data = path.read_bytes()
    except OSError as error:
        raise OntologyError(
            f"{path}: the catalog cannot be read ({error.strerror}). Check the path."
        ) from None
    return _Reader(path).read(data)


class _Reader:
    """Expat events to a `Catalog`."""

    def __init__(self, path: Path) -> None:
        self.catalog = Catalog(path)
        self._bases = [path.absolute().as_uri()]

    def read(self, data: bytes) -> Catalog:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise self._refuse(
                f"not well-formed XML ({expat.ErrorString(error.code)})", error.lineno
            ) from None
        except (ValueError, LookupError) as error:  # an encoding nobody knows, a URI that is none
            raise self._refuse(f"cannot be read as a catalog ({error})") from None
        return self.catalog

    def _refuse(self, found: str, line: int | None = None) -> OntologyError:
        where = f"{self.catalog.path}{f', line {line}' if line else ''}"
        return OntologyError(f"{where}: {found}. Wanted an OASIS XML catalog, such as {NAME}.")

    def _doctype(
        self, name: str, system: str | None, public: str | None, internal: bool | int
    ) -> None:
        # Without an internal subset no entity can be declared: expat never fetches an outer one.
        if internal:
            raise self._refuse("declares entities, which a catalog has no use for")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        if len(self._bases) == 1 and (name != "catalog" or space not in (NAMESPACE, "")):
            raise self._refuse(f"the root is <{name}>")
        if len(self._bases) > MAX_NESTING:
            raise self._refuse(f"more than {MAX_NESTING} elements within each other")
        base = urljoin(self._bases[-1], attributes.get(BASE, ""))
        self._bases.append(base)
        if space in (NAMESPACE, ""):
            self._entry(name, attributes, base)

    def _end(self, tag: str) -> None:
        self._bases.pop()

    def _entry(self, name: str, given: dict[str, str], base: str) -> None:
        catalog = self.catalog

        def target(attribute: str) -> str:
            return urljoin(base, given[attribute])

        try:
            if name == "uri":
                uri = target("uri")
                catalog.uris.setdefault(given["name"], uri)
                catalog.variants.setdefault(bare(given["name"]), uri)
            elif name == "rewriteURI":
                catalog.rewrites.append((given["uriStartString"], target("rewritePrefix")))
            elif name == "uriSuffix":
                catalog.suffixes.append((given["uriSuffix"], target("uri")))
            elif name == "delegateURI":
                catalog.delegates.append((given["uriStartString"], target("catalog")))
            elif name == "nextCatalog":
                catalog.following.append(target("catalog"))
        except KeyError as missing:
            raise self._refuse(f"<{name}> without the attribute {missing}") from None


class Catalogs:
    """Catalog files read once, and the chains between them.

    Args:
        roots: folders that a catalog may name other catalogs in, besides its own.
    """

    def __init__(self, roots: list[Path]) -> None:
        self._roots = roots
        self._read: dict[Path, Catalog | None] = {}
        self._refused: set[str] = set()

    def lookup(self, iri: str, path: Path) -> str | None:
        """The absolute URI that the catalog at ``path``, or one it leads to, gives for ``iri``."""
        allowed = [path.resolve().parent, *self._roots]
        return self._lookup(iri, path.resolve(), allowed, set(), 1)

    def _lookup(
        self, iri: str, path: Path, allowed: list[Path], asked: set[Path], depth: int
    ) -> str | None:
        asked.add(path)
        catalog = self._open(path)
        found = catalog.lookup(iri) if catalog else None
        if catalog is None or found is not None or depth == MAX_CHAIN:
            return found
        # As section 7.2.2 has it: where catalogs are delegated to, nobody else is asked.
        others = catalog.delegated(iri) or catalog.following
        for other in self._inside(others, catalog, allowed):
            if other not in asked:  # each once: catalogs may name each other
                found = self._lookup(iri, other, allowed, asked, depth + 1)
                if found is not None:
                    return found
        return None

    def _inside(self, uris: list[str], catalog: Catalog, allowed: list[Path]) -> Iterator[Path]:
        for uri in uris:
            path = as_path(uri)
            if path is not None and any(path.resolve().is_relative_to(root) for root in allowed):
                yield path.resolve()
            elif uri not in self._refused:
                self._refused.add(uri)
                warn(f"{catalog.path}: the catalog '{uri}' points outside its folder; not read.")

    def _open(self, path: Path) -> Catalog | None:
        if path not in self._read:
            try:
                self._read[path] = read(path)
            except OntologyError as error:
                warn(f"{error} Going on without it.")
                self._read[path] = None
        return self._read[path]
