"""Triples become blocks of N-Triples; IRIs and blank nodes as pyoxigraph accepts them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urljoin

import pyoxigraph as ox

from kgml.kg.vocabulary import OBO, PREFIXES

BLOCK = 16_384
"""Statements per block: some 2 MB."""
MAX_CACHED = 1_000_000
"""IRIs kept for reuse."""

_UNWANTED = re.compile(r"[\x00-\x20<>\"{}|^`\\\x7f-\x9f\ufff0-\uffff]|%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]|urn:[^\s]|mailto:[^\s]")
_CURIE = re.compile(r"([A-Za-z][A-Za-z0-9.-]*):([A-Za-z0-9]+)\Z")


def blocks(triples: Iterable[ox.Triple]) -> Iterator[bytes]:
    """The triples as N-Triples, `BLOCK` of them at a time."""
    remaining = iter(triples)
    while block := ox.serialize(islice(remaining, BLOCK), format=ox.RdfFormat.N_TRIPLES):
        yield block


def base_iri(name: str) -> str:
    """What relative IRIs of the file ``name`` are under; no path of the machine enters the data.

    >>> base_iri("a b.csv")
    'urn:kgml:/a%20b.csv'
    """
    return f"urn:kgml:/{quote(name)}"


def resolve(base: str, reference: str) -> str:
    """An absolute IRI (RFC 3986 section 5), also where the base has no authority.

    >>> resolve("http://e/o", "#A"), resolve("urn:x:y", "#A"), resolve("http://e/o", "urn:a")
    ('http://e/o#A', 'urn:x:y#A', 'urn:a')
    """
    if _ABSOLUTE.match(reference):
        return reference
    if not reference or reference[0] == "#":
        return base.partition("#")[0] + reference
    joined = urljoin(base, reference)
    return joined if _ABSOLUTE.match(joined) else f"{base.partition('#')[0]}#{reference}"


def expanded(identifier: str, base: str) -> str:
    """The IRI that an identifier of a table or a JSON file stands for.

    IRIs stay; a prefix of `kgml.kg.vocabulary.PREFIXES` is expanded, any other CURIE as OBO 1.4
    section 5.9 says; the rest are names under ``base``.

    >>> expanded("HP:0001250", "urn:kgml:/a.csv")
    'http://purl.obolibrary.org/obo/HP_0001250'
    >>> expanded("heart: left side", "urn:kgml:/a.csv"), expanded("rdfs:label", "")
    ('urn:kgml:/a.csv#heart%3A%20left%20side', 'http://www.w3.org/2000/01/rdf-schema#label')
    """
    if _IRI.match(identifier):
        return identifier
    prefix, colon, local = identifier.partition(":")
    if colon and prefix in PREFIXES and local:
        return PREFIXES[prefix] + quote(local, safe="/~-._")
    curie = _CURIE.match(identifier)
    if curie:
        return f"{OBO}{curie[1]}_{curie[2]}"
    return f"{base}#{quote(identifier, safe='-._~')}"


def named(iri: str) -> ox.NamedNode:
    """The node of an absolute IRI; characters it may not hold, such as spaces, percent-encoded.

    Raises:
        ValueError: not an IRI even so.
    """
    try:
        return ox.NamedNode(iri)
    except ValueError:
        return ox.NamedNode(_UNWANTED.sub(lambda found: quote(found[0], safe=""), iri))


class Nodes:
    """Named nodes, each made once, and blank nodes whose labels no other file shares."""

    def __init__(self, path: Path) -> None:
        self._named: dict[str, ox.NamedNode] = {}
        self._prefix = "x" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
        self._labels: dict[str, ox.BlankNode] = {}
        self._count = 0
        self.prefixes: dict[str, str] = {}
        """Those that the file declares."""

    def named(self, iri: str) -> ox.NamedNode:
        """As `named`."""
        node = self._named.get(iri)
        if node is None:
            if len(self._named) >= MAX_CACHED:
                self._named.clear()
            node = self._named[iri] = named(iri)
        return node

    def blank(self, label: str = "") -> ox.BlankNode:
        """A new blank node, or the one the file calls ``label``."""
        node = self._labels.get(label) if label else None
        if node is None:
            self._count += 1
            node = ox.BlankNode(f"{self._prefix}n{self._count}")
            if label:
                self._labels[label] = node
        return node
