"""The columns of a list of edges out of Parquet, within the limits of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse.edgenames import COLUMNS, roles

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 65_536
"""Rows taken at a time."""


def columns(path: Path, config: GraphConfig) -> tuple[list[str], dict[str, int]]:
    """The names of all columns, and role to number of those that are read.

    Raises:
        OntologyError: damaged, too large, other columns, or columns of another type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None
    found = _roles(path, schema)
    _check_size(path, metadata, config)
    return list(schema.names), found


def batches(path: Path, taken: dict[str, str]) -> Iterator[pa.RecordBatch]:
    """The rows in blocks of `ROWS`.

    Args:
        path: what `columns` let pass.
        taken: role to name of the column.

    Raises:
        OntologyError: damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(taken.values())
    try:
        # read as dictionaries: a long text in every row is then there once
        with pq.ParquetFile(path, read_dictionary=names) as file:
            for batch in file.iter_batches(ROWS, columns=names, use_threads=False):
                batch.validate(
                    full=True
                )  # a damaged file may hold numbers of no word, and no UTF-8
                parts = [batch.column(name) for name in names]
                yield pa.RecordBatch.from_arrays(parts, names=list(taken))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> OntologyError:
    return OntologyError(
        f"{path}: not readable as Parquet ({error}). The file looks truncated or damaged: "
        "download or export it again."
    )


def _roles(path: Path, schema: pa.Schema) -> dict[str, int]:
    import pyarrow as pa

    names = list(schema.names)
    found = roles(names)
    if found is None:
        shown = ", ".join(f"'{name[:40]}'" for name in names[:8])
        raise OntologyError(f"{path}: found the columns {shown}; wanted {COLUMNS}. Rename them.")
    for role, number in found.items():
        kind = schema.types[number]
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)
                or pa.types.is_integer(kind)):  # fmt: skip
            raise OntologyError(
                f"{path}: column '{names[number]}' holds {kind}, wanted text or whole numbers for "
                f"the {role.replace('_', ' ')}. Convert it."
            )
    return found


def _check_size(path: Path, metadata: Any, config: GraphConfig) -> None:
    if metadata.num_rows > config.max_triples:
        raise OntologyError(
            f"{path}: {metadata.num_rows:,} rows, more than {config.max_triples:,} triples. "
            "Raise max_triples in [graph] of kgml.toml, or load fewer files."
        )
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    plain = sum(group.total_byte_size for group in groups)
    if plain > config.max_bytes:
        raise OntologyError(
            f"{path}: {plain:,} bytes unpacked, more than the limit of {config.max_bytes:,}. "
            "Raise max_bytes in [graph] of kgml.toml."
        )
