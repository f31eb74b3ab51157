"""The kinds of axioms that edges come from, and how each is written out.

RDF files give OWL axioms (functional syntax, https://www.w3.org/TR/owl2-syntax/), OBO files clauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

_CONTEXTS = {
    "SubClassOf": "SubClassOf({{head}} {})",
    "SubClassOf and": "SubClassOf({{head}} ObjectIntersectionOf(... {}))",
    "SubClassOf from": "SubClassOf({} {{head}})",
    "SubClassOf or": "SubClassOf(ObjectUnionOf(... {}) {{head}})",
    "EquivalentClasses": "EquivalentClasses({{head}} {})",
    "EquivalentClasses and": "EquivalentClasses({{head}} ObjectIntersectionOf(... {}))",
    "EquivalentClasses or": "EquivalentClasses({{head}} ObjectUnionOf(... {}))",
    "DisjointUnion": "DisjointUnion({{head}} ... {})",
    "ClassAssertion": "ClassAssertion({} {{head}})",
    "ClassAssertion and": "ClassAssertion(ObjectIntersectionOf(... {}) {{head}})",
}
"""Where a restriction stands."""
_QUANTIFIERS = {
    "some": "ObjectSomeValuesFrom({{relation}} {})",
    "value": "ObjectHasValue({{relation}} {})",
    "min": "ObjectMinCardinality(... {{relation}} {})",
    "min 0": "ObjectMinCardinality(0 {{relation}} {})",
    "exactly": "ObjectExactCardinality(... {{relation}} {})",
    "exactly 0": "ObjectExactCardinality(0 {{relation}} {})",
    "max": "ObjectMaxCardinality(... {{relation}} {})",
    "only": "ObjectAllValuesFrom({{relation}} {})",
}
_PARTS = {
    "": "{}",
    "and": "ObjectIntersectionOf({} ...)",
    "or": "ObjectUnionOf({} ...)",
    "nested": "... {} ...",
}
"""What a named class is of the expression it stands in: all of it, a member of an intersection or of
a union, or deeper. What is not shown is three dots."""


@dataclass(frozen=True)
class Restriction:
    """A restriction that gave an edge: where it stands, its quantifier, what the tail is of its filler."""

    context: str
    quantifier: str
    part: str

    @property
    def kind(self) -> str:
        """A key of `TEMPLATES`."""
        return f"{self.context} {self.quantifier} {self.part}".strip()

    @property
    def template(self) -> str:
        """The axiom, with places for head, relation and tail."""
        filler = _PARTS[self.part].format("{tail}")
        return _CONTEXTS[self.context].format(_QUANTIFIERS[self.quantifier].format(filler))


RESTRICTIONS = {
    one.kind: one for one in (
        Restriction(*parts) for parts in product(_CONTEXTS, _QUANTIFIERS, _PARTS)
    )
}  # fmt: skip
"""Those of `TEMPLATES` that are restrictions."""


def domain_and_range(domain: str, range_: str) -> str:
    """The kind of an edge from a part of a domain to a part of a range.

    >>> domain_and_range("", ""), domain_and_range("or", "")
    ('domain and range', 'domain or, range')
    """
    if not domain and not range_:
        return "domain and range"
    return f"domain {domain}".strip() + ", " + f"range {range_}".strip()


TEMPLATES: dict[str, str] = {
    "SubClassOf": "SubClassOf({head} {tail})",
    "SubClassOf and": "SubClassOf({head} ObjectIntersectionOf({tail} ...))",
    "EquivalentClasses": "EquivalentClasses({head} {tail})",
    "EquivalentClasses and": "EquivalentClasses({head} ObjectIntersectionOf({tail} ...))",
    "EquivalentClasses or": "EquivalentClasses({tail} ObjectUnionOf({head} ...))",
    "SubClassOf or": "SubClassOf(ObjectUnionOf({head} ...) {tail})",
    "DisjointUnion": "DisjointUnion({tail} {head} ...)",
    "ClassAssertion": "ClassAssertion({tail} {head})",
    "ClassAssertion and": "ClassAssertion(ObjectIntersectionOf({tail} ...) {head})",
    **{kind: restriction.template for kind, restriction in RESTRICTIONS.items()},
    "ObjectPropertyAssertion": "ObjectPropertyAssertion({relation} {head} {tail})",
    "SKOS broader": "{head} skos:broader {tail}",
    "SKOS narrower": "{tail} skos:narrower {head}",
    "SKOS related": "{head} skos:related {tail}",
    "mapping": "{head} {relation} {tail}",
    **{
        domain_and_range(
            *parts
        ): "ObjectPropertyDomain({{relation}} {}) ObjectPropertyRange({{relation}} {})".format(
            _PARTS[parts[0]].format("{head}"), _PARTS[parts[1]].format("{tail}")
        )
        for parts in product(_PARTS, _PARTS)
    },
    "value and type": "ObjectHasValue({relation} a), said of {head}, and ClassAssertion({tail} a)",
    "inverse": "InverseObjectProperties(... {relation}), and an edge from {tail} to {head}",
    "SubObjectPropertyOf": "SubObjectPropertyOf({relation} ...), and an edge from {head} to {tail}",
    "property chain": "SubObjectPropertyOf(ObjectPropertyChain(...) {relation}), from {head} to {tail}",
    "triple": "{head} {relation} {tail}",
    "is_a": "is_a: {tail}, in [Term] {head}",
    "relationship": "relationship: {relation} {tail}, in [Term] {head}",
    "intersection_of": "intersection_of: {tail}, in [Term] {head}",
    "intersection_of some": "intersection_of: {relation} {tail}, in [Term] {head}",
    "union_of": "union_of: {head}, in [Term] {tail}",
    "equivalent_to": "equivalent_to: {tail}, in [Term] {head}",
    "instance_of": "instance_of: {tail}, in [Instance] {head}",
    "property_value": "property_value: {relation} {tail}, in {head}",
}
"""Kind of axiom to how it is written with its head, relation and tail filled in."""
KINDS = tuple(TEMPLATES)
CODES = {kind: code for code, kind in enumerate(KINDS)}


def written(kind: str, head: str, relation: str, tail: str) -> str:
    """An axiom in words.

    >>> written("SubClassOf some", "'heart disease'", "'located in'", "'heart'")
    "SubClassOf('heart disease' ObjectSomeValuesFrom('located in' 'heart'))"
    >>> written("EquivalentClasses and some or", "'myocarditis'", "'caused by'", "'virus'")
    "EquivalentClasses('myocarditis' ObjectIntersectionOf(... ObjectSomeValuesFrom('caused by' ObjectUnionOf('virus' ...))))"
    """
    return TEMPLATES[kind].format(head=head, relation=relation, tail=tail)
