"""The columns of a graph: Arrow tables, their hash, and the artifact folder they are saved in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml import artifacts
from kgml.errors import ArtifactError
from kgml.kg.arrow import column, values
from kgml.kg.axioms.kinds import CODES, KINDS
from kgml.kg.vocabulary import Note

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "graph"
ENTITIES = pa.schema(
    [("iri", pa.string()), ("id", pa.string()), ("label", pa.string()), ("labelled", pa.bool_()),
     ("kind", pa.int8()), ("definition", pa.string())]
)  # fmt: skip
FORMS = pa.schema([("entity", pa.int32()), ("scope", pa.int8()), ("text", pa.string())])
NOTES = pa.schema([("entity", pa.int32()), ("kind", pa.int8()), ("text", pa.string())])
RELATIONS = pa.schema([("iri", pa.string()), ("id", pa.string()), ("label", pa.string())])
TRIPLES = pa.schema([("triple", pa.list_(pa.field("number", pa.int64(), nullable=False), 3))])
ORIGINS = pa.schema([("triple", pa.int64()), ("file", pa.int32()), ("axiom", pa.int16())])
DISJOINT = pa.schema([("left", pa.int32()), ("right", pa.int32()), ("file", pa.int32())])
ALIASES = pa.schema([("name", pa.string()), ("entity", pa.int32())])
OBSOLETE = pa.schema([("iri", pa.string()), ("by", pa.string())])


@dataclass(frozen=True)
class Columns:
    """Tables of the schemas above, and ``(t, 3)`` int64 triples."""

    entities: pa.Table
    forms: pa.Table
    relations: pa.Table
    triples: NDArray[np.int64]
    origins: pa.Table
    """Per triple and axiom behind it: row of the triple, number of the file, kind of the axiom
    (`kgml.kg.axioms.kinds.KINDS`); sorted."""
    aliases: pa.Table
    """Other names of entities: what was merged into them or replaced by them; sorted."""
    disjoint: pa.Table
    """Pairs of classes said to share nothing, and the number of the file that says so; sorted."""
    obsolete: pa.Table
    """IRIs that the files declare obsolete, kept as entities or not, and the IRI in the place of
    each, null for none; sorted."""
    notes: pa.Table
    """Comments and cross-references of entities (`kgml.kg.vocabulary.Note`); sorted."""

    @classmethod
    def empty(cls) -> Columns:
        """No entities."""
        return cls(
            ENTITIES.empty_table(), FORMS.empty_table(), RELATIONS.empty_table(),
            np.zeros((0, 3), dtype=np.int64), ORIGINS.empty_table(), ALIASES.empty_table(),
            DISJOINT.empty_table(), OBSOLETE.empty_table(), NOTES.empty_table(),
        )  # fmt: skip

    @property
    def note_counts(self) -> tuple[int, int]:
        """How many comments there are, and how many cross-references."""
        counts = np.bincount(values(self.notes.column("kind")), minlength=len(Note)).tolist()
        return counts[Note.COMMENT], counts[Note.XREF]

    @property
    def kinds(self) -> NDArray[np.int8]:
        """Number into `kgml.kg.graph.KINDS` per entity."""
        found: NDArray[np.int8] = values(self.entities.column("kind"))
        return found


def fingerprint(columns: Columns) -> str:
    """sha256 over names, lengths and values of all columns, whatever their chunks.

    Where the triples came from is left out, for the same graph may be read from another format, and
    so is what is obsolete, which is no part of the graph.
    """
    digest = hashlib.sha256()
    for table in (
        columns.entities, columns.forms, columns.relations, columns.aliases, columns.notes,
    ):  # fmt: skip
        for name in table.column_names:
            array = table.column(name).combine_chunks()
            digest.update(f"{name} {len(array)} ".encode())
            if pa.types.is_string(array.type):
                _hash_strings(digest, array)
            else:
                digest.update(values(array).astype(np.int64).tobytes())
    digest.update(f"triples {len(columns.triples)} ".encode())
    digest.update(np.ascontiguousarray(columns.triples, dtype="<i8").tobytes())
    return digest.hexdigest()


def _hash_strings(digest: Any, texts: pa.Array) -> None:
    """Lengths in bytes (-1 for null), then the bytes."""
    # a scalar of pyarrow's would import pandas
    none = column(np.full(len(texts), -1, dtype=np.int32))
    lengths = pc.coalesce(pc.binary_length(texts), none)
    digest.update(values(lengths).astype("<i8").tobytes())
    filled = texts.drop_null()
    if len(filled):
        bounds = np.frombuffer(filled.buffers()[1], dtype=np.int32)
        low, high = bounds[filled.offset], bounds[filled.offset + len(filled)]
        digest.update(memoryview(filled.buffers()[2] or b"")[low:high])


def save(
    graph: KnowledgeGraph, columns: Columns, path: Path, *, command: str,
    config: Mapping[str, Any] | None, seed: int | None,
) -> None:  # fmt: skip
    """Write the artifact; see `kgml.kg.graph.KnowledgeGraph.save`."""
    flat = column(np.ascontiguousarray(columns.triples).ravel())
    rows = pa.FixedSizeListArray.from_arrays(flat, type=TRIPLES.field(0).type)
    triples = pa.Table.from_arrays([rows], schema=TRIPLES)
    summary = {**graph.report, "sha256": graph.fingerprint}
    with artifacts.writing(
        path, KIND, made_from=graph.sources, seed=seed, config=config, command=command,
        summary=summary,
    ) as folder:  # fmt: skip
        _write(folder / "entities.arrow", columns.entities)
        _write(folder / "forms.arrow", columns.forms)
        _write(folder / "relations.arrow", columns.relations)
        _write(folder / "triples.arrow", triples)
        _write(folder / "origins.arrow", columns.origins)
        _write(folder / "aliases.arrow", columns.aliases)
        _write(folder / "disjoint.arrow", columns.disjoint)
        _write(folder / "obsolete.arrow", columns.obsolete)
        _write(folder / "notes.arrow", columns.notes)
        report = {"report": graph.report, "ontologies": graph.ontologies, "files": graph.files,
                  "findings": graph.findings, "prefixes": graph.declared, "axioms": KINDS}  # fmt: skip
        (folder / "report.json").write_text(artifacts.to_json(report), encoding="utf-8")


def load(path: Path, verify: bool) -> dict[str, Any]:
    """The arguments of `kgml.kg.graph.KnowledgeGraph`; tables stay on disk, mapped.

    Raises:
        ArtifactError: missing, damaged or of another kind.
    """
    manifest = artifacts.read_manifest(path, KIND, verify=verify)
    triples = _read(path / "triples.arrow", TRIPLES)
    try:
        saved = json.loads((path / "report.json").read_text(encoding="utf-8"))
        report, ontologies, files = saved["report"], saved["ontologies"], saved["files"]
        findings, declared = saved["findings"], saved["prefixes"]
        origins = _recoded(_read(path / "origins.arrow", ORIGINS), saved["axioms"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path / 'report.json'}: damaged ({error}); make it again.") from None
    columns = Columns(
        _read(path / "entities.arrow", ENTITIES),
        _read(path / "forms.arrow", FORMS),
        _read(path / "relations.arrow", RELATIONS),
        values(triples.column(0).combine_chunks().flatten()).reshape(-1, 3),
        origins,
        _read(path / "aliases.arrow", ALIASES),
        _read(path / "disjoint.arrow", DISJOINT),
        _read(path / "obsolete.arrow", OBSOLETE),
        _read(path / "notes.arrow", NOTES),
    )
    return {"columns": columns, "report": report, "ontologies": ontologies,
            "sources": manifest.made_from, "files": files, "findings": findings,
            "declared": declared}  # fmt: skip


def _recoded(origins: pa.Table, kinds: list[str]) -> pa.Table:
    """Codes of axioms in today's order; ``kinds`` is what they meant when they were saved."""
    if tuple(kinds) == KINDS:
        return origins
    today = np.array([CODES[kind] for kind in kinds], dtype=np.int16)
    codes = column(today[values(origins.column("axiom"))])
    return origins.set_column(2, ORIGINS.field(2), codes)


def _write(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        with pa.memory_map(str(path)) as stream:
            table = pa.ipc.open_file(stream).read_all()
    except FileNotFoundError:
        raise ArtifactError(
            f"{path}: not there, so an earlier kgml saved this graph, or it is damaged. "
            "Build it again with 'kgml build-graph'."
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"{path}: not readable ({error}); make the graph again.") from None
    if not table.schema.equals(schema):
        raise ArtifactError(f"{path}: has other columns than a kgml graph; make it again.")
    return table
