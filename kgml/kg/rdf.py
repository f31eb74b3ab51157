"""One streaming pass of pyoxigraph over an RDF file into integer columns.

Terms become numbers as they pass by: IRIs 0, 1, ..., blank nodes -1, -2, ... (scoped per file).
Literals are kept only where a predicate means a word, a date of death or a header.
"""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox

from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.collected import Collected

FORMATS = {
    "Turtle": ox.RdfFormat.TURTLE,
    "N-Triples": ox.RdfFormat.N_TRIPLES,
    "RDF/XML": ox.RdfFormat.RDF_XML,
    "JSON-LD": ox.RdfFormat.JSON_LD,
}

_KEPT = frozenset(
    {*v.LABELS, *v.SYNONYMS, *v.DEFINITIONS, *v.ONTOLOGY_VERSION, *v.ONTOLOGY_LICENCE,
     *v.ONTOLOGY_TITLE, v.COMMENT, v.DEPRECATED, v.LITERAL_FORM, v.ANNOTATED_TARGET,
     v.SYNONYM_TYPE, v.OWL + "hasValue", *v.EXPRESSIONS}
)  # fmt: skip

Texts = list[tuple[int, Any]]


class _Terms(dict[Any, int]):
    """IRI and blank node terms to numbers; `forget_blank_nodes` at the end of each file."""

    def __init__(self, collected: Collected) -> None:
        super().__init__()
        self._collected = collected
        self._blank: dict[Any, int] = {}
        self._next_blank = -1

    def __missing__(self, term: Any) -> int:
        if type(term) is ox.NamedNode:
            number = self._collected.number(term.value)
        else:
            number = self._next_blank
            self._next_blank -= 1
            self._blank[term] = number
        self[term] = number
        return number

    def forget_blank_nodes(self) -> None:
        for term in self._blank:
            del self[term]
        self._blank.clear()


class _Buckets(dict[Any, tuple[list[int], "list[Any] | None"]]):
    """Predicate to (flat subject, object numbers; flat subject numbers, kept literals or None).

    ``by_iri`` holds the same: a relative IRI, which JSON-LD and RDF/XML may give as a predicate,
    cannot be made into a term to look up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by_iri: dict[str, tuple[list[int], list[Any] | None]] = {}

    def __missing__(self, predicate: Any) -> tuple[list[int], list[Any] | None]:
        bucket: tuple[list[int], list[Any] | None] = ([], [] if predicate.value in _KEPT else None)
        self[predicate] = self.by_iri[predicate.value] = bucket
        return bucket


class Triples:
    """The triples of all RDF files of one load, by predicate."""

    def __init__(self, collected: Collected) -> None:
        self.collected = collected
        self.files: list[tuple[str, int]] = []
        """(file name, number of ontology declarations seen before it): whose header is whose."""
        self._terms = _Terms(collected)
        self._buckets = _Buckets()

    def links(self, predicate: str) -> list[int]:
        """Flat subject, object numbers of ``predicate``."""
        bucket = self._buckets.by_iri.get(predicate)
        return bucket[0] if bucket else []

    def texts(self, predicate: str) -> Texts:
        """Subject number and literal of ``predicate``, if it is one whose literals are kept."""
        bucket = self._buckets.by_iri.get(predicate)
        flat = bucket[1] or [] if bucket else []
        return list(zip(flat[::2], flat[1::2], strict=True))

    def predicates(self) -> list[str]:
        """All predicates seen, sorted."""
        return sorted(self._buckets.by_iri)

    def read(self, path: Path, name: str, kind: str, limit: int, skip: int = 0) -> None:
        """Stream ``path`` into the columns.

        Args:
            kind: a key of `FORMATS`.
            limit: most triples read from this file.
            skip: bytes to leave out at the start (a byte order mark).

        Raises:
            OntologyError: more than ``limit`` triples.
            SyntaxError: as pyoxigraph raises it; `kgml.kg.safety.explain` words it.
        """
        self.files.append((name, len(self.links(v.TYPE))))
        with path.open("rb") as stream:
            source: dict[str, Any] = {"path": os.fspath(path)}
            if skip:
                stream.seek(skip)
                source = {"input": stream}
            # lenient: an IRI with a space is counted, not fatal. The base keeps the machine's
            # paths out of the data, and JSON-LD without one silently gives 0 triples.
            parser = ox.parse(
                **source, format=FORMATS[kind], lenient=True, base_iri=f"urn:kgml:/{quote(name)}"
            )
            try:
                self._stream(parser, limit)
            finally:
                self._terms.forget_blank_nodes()
        if next(parser, None) is not None:
            raise OntologyError(
                f"{path}: more than {limit:,} triples. "
                "Raise max_triples in [graph] of kgml.toml, or load fewer files."
            )

    def _stream(self, parser: Any, limit: int) -> None:
        terms, buckets, literal = self._terms, self._buckets, ox.Literal
        unused: defaultdict[Any, int] = defaultdict(int)
        kept = links = 0
        for subject, predicate, value, _ in islice(parser, limit):
            column, texts = buckets[predicate]
            if type(value) is not literal:
                column.append(terms[subject])
                column.append(terms[value])
                links += 1
            elif texts is None:
                unused[predicate] += 1
            else:
                texts.append(terms[subject])
                texts.append(value)
                kept += 1
        for predicate, count in unused.items():
            self.collected.dropped[v.DROPPED.get(predicate.value, "annotation")] += count
        self.collected.statements += sum(unused.values()) + kept + links
