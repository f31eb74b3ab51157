"""Named projections of axioms to edges, with the count of the axioms each one drops.

``relations``, the only one so far (the shapes follow the OBO 1.4 / OWL 2 mapping to RDF graphs):

- ``A subClassOf B`` is an is-a edge; so is each named member of an intersection that A is
  declared a subclass of, or equivalent to;
- ``A subClassOf (p some B)`` and ``(p value b)``, alone or inside such an intersection, give
  (A, p, B);
- ``a p b`` between entities, ``a rdf:type A``, SKOS broader, narrower (turned round), related and
  mappings give themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from kgml.kg import vocabulary as v
from kgml.kg.collected import Collected
from kgml.kg.rdf import Triples


def relations(triples: Triples, collected: Collected) -> None:
    """Add the candidate edges of all RDF files to ``collected``; count what is dropped.

    Whether both ends are entities is decided later, when every file has been read.
    """
    _declarations(triples, collected)
    _class_axioms(triples, collected)
    _skos(triples, collected)
    _assertions(triples, collected)


PROJECTIONS: Final[dict[str, Callable[[Triples, Collected], None]]] = {"relations": relations}


def _pairs(flat: list[int]) -> Iterator[tuple[int, int]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _declarations(triples: Triples, collected: Collected) -> None:
    """Sort the subjects of rdf:type; a type that is not vocabulary is a class of its subject."""
    iris, number = collected.iris, collected.number
    type_of = number(v.TYPE)
    kinds: dict[int, set[int] | None] = {}
    ignored: set[int] = set()
    for subject, kind in _pairs(triples.links(v.TYPE)):
        if kind not in kinds:
            kinds[kind] = _declared_as(iris[kind], collected, ignored) if kind >= 0 else None
        members = kinds[kind]
        if subject < 0 or members is ignored:
            continue
        if members is not None:
            members.add(subject)
        elif kind < 0:
            collected.individuals.add(subject)
            collected.dropped["type expression"] += 1
        else:
            collected.individuals.add(subject)
            collected.edges += (subject, type_of, kind)


def _declared_as(iri: str, collected: Collected, ignored: set[int]) -> set[int] | None:
    for types, members in (
        (v.CLASS_TYPES, collected.classes),
        (v.INDIVIDUAL_TYPES, collected.individuals),
        (v.CONCEPT_TYPES, collected.concepts),
        (v.ONTOLOGY_TYPES, collected.others),
        (v.OTHER_TYPES, collected.others),
    ):
        if iri in types:
            return members
    return ignored if iri.startswith(v.RESERVED) else None


def _class_axioms(triples: Triples, collected: Collected) -> None:
    expressions = _Expressions(triples, collected)
    is_a = collected.number(v.SUB_CLASS_OF)
    edges, dropped = collected.edges, collected.dropped
    for child, parent in _pairs(triples.links(v.SUB_CLASS_OF)):
        if child < 0:
            dropped["general class axiom"] += 1
        elif parent >= 0:
            edges += (child, is_a, parent)
        else:
            expressions.expand(child, parent)
    for left, right in _pairs(triples.links(v.OWL + "equivalentClass")):
        if left >= 0 and right < 0:
            expressions.expand(left, right)
        elif left < 0 and right >= 0:
            expressions.expand(right, left)
        else:
            dropped["equivalentClass"] += 1
    for named, members in _pairs(triples.links(v.OWL + "intersectionOf")):
        if named >= 0:
            expressions.expand_members(named, members)
    for predicate, kind in v.EXPRESSIONS.items():
        dropped[kind] += sum(subject >= 0 for subject, _ in _pairs(triples.links(predicate)))


class _Expressions:
    """The anonymous class expressions of all files, by blank node."""

    def __init__(self, triples: Triples, collected: Collected) -> None:
        def mapping(predicate: str) -> dict[int, int]:
            return dict(_pairs(triples.links(predicate)))

        self._edges, self._dropped = collected.edges, collected.dropped
        self._is_a = collected.number(v.SUB_CLASS_OF)
        self._property = mapping(v.OWL + "onProperty")
        self._filler = {**mapping(v.OWL + "hasValue"), **mapping(v.OWL + "someValuesFrom")}
        self._members = mapping(v.OWL + "intersectionOf")
        self._first, self._rest = mapping(v.RDF + "first"), mapping(v.RDF + "rest")
        self._kind: dict[int, str] = {}
        for predicate, kind in v.EXPRESSIONS.items():
            self._kind.update(dict.fromkeys(triples.links(predicate)[::2], kind))
            self._kind.update((subject, kind) for subject, _ in triples.texts(predicate))
        for subject, _ in triples.texts(v.OWL + "hasValue"):
            self._kind[subject] = "hasValue literal"

    def expand(self, entity: int, expression: int) -> None:
        """Edges of ``entity`` from one expression; intersections are walked without recursion."""
        todo, seen = [expression], {expression}
        while todo:
            node = todo.pop()
            if node >= 0:
                self._edges += (entity, self._is_a, node)
            elif node in self._members:
                members = [m for m in self._list(self._members[node]) if m not in seen]
                seen.update(members)
                todo += members
            else:
                self._restriction(entity, node)

    def expand_members(self, entity: int, members: int) -> None:
        """The same for a list of expressions."""
        for member in self._list(members):
            self.expand(entity, member)

    def _restriction(self, entity: int, node: int) -> None:
        relation, filler = self._property.get(node), self._filler.get(node)
        if relation is None or filler is None:
            self._dropped[self._kind.get(node, "other expression")] += 1
        elif relation < 0:
            self._dropped["inverse property"] += 1
        elif filler < 0:
            self._dropped["nested expression"] += 1
        else:
            self._edges += (entity, relation, filler)

    def _list(self, node: int) -> list[int]:
        """Members of an RDF list; a list that runs in a circle ends where it meets itself."""
        members: list[int] = []
        seen: set[int] = set()
        while node in self._first and node not in seen:
            seen.add(node)
            members.append(self._first[node])
            node = self._rest.get(node, -1)
        return members


def _skos(triples: Triples, collected: Collected) -> None:
    broader = collected.number(v.BROADER)
    edges, dropped = collected.edges, collected.dropped
    down = triples.links(v.SKOS + "narrower")
    upward = [*_pairs(triples.links(v.BROADER)), *zip(down[1::2], down[::2], strict=True)]
    for child, parent in upward:
        if child < 0 or parent < 0:
            dropped["blank node"] += 1
        else:
            edges += (child, broader, parent)
            collected.concepts.update((child, parent))


def _assertions(triples: Triples, collected: Collected) -> None:
    """Everything said with a property of its own, and the count of the axioms that are not."""
    annotations = _declared_annotations(triples, collected)
    edges, dropped = collected.edges, collected.dropped
    words = {
        *v.LABELS, *v.SYNONYMS, v.LITERAL_FORM, v.SYNONYM_TYPE, *v.ONTOLOGY_VERSION,
        *v.ONTOLOGY_LICENCE,
    }  # fmt: skip
    for predicate in triples.predicates():
        flat = triples.links(predicate)
        if predicate in v.DROPPED:
            dropped[v.DROPPED[predicate]] += len(flat) // 2
        elif predicate in v.STRUCTURE or predicate in v.EXPRESSIONS or predicate in words:
            continue
        elif _is_annotation(predicate, annotations):
            dropped["annotation"] += len(flat) // 2
        elif flat:
            relation = collected.number(predicate)
            for head, tail in _pairs(flat):
                if head >= 0 and tail >= 0:
                    edges += (head, relation, tail)
                else:
                    dropped["blank node"] += 1


def _declared_annotations(triples: Triples, collected: Collected) -> set[str]:
    kind = collected.number(v.ANNOTATION_PROPERTY)
    return {
        collected.iris[subject]
        for subject, found in _pairs(triples.links(v.TYPE))
        if found == kind and subject >= 0
    }


def _is_annotation(predicate: str, declared: set[str]) -> bool:
    """Vocabulary that says nothing between two entities.

    SKOS related and mappings do, though OWL files must declare them as annotation properties.
    """
    if predicate in v.MAPPINGS or predicate == v.SKOS + "related":
        return False
    return predicate in declared or predicate.startswith(v.RESERVED)
