"""CSV, TSV, JSONL and Parquet become columns; what is wrong is named by line or row."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kgml.errors import CorpusError


def read_table(path: Path, *, or_lines: bool = False) -> dict[str, list[Any]]:
    """Read CSV, TSV, JSONL or Parquet into columns, by the file's ending.

    Args:
        or_lines: whether the caller reads lines of text too (`is_lines`): a refusal names them.

    Raises:
        CorpusError: missing, empty, not readable in that format, or rows of unequal length.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".jsonl": _read_jsonl,
               ".ndjson": _read_jsonl, ".parquet": _read_parquet}  # fmt: skip
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Check the path.")
    if path.stat().st_size == 0:
        raise CorpusError(f"{path}: the file is empty; wanted a table with a header and rows.")
    reader = readers.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(readers)) + (", or .txt with one text a line" if or_lines else "")
        raise CorpusError(f"{path}: '{path.suffix}' is not a table kgml reads; use {known}.")
    with utf8(path):
        columns = reader(path)
    if not columns or not next(iter(columns.values())):
        raise CorpusError(f"{path}: no rows in it; wanted at least one below the header.")
    return columns


def is_lines(path: Path) -> bool:
    """Whether ``path`` is called as a file of one text a line, which is no table."""
    return path.suffix.lower() == ".txt"


@contextmanager
def utf8(path: Path) -> Iterator[None]:
    """While ``path`` is read, refuse what is not UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: byte {error.start} is not UTF-8. Save it as UTF-8 and try again."
        ) from None


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line that is not blank.

    Raises:
        CorpusError: a line is not JSON, or not an object.
    """
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{path}, line {number}: not JSON ({error}).") from None
            if not isinstance(row, dict):
                raise CorpusError(f"{path}, line {number}: wanted an object with named fields.")
            yield number, row


def name_rows(rows: Sequence[int], most: int = 5) -> str:
    """Row numbers as a person counts them: the first row below the header is 1."""
    listed = ", ".join(str(r + 1) for r in rows[:most])
    return f"row{'s' if len(rows) > 1 else ''} {listed}" + (
        f" and {len(rows) - most} more" if len(rows) > most else ""
    )


def name_some(names: Sequence[str], most: int = 5, width: int = 40) -> str:
    """Some names, each cut to ``width`` characters: a label may be a whole text by mistake."""
    return ", ".join(n if len(n) <= width else n[: width - 1] + "…" for n in names[:most]) + (
        f" and {len(names) - most} more" if len(names) > most else ""
    )


def numbered(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _read_csv(path: Path) -> dict[str, list[Any]]:
    csv.field_size_limit(100_000_000)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    rows: list[list[str]] = []
    line = 1
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        try:
            header = next(reader)
            _unique_names(path, header)
            line = reader.line_num + 1
            for row in reader:
                if row and len(row) != len(header):
                    where = f"{path}, line {line}: {name_rows([len(rows)])}"
                    raise _ragged(where, row, header, separator, next(reader, None) is None)
                if row:
                    rows.append(row)
                line = reader.line_num + 1
        except csv.Error as error:
            raise _not_csv(path, line, reader.line_num, str(error)) from None
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _unique_names(path: Path, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name.strip()]
    if twice:
        raise CorpusError(
            f"{path}: two columns of the same name: {name_some(twice)}. Rename or remove one."
        )


def _ragged(
    where: str, row: list[str], header: list[str], separator: str, last: bool
) -> CorpusError:
    step = "Quote fields that hold the separator."
    if len(header) > len(row):
        step = "Quote fields that hold a line break."
        if last:
            step = "The table looks truncated: download or export it again."
    for other in (";", "\t", "|", ","):
        if other != separator and len(header) == 1 and other in header[0]:
            step = f"Separated by {_shown(other)}? Wanted {_shown(separator)}."
    return CorpusError(
        f"{where} has {numbered(len(row), 'field', 'fields')}, the header has {len(header)}. {step}"
    )


def _shown(separator: str) -> str:
    return "tabs" if separator == "\t" else f"'{separator}'"


def _not_csv(path: Path, line: int, last: int, reason: str) -> CorpusError:
    if "unexpected end of data" in reason:
        return CorpusError(
            f"{path}, line {line}: a quote opened in this row is never closed (the file ends in "
            f"line {last}). Close it, or download or export a truncated file again."
        )
    if "expected after" in reason:
        return CorpusError(
            f"{path}, line {last}: a quote within a quoted field (the row begins in line {line}). "
            "Write it twice, or close the field that is still open."
        )
    return CorpusError(f"{path}, line {last}: not a table ({reason}).")


def _read_jsonl(path: Path) -> dict[str, list[Any]]:
    rows = [row for _, row in json_lines(path)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _unique_names(path, pq.read_schema(path).names)
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:  # a damaged page is an OSError
        raise CorpusError(f"{path}: not readable as Parquet ({error}).") from None
    return {name: table.column(name).to_pylist() for name in table.column_names}
