"""RDF files as blocks of N-Triples, and the triples of one load in integer columns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyoxigraph as ox

from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.arrow import strings
from kgml.kg.collected import Collected
from kgml.kg.parse import lines, namespaces, nesting
from kgml.kg.parse.blocks import Block, BlockReader, Ints, mended

FORMATS = {
    "Turtle": ox.RdfFormat.TURTLE,
    "N-Triples": ox.RdfFormat.N_TRIPLES,
    "RDF/XML": ox.RdfFormat.RDF_XML,
    "JSON-LD": ox.RdfFormat.JSON_LD,
    "TriG": ox.RdfFormat.TRIG,
    "N-Quads": ox.RdfFormat.N_QUADS,
}
NAMED_GRAPHS = frozenset({"TriG", "N-Quads", "JSON-LD"})
BLOCK = 2_000_000
"""Bytes per block, about: what a processor keeps at hand."""
SMALL = 100_000
"""Bytes of a file up to which it is read together with others."""
PART = 512
"""Statements written at a time: few, since a prefix may make each of them very long."""
GROWTH, LEAST_LIMIT = 100, 64_000_000
"""How many times a file's size its statements may take, and the bytes they always may."""

_KEPT = frozenset(
    {*v.LABELS, *v.SYNONYMS, *v.DEFINITIONS, *v.ONTOLOGY_VERSION, *v.ONTOLOGY_LICENCE,
     *v.ONTOLOGY_TITLE, v.COMMENT, v.XREF, v.VALUE, v.DEPRECATED,
     v.LITERAL_FORM, v.ANNOTATED_TARGET, v.SYNONYM_TYPE, v.OWL + "hasValue", v.OWL + "hasSelf", v.ALTERNATIVE_ID,
     v.REPLACED_BY, *v.CARDINALITIES}
)  # fmt: skip


def ntriples(
    path: Path,
    name: str,
    kind: str,
    *,
    skip: int = 0,
    base: str | None = None,
    rename_blank_nodes: bool = False,
    declare: namespaces.Declare = namespaces.ignore,
) -> Iterator[bytes]:
    """The statements of an RDF file as blocks of N-Triples; graph names are left out.

    Args:
        name: of the file, below what the user gave; part of the base of relative IRIs.
        kind: a key of `FORMATS`.
        skip: bytes to leave out at the start (a byte order mark).
        base: what relative IRIs are relative to, unless the file says.
        rename_blank_nodes: whether labels are made unique across files.
        declare: is told the prefixes of the file when all of it is read.

    Raises:
        SyntaxError: as pyoxigraph raises it; `kgml.kg.parse.safety.explain` words it.
    """
    if kind == "N-Triples" and not skip and not rename_blank_nodes:
        yield from lines.blocks(path, lambda: _parsed(path, name, kind, skip, base, False, declare))
    else:
        yield from _parsed(path, name, kind, skip, base, rename_blank_nodes, declare)


def _parsed(
    path: Path, name: str, kind: str, skip: int, base: str | None, rename_blank_nodes: bool,
    declare: namespaces.Declare,
) -> Iterator[bytes]:  # fmt: skip
    if kind == "N-Triples":
        nesting.check(path, kind, nesting.CEILING)
    with path.open("rb") as stream:
        source: dict[str, Any] = {"path": os.fspath(path)}
        if skip:
            stream.seek(skip)
            source = {"input": stream}
        # lenient: an IRI with a space is counted, not fatal; JSON-LD would turn keys without
        # meaning into predicates. The base keeps the machine's paths out of the data, and
        # JSON-LD without one silently gives 0 triples.
        parser = ox.parse(
            **source, format=FORMATS[kind], lenient=kind != "JSON-LD",
            base_iri=base or f"urn:kgml:/{quote(name)}", rename_blank_nodes=rename_blank_nodes,
        )  # fmt: skip
        triples: Iterator[Any] = (q.triple for q in parser) if kind in NAMED_GRAPHS else parser
        yield from _joined(_written(triples, path), BLOCK)
        declare(namespaces.of_xml(path) if kind == "RDF/XML" else parser.prefixes)


def _written(parser: Iterator[Any], path: Path) -> Iterator[bytes]:
    """The statements of ``parser`` as N-Triples, `PART` at a time.

    Raises:
        OntologyError: names of extreme length would grow past `GROWTH` times the file.
    """
    most, total = max(LEAST_LIMIT, GROWTH * path.stat().st_size), 0
    while part := ox.serialize(islice(parser, PART), format=ox.RdfFormat.N_TRIPLES):
        total += len(part)
        if total > most:
            raise OntologyError(
                f"{path}: written out it is over {most:,} bytes, more than {GROWTH} times the file; "
                "a prefix or an entity stands for an extremely long name. Shorten it."
            )
        yield part


