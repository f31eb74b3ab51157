"""Named projections of axioms to edges, with the count of the axioms each one drops.

What each does, with a worked example and beside OWL2Vec* and mOWL: docs/PROJECTIONS.md.

- ``taxonomy``: is-a alone. ``A subClassOf B``; the named members of an intersection A is a
  subclass of or equivalent to; the members of a union A is equivalent to; ``a rdf:type A``; SKOS
  broader, and narrower turned round.
- ``relations``: the same, and ``A subClassOf (p some B)``, ``(p value b)``, ``(p min n B)`` and
  ``(p exactly n B)`` with n > 0, alone or inside such an intersection, as (A, p, B): all of them
  say that every A has a p that is a B. Assertions between individuals, named equivalences, SKOS
  related and mappings give themselves.
- ``owl2vec``: the rules of OWL2Vec* (Chen et al. 2021, table 1): every quantifier, also of a
  general class axiom ``(p some B) subClassOf A``, unions as well as intersections, equivalence as
  is-a both ways, domain with range, inverses, sub-properties and property chains.
- ``rdf``: every triple between two IRIs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kgml.kg import vocabulary as v
from kgml.kg.axioms.expressions import NOTHING, QUANTIFIERS, Expressions
from kgml.kg.axioms.individuals import note_individuals
from kgml.kg.axioms.kinds import CODES, Restriction
from kgml.kg.collected import Collected
from kgml.kg.parse.blocks import Ints, distinct
from kgml.kg.parse.rdf import Triples

EXISTENTIAL = frozenset({"some", "value", "min", "exactly"})


@dataclass(frozen=True)
class Projection:
    """Which axioms become edges."""

    name: str
    quantifiers: frozenset[str] = frozenset()
    """Restrictions that become a typed edge."""
    relations: bool = True
    """Whether assertions, mappings and the like do."""
    liberal: bool = False
    """The further rules of OWL2Vec*, which keep what belongs together and not what follows."""


PROJECTIONS: Final = {
    "taxonomy": Projection("taxonomy", relations=False),
    "relations": Projection("relations", EXISTENTIAL),
    "owl2vec": Projection(
        "owl2vec", EXISTENTIAL | {"only", "max", "min 0", "exactly 0"}, liberal=True
    ),
    "rdf": Projection("rdf"),
}


def project(triples: Triples, collected: Collected, projection: Projection) -> None:
    """Add the candidate edges of all RDF files to ``collected``; count what is dropped.

    Whether both ends are entities is decided later, when every file has been read.
    """
    maker = _Edges(triples, collected, projection)
    maker.declarations()
    note_individuals(triples, collected)
    maker.disjoint()
    if projection.name == "rdf":
        maker.everything()
        return
    maker.class_axioms()
    maker.skos()
    maker.assertions()
    if projection.liberal:
        from kgml.kg.axioms.owl2vec import further_rules

        further_rules(triples, collected, maker.expressions)


class _Edges:
    """One pass over the triples of one load."""

    def __init__(self, triples: Triples, collected: Collected, projection: Projection) -> None:
        self.triples, self.collected, self.projection = triples, collected, projection
        self.dropped = collected.dropped
        self.expressions = Expressions(triples)
        self._rows: list[tuple[int, int, int, int, int]] = []

    def add(self, head: Ints, relation: int | Ints, tail: Ints, kind: str, file: Ints) -> None:
        """(k,) columns of edges of one kind of axiom."""
        rows = np.empty((len(head), 5), dtype=np.int32)
        rows[:, 0], rows[:, 1], rows[:, 2] = head, relation, tail
        rows[:, 3], rows[:, 4] = CODES[kind], file
        self.collected.edge_columns.append(rows)

    def _flush(self) -> None:
        self.collected.edge_columns.append(np.array(self._rows, dtype=np.int32).reshape(-1, 5))
        self._rows.clear()

    # Declarations

    def declarations(self) -> None:
        """Sort the subjects of rdf:type; a type that is not vocabulary is a class of its subject."""
        subject, kind, file = self.triples.links(v.TYPE)
        collected, iris = self.collected, self.collected.iris()
        members = {
            number: declared_as(iris[number], collected) if number >= 0 else None
            for number in distinct(kind).tolist()
        }
        own = np.array([n for n, found in members.items() if found is None], dtype=np.int32)
        for number, found in members.items():
            if found:  # the set to add to, boxed; [] for vocabulary that says nothing
                chosen = subject[kind == number]
                found[0].update(chosen[chosen >= 0].tolist())
        asserted = np.isin(kind, own) & (subject >= 0)
        subject, kind, file = subject[asserted], kind[asserted], file[asserted]
        collected.individuals.update(subject.tolist())
        named = kind >= 0
        self.add(
            subject[named], collected.number(v.TYPE), kind[named], "ClassAssertion", file[named]
        )
        self._types = (subject[~named], kind[~named], file[~named])

    # Class axioms

    def class_axioms(self) -> None:
        """subClassOf, equivalentClass, unions, and the expressions they hold."""
        collected, links = self.collected, self.triples.links
        self.is_a = collected.number(v.SUB_CLASS_OF)
        child, parent, file = links(v.SUB_CLASS_OF)
        named = (child >= 0) & (parent >= 0)
        self.add(child[named], self.is_a, parent[named], "SubClassOf", file[named])
        some = (child >= 0) & (parent < 0)
        self._expand(child[some], parent[some], file[some], "SubClassOf")
        for left, right, origin in _rows(child[child < 0], parent[child < 0], file[child < 0]):
            self._general(left, right, origin)
        self._equivalent()
        self._expand(*self._types, "ClassAssertion")
        for predicate, context in (
            (v.OWL + "intersectionOf", "EquivalentClasses"),
            (v.OWL + "unionOf", "EquivalentClasses or"),
            (v.OWL + "disjointUnionOf", "DisjointUnion"),
        ):
            self._lists(predicate, context)
        self._flush()
        for predicate, dropped in _NAMED.items():
            self.dropped[dropped] += int((links(predicate)[0] >= 0).sum())

    def _equivalent(self) -> None:
        left, right, file = self.triples.links(v.EQUIVALENT_CLASS)
        swap = (left < 0) & (right >= 0)
        left, right = np.where(swap, right, left), np.where(swap, left, right)
        named = right >= 0
        if self.projection.liberal:
            for head, tail in ((left, right), (right, left)):
                self.add(head[named], self.is_a, tail[named], "EquivalentClasses", file[named])
        elif self.projection.relations:
            same = self.collected.number(v.EQUIVALENT_CLASS)
            self.add(left[named], same, right[named], "EquivalentClasses", file[named])
        else:
            self.dropped["equivalentClass"] += int(named.sum())
        self.dropped["general class axiom"] += int((left < 0).sum())
        some = (left >= 0) & (right < 0)
        self._expand(left[some], right[some], file[some], "EquivalentClasses")

    def _expand(self, entity: Ints, expression: Ints, file: Ints, context: str) -> None:
        """Edges from (k,) entities to the expressions they are under: restrictions all at once."""
        e = self.expressions
        b = -expression
        for code, quantifier in enumerate(QUANTIFIERS):
            if quantifier not in self.projection.quantifiers:
                continue
            simple = (e.quantifier[b] == code) & (e.relation[b] >= 0) & (e.filler[b] >= 0)
            simple &= ~e.literal[b] & (e.members[b] == NOTHING)
            s = b[simple]
            kind = Restriction(context, quantifier, "").kind
            self.add(entity[simple], e.relation[s], e.filler[s], kind, file[simple])
            keep = ~simple
            entity, b, file = entity[keep], b[keep], file[keep]
        for one, node, origin in _rows(entity, -b, file):
            self._expand_one(one, node, origin, context)

    def _expand_one(self, entity: int, expression: int, file: int, context: str) -> None:
        e = self.expressions
        if context == "EquivalentClasses" and e.union[-expression] != NOTHING:
            self._union(entity, int(e.union[-expression]), file, "EquivalentClasses or")
            return
        inner = context if context.endswith(" and") else f"{context} and"
        for node in e.conjuncts(expression):
            if node >= 0:
                self._rows.append((entity, self.is_a, node, CODES[inner], file))
            else:
                self._restriction(entity, node, file, context if node == expression else inner)

    def _restriction(self, entity: int, node: int, file: int, context: str) -> None:
        e, allowed = self.expressions, self.projection.quantifiers
        quantifier = QUANTIFIERS[e.quantifier[-node]]
        relation, filler = int(e.relation[-node]), int(e.filler[-node])
        if quantifier not in allowed:
            self.dropped[e.kind(node)] += 1
        elif relation < 0:
            self.dropped["inverse property" if relation != NOTHING else "other expression"] += 1
        elif filler == NOTHING or e.literal[-node]:
            self.dropped[e.kind(node)] += 1
        else:
            named = e.named(filler, unions=self.projection.liberal)
            for tail, part in named:
                code = CODES[Restriction(context, quantifier, part).kind]
                self._rows.append((entity, relation, tail, code, file))
            self.dropped["nested expression"] += not named

    def _union(self, entity: int, members: int, file: int, kind: str) -> None:
        for member in self.expressions.members_of(members):
            if member >= 0:
                self._rows.append((member, self.is_a, entity, CODES[kind], file))
            else:
                self._left(entity, member, file, kind)

    def _general(self, left: int, right: int, file: int) -> None:
        """``(B or C) subClassOf D`` is two axioms; what else has no name on the left is none."""
        union = int(self.expressions.union[-left])
        if union != NOTHING and right >= 0:
            self._union(right, union, file, "SubClassOf or")
        else:
            self._left(right, left, file, "SubClassOf from")

    def _left(self, entity: int, expression: int, file: int, context: str) -> None:
        """``(p some B) subClassOf A``: nothing every A has, but OWL2Vec* keeps (A, p, B)."""
        restricted = self.expressions.relation[-expression] != NOTHING
        if self.projection.liberal and entity >= 0 and restricted:
            self._restriction(entity, expression, file, context)
        else:
            self.dropped["general class axiom"] += 1

    def _lists(self, predicate: str, context: str) -> None:
        """``A intersectionOf (...)`` and the like, said of a named class."""
        subject, members, file = self.triples.links(predicate)
        for entity, head, origin in _rows(subject, members, file):
            if entity < 0:
                continue
            if context != "EquivalentClasses":
                self._union(entity, head, origin, context)
                continue
            for member in self.expressions.members_of(head):
                if member >= 0:
                    kind = "EquivalentClasses and"
                    self._rows.append((entity, self.is_a, member, CODES[kind], origin))
                else:
                    self._expand_one(entity, member, origin, f"{context} and")

    def disjoint(self) -> None:
        """Pairs of named classes said to share nothing; a check, not an edge."""
        left, right, file = self.triples.links(v.DISJOINT_WITH)
        found = [(a, b, f) for a, b, f in _rows(left, right, file) if a >= 0 and b >= 0]
        subject, kind, _ = self.triples.links(v.TYPE)
        wanted = self.collected.numbers.get(v.OWL + "AllDisjointClasses", NOTHING)
        sets = set(subject[kind == wanted].tolist())
        subject, members, file = self.triples.links(v.OWL + "members")
        groups = [(n, m, f) for n, m, f in _rows(subject, members, file) if n in sets]
        subject, members, file = self.triples.links(v.OWL + "disjointUnionOf")
        groups += _rows(subject, members, file)
        for _, head, origin in groups:
            named = [m for m in self.expressions.members_of(head) if m >= 0]
            found += [(a, b, origin) for i, a in enumerate(named) for b in named[i + 1 :]]
        if self.projection.name != "rdf":
            self.dropped["disjointWith"] += len(groups)
        self.collected.disjoint.append(np.array(found, dtype=np.int32).reshape(-1, 3))

    # Everything else

    def skos(self) -> None:
        """broader, and narrower turned round."""
        broader = self.collected.number(v.BROADER)
        for predicate, kind, up in (
            (v.BROADER, "SKOS broader", 1), (v.SKOS + "narrower", "SKOS narrower", -1),
        ):  # fmt: skip
            *ends, file = self.triples.links(predicate)
            child, parent = ends[::up]
            named = (child >= 0) & (parent >= 0)
            self.dropped["blank node"] += int((~named).sum())
            self.add(child[named], broader, parent[named], kind, file[named])
            self.collected.concepts.update(child[named].tolist(), parent[named].tolist())

    def assertions(self) -> None:
        """Everything said with a property of its own, and the count of the axioms that are not."""
        annotations = self._annotations()
        _, kinds, _ = self.triples.links(v.TYPE)
        for kind, dropped in _TYPES.items():
            number = self.collected.numbers.get(v.OWL + kind, NOTHING)
            self.dropped[dropped] += int((kinds == number).sum())
        for predicate in self.triples.predicates():
            head, tail, file = self.triples.links(predicate)
            if self.projection.liberal and predicate in _FURTHER:
                continue
            if predicate == _INVERSE:
                self.dropped["inverseOf"] += int((head >= 0).sum())
            elif predicate in v.DROPPED:
                self.dropped[v.DROPPED[predicate]] += len(head)
            elif predicate in v.STRUCTURE or predicate in _WORDS:
                continue
            elif _is_annotation(predicate, annotations):
                self.dropped["annotation"] += len(head)
            elif not self.projection.relations:
                self.dropped["assertion"] += len(head)
            else:
                named = (head >= 0) & (tail >= 0)
                self.dropped["blank node"] += int((~named).sum())
                kind = _SPECIAL.get(predicate, "ObjectPropertyAssertion")
                relation = self.collected.number(predicate)
                self.add(head[named], relation, tail[named], kind, file[named])

    def everything(self) -> None:
        """Every triple between two IRIs."""
        for predicate in self.triples.predicates():
            head, tail, file = self.triples.links(predicate)
            named = (head >= 0) & (tail >= 0)
            self.dropped["blank node"] += int((~named).sum())
            if predicate != v.TYPE:  # `declarations` has been there
                relation = self.collected.number(predicate)
                self.add(head[named], relation, tail[named], "triple", file[named])

    def _annotations(self) -> set[str]:
        """Properties declared to say nothing that follows."""
        subject, kind, _ = self.triples.links(v.TYPE)
        declared = subject[kind == self.collected.numbers.get(v.ANNOTATION_PROPERTY, NOTHING)]
        iris = self.collected.iris()
        return {iris[n] for n in declared.tolist() if n >= 0}


_SPECIAL = {**dict.fromkeys(v.MAPPINGS, "mapping"), v.SAME_AS: "mapping",
            v.SKOS + "related": "SKOS related"}  # fmt: skip
_WORDS = frozenset({*v.LABELS, *v.SYNONYMS, v.LITERAL_FORM, v.SYNONYM_TYPE, *v.ONTOLOGY_VERSION,
                    *v.ONTOLOGY_LICENCE, *v.REPLACED, v.ALTERNATIVE_ID, v.XREF,
                    *v.STRUCTURED})  # fmt: skip
_NAMED = {v.OWL + "complementOf": "complementOf", v.OWL + "oneOf": "oneOf"}
"""What a named class may be said to be, beside an intersection and a union."""
_TYPES = {
    "AllDifferent": "differentFrom", "NegativePropertyAssertion": "negative assertion",
    "AllDisjointProperties": "propertyDisjointWith",
    **{f"{name}Property": "property characteristic" for name in (
        "Functional", "InverseFunctional", "Transitive", "Symmetric", "Asymmetric", "Reflexive",
        "Irreflexive")},
}  # fmt: skip
"""Axioms that are a type of OWL, and the kind they count as."""
_INVERSE = v.OWL + "inverseOf"
"""An axiom of two properties; said of a blank node it is the expression ObjectInverseOf."""
_FURTHER = frozenset({v.RDFS + "domain", v.RDFS + "range", v.RDFS + "subPropertyOf",
                      _INVERSE, v.OWL + "propertyChainAxiom"})  # fmt: skip
"""Read by `kgml.kg.axioms.owl2vec`."""


def _rows(one: Ints, two: Ints, three: Ints) -> list[tuple[int, int, int]]:
    return list(zip(one.tolist(), two.tolist(), three.tolist(), strict=True))


def declared_as(iri: str, collected: Collected) -> list[set[int]] | None:
    """The set that things of this type belong to, in a list; an empty list for vocabulary that
    sorts nothing; None for a class of someone's own."""
    for types, members in (
        (v.CLASS_TYPES, collected.classes),
        (v.INDIVIDUAL_TYPES, collected.individuals),
        (v.CONCEPT_TYPES, collected.concepts),
        (v.ONTOLOGY_TYPES, collected.others),
        (v.OTHER_TYPES, collected.others),
    ):
        if iri in types:
            return [members]
    return [] if iri.startswith(v.RESERVED) else None


def _is_annotation(predicate: str, declared: set[str]) -> bool:
    """Vocabulary that says nothing between two entities.

    SKOS related, mappings and owl:sameAs do, though OWL files must declare the SKOS ones as
    annotation properties.
    """
    if predicate in _SPECIAL:
        return False
    return predicate in declared or predicate.startswith(v.RESERVED)
