"""The kinds of axioms that edges come from, and how each is written out.

RDF files give OWL axioms (functional syntax, https://www.w3.org/TR/owl2-syntax/), OBO files clauses.
"""

from __future__ import annotations

_QUANTIFIERS = {
    "some": "ObjectSomeValuesFrom({relation} {tail})",
    "value": "ObjectHasValue({relation} {tail})",
    "min": "ObjectMinCardinality(n {relation} {tail})",
    "exactly": "ObjectExactCardinality(n {relation} {tail})",
    "max": "ObjectMaxCardinality(n {relation} {tail})",
    "only": "ObjectAllValuesFrom({relation} {tail})",
}
_CONTEXTS = {
    "SubClassOf": "SubClassOf({{head}} {})",
    "EquivalentClasses": "EquivalentClasses({{head}} {})",
    "ClassAssertion": "ClassAssertion({} {{head}})",
    "SubClassOf from": "SubClassOf({} {{head}})",
}

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
    **{
        f"{context} {quantifier}": outer.format(inner)
        for context, outer in _CONTEXTS.items()
        for quantifier, inner in _QUANTIFIERS.items()
    },
    "ObjectPropertyAssertion": "ObjectPropertyAssertion({relation} {head} {tail})",
    "SKOS broader": "{head} skos:broader {tail}",
    "SKOS narrower": "{tail} skos:narrower {head}",
    "SKOS related": "{head} skos:related {tail}",
    "mapping": "{head} {relation} {tail}",
    "domain and range": "ObjectPropertyDomain({relation} {head}) ObjectPropertyRange({relation} {tail})",
    "value and type": "SubClassOf({head} ObjectHasValue({relation} a)) ClassAssertion({tail} a)",
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
    """
    return TEMPLATES[kind].format(head=head, relation=relation, tail=tail)
