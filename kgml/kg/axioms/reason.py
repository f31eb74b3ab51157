"""What follows from triples: RDFS, SKOS or OWL 2 RL, as further triples.

Only what a graph can use is given: nothing that holds of everything or of a thing with itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from kgml.errors import UsageError, one_of
from kgml.kg.vocabulary import OWL, RDF, RDFS, SKOS

if TYPE_CHECKING:
    from kgml.kg.axioms.tripletable import Keys, TripleTable

TYPE, THING, RESOURCE = RDF + "type", OWL + "Thing", RDFS + "Resource"
SUB_CLASS, SUB_PROPERTY = RDFS + "subClassOf", RDFS + "subPropertyOf"
DOMAIN, RANGE = RDFS + "domain", RDFS + "range"
SCHEMA = (TYPE, SUB_CLASS, SUB_PROPERTY, DOMAIN, RANGE)

RELATIONS = {
    SKOS + p: SKOS + q
    for p, q in (
        ("broader", "narrower"), ("topConceptOf", "hasTopConcept"), ("related", "related"),
        ("broaderTransitive", "narrowerTransitive"), ("broadMatch", "narrowMatch"),
        ("relatedMatch", "relatedMatch"), ("closeMatch", "closeMatch"),
        ("exactMatch", "exactMatch"),
    )
}  # fmt: skip
"""A SKOS relation and its inverse (SKOS Reference S8, S25, S26, S43), itself if symmetric (S23,
S44)."""
SUPER = {
    SKOS + p: SKOS + q
    for p, q in (
        ("topConceptOf", "inScheme"), ("exactMatch", "closeMatch"), ("broadMatch", "broader"),
        ("narrowMatch", "narrower"), ("relatedMatch", "related"),
    )
}  # fmt: skip
"""S7, S41 and S42. Super-properties that no edge stands for (semanticRelation, mappingRelation,
broaderTransitive) are not written."""
TYPED = [
    (SKOS + p, column, SKOS + cls)
    for p, column, cls in (
        ("broader", 0, "Concept"), ("broader", 1, "Concept"), ("narrower", 0, "Concept"),
        ("narrower", 1, "Concept"), ("related", 0, "Concept"), ("related", 1, "Concept"),
        ("hasTopConcept", 0, "ConceptScheme"), ("hasTopConcept", 1, "Concept"),
        ("topConceptOf", 0, "Concept"), ("topConceptOf", 1, "ConceptScheme"),
        ("inScheme", 1, "ConceptScheme"),
    )
]  # fmt: skip
"""Types of subjects (0) and objects (1) (S4, S5, S6, S19, S20). Of a mapping they are left open: its target
is a concept of another scheme, which may not be loaded."""

VOCABULARY = (
    *SCHEMA, THING, RESOURCE, SKOS + "Concept", SKOS + "ConceptScheme", SKOS + "inScheme",
    *RELATIONS, *(q for p, q in RELATIONS.items() if p != q),
)  # fmt: skip


def infer(
    blocks: Iterable[bytes], level: str, limit: int, *, schema: bool = False
) -> Iterator[bytes]:
    """Blocks of the triples that follow from those in ``blocks`` and are not among them, sorted.

    ``rdfs``: rules rdfs2, 3, 5, 7, 9 and 11 of RDF 1.1 Semantics, without axiomatic triples.
    ``skos``: inverses, symmetry, mappings and types of the SKOS Reference; ``broader`` is not
    made transitive. ``owlrl``: OWL 2 RL by the package owlrl, for small ontologies.

    Left out: literals as subjects, ``x x`` pairs, blank nodes among themselves, blank nodes as
    types, and that something is an owl:Thing or rdfs:Resource.

    Args:
        blocks: canonical N-Triples; blank node labels are unique across them.
        limit: most triples derived.
        schema: with ``rdfs``, also write the transitive subClassOf and subPropertyOf triples,
            which turn direct parents into ancestors. They are used for instances either way.

    Raises:
        UsageError: no such level.
        OntologyError: more than ``limit`` triples follow, or, for ``owlrl``, too many came.
        MissingExtraError: ``owlrl`` is not installed.

    >>> stated = b'''<e:tom> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <e:Cat> .
    ... <e:Cat> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <e:Animal> .
    ... '''
    >>> print(*infer([stated], "rdfs", 100))
    b'<e:tom> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <e:Animal> .\\n'
    """
    if level not in LEVELS:
        raise UsageError(f"no level of inference named '{level}'; {one_of(LEVELS, level)}")
    return LEVELS[level](blocks, limit, schema)


def _rdfs(blocks: Iterable[bytes], limit: int, schema: bool) -> Iterator[bytes]:
    return _by_columns(blocks, limit, lambda table: _rdfs_rules(table, schema))


def _skos(blocks: Iterable[bytes], limit: int, schema: bool) -> Iterator[bytes]:
    return _by_columns(blocks, limit, _skos_rules)


def _owlrl(blocks: Iterable[bytes], limit: int, schema: bool) -> Iterator[bytes]:
    from kgml.kg.axioms.owl2rl import infer_owlrl

    return infer_owlrl(blocks, limit)


LEVELS: dict[str, Callable[[Iterable[bytes], int, bool], Iterator[bytes]]] = {
    "rdfs": _rdfs, "skos": _skos, "owlrl": _owlrl,
}  # fmt: skip


def _by_columns(
    blocks: Iterable[bytes], limit: int, rules: Callable[[TripleTable], None]
) -> Iterator[bytes]:
    from kgml.kg.axioms.tripletable import TripleTable

    table = TripleTable(blocks, VOCABULARY, limit)
    rules(table)
    return table.new(_useful(table))


def _useful(table: TripleTable) -> Callable[[int, Keys, Keys], object]:
    from kgml.kg.axioms.tripletable import UNDERSCORE

    kind, type_ = table.kind, table.number(TYPE)
    everything = (table.number(THING), table.number(RESOURCE))

    def useful(predicate: int, subject: Keys, value: Keys) -> object:
        blank, other = kind[value] == UNDERSCORE, subject != value
        if predicate == type_:
            return other & ~blank & (value != everything[0]) & (value != everything[1])
        return other & ~(blank & (kind[subject] == UNDERSCORE))

    return useful


def _rdfs_rules(table: TripleTable, schema: bool) -> None:
    import numpy as np

    names = [table.number(iri) for iri in SCHEMA]
    type_, sub_class, sub_property, domain, range_ = names
    while True:
        before = table.added
        used = np.array(table.predicates, dtype=np.int64)
        lower, upper = table.reach(sub_property, used)  # rdfs5
        _super_properties(table, lower, upper)
        for subjects, rule in ((True, domain), (False, range_)):
            _types(table, type_, rule, subjects)
        _propagate(table, type_, sub_class)
        if schema:
            for transitive in (sub_class, sub_property):
                table.add(transitive, *table.reach(transitive, table.pairs(transitive)[0]))
        # one pass is all, unless a rule changes what another rule reads
        circular = {*lower.tolist(), *upper.tolist(), *table.pairs(domain)[0].tolist(),
                    *table.pairs(range_)[0].tolist()}  # fmt: skip
        if table.added == before or circular.isdisjoint(names):
            return


def _super_properties(table: TripleTable, lower: Keys, upper: Keys) -> None:
    """rdfs7: what a property relates, its super-properties relate."""
    from kgml.kg.axioms.tripletable import LESS

    for p, q in zip(lower.tolist(), upper.tolist(), strict=True):
        if p != q and table.kind[q] == LESS:
            table.add(q, *table.pairs(p))


def _types(table: TripleTable, type_: int, rule: int, subjects: bool) -> None:
    """rdfs2 (subjects, by domain) and rdfs3 (objects, by range)."""
    import numpy as np

    for p, cls in zip(*(column.tolist() for column in table.pairs(rule)), strict=True):
        table.add(type_, np.unique(table.pairs(p)[0 if subjects else 1]), cls)


def _propagate(table: TripleTable, type_: int, sub_class: int) -> None:
    """rdfs9 over the transitive subClassOf (rdfs11), a class's members at a time."""
    from kgml.kg.axioms.tripletable import follow

    instance, cls = table.pairs(type_)
    table.add(type_, *follow(instance, cls, table.reach(sub_class, cls)))


