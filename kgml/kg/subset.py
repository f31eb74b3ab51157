"""A part of a graph as a graph of its own: a branch, a module around terms, the way up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kgml.errors import InputError, UsageError, one_of
from kgml.kg.axioms.kinds import CODES, KINDS
from kgml.kg.graph import Key, KnowledgeGraph, Scope
from kgml.kg.stats import homonyms
from kgml.kg.walk import reached

if TYPE_CHECKING:
    from kgml.kg.store import Columns

Numbers = NDArray[np.int64]
OUTSIDE = "edge to an entity outside the subset"


def subset(
    graph: KnowledgeGraph, terms: Iterable[Key], *, how: str = "branch", hops: int | None = None
) -> KnowledgeGraph:
    """The part of ``graph`` around ``terms``, with all edges within it and a report of its own.

    Entities and relations stay sorted by IRI and are numbered anew; words, definitions, other
    names and the axioms behind each edge come along.

    Args:
        terms: ids, IRIs, CURIEs or numbers; always part of the result.
        how: ``branch``: and everything below them; ``ancestors``: and everything above them;
            ``module``: and whatever their edges of any relation lead to, then theirs, so that
            nothing said about an entity in it is lost.
        hops: at most so many steps away; None for any number.

    Raises:
        UsageError: no such ``how``, or ``hops`` is negative.
        InputError: no term given, or one that is no entity.
    """
    if how not in WAYS:
        raise UsageError(f"no subset {how!r}; {one_of(WAYS, how)}")
    if hops is not None and hops < 0:
        raise UsageError(f"hops={hops}; wanted 0 or more.")
    starts = sorted({graph.number(term) for term in terms})
    if not starts:
        raise InputError("no term given; name at least one entity the subset is built around.")
    kept = np.array(sorted({*starts, *WAYS[how](graph, starts, hops)}), dtype=np.int64)
    columns, outside = _columns(graph, kept)
    about = {"how": how, "hops": hops, "terms": [graph.iris[n] for n in starts],
             "of": graph.fingerprint}  # fmt: skip
    part = KnowledgeGraph(columns, {}, graph.ontologies, graph.sources, graph.files, graph.declared)
    part.report.update(_report(graph, part, outside), subset=about)
    return part


def _branch(graph: KnowledgeGraph, starts: list[int], hops: int | None) -> list[int]:
    return reached(graph.is_a.T.tocsr(), starts, hops)


def _ancestors(graph: KnowledgeGraph, starts: list[int], hops: int | None) -> list[int]:
    return reached(graph.is_a, starts, hops)


def _module(graph: KnowledgeGraph, starts: list[int], hops: int | None) -> list[int]:
    from kgml.kg.hierarchy import adjacency

    any_edge = adjacency(graph.triples[:, 0], graph.triples[:, 2], len(graph))
    return reached(any_edge, starts, hops)


Way = Callable[[KnowledgeGraph, list[int], "int | None"], list[int]]
WAYS: dict[str, Way] = {"branch": _branch, "module": _module, "ancestors": _ancestors}


def _columns(graph: KnowledgeGraph, kept: Numbers) -> tuple[Columns, int]:
    """The columns of the entities ``kept``, and how many edges lead out of them."""
    old = graph.columns
    entity = _renumbered(kept, len(graph))
    ends = entity[old.triples[:, [0, 2]]] >= 0
    rows = np.flatnonzero(ends.all(axis=1))
    used = np.unique(old.triples[rows, 1])
    relation = _renumbered(used, len(graph.relations))
    head, middle, tail = old.triples[rows].T
    triples = np.column_stack([entity[head], relation[middle], entity[tail]])
    columns = replace(
        old,
        entities=old.entities.take(pa.array(kept)),
        forms=_with(old.forms, entity, "entity"),
        relations=old.relations.take(pa.array(used)),
        triples=np.ascontiguousarray(triples, dtype=np.int64),
        origins=_with(old.origins, _renumbered(rows, len(old.triples)), "triple"),
        aliases=_with(old.aliases, entity, "entity"),
        notes=_with(old.notes, entity, "entity"),
        disjoint=_with(old.disjoint, entity, "left", "right"),
    )
    return columns, int((ends[:, 0] & ~ends[:, 1]).sum())


def _renumbered(kept: Numbers, size: int) -> Numbers:
    """New number per old one, -1 for what is not ``kept`` (ascending)."""
    numbers = np.full(size, -1, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers


def _with(table: pa.Table, numbers: Numbers, *columns: str) -> pa.Table:
    """The rows whose numbers in ``columns`` are all kept, with their new ones; order stays."""
    new = [numbers[table.column(column).to_numpy()] for column in columns]
    kept = np.all([values >= 0 for values in new], axis=0)
    table = table.filter(pa.array(kept))
    for column, values in zip(columns, new, strict=True):
        place = table.schema.get_field_index(column)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array(values[kept], type=field.type))
    return table


def _report(graph: KnowledgeGraph, part: KnowledgeGraph, outside: int) -> dict[str, Any]:
    comments, xrefs = part.columns.note_counts
    labels = int((part.forms.scope == Scope.LABEL).sum())
    return {
        **{name: graph.report[name] for name in ("files", "skipped") if name in graph.report},
        "entities": len(part), "relations": len(part.relations), "triples": len(part.triples),
        "labels": labels, "synonyms": len(part.forms) - labels,
        "definitions": sum(definition is not None for definition in part.definitions),
        "comments": comments, "xrefs": xrefs,
        "unlabelled": len(part) - labels, "homonyms": len(homonyms(part)),
        "became": _became(part), "dropped": {OUTSIDE: outside} if outside else {}, "obsolete": 0,
    }  # fmt: skip


def _became(part: KnowledgeGraph) -> dict[str, int]:
    """How many edges come from each kind of axiom."""
    counts = np.bincount(part.columns.origins.column("axiom").to_numpy(), minlength=len(KINDS))
    return {kind: int(counts[code]) for kind, code in sorted(CODES.items()) if counts[code]}
