"""A list of edges in CSV, TSV or Parquet as record batches, its columns named by role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgml.config import GraphConfig
from kgml.kg.parse import edgecsv, edgeparquet, formats

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """What a file holds; every column of its batches is dictionary-encoded text."""

    called: dict[str, str]
    """Role, one of `kgml.kg.parse.edgenames.ROLES`, to the name that the file has for it."""
    others: list[str]
    """Columns that are not read."""
    batches: Iterator[pa.RecordBatch]


def table(path: Path, config: GraphConfig) -> Table:
    """The columns of a file that is not empty, and its rows, which are read as they are asked for.

    Raises:
        OntologyError: no such columns, rows of unequal length, not UTF-8, a damaged file.
    """
    with path.open("rb") as stream:
        head = stream.read(formats.HEAD)
    if head.startswith(b"PAR1"):
        names, places = edgeparquet.columns(path, config)
        called = {role: names[i] for role, i in places.items()}
        found = edgeparquet.batches(path, called)
    else:
        layout = edgecsv.columns(path, head)
        names, places = layout.names, layout.columns
        called = {role: names[i].strip() for role, i in places.items()}
        found = edgecsv.batches(path, layout)
    others = [name for i, name in enumerate(names) if i not in places.values()]
    return Table(called, others, map(_encoded, found))


def _encoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        elif not pa.types.is_string(column.type.value_type):
            column = pa.DictionaryArray.from_arrays(
                column.indices, column.dictionary.cast(pa.string())
            )
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