def _joined(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of about ``size``."""
    waiting: list[bytes] = []
    held = 0
    for part in parts:
        waiting.append(part)
        held += len(part)
        if held >= size:
            yield b"".join(waiting)
            waiting.clear()
            held = 0
    if waiting:
        yield b"".join(waiting)


def _check(read: int, limit: int) -> None:
    """Refuse more statements than ``limit``."""
    if read > limit:
        raise OntologyError(
            f"more than {limit:,} triples. "
            "Raise max_triples in [graph] of kgml.toml, or load fewer files."
        )


class Triples:
    """The triples of all RDF files of one load, by predicate.

    `read` the files one after another, then `finish`, then ask. Small files may be put off by
    `hold` and are read together: taking a block apart costs as much as some thousand statements.
    """

    def __init__(self, collected: Collected) -> None:
        self.collected = collected
        self._reader = BlockReader(collected, _KEPT)
        self._held: list[tuple[bytes, int, int]] = []
        self._columns: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._literals: dict[int, list[tuple[Ints, pa.Array, Ints]]] = {}
        self._links: dict[int, tuple[Ints, Ints, Ints]] = {}
        self._unused: dict[int, int] = {}

    def read(self, blocks: Iterable[bytes], file: int, limit: int) -> int:
        """Take in one file's blocks; its statements are counted and returned.

        Args:
            file: its number.
            limit: most statements.

        Raises:
            OntologyError: more than ``limit``.
        """
        self.release()
        read = 0
        for text in blocks:
            block = self._reader.read(text)
            read += block.statements
            _check(read, limit)
            self._take(block, np.full(len(block.line), file, dtype=np.int32))
        return read

    def hold(self, blocks: Iterable[bytes], file: int, limit: int) -> int:
        """`read`, put off until `release`; no two files held may share a blank node's label.

        Raises:
            OntologyError: more than ``limit``.
        """
        read = 0
        for text in blocks:
            count = text.count(b"\n")
            read += count
            _check(read, limit)
            self._held.append((text, count, file))
        if sum(len(text) for text, _, _ in self._held) >= BLOCK:
            self.release()
        return read

    def release(self) -> None:
        """Read what is held. What is read after this may use the same labels of blank nodes."""
        held, self._held = self._held, []
        try:
            if held:
                block = self._reader.read(b"".join(text for text, _, _ in held))
                counts = [count for _, count, _ in held]
                files = np.repeat(np.array([file for *_, file in held], dtype=np.int32), counts)
                self._take(block, files[block.line])
        except OntologyError:
            for text, _, file in held:  # which of them it is
                try:
                    mended(text)
                except OntologyError as error:
                    raise OntologyError(f"{self.collected.files[file]}: {error}") from None
            raise
        self._reader.forget_blank_nodes()

    def _take(self, block: Block, origin: Ints) -> None:
        """``origin``: the number of the file of each of the block's lines."""
        self._columns.append((block.subject, block.predicate, block.object, origin))
        self._header(block, origin)
        for predicate, *columns in block.literals:
            self._literals.setdefault(predicate, []).append((columns[0], columns[1], columns[2]))
        for predicate, times in block.unused.items():
            self._unused[predicate] = self._unused.get(predicate, 0) + times
        self.collected.dropped["triple term"] += block.triple_terms

    def _header(self, block: Block, origin: Ints) -> None:
        """Note what the files say they are and what they import, before all is read."""
        collected = self.collected
        versions, ontology = collected.number(v.VERSION_IRI), collected.number(v.OWL + "Ontology")
        imports = block.predicate == collected.number(v.IMPORTS)
        named = (block.predicate == versions) | (
            (block.predicate == collected.number(v.TYPE)) & (block.object == ontology)
        )
        if not (imports.any() or named.any()):
            return
        iris = collected.iris()
        collected.imports += [
            (iris[n], file)
            for n, file in zip(
                block.object[imports].tolist(), origin[imports].tolist(), strict=True
            )
            if n >= 0
        ]
        for subject, value, file in zip(
            *(column[named].tolist() for column in (block.subject, block.object, origin)),
            strict=True,
        ):
            name = subject if value == ontology else value
            if name >= 0:
                collected.names.append((iris[name], file))

    def finish(self) -> None:
        """Sort by predicate; nothing is read after this."""
        self.release()
        columns = [np.concatenate(part) for part in zip(*self._columns, strict=True)]
        self._columns.clear()
        if columns and len(columns[0]):
            subject, predicate, value, origin = columns
            used = np.flatnonzero(np.bincount(predicate))
            code = np.zeros(int(used[-1]) + 1, dtype=np.int16 if len(used) < 2**15 else np.int32)
            code[used] = np.arange(len(used))
            small = code[predicate]
            order = np.argsort(small, kind="stable")  # of 16 bits by radix: linear
            subject, value, origin = subject[order], value[order], origin[order]
            bounds = np.searchsorted(small[order], np.arange(len(used) + 1)).tolist()
            for number, a, b in zip(used.tolist(), bounds[:-1], bounds[1:], strict=True):
                self._links[int(number)] = (subject[a:b], value[a:b], origin[a:b])
        iris = self.collected.iris()
        for unused, times in self._unused.items():
            kind = v.DROPPED.get(iris[unused], "annotation")
            self.collected.dropped[kind] += times

    @property
    def blank_nodes(self) -> int:
        """How many there are; they are numbered from -1 down."""
        return self._reader.blank_nodes

    def links(self, predicate: str) -> tuple[Ints, Ints, Ints]:
        """Subject, object and file numbers of ``predicate``, (k,) each, in the order read."""
        none = np.zeros(0, dtype=np.int32)
        return self._links.get(self.collected.numbers.get(predicate, -1), (none, none, none))

    def texts(self, predicate: str) -> tuple[Ints, pa.Array, Ints]:
        """Subject numbers, texts and suffixes of ``predicate``, (k,) each, if they are kept."""
        parts = self._literals.get(self.collected.numbers.get(predicate, -1))
        if not parts:
            none = np.zeros(0, dtype=np.int32)
            return none, strings([]), none
        subjects, texts, suffixes = zip(*parts, strict=True)
        return np.concatenate(subjects), pa.concat_arrays(texts), np.concatenate(suffixes)

    @property
    def suffixes(self) -> list[str]:
        """What the numbers of suffixes mean: ``""``, ``@en``, ``^^<...>``."""
        return list(self._reader.suffixes)

    def predicates(self) -> list[str]:
        """All predicates with an object that is no literal, sorted."""
        iris = self.collected.iris()
        return sorted(iris[number] for number in self._links)
