"""OWL axioms become RDF: table 1 of https://www.w3.org/TR/owl2-mapping-to-rdf/, section by section.

Nothing here recurses: an expression gets its node at once and is written out later, so that no
depth of nesting exhausts a stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import pyoxigraph as ox

from kgml.kg.parse.emit import Nodes
from kgml.kg.vocabulary import OWL, RDF, RDFS, XSD

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal


@dataclass(slots=True)
class Form:
    """``name(arguments)`` of the functional-style syntax, or an element of OWL/XML."""

    name: str
    arguments: list[Form | Term]


class MalformedError(ValueError):
    """An axiom or expression with too few arguments, or of the wrong kind."""


def _owl(name: str) -> ox.NamedNode:
    return ox.NamedNode(OWL + name)


TYPE, FIRST, REST, NIL = (ox.NamedNode(RDF + n) for n in ("type", "first", "rest", "nil"))
DATATYPE = ox.NamedNode(RDFS + "Datatype")
TRUE = ox.Literal("true", datatype=ox.NamedNode(XSD + "boolean"))
EVERYTHING = frozenset({OWL + "Thing", RDFS + "Literal"})
"""Fillers of a cardinality that say no more than none does."""
ON_PROPERTY, ON_PROPERTIES = _owl("onProperty"), _owl("onProperties")
RESTRICTION, CLASS, INVERSE_OF = _owl("Restriction"), _owl("Class"), _owl("inverseOf")
SOURCE, PROPERTY, TARGET = (_owl("annotated" + n) for n in ("Source", "Property", "Target"))
CHAIN = _owl("propertyChainAxiom")

ENTITIES = {
    "Class": CLASS, "Datatype": DATATYPE, "ObjectProperty": _owl("ObjectProperty"),
    "DataProperty": _owl("DatatypeProperty"), "AnnotationProperty": _owl("AnnotationProperty"),
    "NamedIndividual": _owl("NamedIndividual"),
}  # fmt: skip
_LISTS = {
    "ObjectIntersectionOf": (CLASS, "intersectionOf"), "ObjectUnionOf": (CLASS, "unionOf"),
    "ObjectOneOf": (CLASS, "oneOf"), "DataIntersectionOf": (DATATYPE, "intersectionOf"),
    "DataUnionOf": (DATATYPE, "unionOf"), "DataOneOf": (DATATYPE, "oneOf"),
}  # fmt: skip
_COMPLEMENTS = {
    "ObjectComplementOf": (CLASS, "complementOf"),
    "DataComplementOf": (DATATYPE, "datatypeComplementOf"),
}
_FILLERS = {
    "ObjectSomeValuesFrom": "someValuesFrom", "ObjectAllValuesFrom": "allValuesFrom",
    "ObjectHasValue": "hasValue", "DataSomeValuesFrom": "someValuesFrom",
    "DataAllValuesFrom": "allValuesFrom", "DataHasValue": "hasValue",
}  # fmt: skip
_CARDINALITIES = {
    f"{kind}{name}Cardinality": (plain, qualified, filler)
    for kind, filler in (("Object", "onClass"), ("Data", "onDataRange"))
    for name, plain, qualified in (
        ("Min", "minCardinality", "minQualifiedCardinality"),
        ("Max", "maxCardinality", "maxQualifiedCardinality"),
        ("Exact", "cardinality", "qualifiedCardinality"),
    )
}
_PAIRS = {
    "SubClassOf": RDFS + "subClassOf", "SubObjectPropertyOf": RDFS + "subPropertyOf",
    "SubDataPropertyOf": RDFS + "subPropertyOf", "SubAnnotationPropertyOf": RDFS + "subPropertyOf",
    "ObjectPropertyDomain": RDFS + "domain", "DataPropertyDomain": RDFS + "domain",
    "AnnotationPropertyDomain": RDFS + "domain", "ObjectPropertyRange": RDFS + "range",
    "DataPropertyRange": RDFS + "range", "AnnotationPropertyRange": RDFS + "range",
    "InverseObjectProperties": OWL + "inverseOf", "DatatypeDefinition": OWL + "equivalentClass",
}  # fmt: skip
"""Two arguments, one triple between them."""
_CHAINS = {
    "EquivalentClasses": OWL + "equivalentClass",
    "EquivalentObjectProperties": OWL + "equivalentProperty",
    "EquivalentDataProperties": OWL + "equivalentProperty", "SameIndividual": OWL + "sameAs",
}  # fmt: skip
_APART = {
    "DisjointClasses": ("disjointWith", "AllDisjointClasses"),
    "DisjointObjectProperties": ("propertyDisjointWith", "AllDisjointProperties"),
    "DisjointDataProperties": ("propertyDisjointWith", "AllDisjointProperties"),
    "DifferentIndividuals": ("differentFrom", "AllDifferent"),
}
"""A triple for two, a list of members for more."""
_CHARACTERISTICS = {
    f"{name}{kind}Property": _owl(name + "Property")
    for kind in ("Object", "Data")
    for name in ("Functional", "InverseFunctional", "Reflexive", "Irreflexive", "Symmetric",
                 "Asymmetric", "Transitive")
}  # fmt: skip
_LISTED = {"DisjointUnion": _owl("disjointUnionOf"), "HasKey": _owl("hasKey")}
_ASSERTIONS = frozenset({"ObjectPropertyAssertion", "DataPropertyAssertion", "AnnotationAssertion"})
_NEGATIVE = {"NegativeObjectPropertyAssertion": "targetIndividual",
             "NegativeDataPropertyAssertion": "targetValue"}  # fmt: skip
RULES = frozenset({"DLSafeRule", "DGRule", "DescriptionGraphRule", "DescriptionGraph"})
"""Rules have no place in OWL 2; what meets one counts it and goes on."""


class Mapping:
    """`axiom` by axiom into triples."""

    def __init__(self, nodes: Nodes) -> None:
        self.ontology: ox.NamedNode | ox.BlankNode = nodes.blank()
        self._nodes = nodes
        self._triples: list[ox.Triple] = []
        self._waiting: deque[tuple[ox.BlankNode, Form]] = deque()
        self._expressions = self._expression_table()

    def axiom(self, form: Form) -> Iterator[ox.Triple]:
        """The triples of an axiom, a declaration, an import or an ontology's annotation.

        Raises:
            MalformedError: not an axiom, or not with these arguments.
        """
        try:
            self._axiom(form)
            while self._waiting:
                node, expression = self._waiting.popleft()
                self._expressions[expression.name](node, expression)
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            if isinstance(error, MalformedError):
                raise
            raise MalformedError(f"{form.name} with {_shown(form)}") from None
        yield from self._triples
        self._triples.clear()

    def begin(self, iri: ox.NamedNode | None, version: ox.NamedNode | None) -> Iterator[ox.Triple]:
        """The triples that say which ontology this is."""
        self.ontology = iri or self.ontology
        yield ox.Triple(self.ontology, TYPE, _owl("Ontology"))
        if version is not None:
            yield ox.Triple(self.ontology, _owl("versionIRI"), version)

    # Axioms: one triple, which an annotation of the axiom is about, or a node of their own

    def _axiom(self, form: Form) -> None:
        name = form.name
        if name == "Annotation":
            self._annotate(self.ontology, [form])
            return
        notes = [a for a in form.arguments if isinstance(a, Form) and a.name == "Annotation"]
        given = [a for a in form.arguments if not (isinstance(a, Form) and a.name == "Annotation")]
        if name in _PAIRS:
            self._pair(name, given, notes)
        elif name in _ASSERTIONS:
            self._assertion(given, notes)
        elif name in _CHAINS:
            for one, other in pairwise(self._at_least_two(form, given)):
                self._main(self.term(one), ox.NamedNode(_CHAINS[name]), self.term(other), notes)
        elif name in _APART:
            self._apart(name, self._at_least_two(form, given), notes)
        elif name in _CHARACTERISTICS:
            (expression,) = given
            self._main(self.term(expression), TYPE, _CHARACTERISTICS[name], notes)
        elif name in _LISTED:
            self._main(self.term(given[0]), _LISTED[name], self._list(_flat(given[1:])), notes)
        elif name in _NEGATIVE:
            self._negative(name, given, notes)
        else:
            self._other(name, given, notes)

    def _other(self, name: str, given: list[Form | Term], notes: list[Form]) -> None:
        if name == "Declaration":
            (entity,) = given
            if not isinstance(entity, Form) or entity.name not in ENTITIES:
                raise MalformedError(f"Declaration of {_shown(Form(name, given))}")
            self._main(self.term(entity.arguments[0]), TYPE, ENTITIES[entity.name], notes)
        elif name == "ClassAssertion":
            expression, individual = given
            self._main(self.term(individual), TYPE, self.term(expression), notes)
        elif name == "Import":
            (iri,) = given
            self._add(self.ontology, _owl("imports"), self.term(iri))
        else:
            raise MalformedError(f"'{name}', which is no axiom of OWL 2")

    def _pair(self, name: str, given: list[Form | Term], notes: list[Form]) -> None:
        one, other = given
        if isinstance(one, Form) and one.name == "ObjectPropertyChain":
            self._main(self.term(other), CHAIN, self._list(one.arguments), notes)
        else:
            self._main(self.term(one), ox.NamedNode(_PAIRS[name]), self.term(other), notes)

    def _assertion(self, given: list[Form | Term], notes: list[Form]) -> None:
        prop, source, target = given
        if isinstance(prop, Form) and prop.name == "ObjectInverseOf":
            (prop,), source, target = prop.arguments, target, source
        self._main(self.term(source), self.term(prop), self.term(target), notes)

    def _apart(self, name: str, given: Sequence[Form | Term], notes: list[Form]) -> None:
        between, together = _APART[name]
        if len(given) == 2:
            self._main(self.term(given[0]), _owl(between), self.term(given[1]), notes)
            return
        node = self._nodes.blank()
        self._add(node, TYPE, _owl(together))
        self._add(node, _owl("members"), self._list(given))
        self._annotate(node, notes)

    def _negative(self, name: str, given: list[Form | Term], notes: list[Form]) -> None:
        prop, source, target = given
        node = self._nodes.blank()
        self._add(node, TYPE, _owl("NegativePropertyAssertion"))
        self._add(node, _owl("sourceIndividual"), self.term(source))
        self._add(node, _owl("assertionProperty"), self.term(prop))
        self._add(node, _owl(_NEGATIVE[name]), self.term(target))
        self._annotate(node, notes)

    def _main(self, subject: Term, predicate: Term, value: Term, notes: list[Form]) -> None:
        """Section 2.3.1: what annotates an axiom annotates its main triple."""
        self._add(subject, predicate, value)
        if notes:
            self._annotate(self._reified("Axiom", subject, predicate, value), notes)

    def _annotate(self, about: ox.NamedNode | ox.BlankNode, notes: Sequence[Form]) -> None:
        """Section 2.2, with annotations of annotations."""
        waiting = deque((about, note) for note in notes)
        while waiting:
            subject, note = waiting.popleft()
            *inner, prop, value = note.arguments
            predicate, target = self.term(prop), self.term(value)
            self._add(subject, predicate, target)
            if inner:
                node = self._reified("Annotation", subject, predicate, target)
                waiting.extend((node, self._form(one)) for one in inner)

    def _reified(self, kind: str, subject: Term, predicate: Term, value: Term) -> ox.BlankNode:
        node = self._nodes.blank()
        self._add(node, TYPE, _owl(kind))
        self._add(node, SOURCE, subject)
        self._add(node, PROPERTY, predicate)
        self._add(node, TARGET, value)
        return node

    # Expressions

    def term(self, given: Form | Term) -> Term:
        """The node of an expression; a nested one is written out later."""
        if not isinstance(given, Form):
            return given
        if given.name not in self._expressions:
            raise MalformedError(f"'{given.name}', which is no class, data range or property")
        node = self._nodes.blank()
        self._waiting.append((node, given))
        return node

    def _expression_table(self) -> dict[str, Callable[[ox.BlankNode, Form], None]]:
        return {
            **dict.fromkeys(_LISTS, self._collection), **dict.fromkeys(_FILLERS, self._filler),
            **dict.fromkeys(_COMPLEMENTS, self._complement),
            **dict.fromkeys(_CARDINALITIES, self._cardinality), "ObjectHasSelf": self._self,
            "ObjectInverseOf": self._inverse, "DatatypeRestriction": self._facets,
        }  # fmt: skip

    def _collection(self, node: ox.BlankNode, form: Form) -> None:
        kind, predicate = _LISTS[form.name]
        self._add(node, TYPE, kind)
        self._add(node, _owl(predicate), self._list(form.arguments))

    def _complement(self, node: ox.BlankNode, form: Form) -> None:
        kind, predicate = _COMPLEMENTS[form.name]
        (given,) = form.arguments
        self._add(node, TYPE, kind)
        self._add(node, _owl(predicate), self.term(given))

    def _filler(self, node: ox.BlankNode, form: Form) -> None:
        *properties, filler = form.arguments
        self._restriction(node, properties)
        self._add(node, _owl(_FILLERS[form.name]), self.term(filler))

    def _cardinality(self, node: ox.BlankNode, form: Form) -> None:
        number, prop, *fillers = form.arguments
        plain, qualified, on = _CARDINALITIES[form.name]
        self._restriction(node, [prop])
        filler = self.term(fillers[0]) if fillers else None
        said = filler is not None and getattr(filler, "value", "") not in EVERYTHING
        self._add(node, _owl(qualified if said else plain), self.term(number))
        if filler is not None and said:
            self._add(node, _owl(on), filler)

    def _self(self, node: ox.BlankNode, form: Form) -> None:
        self._restriction(node, form.arguments)
        self._add(node, _owl("hasSelf"), TRUE)

    def _restriction(self, node: ox.BlankNode, properties: Sequence[Form | Term]) -> None:
        self._add(node, TYPE, RESTRICTION)
        if len(properties) == 1:
            self._add(node, ON_PROPERTY, self.term(properties[0]))
        elif properties:
            self._add(node, ON_PROPERTIES, self._list(properties))
        else:
            raise MalformedError("a restriction on no property")

    def _inverse(self, node: ox.BlankNode, form: Form) -> None:
        (prop,) = form.arguments
        self._add(node, INVERSE_OF, self.term(prop))

    def _facets(self, node: ox.BlankNode, form: Form) -> None:
        datatype, *rest = form.arguments
        pairs = [
            (facet, value)
            for facet, value in zip(rest[::2], rest[1::2], strict=True)
        ]  # fmt: skip
        cells = []
        for facet, value in pairs:
            cell = self._nodes.blank()
            self._add(cell, self.term(facet), self.term(value))
            cells.append(cell)
        self._add(node, TYPE, DATATYPE)
        self._add(node, _owl("onDatatype"), self.term(datatype))
        self._add(node, _owl("withRestrictions"), self._list(cells))

    def _list(self, given: Sequence[Form | Term]) -> Term:
        first: Term = NIL
        for one in reversed(given):
            cell = self._nodes.blank()
            self._add(cell, FIRST, self.term(one))
            self._add(cell, REST, first)
            first = cell
        return first

    def _add(self, subject: Term, predicate: Term, value: Term) -> None:
        # pyoxigraph raises TypeError for a literal as subject or predicate
        self._triples.append(ox.Triple(subject, predicate, value))  # type: ignore[arg-type]

    @staticmethod
    def _at_least_two(form: Form, given: list[Form | Term]) -> list[Form | Term]:
        if len(given) < 2:
            raise MalformedError(f"{form.name} with {_shown(form)}")
        return given

    @staticmethod
    def _form(given: Form | Term) -> Form:
        if not isinstance(given, Form):
            raise MalformedError(f"an annotation that is '{given}'")
        return given


def _flat(given: Sequence[Form | Term]) -> list[Form | Term]:
    """The keys of HasKey: functional syntax puts them into two lists, OWL/XML does not."""
    return [
        inner
        for one in given
        for inner in (one.arguments if isinstance(one, Form) and not one.name else [one])
    ]


def _shown(form: Form) -> str:
    shown = [a.name or "(...)" if isinstance(a, Form) else str(a)[:60] for a in form.arguments]
    count = len(form.arguments)
    return f"{count} argument{'s' * (count != 1)} ({', '.join(shown[:5])})"
