"""The rules of OWL2Vec* (Chen et al. 2021, table 1) that need more than one axiom.

Each rule looks at the edges that axioms gave, not at those of other rules: as in OWL2Vec*'s own
program, what follows in several steps is left to walks over the graph.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from kgml.kg import vocabulary as v
from kgml.kg.axioms.expressions import Expressions
from kgml.kg.axioms.kinds import CODES, KINDS, RESTRICTIONS, domain_and_range
from kgml.kg.collected import Collected
from kgml.kg.parse.rdf import Triples
from kgml.progress import warn

MOST_EDGES = 5_000_000
"""Most edges one property chain may give."""
_VALUES = [CODES[kind] for kind, one in RESTRICTIONS.items() if one.quantifier == "value"]
_OF_CLASSES = [
    code for code, kind in enumerate(KINDS)
    if code not in _VALUES
    and kind.startswith(("SubClassOf ", "EquivalentClasses ", "DisjointUnion ", "domain "))
]  # fmt: skip

Edges = NDArray[np.int32]


def further_rules(triples: Triples, collected: Collected, expressions: Expressions) -> None:
    """Add edges for domains with ranges, values, sub-properties, inverses and property chains.

    An axiom that gives none is counted as dropped.
    """
    _domains(triples, collected, expressions)
    edges = np.concatenate(collected.edge_columns) if collected.edge_columns else _none()
    by_relation = {int(r): edges[edges[:, 1] == r] for r in np.unique(edges[:, 1])}
    made = [_values(edges)]
    made += _sub_properties(triples, collected, by_relation)
    made += _inverses(triples, collected, by_relation)
    made += _chains(triples, collected, expressions, by_relation)
    collected.edge_columns += made


def _none() -> Edges:
    return np.zeros((0, 5), dtype=np.int32)


def _said(triples: Triples, predicate: str) -> list[tuple[int, int, int]]:
    """Subject, object and file of each axiom."""
    return list(zip(*(column.tolist() for column in triples.links(predicate)), strict=True))


def _domains(triples: Triples, collected: Collected, expressions: Expressions) -> None:
    """Every domain with every range of a property."""
    domains, ranges = _said(triples, v.RDFS + "domain"), _said(triples, v.RDFS + "range")
    heads: defaultdict[int, list[tuple[int, str, int]]] = defaultdict(list)
    tails: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for prop, value, file in domains:
        heads[prop] += [(*head, file) for head in expressions.named(value, unions=True)]
    for prop, value, _ in ranges:
        tails[prop] += expressions.named(value, unions=True)
    rows = [
        (head, prop, tail, CODES[domain_and_range(of_head, of_tail)], file)
        for prop, found in heads.items() if prop >= 0
        for head, of_head, file in found
        for tail, of_tail in tails.get(prop, ())
    ]  # fmt: skip
    collected.edge_columns.append(np.array(rows, dtype=np.int32).reshape(-1, 5))
    collected.dropped["domain"] += sum(not tails.get(prop) for prop, _, _ in domains)
    collected.dropped["range"] += sum(not heads.get(prop) for prop, _, _ in ranges)


def _values(edges: Edges) -> Edges:
    """(A, p, b) of a value, and b of type B, give (A, p, B)."""
    valued = edges[np.isin(edges[:, 3], _VALUES)]
    types = edges[edges[:, 3] == CODES["ClassAssertion"]]
    types = types[np.argsort(types[:, 0], kind="stable")]
    start, counts = _runs(valued[:, 2], types[:, 0])
    rows = np.repeat(valued, counts, axis=0)
    rows[:, 2] = types[_spread(start, counts), 2]
    rows[:, 3] = CODES["value and type"]
    return rows


def _sub_properties(
    triples: Triples, collected: Collected, by_relation: dict[int, Edges]
) -> list[Edges]:
    """(A, q, B) between classes and p subPropertyOf q give (A, p, B), one step.

    Down, from the wider property to the narrower, is how the paper has it and how mOWL does it: the
    edge says what may be, not what follows. So it is left out between individuals.
    """
    made = []
    for low, high, _ in _said(triples, v.RDFS + "subPropertyOf"):
        edges = by_relation.get(high, _none())
        edges = edges[np.isin(edges[:, 3], _OF_CLASSES)]
        if low < 0 or low == high or not len(edges):
            collected.dropped["subPropertyOf"] += 1
        else:
            made.append(_rewritten(edges, low, "SubObjectPropertyOf", turned=False))
    return made


def _inverses(triples: Triples, collected: Collected, by_relation: dict[int, Edges]) -> list[Edges]:
    """(A, p, B) and p inverseOf q give (B, q, A), and the other way round."""
    made = []
    for one, other, _ in _said(triples, v.OWL + "inverseOf"):
        if one < 0:
            continue  # ObjectInverseOf, an expression
        found = [
            _rewritten(by_relation[old], new, "inverse", turned=True)
            for old, new in {(one, other), (other, one)} if old in by_relation and new >= 0
        ]  # fmt: skip
        made += found
        collected.dropped["inverseOf"] += not found
    return made


def _rewritten(edges: Edges, relation: int, kind: str, *, turned: bool) -> Edges:
    rows = edges.copy()
    if turned:
        rows[:, 0], rows[:, 2] = edges[:, 2], edges[:, 0]
    rows[:, 1], rows[:, 3] = relation, CODES[kind]
    return rows


def _chains(
    triples: Triples, collected: Collected, expressions: Expressions, by_relation: dict[int, Edges]
) -> list[Edges]:
    """p1 o ... o pn subPropertyOf q: the ends of every such path."""
    made = []
    for target, head, origin in _said(triples, v.OWL + "propertyChainAxiom"):
        steps = [by_relation.get(step, _none())[:, [0, 2]] for step in expressions.members_of(head)]
        ends: Edges | None = steps[0] if steps and target >= 0 else None
        for step in steps[1:]:
            ends = None if ends is None else _joined(ends, step)
        if ends is None and steps and target >= 0:
            warn(
                f"the property chain of '{collected.iris()[target]}' gives more than "
                f"{MOST_EDGES:,} edges; left out"
            )
        if ends is None or not len(ends):
            collected.dropped["propertyChainAxiom"] += 1
            continue
        rows = np.empty((len(ends), 5), dtype=np.int32)
        rows[:, 0], rows[:, 1], rows[:, 2] = ends[:, 0], target, ends[:, 1]
        rows[:, 3], rows[:, 4] = CODES["property chain"], origin
        made.append(rows)
    return made


def _joined(left: Edges, right: Edges) -> Edges | None:
    """(a, c) for every (a, b) and (b, c), each once; None where there are too many."""
    right = right[np.argsort(right[:, 0], kind="stable")]
    start, counts = _runs(left[:, 1], right[:, 0])
    if counts.sum() > MOST_EDGES:
        return None
    rows = np.column_stack([np.repeat(left[:, 0], counts), right[_spread(start, counts), 1]])
    found: Edges = np.unique(rows, axis=0).astype(np.int32)
    return found


def _runs(wanted: Edges, column: Edges) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each of ``wanted`` begins in the sorted ``column``, and how many there are."""
    start = np.searchsorted(column, wanted, side="left")
    return start, np.searchsorted(column, wanted, side="right") - start


def _spread(start: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers ``start[i]`` to ``start[i] + counts[i]``, one run after the other."""
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    spread: NDArray[np.int64] = np.repeat(start, counts) + offsets
    return spread
