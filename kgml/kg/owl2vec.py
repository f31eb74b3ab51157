"""The rules of OWL2Vec* (Chen et al. 2021, table 1) that look at properties."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from kgml.kg import vocabulary as v
from kgml.kg.axioms import CODES
from kgml.kg.collected import Collected
from kgml.kg.expressions import Expressions
from kgml.kg.rdf import Triples

MOST_EDGES = 5_000_000
"""Most edges one property chain may give."""


def further_rules(triples: Triples, collected: Collected) -> None:
    """Add edges for domains with ranges, sub-properties, inverses and property chains."""
    expressions = Expressions(triples)
    _domains(triples, collected, expressions)
    edges = np.concatenate(collected.edge_columns) if collected.edge_columns else _none()
    by_relation = {int(r): edges[edges[:, 1] == r] for r in np.unique(edges[:, 1])}
    made = [*_super_properties(triples, by_relation), *_inverses(triples, by_relation)]
    made += _chains(triples, expressions, by_relation)
    collected.edge_columns += made
    for kind in ("domain", "range", "subPropertyOf", "inverseOf", "propertyChainAxiom"):
        collected.dropped[kind] = 0


def _none() -> NDArray[np.int32]:
    return np.zeros((0, 5), dtype=np.int32)


def _domains(triples: Triples, collected: Collected, expressions: Expressions) -> None:
    """Every domain with every range of a property."""
    ranges: defaultdict[int, list[int]] = defaultdict(list)
    for prop, value, _ in zip(*(c.tolist() for c in triples.links(v.RDFS + "range")), strict=True):
        ranges[prop] += expressions.named(value, unions=True)
    rows = [
        (head, prop, tail, CODES["domain and range"], file)
        for prop, value, file in zip(
            *(c.tolist() for c in triples.links(v.RDFS + "domain")), strict=True
        )
        for head in expressions.named(value, unions=True)
        for tail in ranges[prop]
        if prop >= 0
    ]
    collected.edge_columns.append(np.array(rows, dtype=np.int32).reshape(-1, 5))


def _super_properties(
    triples: Triples, by_relation: dict[int, NDArray[np.int32]]
) -> list[NDArray[np.int32]]:
    """(A, p, B) and p subPropertyOf q give (A, q, B), one step up."""
    made = []
    below, above, _ = triples.links(v.RDFS + "subPropertyOf")
    for low, high in zip(below.tolist(), above.tolist(), strict=True):
        if low in by_relation and high >= 0 and low != high:
            made.append(_rewritten(by_relation[low], high, "SubObjectPropertyOf", turned=False))
    return made


def _inverses(
    triples: Triples, by_relation: dict[int, NDArray[np.int32]]
) -> list[NDArray[np.int32]]:
    """(A, p, B) and p inverseOf q give (B, q, A), and the other way round."""
    made = []
    left, right, _ = triples.links(v.OWL + "inverseOf")
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        for old, new in ((one, other), (other, one)):
            if old in by_relation and new >= 0:
                made.append(_rewritten(by_relation[old], new, "inverse", turned=True))
    return made


def _rewritten(
    edges: NDArray[np.int32], relation: int, kind: str, *, turned: bool
) -> NDArray[np.int32]:
    rows = edges.copy()
    if turned:
        rows[:, 0], rows[:, 2] = edges[:, 2], edges[:, 0]
    rows[:, 1], rows[:, 3] = relation, CODES[kind]
    return rows


def _chains(
    triples: Triples, expressions: Expressions, by_relation: dict[int, NDArray[np.int32]]
) -> list[NDArray[np.int32]]:
    """p1 o ... o pn subPropertyOf q: the ends of every such path."""
    made = []
    prop, lists, file = triples.links(v.OWL + "propertyChainAxiom")
    for target, head, origin in zip(prop.tolist(), lists.tolist(), file.tolist(), strict=True):
        steps = expressions.members_of(head)
        if target < 0 or not steps or any(s not in by_relation for s in steps):
            continue
        ends = by_relation[steps[0]][:, [0, 2]]
        for step in steps[1:]:
            ends = _joined(ends, by_relation[step][:, [0, 2]])
        rows = np.empty((len(ends), 5), dtype=np.int32)
        rows[:, 0], rows[:, 1], rows[:, 2] = ends[:, 0], target, ends[:, 1]
        rows[:, 3], rows[:, 4] = CODES["property chain"], origin
        made.append(rows)
    return made


def _joined(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.int32]:
    """(a, c) for every (a, b) and (b, c), each once."""
    right = right[np.argsort(right[:, 0], kind="stable")]
    start = np.searchsorted(right[:, 0], left[:, 1], side="left")
    stop = np.searchsorted(right[:, 0], left[:, 1], side="right")
    counts = stop - start
    if counts.sum() > MOST_EDGES:
        return np.zeros((0, 2), dtype=np.int32)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.column_stack(
        [np.repeat(left[:, 0], counts), right[np.repeat(start, counts) + offsets, 1]]
    )
    found: NDArray[np.int32] = np.unique(rows, axis=0).astype(np.int32)
    return found
