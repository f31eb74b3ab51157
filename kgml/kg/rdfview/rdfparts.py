"""What one predicate says: kinds, texts of one scope, definitions, edges of one relation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from rdflib.term import URIRef

from kgml.kg import vocabulary as v
from kgml.kg.rdfview.rdfcolumns import TYPE_TERMS, Columns, Said
from kgml.kg.rdfview.rdfterms import plain, uri
from kgml.kg.rdfview.statements import DEFINITION, FORMS, NOTES

Pair: TypeAlias = tuple[Any, Any]


class Part(Protocol):
    """What one predicate says of entities."""

    def said_of(self, number: int) -> Iterable[Any]:
        """The terms said of an entity."""
        ...

    def saying(self, value: Any) -> Iterable[Any]:
        """The entities of which ``value`` is said."""
        ...

    def pairs(self) -> Iterable[Pair]:
        """Every entity with every term said of it."""
        ...


def parts(columns: Columns) -> dict[str, tuple[URIRef, list[Part]]]:
    """Predicate, and what says something with it, by IRI."""
    found: list[tuple[str, Part]] = [(v.TYPE, Kinds(columns)), (DEFINITION, Definitions(columns))]
    found += [(iri, Texts(columns, lambda: columns.forms, int(n))) for n, iri in FORMS.items()]
    found += [(iri, Texts(columns, lambda: columns.notes, int(n))) for n, iri in NOTES.items()]
    found += [(iri, Links(columns, n)) for n, iri in enumerate(columns.graph.relation_iris)]
    parts: dict[str, tuple[URIRef, list[Part]]] = {}
    for iri, part in found:
        parts.setdefault(iri, (uri(iri), []))[1].append(part)
    return parts


class Kinds:
    """rdf:type with the kind of entity."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def said_of(self, number: int) -> Iterable[Any]:
        """See `Part`."""
        return (TYPE_TERMS[self._columns.kinds[number]],)

    def saying(self, value: Any) -> Iterable[Any]:
        """See `Part`."""
        return self._columns.of_type(value) if type(value) is URIRef else ()

    def pairs(self) -> Iterable[Pair]:
        """See `Part`."""
        types = map(TYPE_TERMS.__getitem__, self._columns.kinds)
        return zip(self._columns.node.all(), types, strict=True)


class Texts:
    """Labels or synonyms of one scope, or notes of one kind."""

    def __init__(self, columns: Columns, said: Callable[[], Said], sort: int) -> None:
        """``said`` is asked when first needed: a list of every text takes its time."""
        self._columns, self._said, self._sort = columns, said, sort

    def said_of(self, number: int) -> Iterable[Any]:
        """See `Part`."""
        said = self._said()
        rows = range(said.starts[number], said.starts[number + 1])
        return [said.text(row) for row in rows if said.sorts[row] == self._sort]

    def saying(self, value: Any) -> Iterable[Any]:
        """See `Part`."""
        said, node = self._said(), self._columns.node
        rows = said.rows[str(value)] if plain(value) else []
        return [node(said.owner[row]) for row in rows if said.sorts[row] == self._sort]

    def pairs(self) -> Iterable[Pair]:
        """See `Part`."""
        said = self._said()
        rows = said.of_sort(self._sort)
        owners = [said.owner[row] for row in rows]
        return zip(self._columns.node.some(owners), said.text.some(rows), strict=True)


class Definitions:
    """The definition an entity has."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def said_of(self, number: int) -> Iterable[Any]:
        """See `Part`."""
        known = self._columns.graph.definitions[number] is not None
        return (self._columns.definition(number),) if known else ()

    def saying(self, value: Any) -> Iterable[Any]:
        """See `Part`."""
        numbers = self._columns.definition_rows[str(value)] if plain(value) else []
        return map(self._columns.node, numbers)

    def pairs(self) -> Iterable[Pair]:
        """See `Part`."""
        c = self._columns
        rows = zip(c.node.all(), c.definition.all(), strict=True)
        return (pair for pair in rows if pair[1] is not None)


class Links:
    """The edges of one relation."""

    def __init__(self, columns: Columns, relation: int) -> None:
        self._columns, self._relation = columns, relation

    def said_of(self, number: int) -> Iterable[Any]:
        """See `Part`."""
        c, wanted = self._columns, self._relation
        return [c.node(t) for _, relation, t in c.outgoing(number) if relation == wanted]

    def saying(self, value: Any) -> Iterable[Any]:
        """See `Part`."""
        c, wanted = self._columns, self._relation
        number = c.numbers.get(str(value), -1) if type(value) is URIRef else -1
        rows = c.incoming(number) if number >= 0 else ()
        return [c.node(h) for h, relation, _ in rows if relation == wanted]

    def pairs(self) -> Iterable[Pair]:
        """See `Part`."""
        triples, nodes = self._columns.graph.triples, self._columns.node.all()
        rows = triples[triples[:, 1] == self._relation][:, ::2].tolist()
        return ((nodes[head], nodes[tail]) for head, tail in rows)
