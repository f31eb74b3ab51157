"""Who is an individual though no file declares it: OWL 2 asks for no declaration (section 5.8 of
https://www.w3.org/TR/owl2-syntax/).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kgml.kg import vocabulary as v
from kgml.kg.collected import Collected
from kgml.kg.parse.rdf import Triples

Mask = NDArray[np.bool_]

_OBJECT_PROPERTIES = tuple(
    v.OWL + name for name in (
        "ObjectProperty", "InverseFunctionalProperty", "SymmetricProperty", "TransitiveProperty")
)  # fmt: skip
"""Types that make a property one between individuals: the last three alone did in OWL 1, and OWL 2
reads them so (https://www.w3.org/TR/owl2-mapping-to-rdf/)."""
_BOTH, _SUBJECT, _OBJECT = (0, 1), (0,), (1,)
_NO_INDIVIDUALS = {
    **dict.fromkeys((v.SUB_CLASS_OF, v.EQUIVALENT_CLASS, v.DISJOINT_WITH, v.OWL + "complementOf",
                     v.RDFS + "subPropertyOf", v.OWL + "equivalentProperty", v.OWL + "inverseOf",
                     v.OWL + "propertyDisjointWith", v.IMPORTS, v.VERSION_IRI), _BOTH),
    **dict.fromkeys((v.OWL + "unionOf", v.OWL + "intersectionOf", v.OWL + "oneOf", v.OWL + "hasKey",
                     v.OWL + "disjointUnionOf", v.OWL + "propertyChainAxiom"), _SUBJECT),
    **dict.fromkeys((v.TYPE, v.OWL + "someValuesFrom", v.OWL + "allValuesFrom", v.OWL + "onClass",
                     v.OWL + "onProperty", v.OWL + "assertionProperty"), _OBJECT),
    v.RDFS + "domain": _BOTH, v.RDFS + "range": _BOTH,
}  # fmt: skip
"""Predicates, and which of their ends are classes, properties or ontologies."""


def note_individuals(triples: Triples, collected: Collected) -> None:
    """Put the ends of assertions with object properties into ``collected.asserted``, and pairs of
    owl:sameAs into ``collected.same_individuals``; ends that stand where a class or a property does
    are left out.

    Whether they are declared as something else is known when every file has been read.
    """
    other = np.zeros(len(collected.iris()), dtype=bool)
    for predicate, sides in _NO_INDIVIDUALS.items():
        for side in sides:
            _mark(other, triples.links(predicate)[side])
    for predicate in triples.predicates():
        other[collected.numbers[predicate]] = True
    ends = np.zeros(len(other), dtype=bool)
    for predicate in _object_properties(triples, collected):
        for side in _BOTH:
            _mark(ends, triples.links(predicate)[side])
    collected.asserted.update(np.flatnonzero(ends & ~other).tolist())
    left, right, _ = triples.links(v.SAME_AS)
    named = (left >= 0) & (right >= 0)
    pairs = np.column_stack([left[named], right[named]])
    collected.same_individuals.append(pairs[~other[pairs].any(axis=1)])


def _mark(mask: Mask, numbers: NDArray[np.int32]) -> None:
    mask[numbers[numbers >= 0]] = True


def _object_properties(triples: Triples, collected: Collected) -> list[str]:
    """Predicates in use that are declared as object properties; no annotations, no vocabulary.

    SKOS declares its own relations as object properties: what they join are concepts.
    """
    subject, kind, _ = triples.links(v.TYPE)

    def declared(*types: str) -> set[int]:
        numbers = [collected.numbers[iri] for iri in types if iri in collected.numbers]
        return set(subject[np.isin(kind, numbers)].tolist())

    wanted = declared(*_OBJECT_PROPERTIES) - declared(v.ANNOTATION_PROPERTY)
    return [
        predicate for predicate in triples.predicates()
        if collected.numbers[predicate] in wanted and not predicate.startswith(v.RESERVED)
    ]  # fmt: skip


def undeclared_individuals(collected: Collected, free: Mask) -> Mask:
    """Which interned numbers are individuals though nothing declares them, (n,).

    These are the ends of assertions, and what owl:sameAs calls the same as an individual, directly
    or by way of others.

    Args:
        free: which numbers are nothing else, (n,).
    """
    found = np.zeros(len(free), dtype=bool)
    found[list(collected.asserted)] = True
    found &= free
    known = found.copy()
    known[list(collected.individuals)] = True
    pairs = np.concatenate([np.zeros((0, 2), dtype=np.int32), *collected.same_individuals])
    pairs = pairs[(known | free)[pairs].all(axis=1)]
    if len(pairs):
        from scipy.sparse import coo_array  # a third of a second, which most loads do without
        from scipy.sparse.csgraph import connected_components

        shape = (len(free), len(free))
        joined = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape)
        group = connected_components(joined, directed=False)[1]
        found |= free & np.isin(group, group[known])
    return found
