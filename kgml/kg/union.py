"""Several graphs as one, entities of the same IRI being one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kgml.kg import store
from kgml.kg.arrow import values
from kgml.kg.vocabulary import PRECEDENCE, Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

Numbers = NDArray[np.int64]
Row = dict[str, Any]


def union(graphs: Sequence[KnowledgeGraph]) -> KnowledgeGraph:
    """All entities, words and edges of ``graphs`` as one graph; a single one is returned as it is.

    Label and definition of an entity are those of the first graph that has one for it; labels that
    others give become exact synonyms. Nothing is merged but what has the same IRI: for cross-references build
    one graph of all files (``kgml build-graph --merge-xrefs``).

    >>> from kgml import load_graph
    >>> both = union([load_graph("fin"), load_graph("bio")])
    >>> both.fingerprint == load_graph(["fin", "bio"]).fingerprint
    True
    """
    if len(graphs) == 1:
        return graphs[0]
    tables = [graph.columns for graph in graphs]
    files = [len(graph.files) for graph in graphs]
    entities, entity = _merged([t.entities for t in tables], _one_entity)
    relations, relation = _merged([t.relations for t in tables], lambda first, other: first)
    triples, origins = _edges(tables, entity, relation, files)
    columns = store.Columns(
        entities=pa.Table.from_pylist(entities, schema=store.ENTITIES),
        forms=_forms(tables, entity, [row["label"] for row in entities]),
        relations=pa.Table.from_pylist(relations, schema=store.RELATIONS),
        triples=triples, origins=origins,
        aliases=_joined([t.aliases for t in tables], entity, "entity"),
        disjoint=_joined(
            [_moved(t.disjoint, first) for t, first in zip(tables, _firsts(files), strict=True)],
            entity, "left", "right",
        ),
        obsolete=_joined([t.obsolete for t in tables], entity),
        notes=_joined([t.notes for t in tables], entity, "entity"),
    )  # fmt: skip
    report = {"entities": len(entities), "relations": len(relations), "triples": len(triples)}
    return type(graphs[0])(
        columns, report, [o for g in graphs for o in g.ontologies],
        {name: digest for g in graphs for name, digest in g.sources.items()},
        [file for g in graphs for file in g.files],
        {prefix: space for g in reversed(graphs) for prefix, space in g.declared.items()},
    )  # fmt: skip


def _one_entity(first: Row, other: Row) -> Row:
    """An entity of two graphs: a graph that only refers to it may come first."""
    better = other if other["labelled"] and not first["labelled"] else first
    return {
        **better,
        "definition": better["definition"] or first["definition"] or other["definition"],
    }


def _merged(
    tables: list[pa.Table], one: Callable[[Row, Row], Row]
) -> tuple[list[Row], list[Numbers]]:
    """Rows by IRI, sorted, ``one`` made of two; and each table's new numbers."""
    kept: dict[str, Row] = {}
    given = [table.to_pylist() for table in tables]
    for rows in given:
        for row in rows:
            old = kept.get(row["iri"])
            kept[row["iri"]] = row if old is None else one(old, row)
    order = {iri: number for number, iri in enumerate(sorted(kept))}
    numbers = [np.array([order[row["iri"]] for row in rows], dtype=np.int64) for rows in given]
    return [kept[iri] for iri in order], numbers


def _edges(
    tables: list[store.Columns], entity: list[Numbers], relation: list[Numbers], files: list[int]
) -> tuple[Numbers, pa.Table]:
    """Triples, sorted and unique, and what they were made from."""
    parts = []
    for columns, e, r in zip(tables, entity, relation, strict=True):
        head, middle, tail = columns.triples.T
        parts.append(np.column_stack([e[head], r[middle], e[tail]]))
    triples, row = np.unique(np.concatenate(parts), axis=0, return_inverse=True)
    start, rows = 0, []
    for columns, part, first in zip(tables, parts, _firsts(files), strict=True):
        of, file, axiom = (values(columns.origins.column(name)) for name in store.ORIGINS.names)
        rows.append(np.column_stack([row.ravel()[start + of], file + first, axiom]))
        start += len(part)
    origins = np.unique(np.concatenate(rows).astype(np.int64), axis=0)
    arrays = [pa.array(column, type=field.type)
              for column, field in zip(origins.T, store.ORIGINS, strict=True)]  # fmt: skip
    return np.ascontiguousarray(triples, dtype=np.int64), pa.Table.from_arrays(
        arrays, schema=store.ORIGINS
    )


def _firsts(counts: list[int]) -> list[int]:
    """The number that the first file of each graph gets."""
    return [sum(counts[:i]) for i in range(len(counts))]


def _moved(disjoint: pa.Table, first: int) -> pa.Table:
    """The same pairs, their files numbered from ``first``."""
    files = values(disjoint.column("file")) + first
    return disjoint.set_column(2, store.DISJOINT.field(2), pa.array(files, type=pa.int32()))


def _forms(tables: list[store.Columns], entity: list[Numbers], labels: list[str]) -> pa.Table:
    """Unique per entity and text, the narrowest scope; sorted by entity, scope, text."""
    scopes: dict[tuple[int, str], Scope] = {}
    for columns, numbers in zip(tables, entity, strict=True):
        of = numbers[values(columns.forms.column("entity"))].tolist()
        scope = values(columns.forms.column("scope")).tolist()
        for number, kind, text in zip(
            of, scope, columns.forms.column("text").to_pylist(), strict=True
        ):
            named = kind != Scope.LABEL or text == labels[number]
            key, wanted = (number, text), Scope(kind) if named else Scope.EXACT
            scopes[key] = min(wanted, scopes.get(key, wanted), key=PRECEDENCE.__getitem__)
    rows = sorted((number, int(kind), text) for (number, text), kind in scopes.items())
    found = [{"entity": number, "scope": kind, "text": text} for number, kind, text in rows]
    return pa.Table.from_pylist(found, schema=store.FORMS)


def _joined(tables: list[pa.Table], entity: list[Numbers], *columns: str) -> pa.Table:
    """Rows of all ``tables``, the entity ``columns`` renumbered; unique and sorted."""
    schema = tables[0].schema
    rows = set()
    for table, numbers in zip(tables, entity, strict=True):
        for row in table.to_pylist():
            row |= {name: int(numbers[row[name]]) for name in columns}
            rows.add(tuple(row[name] for name in schema.names))
    ordered = sorted(rows, key=lambda row: [(value is not None, value) for value in row])
    return pa.Table.from_pylist(
        [dict(zip(schema.names, row, strict=True)) for row in ordered], schema=schema
    )
