"""Anonymous class expressions: what stands behind the blank nodes of OWL axioms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kgml.kg import vocabulary as v
from kgml.kg.parse.blocks import Ints
from kgml.kg.parse.rdf import Triples

NOTHING: Final = np.iinfo(np.int32).min
"""Not given; no number of a term is that low."""
QUANTIFIERS = ("", "some", "value", "only", "self", "min", "exactly", "max", "min 0", "exactly 0")
"""Cardinalities are told apart by whether they ask for at least one, which ``min`` and ``exactly`` do."""
_CODE = {name: code for code, name in enumerate(QUANTIFIERS)}


class Expressions:
    """Columns by blank node: row b belongs to blank node -b.

    relation, filler (b,) numbers, `NOTHING` where not given · quantifier (b,) code into
    `QUANTIFIERS` · literal (b,) whether the filler is a literal.
    """

    def __init__(self, triples: Triples) -> None:
        self._triples = triples
        size = triples.blank_nodes + 1
        self.relation = self._column(size, v.OWL + "onProperty")
        self.filler = np.full(size, NOTHING, dtype=np.int32)
        self.quantifier = np.zeros(size, dtype=np.int8)
        self.literal = np.zeros(size, dtype=bool)
        for predicate, name in v.QUANTIFIERS.items():
            self._quantify(predicate, name)
        for predicate, name in v.CARDINALITIES.items():
            self._count(predicate, name)
        self._fill(v.OWL + "onClass", self.filler)
        self.members = self._column(size, v.OWL + "intersectionOf")
        self.union = self._column(size, v.OWL + "unionOf")
        self.first, self.rest = (
            self._column(size, v.RDF + "first"),
            self._column(size, v.RDF + "rest"),
        )
        self.kinds: dict[int, str] = {}
        for predicate, kind in _OTHER.items():
            subject, _, _ = triples.links(predicate)
            self.kinds.update((n, kind) for n in subject.tolist() if n < 0)

    def _column(self, size: int, predicate: str) -> Ints:
        return self._fill(predicate, np.full(size, NOTHING, dtype=np.int32))

    def _fill(self, predicate: str, column: Ints) -> Ints:
        subject, value, _ = self._triples.links(predicate)
        blank = subject < 0
        column[-subject[blank]] = value[blank]
        return column

    def _quantify(self, predicate: str, name: str) -> None:
        subject, _, _ = self._triples.links(predicate)
        self.quantifier[-subject[subject < 0]] = _CODE[name]
        self._fill(predicate, self.filler)
        subject, _, _ = self._triples.texts(predicate)
        blank = -subject[subject < 0]
        self.quantifier[blank], self.literal[blank] = _CODE[name], True

    def _count(self, predicate: str, name: str) -> None:
        subject, text, _ = self._triples.texts(predicate)
        for number, value in zip(subject.tolist(), text.to_pylist(), strict=True):
            if number < 0:
                none = name != "max" and not value.strip().lstrip("+0")
                self.quantifier[-number] = _CODE[f"{name} 0" if none else name]

    def members_of(self, node: int) -> list[int]:
        """Members of an RDF list; one that runs in a circle ends where it meets itself."""
        found: list[int] = []
        seen: set[int] = set()
        while node < 0 and node != NOTHING and self.first[-node] != NOTHING and node not in seen:
            seen.add(node)
            found.append(int(self.first[-node]))
            node = int(self.rest[-node])
        return found

    def conjuncts(self, expression: int) -> Iterator[int]:
        """Named classes and expressions that are no intersection, of an intersection of any depth."""
        todo, seen = [expression], {expression}
        while todo:
            node = todo.pop()
            if node < 0 and self.members[-node] != NOTHING:
                members = [m for m in self.members_of(int(self.members[-node])) if m not in seen]
                seen.update(members)
                todo += reversed(members)
            else:
                yield node

    def named(self, expression: int, unions: bool) -> list[tuple[int, str]]:
        """Named classes of an intersection and, if asked, of unions, of any depth.

        Each with what it is of the expression: ``""`` for the whole of it, ``"and"`` or ``"or"`` for
        a member of an intersection or a union, ``"nested"`` for a member of one in the other.
        """
        found: list[tuple[int, str]] = []
        todo, seen = [(expression, "")], {expression}
        while todo:
            node, part = todo.pop()
            if node >= 0:
                found.append((node, part))
                continue
            heads = {"and": self.members[-node], "or": self.union[-node] if unions else NOTHING}
            for kind, head in heads.items():
                if head != NOTHING:
                    fresh = [m for m in self.members_of(int(head)) if m not in seen]
                    seen.update(fresh)
                    deeper = kind if part in ("", kind) else "nested"
                    todo += [(member, deeper) for member in reversed(fresh)]
        return found

    def kind(self, node: int) -> str:
        """What an expression counts as when it becomes no edge."""
        if self.union[-node] != NOTHING:
            return "unionOf"
        quantifier = QUANTIFIERS[self.quantifier[-node]]
        if quantifier.startswith(("min", "exactly", "max")):
            return "cardinality"
        if self.literal[-node] and quantifier == "value":
            return "hasValue literal"
        return _DROPPED.get(quantifier) or self.kinds.get(node, "other expression")


_DROPPED = {"some": "someValuesFrom", "value": "hasValue", "only": "allValuesFrom",
            "self": "hasSelf"}  # fmt: skip
_OTHER = {
    v.OWL + "complementOf": "complementOf", v.OWL + "oneOf": "oneOf",
    v.OWL + "onDatatype": "datatype", v.OWL + "datatypeComplementOf": "datatype",
}  # fmt: skip
