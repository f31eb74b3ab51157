"""Statements about relations and about other names: few, so they are simply made and indexed."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kgml.kg import vocabulary as v
from kgml.kg.rdfview.rdfcolumns import Columns, Triple
from kgml.kg.rdfview.rdfterms import literal, no_collection, uri
from kgml.kg.rdfview.statements import FORMS, PROPERTY, declarations, other_names
from kgml.kg.vocabulary import Scope

PREDICATES = frozenset({v.ALTERNATIVE_ID, v.REPLACED_BY})
"""What `names` are said with."""


class Few:
    """Triples in a list, found by subject or by object."""

    def __init__(self, triples: list[Triple]) -> None:
        self.triples = triples

    @cached_property
    def _by_subject(self) -> dict[str, list[Triple]]:
        return self._grouped(0)

    @cached_property
    def _by_object(self) -> dict[str, list[Triple]]:
        return self._grouped(2)

    def _grouped(self, place: int) -> dict[str, list[Triple]]:
        found: dict[str, list[Triple]] = {}
        with no_collection():
            for triple in self.triples:
                found.setdefault(str(triple[place]), []).append(triple)
        return found

    def matching(self, subject: Any, predicate: Any, value: Any) -> list[Triple]:
        """Those that match; None matches everything."""
        rows = self.triples
        if subject is not None:
            rows = [row for row in self._by_subject.get(str(subject), ()) if row[0] == subject]
        elif value is not None:
            rows = self._by_object.get(str(value), [])
        if predicate is not None:
            rows = [row for row in rows if row[1] == predicate]
        return rows if value is None else [row for row in rows if row[2] == value]


def relations(columns: Columns) -> Few:
    """Type and label of each relation."""
    found: list[Triple] = []
    kind, label, term = uri(v.TYPE), uri(FORMS[Scope.LABEL]), uri(PROPERTY)
    for iri, text in declarations(columns.graph):
        found.append((uri(iri), kind, term))
        if text is not None:
            found.append((uri(iri), label, literal(text)))
    return Few(found)


def names(columns: Columns) -> Few:
    """Secondary ids of entities, and what was replaced by one."""
    node, secondary, replaced = columns.node, uri(v.ALTERNATIVE_ID), uri(v.REPLACED_BY)
    with no_collection():
        ids, iris = other_names(columns.graph)
        found = [(node(entity), secondary, literal(text)) for entity, text in ids]
        return Few([*found, *((uri(iri), replaced, node(entity)) for iri, entity in iris)])
