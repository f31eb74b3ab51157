"""The same graph as Arrow tables to hand on: numbers and names side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgml.kg.arrow import column
from kgml.kg.vocabulary import Note, Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

BLOCK = 500_000


def entities(graph: KnowledgeGraph) -> pa.Table:
    """number, iri, id, label, labelled (bool), kind (text), definition (or null); by number."""
    from kgml.kg.graph import KINDS

    table = graph.columns.entities
    kinds = pa.array(KINDS, pa.string()).take(table.column("kind"))
    table = table.set_column(table.schema.get_field_index("kind"), "kind", kinds)
    return table.add_column(0, "number", column(np.arange(len(table))))


def forms(graph: KnowledgeGraph) -> pa.Table:
    """entity (number), id, text, scope (label, exact, abbreviation, narrow, broad, related)."""
    return _texts(graph, graph.columns.forms, "scope", [scope.name.lower() for scope in Scope])


def notes(graph: KnowledgeGraph) -> pa.Table:
    """entity (number), id, text, kind (comment, xref)."""
    return _texts(graph, graph.columns.notes, "kind", [kind.name.lower() for kind in Note])


def _texts(graph: KnowledgeGraph, table: pa.Table, sort: str, names: list[str]) -> pa.Table:
    return pa.table(
        {
            "entity": table.column("entity"),
            "id": graph.columns.entities.column("id").take(table.column("entity")),
            "text": table.column("text"),
            sort: pa.array(names, pa.string()).take(table.column(sort)),
        }
    )


def synonyms(graph: KnowledgeGraph) -> pa.Table:
    """`forms` but the labels."""
    table = forms(graph)
    return table.filter(pc.not_equal(table.column("scope"), "label"))


def edges(graph: KnowledgeGraph) -> pa.Table:
    """head, relation, tail (IRIs), then the label of each, then its number: nine columns.

    `kgml.load_graph` reads the first six from a CSV or Parquet file.
    """
    return pa.concat_tables(edge_blocks(graph))


def edge_blocks(graph: KnowledgeGraph) -> Iterator[pa.Table]:
    """The same by `BLOCK` edges; one at least."""
    named = {"head": graph.columns.entities, "relation": graph.columns.relations,
             "tail": graph.columns.entities}  # fmt: skip
    for start in range(0, max(1, len(graph.triples)), BLOCK):
        rows = zip(named.items(), graph.triples[start : start + BLOCK].T, strict=True)
        parts = [(name, table, column(row)) for (name, table), row in rows]
        block = {name: table.column("iri").take(row) for name, table, row in parts}
        block |= {f"{name}_label": table.column("label").take(row) for name, table, row in parts}
        yield pa.table({**block, **{f"{name}_number": row for name, _, row in parts}})