def _skos_rules(table: TripleTable) -> None:
    import numpy as np

    relations = {table.number(iri) for iri in (*RELATIONS, *RELATIONS.values(), SKOS + "inScheme")}
    used = np.array(table.predicates, dtype=np.int64)
    lower, upper = table.reach(table.number(SUB_PROPERTY), used)
    ours = np.isin(upper, list(relations))
    _super_properties(table, lower[ours], upper[ours])  # a thesaurus's own kinds of broader
    type_ = table.number(TYPE)
    for iri, column, cls in TYPED:
        table.add(type_, np.unique(table.pairs(table.number(iri))[column]), table.number(cls))
    before = -1
    while table.added > before:
        before = table.added
        for p, q in RELATIONS.items():
            one, other = table.number(p), table.number(q)
            table.add(other, *table.pairs(one)[::-1])
            table.add(one, *table.pairs(other)[::-1])
        _exact_matches(table)
        for p, q in SUPER.items():
            table.add(table.number(q), *table.pairs(table.number(p)))


def _exact_matches(table: TripleTable) -> None:
    """S45: exactMatch is transitive; whatever hangs together matches each other."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    exact = table.number(SKOS + "exactMatch")
    subject, value = table.pairs(exact)
    both = table.resources(value)
    nodes, ends = np.unique(np.stack([subject[both], value[both]]), return_inverse=True)
    one, other = ends.reshape(2, -1)
    links = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(len(nodes),) * 2)
    group = connected_components(links, directed=False)[1]
    sizes = np.bincount(group, minlength=0).astype(np.int64)
    table.check(int((sizes * (sizes - 1)).sum()) - len(one))
    order = np.argsort(group, kind="stable")
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    times = sizes[group]
    first = np.repeat(np.arange(len(nodes)), times)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(times) - times, times)
    second = order[np.repeat(start[group], times) + offset]
    table.add(exact, nodes[first][first != second], nodes[second][first != second])
