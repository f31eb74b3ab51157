"""The columns of a list of edges out of CSV, TSV and Parquet, in record batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import formats, safety
from kgml.kg.parse.edgecolumns import WANTED, Layout, layout
from kgml.kg.parse.edgenames import COLUMNS, roles
from kgml.progress import warn

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 65_536
"""Rows of Parquet taken at a time."""
BLOCK = 1 << 20
"""Bytes of CSV taken at a time; a row must fit in."""


def batches(path: Path, config: GraphConfig) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Number of the first row (from 1, below a header) and some rows, their columns named by role.

    Every column is dictionary-encoded text; which there are says `kgml.kg.parse.edgenames.ROLES`.

    Raises:
        OntologyError: no such columns, rows of unequal length, not UTF-8, a damaged file.
    """
    with path.open("rb") as stream:
        head = stream.read(formats.HEAD)
    found = _parquet(path, config) if head.startswith(b"PAR1") else _csv(path, head)
    first = 1
    for batch in found:
        yield first, _encoded(path, batch)
        first += len(batch)


def schema_names(path: Path) -> list[str] | None:
    """The names of a Parquet file's columns, None if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return None


def _encoded(path: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
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


def _csv(path: Path, head: bytes) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    offset = safety.invalid_utf8(path)  # Arrow passes over a bad row that is not UTF-8
    if offset is not None:
        raise safety.not_utf8(path, offset)
    found = _layout(path, head)
    bad: list[Any] = []

    def refuse(row: Any) -> str:
        bad.append(row)
        return "error"

    rows = int(found.header)
    names = [str(i) for i in range(len(found.names))]
    taken = {role: str(i) for role, i in found.columns.items()}
    try:
        reader = csv.open_csv(
            path,
            csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names,
                            skip_rows=int(found.header)),
            csv.ParseOptions(delimiter=found.separator, newlines_in_values=True,
                             invalid_row_handler=refuse),
            csv.ConvertOptions(include_columns=list(taken.values()), strings_can_be_null=False,
                               column_types=dict.fromkeys(names, pa.string())),
        )  # fmt: skip
        for batch in reader:
            rows += len(batch)
            yield pa.RecordBatch.from_arrays(batch.columns, names=list(taken))
    except (pa.ArrowException, OSError) as error:
        raise _not_csv(path, found, bad, error) from None
    _check_end(path, rows)


def _layout(path: Path, head: bytes) -> Layout:
    """A packed file loses its ending on the way, so that of the name is not asked for again."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    ending = path.suffix.lower()
    found = layout(text, ending) or layout(text, ".tsv") or layout(text, ".csv")
    if found is None:
        raise OntologyError(f"{path}: no columns of a list of edges; wanted {WANTED}.")
    return found


def _not_csv(path: Path, found: Layout, bad: list[Any], error: Exception) -> OntologyError:
    if not bad:
        return OntologyError(
            f"{path}: not readable as a table ({error}). Is a quote left open? Close it, or "
            "download or export a truncated file again."
        )
    row = bad[0]
    number = f", row {row.number - int(found.header):,}" if row.number else ""
    shown = row.text[:60].replace("\n", " ⏎ ")
    step = "Quote cells that hold the separator."
    if "\n" in row.text:
        step = "Is a quote left open? Close it, or download or export a truncated file again."
    elif row.actual_columns < row.expected_columns:
        cut = _ends_with(path, row.text)
        step = "The file looks truncated: download or export it again." if cut else "Fill it in."
    return OntologyError(
        f"{path}{number}: {row.actual_columns} column{'s' * (row.actual_columns != 1)} in "
        f"'{shown}', wanted {row.expected_columns}. {step}"
    )


def _ends_with(path: Path, text: str) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - len(text.encode()) - 2, 0))
        return stream.read().rstrip(b"\r\n").endswith(text.encode())


def _check_end(path: Path, rows: int) -> None:
    """Refuse a quote left open in a last column: it takes in all rows that follow."""
    lines = quotes = 0
    last = b"\n"
    with path.open("rb") as stream:
        for line in stream:
            lines += bool(line.strip())
            quotes += line.count(b'"')
            last = line
    if quotes % 2 and lines > rows:
        raise OntologyError(
            f"{path}: {quotes:,} quotes, {lines:,} lines, but only {rows:,} rows: a quote is left "
            "open. Close it, or download or export a truncated file again."
        )
    if lines > 1 and not last.endswith(b"\n"):
        shown = last.decode("utf-8", errors="replace")[:60]
        warn(f"{path.name}: the last row, '{shown}', has no line break; if the file was cut, its last "
             "name may be too")  # fmt: skip


def _parquet(path: Path, config: GraphConfig) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            taken = _columns(path, file.schema_arrow, config)
            _check_size(path, file.metadata, config)
        # read as dictionaries: a long text in every row is then there once
        with pq.ParquetFile(path, read_dictionary=list(taken.values())) as file:
            for batch in file.iter_batches(ROWS, columns=list(taken.values()), use_threads=False):
                columns = [batch.column(name) for name in taken.values()]
                yield pa.RecordBatch.from_arrays(columns, names=list(taken))
    except (pa.ArrowException, OSError) as error:
        raise OntologyError(
            f"{path}: not readable as Parquet ({error}). The file looks truncated or damaged: "
            "download or export it again."
        ) from None


def _columns(path: Path, schema: pa.Schema, config: GraphConfig) -> dict[str, str]:
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
    return {role: names[number] for role, number in found.items()}


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
