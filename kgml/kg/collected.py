"""What the parsers fill and `kgml.kg.assemble` turns into a graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kgml.kg.parse.namespaces import Namespaces
from kgml.kg.vocabulary import Scope

_BAD = frozenset((*range(33), *b'<>"{}|\\^`'))
_GOOD = bytes(byte for byte in range(256) if byte not in _BAD or byte == ord("\n"))


@dataclass(frozen=True)
class WordColumns:
    """Words of one predicate, (k,) each: whose, what rank or scope, which language, which text."""

    number: NDArray[np.int32]
    rank: int
    language: NDArray[np.int32]
    """Number into `Collected.languages`."""
    text: pa.Array


@dataclass
class Collected:
    """Names, words and candidate edges of all files read so far, by interned number.

    Numbers here are those of first sight; the graph's own follow the sorted IRIs.
    """

    language: str = "en"
    max_literal: int = 1_000_000
    numbers: dict[str, int] = field(default_factory=dict)
    """IRI to number, in the order of the numbers."""
    ids: dict[int, str] = field(default_factory=dict)
    """What the file wrote where that is not the IRI."""
    classes: set[int] = field(default_factory=set)
    individuals: set[int] = field(default_factory=set)
    asserted: set[int] = field(default_factory=set)
    """Ends of assertions with object properties: individuals, unless they are something else."""
    same_individuals: list[NDArray[np.int32]] = field(default_factory=list)
    """(k, 2): what owl:sameAs calls the same, where both may be individuals."""
    concepts: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    """Properties, datatypes and ontologies: never entities unless declared as a class too."""
    obsolete: set[int] = field(default_factory=set)
    replaced: dict[int, int] = field(default_factory=dict)
    """Obsolete or secondary number to the one in use."""
    same: list[tuple[int, int]] = field(default_factory=list)
    """Pairs of numbers that owl:sameAs calls the same."""
    matches: list[tuple[int, int]] = field(default_factory=list)
    """The same of skos:exactMatch."""
    xrefs: list[tuple[int, int]] = field(default_factory=list)
    """The same of database cross-references, where they are wanted."""
    labels: list[tuple[int, int, str, str]] = field(default_factory=list)
    """(number, rank, language, text) of OBO files."""
    synonyms: list[tuple[int, Scope, str, str]] = field(default_factory=list)
    definitions: list[tuple[int, int, str, str]] = field(default_factory=list)
    label_columns: list[WordColumns] = field(default_factory=list)
    """The same of RDF files, and below for other words."""
    synonym_columns: list[WordColumns] = field(default_factory=list)
    definition_columns: list[WordColumns] = field(default_factory=list)
    comments: list[tuple[int, int, str, str]] = field(default_factory=list)
    xref_texts: list[tuple[int, int, str, str]] = field(default_factory=list)
    comment_columns: list[WordColumns] = field(default_factory=list)
    xref_columns: list[WordColumns] = field(default_factory=list)
    languages: dict[str, int] = field(default_factory=lambda: {"": 0})
    edges: list[int] = field(default_factory=list)
    """head, relation, tail, axiom, file, head, ... of OBO files."""
    edge_columns: list[NDArray[np.int32]] = field(default_factory=list)
    """(k, 5) of RDF files."""
    disjoint: list[NDArray[np.int32]] = field(default_factory=list)
    """(k, 3): two numbers no entity may be under both of, and the file that says so."""
    dropped: Counter[str] = field(default_factory=Counter)
    ontologies: list[dict[str, str]] = field(default_factory=list)
    imports: list[tuple[str, int]] = field(default_factory=list)
    """Imported IRI and the number of the file that imports it."""
    names: list[tuple[str, int]] = field(default_factory=list)
    """IRI or version IRI of an ontology, and the number of the file it was read from."""
    files: list[str] = field(default_factory=list)
    namespaces: Namespaces = field(default_factory=Namespaces)
    """The prefixes that the files declare."""
    statements: int = 0
    """RDF triples and OBO clauses read, for the limit."""

    def number(self, iri: str) -> int:
        """The interned number of ``iri``, a new one at first sight."""
        return self.numbers.setdefault(iri, len(self.numbers))

    def iris(self) -> list[str]:
        """IRI per number; made anew when numbers have been added."""
        if len(self._iris) != len(self.numbers):
            self._iris = list(self.numbers)
        return self._iris

    _iris: list[str] = field(default_factory=list)

    def bad_iris(self) -> int:
        """How many IRIs hold characters that an IRI may not."""
        if not "\n".join(self.numbers).encode().translate(None, _GOOD):
            return 0
        return sum(not _BAD.isdisjoint(iri.encode()) for iri in self.numbers)

    def clean(self, text: str) -> str:
        """One line, single spaces; empty and counted when longer than ``max_literal`` characters."""
        if len(text) > self.max_literal:
            self.dropped["literal too long"] += 1
            return ""
        # most texts are clean already, and a look is cheaper than splitting a long one
        if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
            return text
        return " ".join(text.split())
