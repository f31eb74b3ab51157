"""Lists of edges in CSV, TSV and Parquet as N-Triples, in record batches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.parse import emit
from kgml.kg.parse.edgetables import batches
from kgml.kg.parse.namespaces import Declare, ignore
from kgml.kg.parse.owlmapping import ENTITIES

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ID = 10_000
"""Characters of an id; more are a quote that is never closed, or a text in the wrong column."""
_IS_A = frozenset({"isa", "subclassof", "rdfs:subclassof", "parent", v.SUB_CLASS_OF.lower()})
_CLASS, _INDIVIDUAL, _PROPERTY = (
    ENTITIES[name] for name in ("Class", "NamedIndividual", "ObjectProperty")
)
_TYPE, _LABEL = ox.NamedNode(v.TYPE), ox.NamedNode(v.RDFS + "label")
_SUB_CLASS_OF = ox.NamedNode(v.SUB_CLASS_OF)
_VOCABULARY = (v.RDF, v.RDFS, v.OWL, v.SKOS)


def ntriples(path: Path, name: str, config: GraphConfig, _: Declare = ignore) -> Iterator[bytes]:
    """The rows of a list of edges as blocks of N-Triples.

    Heads and tails are declared classes (the head of an ``rdf:type`` an individual); ``is_a``,
    ``subClassOf`` and ``parent`` become ``rdfs:subClassOf``, any other relation a plain triple;
    labels become ``rdfs:label``, and a name without prefix is its own label where no column gives
    one.

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
    edges = _Edges(path, name)
    for first, batch in batches(path, config):
        yield from edges.triples(first, batch)


class _Edges:
    """The rows of one file; what was declared or labelled is not said again."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._base = path, emit.base_iri(name)
        self._own = self._base + "#"
        self._nodes: dict[str, ox.NamedNode] = {}
        self._declared: dict[ox.NamedNode, set[ox.NamedNode]] = {
            _CLASS: set(), _INDIVIDUAL: set(), _PROPERTY: set(),
        }  # fmt: skip
        self._labels: dict[ox.NamedNode, str] = {}

    def triples(self, first: int, batch: pa.RecordBatch) -> Iterator[ox.Triple]:
        """Of one batch whose first row is number ``first``."""
        columns = {role: batch.column(role) for role in batch.schema.names}
        heads, head = self._ids(first, columns, "head")
        tails, tail = self._ids(first, columns, "tail")
        if "relation" in columns:
            relations, relation = self._relations(first, columns)
        else:
            relations, relation = [_SUB_CLASS_OF], [0] * len(head)
        for h, r, t in zip(head, relation, tail, strict=True):
            predicate = relations[r]
            kind = _INDIVIDUAL if predicate == _TYPE else _CLASS
            if heads[h] not in self._declared[kind]:
                yield self._declare(heads[h], kind)
            if tails[t] not in self._declared[_CLASS]:
                yield self._declare(tails[t], _CLASS)
            yield ox.Triple(heads[h], predicate, tails[t])
        for predicate in relations:
            known = predicate.value.startswith(_VOCABULARY)
            if not known and predicate not in self._declared[_PROPERTY]:
                yield self._declare(predicate, _PROPERTY)
        for nodes, codes, role in ((heads, head, "head"), (relations, relation, "relation"),
                                   (tails, tail, "tail")):  # fmt: skip
            yield from self._labelled(nodes, codes, columns, role)

    def _declare(self, node: ox.NamedNode, kind: ox.NamedNode) -> ox.Triple:
        self._declared[kind].add(node)
        return ox.Triple(node, _TYPE, kind)

    def _ids(
        self, first: int, columns: dict[str, Any], role: str
    ) -> tuple[list[ox.NamedNode], list[int]]:
        """The distinct nodes of a column, and for each row which of them it has."""
        encoded = columns[role]
        if encoded.null_count:
            raise self._bad(first + encoded.is_null().index(True).as_py(), f"no {role}", "one")
        codes = encoded.indices.to_numpy()
        words = encoded.dictionary.to_pylist()
        nodes = [_SUB_CLASS_OF] * len(words)
        used, rows = np.unique(codes, return_index=True)  # Parquet may list what no row has
        for code, row in zip(used.tolist(), rows.tolist(), strict=True):
            word = words[code]
            node = self._nodes.get(word)
            if node is None:
                node = self._nodes[word] = self._node(word.strip(), role, first + row)
            nodes[code] = node
        return nodes, codes.tolist()

    def _node(self, identifier: str, role: str, row: int) -> ox.NamedNode:
        if not identifier:
            raise self._bad(row, f"no {role}", "one")
        if len(identifier) > MAX_ID:
            raise self._bad(
                row, f"a {role} of {len(identifier):,} characters", f"an id of at most {MAX_ID:,}"
            )
        try:
            return emit.named(emit.expanded(identifier, self._base))
        except ValueError as error:
            raise self._bad(row, f"the {role} '{identifier[:60]}'", f"an IRI ({error})") from None

    def _relations(
        self, first: int, columns: dict[str, Any]
    ) -> tuple[list[ox.NamedNode], list[int]]:
        nodes, codes = self._ids(first, columns, "relation")
        words = columns["relation"].dictionary.to_pylist()
        return [
            _SUB_CLASS_OF if re.sub(r"[\s_-]", "", word.lower()) in _IS_A else node
            for word, node in zip(words, nodes, strict=True)
        ], codes

    def _labelled(
        self, nodes: list[ox.NamedNode], codes: list[int], columns: dict[str, Any], role: str
    ) -> Iterator[ox.Triple]:
        given = columns.get(f"{role}_label")
        if given is not None:
            pairs = dict(
                zip(zip(codes, given.indices.to_pylist(), strict=True), codes, strict=True)
            )
            texts = given.dictionary.to_pylist()
            found = [(nodes[c], texts[t]) for c, t in pairs if t is not None]
        elif role in columns:
            words = columns[role].dictionary.to_pylist()
            found = [
                (node, word)
                for node, word in zip(nodes, words, strict=True)
                if node.value.startswith(self._own)
            ]
        else:
            return
        for node, label in found:
            if label.strip() and self._labels.get(node) != label:
                self._labels[node] = label
                yield ox.Triple(node, _LABEL, ox.Literal(label.strip()))

    def _bad(self, row: int, found: str, wanted: str) -> OntologyError:
        return OntologyError(
            f"{self._path}, row {row:,}: found {found}, wanted {wanted}. Correct the row."
        )
