"""What the parsers fill and `kgml.kg.assemble` turns into a graph."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from kgml.kg.vocabulary import Scope

_BAD_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]')


@dataclass
class Collected:
    """Names, words and candidate edges of all files read so far, by interned number.

    Numbers here are those of first sight; the graph's own follow the sorted IRIs.
    """

    language: str = "en"
    max_literal: int = 1_000_000
    iris: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    """What the file wrote where that is not the IRI."""
    classes: set[int] = field(default_factory=set)
    individuals: set[int] = field(default_factory=set)
    concepts: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    """Properties, datatypes and ontologies: never entities unless declared as a class too."""
    obsolete: set[int] = field(default_factory=set)
    labels: list[tuple[int, int, str, str]] = field(default_factory=list)
    """(number, rank, language, text)"""
    synonyms: list[tuple[int, Scope, str, str]] = field(default_factory=list)
    definitions: list[tuple[int, int, str, str]] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    """head, relation, tail, head, relation, tail, ..."""
    dropped: Counter[str] = field(default_factory=Counter)
    ontologies: list[dict[str, str]] = field(default_factory=list)
    statements: int = 0
    """RDF triples and OBO clauses read, for the limit."""
    bad_iris: int = 0

    def number(self, iri: str) -> int:
        """The interned number of ``iri``, a new one at first sight."""
        found = self.numbers.get(iri)
        if found is None:
            found = self.numbers[iri] = len(self.iris)
            self.iris.append(iri)
            if _BAD_IRI.search(iri):
                self.bad_iris += 1
        return found

    def clean(self, text: str) -> str:
        """One line, single spaces; empty and counted when longer than ``max_literal`` characters."""
        if len(text) > self.max_literal:
            self.dropped["literal too long"] += 1
            return ""
        # most texts are clean already, and a look is cheaper than splitting a long one
        if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
            return text
        return " ".join(text.split())
