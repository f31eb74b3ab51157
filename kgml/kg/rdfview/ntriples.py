"""The statements of a graph as blocks of N-Triples: whole columns pasted, no row looked at alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml.kg import vocabulary as v
from kgml.kg.arrow import column, values
from kgml.kg.rdfview.statements import (
    DEFINITION,
    FORMS,
    NO_IRI,
    NOTES,
    PROPERTY,
    TYPES,
    declarations,
    other_names,
)
from kgml.kg.vocabulary import Note, Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

BLOCK = 50_000
"""Entities per block: some 20 MB of N-Triples."""
_NO_TEXT = '[\\x00-\\x1f\\x7f"\\\\\\x{fffe}\\x{ffff}]'
_ESCAPES = {
    **{code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F, 0xFFFE, 0xFFFF)},
    ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t",
    ord("\b"): "\\b", ord("\f"): "\\f",
}  # fmt: skip
_IRI_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(0x21), *map(ord, '<>"{}|^`\\'))}
_PERCENT = {code: quote(chr(code), safe="") for code in _IRI_ESCAPES}


def ntriples(graph: KnowledgeGraph, *, encode: bool = False) -> Iterator[bytes]:
    """All statements as blocks of N-Triples, the same bytes each time.

    First the relations, then the entities by IRI; within one by predicate, then by what is said.

    Args:
        encode: percent-encode what an IRI may not hold, for other programs; else escape it.
    """
    if not len(graph):
        return
    table, escapes = graph.columns.entities, _PERCENT if encode else _IRI_ESCAPES

    def node(iri: str) -> str:
        return f"<{iri.translate(escapes)}>"

    ids, iris = other_names(graph)
    lines = []
    for iri, label in declarations(graph):
        lines.append(f"{node(iri)} <{v.TYPE}> <{PROPERTY}> .\n")
        if label is not None:
            lines.append(f'{node(iri)} <{FORMS[Scope.LABEL]}> "{label.translate(_ESCAPES)}" .\n')
    for iri, entity in iris:
        lines.append(f"{node(iri)} <{v.REPLACED_BY}> {node(graph.iris[entity])} .\n")
    yield "".join(lines).encode()
    predicates = sorted(
        {
            v.TYPE,
            DEFINITION,
            v.ALTERNATIVE_ID,
            *FORMS.values(),
            *NOTES.values(),
            *graph.relation_iris,
        }
    )
    blocks = _Blocks(graph, _bracketed(table.column("iri"), escapes), predicates, ids)
    blocks.spelled = _large([node(iri) for iri in predicates])
    for start in range(0, len(graph), BLOCK):
        yield blocks.between(start, min(start + BLOCK, len(graph)))


class _Blocks:
    """Statements whose subjects are entities; objects are N-Triples terms."""

    def __init__(
        self, graph: KnowledgeGraph, nodes: pa.LargeStringArray, predicates: list[str],
        ids: list[tuple[int, str]],
    ) -> None:  # fmt: skip
        self.graph, self.nodes = graph, nodes
        self.spelled = _large(predicates)
        code = {iri: n for n, iri in enumerate(predicates)}
        self.code = code
        self.scopes = np.array([code[FORMS[scope]] for scope in Scope])
        self.note_codes = np.array([code[NOTES[kind]] for kind in Note])
        self.relations = np.array([code[iri] for iri in graph.relation_iris], dtype=np.int64)
        self.ids = pa.array([text for _, text in ids], pa.large_string())
        self.id_owner = np.array([entity for entity, _ in ids], dtype=np.int64)
        self.form_owner = values(graph.columns.forms.column("entity"))
        self.note_owner = values(graph.columns.notes.column("entity"))

    def between(self, start: int, stop: int) -> bytes:
        """The statements about entities ``start`` to ``stop``."""
        columns, parts = self.graph.columns, []
        types = _large([f"<{iri}>" for iri in TYPES])
        subject = np.arange(start, stop)
        parts.append(
            (subject, self._same(v.TYPE, subject), types.take(column(columns.kinds[subject])))
        )
        a, b = np.searchsorted(self.form_owner, [start, stop])
        forms = columns.forms.slice(a, b - a)
        scope = values(forms.column("scope"))
        parts.append((self.form_owner[a:b], self.scopes[scope], _quoted(forms.column("text"))))
        definition = columns.entities.column("definition").slice(start, stop - start)
        subject = start + np.flatnonzero(values(definition.is_valid()))
        parts.append((subject, self._same(DEFINITION, subject), _quoted(definition.drop_null())))
        a, b = np.searchsorted(self.note_owner, [start, stop])
        notes = columns.notes.slice(a, b - a)
        kind = self.note_codes[values(notes.column("kind"))]
        parts.append((self.note_owner[a:b], kind, _quoted(notes.column("text"))))
        a, b = np.searchsorted(self.id_owner, [start, stop])
        subject = self.id_owner[a:b]
        parts.append((subject, self._same(v.ALTERNATIVE_ID, subject), _quoted(self.ids[a:b])))
        a, b = np.searchsorted(self.graph.triples[:, 0], [start, stop])
        head, relation, tail = self.graph.triples[a:b].T
        parts.append((head, self.relations[relation], self.nodes.take(column(tail))))
        return self._joined(parts)

    def _same(self, predicate: str, subject: NDArray[Any]) -> NDArray[Any]:
        return np.full(len(subject), self.code[predicate])

    def _joined(self, parts: list[tuple[NDArray[Any], NDArray[Any], pa.LargeStringArray]]) -> bytes:
        subjects, predicates, said = zip(*parts, strict=True)
        subject, predicate = np.concatenate(subjects), np.concatenate(predicates)
        order = np.lexsort((predicate, subject))  # stable: what is said keeps its order
        return _bytes(
            _pasted(
                self.nodes.take(column(subject[order])), " ",
                self.spelled.take(column(predicate[order])), " ",
                pa.concat_arrays(said).take(column(order)), " .\n",
            )
        )  # fmt: skip


def _bytes(lines: pa.LargeStringArray) -> bytes:
    """All texts of an array, one after the other."""
    whole = pa.concat_arrays([lines])  # without an offset
    bounds = np.frombuffer(whole.buffers()[1], dtype=np.int64)
    return bytes(memoryview(whole.buffers()[2] or b"")[bounds[0] : bounds[len(whole)]])


def _large(texts: Any) -> pa.LargeStringArray:
    """As one array with 64-bit offsets: a block may hold more than 2 GiB."""
    if isinstance(texts, pa.ChunkedArray):
        return pa.concat_arrays([c.cast(pa.large_string()) for c in texts.chunks] or [_large([])])
    return pa.array(texts, pa.large_string())


def _bracketed(texts: pa.ChunkedArray, escapes: dict[int, str]) -> pa.LargeStringArray:
    return _pasted("<", _translated(_large(texts), NO_IRI, escapes), ">")


def _quoted(texts: Any) -> pa.LargeStringArray:
    return _pasted('"', _translated(_large(texts), _NO_TEXT, _ESCAPES), '"')


def _pasted(*parts: pa.LargeStringArray | str) -> pa.LargeStringArray:
    """Texts side by side, row by row; a single one goes into each row."""
    large = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in parts]
    return pc.binary_join_element_wise(*large, pa.scalar("", pa.large_string()))


def _translated(
    texts: pa.LargeStringArray, odd: str, escapes: dict[int, str]
) -> pa.LargeStringArray:
    """Texts that hold a character of ``odd`` are escaped; only they are looked at one by one."""
    mask = pc.match_substring_regex(texts, odd)
    found = texts.filter(mask).to_pylist()
    if not found:
        return texts
    return pc.replace_with_mask(texts, mask, _large([text.translate(escapes) for text in found]))
