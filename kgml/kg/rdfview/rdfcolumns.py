"""The columns of a graph as rdflib's terms, and what is said of or with one of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rdflib.term import Literal, URIRef

from kgml.kg import vocabulary as v
from kgml.kg.rdfview.rdfterms import Places, Terms, literal, plain, uri
from kgml.kg.rdfview.statements import DEFINITION, FORMS, NOTES, TYPES

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

Triple: TypeAlias = tuple[Any, Any, Any]
TYPE, SAID_DEFINITION = uri(v.TYPE), uri(DEFINITION)
TYPE_TERMS = [uri(iri) for iri in TYPES]
FORM_TERMS = [uri(FORMS[scope]) for scope in sorted(FORMS)]
NOTE_TERMS = [uri(NOTES[kind]) for kind in sorted(NOTES)]


class Said:
    """Texts of entities, each of one sort: a scope, or a kind of note.

    ``entity`` (k,) is sorted; texts are looked up by ``rows``, and made terms by ``text``.
    """

    def __init__(
        self, texts: list[str], entity: NDArray[np.int32], sort: NDArray[np.int8], count: int
    ) -> None:
        self._texts, self._entity, self._sort, self._count = texts, entity, sort, count

    @cached_property
    def text(self) -> Terms[Literal]:
        """The text of a row."""
        return Terms(self._texts, literal)

    @cached_property
    def owner(self) -> list[int]:
        """The entity of each row."""
        found: list[int] = self._entity.tolist()
        return found

    @cached_property
    def sorts(self) -> bytes:
        """The scope or kind of each row."""
        return bytes(self._sort)

    @cached_property
    def starts(self) -> list[int]:
        """What is said of entity n are rows ``starts[n]`` to ``starts[n + 1]``."""
        return _starts(self._entity, self._count)

    @cached_property
    def rows(self) -> Places:
        """Rows by text."""
        return Places(self._texts)

    def of_sort(self, sort: int) -> list[int]:
        """The rows of one sort."""
        found: list[int] = np.flatnonzero(self._sort == sort).tolist()
        return found


class Columns:
    """A graph's columns as terms; whole lists of numbers are made once, when first needed."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Number of an entity by IRI."""
        return {iri: number for number, iri in enumerate(self.graph.iris)}

    @cached_property
    def node(self) -> Terms[URIRef]:
        """The IRI of an entity."""
        return Terms(self.graph.iris, uri)

    @cached_property
    def kinds(self) -> bytes:
        """The number of each entity's type."""
        return bytes(self.graph.columns.kinds)

    @cached_property
    def forms(self) -> Said:
        """Labels and synonyms, by scope."""
        forms = self.graph.forms
        return Said(forms.text, forms.entity, forms.scope, len(self.graph))

    @cached_property
    def notes(self) -> Said:
        """Comments and cross-references, by kind."""
        notes = self.graph.notes
        return Said(notes.text, notes.entity, notes.kind, len(self.graph))

    @cached_property
    def definition(self) -> Terms[Literal]:
        """The definition of an entity that has one."""
        return Terms(self.graph.definitions, literal)

    @cached_property
    def definition_rows(self) -> Places:
        """Entities by definition."""
        return Places(self.graph.definitions)

    @cached_property
    def relation(self) -> list[URIRef]:
        """The IRI of each relation."""
        return [uri(iri) for iri in self.graph.relation_iris]

    @cached_property
    def edge_starts(self) -> list[int]:
        """Triples with head n are rows ``edge_starts[n]`` to ``edge_starts[n + 1]``."""
        return _starts(self.graph.triples[:, 0], len(self.graph))

    @cached_property
    def _incoming(self) -> tuple[NDArray[np.int64], list[int]]:
        tails = self.graph.triples[:, 2]
        order = np.argsort(tails, kind="stable")
        return self.graph.triples[order], _starts(tails[order], len(self.graph))

    def incoming(self, number: int) -> list[list[int]]:
        """(head, relation, tail) with this tail."""
        triples, starts = self._incoming
        found: list[list[int]] = triples[starts[number] : starts[number + 1]].tolist()
        return found

    def outgoing(self, number: int) -> list[list[int]]:
        """(head, relation, tail) with this head."""
        start, stop = self.edge_starts[number], self.edge_starts[number + 1]
        found: list[list[int]] = self.graph.triples[start:stop].tolist() if start < stop else []
        return found

    def of_type(self, value: URIRef) -> list[URIRef]:
        """The entities whose type is ``value``."""
        if value not in TYPE_TERMS:
            return []
        numbers = np.flatnonzero(self.graph.columns.kinds == TYPE_TERMS.index(value))
        return self.node.some(numbers.tolist())

    def about(self, number: int, subject: Any) -> list[Triple]:
        """Everything said of an entity."""
        node = self.node
        found: list[Triple] = [(subject, TYPE, TYPE_TERMS[self.kinds[number]])]
        for said, terms in ((self.forms, FORM_TERMS), (self.notes, NOTE_TERMS)):
            for row in range(said.starts[number], said.starts[number + 1]):
                found.append((subject, terms[said.sorts[row]], said.text(row)))
        if self.graph.definitions[number] is not None:
            found.append((subject, SAID_DEFINITION, self.definition(number)))
        for _, relation, tail in self.outgoing(number):
            found.append((subject, self.relation[relation], node(tail)))
        return found

    def saying(self, value: Any) -> list[Triple]:
        """Every statement about an entity that ends in ``value``."""
        found: list[Triple] = []
        if plain(value):
            name = str(value)
            for said, terms in ((self.forms, FORM_TERMS), (self.notes, NOTE_TERMS)):
                for row in said.rows[name]:
                    found.append((self.node(said.owner[row]), terms[said.sorts[row]], value))
            for number in self.definition_rows[name]:
                found.append((self.node(number), SAID_DEFINITION, value))
        elif type(value) is URIRef:
            found += [(node, TYPE, value) for node in self.of_type(value)]
            number = self.numbers.get(str(value), -1)
            for head, relation, _ in self.incoming(number) if number >= 0 else ():
                found.append((self.node(head), self.relation[relation], value))
        return found


def _starts(owners: NDArray[Any], count: int) -> list[int]:
    found: list[int] = np.searchsorted(owners, np.arange(count + 1)).tolist()
    return found
