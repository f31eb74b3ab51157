"""Lists of edges in CSV, TSV and Parquet as N-Triples, in record batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.kg import vocabulary as v
from kgml.kg.parse import edgewords, emit
from kgml.kg.parse.edgecells import Cells, Codes, Rows, blank, coded
from kgml.kg.parse.edgenames import relation_of_pairs
from kgml.kg.parse.edgetables import Table, table
from kgml.kg.parse.namespaces import Declare, ignore
from kgml.kg.parse.owlmapping import ENTITIES
from kgml.progress import warn

if TYPE_CHECKING:
    import pyarrow as pa

_CLASS, _INDIVIDUAL, _PROPERTY = (
    ENTITIES[name] for name in ("Class", "NamedIndividual", "ObjectProperty")
)
_TYPE, _LABEL = ox.NamedNode(v.TYPE), ox.NamedNode(v.RDFS + "label")
_VOCABULARY = (v.RDF, v.RDFS, v.OWL, v.SKOS)


def ntriples(path: Path, name: str, config: GraphConfig, _: Declare = ignore) -> Iterator[bytes]:
    """The rows of a list of edges as blocks of N-Triples.

    Heads and tails are declared classes (the head of an ``rdf:type`` an individual); ``is_a``,
    ``subClassOf`` and ``parent`` become ``rdfs:subClassOf``, any other relation a plain triple. The
    tail of a relation of `kgml.kg.parse.edgewords.TEXTS` is a text; a child without parent is a
    root. Labels become ``rdfs:label``, and a name without prefix is its own label where the file
    gives none.

    Args:
        path: a plain CSV, TSV or Parquet file, not empty.
        name: of the file, below what the user gave; what names without prefix are under.
        config: limits.
        _: who would be told the prefixes; this format declares none.

    Raises:
        OntologyError: no such columns, a row that is incomplete or not UTF-8, a damaged file.
    """
    return emit.blocks(_triples(path, name, config))


def _triples(path: Path, name: str, config: GraphConfig) -> Iterator[ox.Triple]:
    found = table(path, config)
    pairs = None
    if "relation" not in found.called:
        pairs = ox.NamedNode(relation_of_pairs(found.called["head"]))
        if pairs.value == edgewords.RELATED:
            _warn_unnamed(name, found)
    edges = _Edges(Cells(path, emit.base_iri(name), found.called), pairs, emit.base_iri(name))
    first = 1
    for batch in found.batches:
        yield from edges.triples(first, batch)
        first += len(batch)
    yield from edges.rest()


def _warn_unnamed(name: str, found: Table) -> None:
    others = ", ".join(f"'{other[:40]}'" for other in found.others[:8])
    one = f"one of the columns {others} does" if others else "there is one"
    warn(
        f"{name}: no column is called 'relation', so '{found.called['head']}' and "
        f"'{found.called['tail']}' are taken as related (skos:related). Where {one}, call it so; "
        "where these are is-a pairs, call them child and parent"
    )


class _Edges:
    """The rows of one file; what was declared or labelled is not said again."""

    def __init__(self, cells: Cells, pairs: ox.NamedNode | None, base: str) -> None:
        self._cells, self._pairs, self._own = cells, pairs, base + "#"
        self._may_be_root = pairs is not None and pairs.value == v.SUB_CLASS_OF
        self._declared: dict[ox.NamedNode, set[ox.NamedNode]] = {
            _CLASS: set(), _INDIVIDUAL: set(), _PROPERTY: set(),
        }  # fmt: skip
        self._labels: dict[ox.NamedNode, str] = {}
        self._names: dict[ox.NamedNode, str] = {}
        """Nodes of this file, whose names are their labels unless a row gives another."""
        self._described: dict[ox.NamedNode, None] = {}
        """Heads of texts: classes, unless a row says that they are something else."""

    def triples(self, first: int, batch: pa.RecordBatch) -> Iterator[ox.Triple]:
        """Of one batch whose first row is number ``first``."""
        columns = {role: batch.column(role) for role in batch.schema.names}
        every = np.ones(len(batch), dtype=bool)
        heads, head = self._cells.nodes(first, columns["head"], "head", every)
        if self._pairs is None:
            relations, relation = self._cells.relations(first, columns["relation"], every)
        else:
            relations, relation = [self._pairs], np.zeros(len(batch), dtype=np.int64)
        told = [r for r, node in enumerate(relations) if node.value in edgewords.TEXTS]
        texts = np.isin(relation, told)
        roots = blank(columns["tail"]) if self._may_be_root else ~every
        linked = ~(texts | roots)
        tails, tail = self._cells.nodes(first, columns["tail"], "tail", linked)
        literals = self._cells.texts(first, columns["tail"], "tail", texts)

        yield from self._links(_chosen(heads, head, linked), _chosen(relations, relation, linked),
                               _chosen(tails, tail, linked))  # fmt: skip
        for node in dict.fromkeys(_chosen(heads, head, roots)):
            if node not in self._declared[_CLASS]:
                yield self._declare(node, _CLASS)
        yield from self._texts(
            _chosen(heads, head, texts), _chosen(relations, relation, texts), literals
        )
        for predicate in relations:
            known = predicate.value.startswith(_VOCABULARY) or predicate.value in edgewords.TEXTS
            if not known and predicate not in self._declared[_PROPERTY]:
                yield self._declare(predicate, _PROPERTY)
        for nodes, codes, role, shown in ((heads, head, "head", every), (tails, tail, "tail", linked),
                                          (relations, relation, "relation", every)):  # fmt: skip
            self._name(nodes, columns.get(role))
            yield from self._labelled(nodes, codes[shown], columns.get(f"{role}_label"), shown)

    def rest(self) -> Iterator[ox.Triple]:
        """What only the last row decides: which names are labels, and what has nothing but texts."""
        for node in self._described:
            if not any(node in declared for declared in self._declared.values()):
                yield self._declare(node, _CLASS)
        for node, name in self._names.items():
            if node not in self._labels:
                yield ox.Triple(node, _LABEL, ox.Literal(name.strip()))

    def _links(self, *rows: list[ox.NamedNode]) -> Iterator[ox.Triple]:
        for head, predicate, tail in zip(*rows, strict=True):
            kind = _INDIVIDUAL if predicate == _TYPE else _CLASS
            if head not in self._declared[kind]:
                yield self._declare(head, kind)
            if tail not in self._declared[_CLASS]:
                yield self._declare(tail, _CLASS)
            yield ox.Triple(head, predicate, tail)

    def _texts(
        self, heads: list[ox.NamedNode], predicates: list[ox.NamedNode], texts: list[ox.Literal]
    ) -> Iterator[ox.Triple]:
        for head, predicate, text in zip(heads, predicates, texts, strict=True):
            self._described[head] = None
            if predicate.value in v.LABELS:
                self._labels[head] = text.value
            yield ox.Triple(head, predicate, text)

    def _declare(self, node: ox.NamedNode, kind: ox.NamedNode) -> ox.Triple:
        self._declared[kind].add(node)
        return ox.Triple(node, _TYPE, kind)

    def _name(self, nodes: list[ox.NamedNode], column: pa.DictionaryArray | None) -> None:
        if column is not None:
            for node, word in zip(nodes, column.dictionary.to_pylist(), strict=True):
                if node.value.startswith(self._own):
                    self._names.setdefault(node, word)

    def _labelled(
        self, nodes: list[ox.NamedNode], codes: Codes, given: pa.DictionaryArray | None, shown: Rows
    ) -> Iterator[ox.Triple]:
        """The labels that a column gives to ``nodes``; ``codes`` are those of the rows ``shown``."""
        if given is None:
            return
        texts = given.dictionary.to_pylist()
        pairs = dict.fromkeys(zip(codes.tolist(), coded(given)[shown].tolist(), strict=True))
        for code, number in pairs:
            label = texts[number] if number >= 0 else None
            if label and label.strip() and self._labels.get(nodes[code]) != label:
                self._labels[nodes[code]] = label
                yield ox.Triple(nodes[code], _LABEL, ox.Literal(label.strip()))


def _chosen(nodes: list[ox.NamedNode], codes: Codes, rows: Rows) -> list[ox.NamedNode]:
    """The node in each of ``rows``."""
    return [nodes[code] for code in codes[rows].tolist()]
