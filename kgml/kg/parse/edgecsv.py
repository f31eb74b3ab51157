"""The columns of a list of edges out of CSV and TSV; a wrong row is named by its number."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kgml.errors import OntologyError
from kgml.kg.parse import safety
from kgml.kg.parse.edgecolumns import WANTED, Layout, layout
from kgml.progress import warn

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 20
"""Bytes taken at a time; a row must fit in."""
LONGEST = 100_000_000
"""Characters of a cell in a search for a wrong row."""


def columns(path: Path, head: bytes) -> Layout:
    """Which columns the file that starts with ``head`` has.

    A packed file loses its ending on the way, so that of the name is not asked for again.

    Raises:
        OntologyError: not UTF-8, no columns of a list of edges.
    """
    offset = safety.invalid_utf8(path)  # Arrow passes over a bad row that is not UTF-8
    if offset is not None:
        raise safety.not_utf8(path, offset)
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    ending = path.suffix.lower()
    found = layout(text, ending) or layout(text, ".tsv") or layout(text, ".csv")
    if found is None:
        raise OntologyError(f"{path}: no columns of a list of edges; wanted {WANTED}.")
    return found


def batches(path: Path, found: Layout) -> Iterator[pa.RecordBatch]:
    """The rows in blocks; the columns are those of ``found`` and named by role.

    Raises:
        OntologyError: rows of unequal length, a quote left open.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    rows = int(found.header)
    names = [str(i) for i in range(len(found.names))]
    taken = {role: str(i) for role, i in found.columns.items()}
    # No `invalid_row_handler`: Arrow's threads keep it after the error, and one that needs the
    # interpreter while that shuts down ends the process with SIGABRT.
    try:
        with arrow.open_csv(
            path,
            arrow.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names,
                              skip_rows=found.above + int(found.header)),
            arrow.ParseOptions(delimiter=found.separator, newlines_in_values=True),
            arrow.ConvertOptions(include_columns=list(taken.values()), strings_can_be_null=False,
                                 column_types=dict.fromkeys(names, pa.string())),
        ) as reader:  # fmt: skip
            for batch in reader:
                rows += len(batch)
                yield pa.RecordBatch.from_arrays(batch.columns, names=list(taken))
    except (pa.ArrowException, OSError) as error:
        raise _not_csv(path, found, error) from None
    _check_end(path, found, rows)


def _not_csv(path: Path, found: Layout, error: Exception) -> OntologyError:
    wanted = len(found.names)
    wrong = next((row for row in _rows(path, found) if row[1] != wanted), None)
    if wrong is None:
        said = str(error)[:200].replace("\n", " ⏎ ")
        return OntologyError(
            f"{path}: not readable as a table ({said}). Is a quote left open? Close it, or "
            "download or export a truncated file again."
        )
    number, cells, text = wrong
    step = "Quote cells that hold the separator."
    if "\n" in text:
        step = "Is a quote left open? Close it, or download or export a truncated file again."
    elif cells < wanted:
        cut = _ends_with(path, text)
        step = "The file looks truncated: download or export it again." if cut else "Fill it in."
    shown = text[:60].replace("\n", " ⏎ ")
    return OntologyError(
        f"{path}, row {number - int(found.header):,}: {cells} column{'s' * (cells != 1)} in "
        f"'{shown}', wanted {wanted}. {step}"
    )


def _rows(path: Path, found: Layout) -> Iterator[tuple[int, int, str]]:
    """Number (from 1, a header included), count of cells and text of each row that is not empty.

    They end where a cell is longer than `LONGEST`, as after a quote left open.
    """
    csv.field_size_limit(LONGEST)
    taken: list[str] = []
    number = 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = _kept(islice(stream, found.above, None), taken)
        try:
            for cells in csv.reader(lines, delimiter=found.separator):
                text = "".join(taken).rstrip("\r\n")
                taken.clear()
                if cells:
                    number += 1
                    yield number, len(cells), text
        except csv.Error:
            return


def _kept(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _ends_with(path: Path, text: str) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - len(text.encode()) - 2, 0))
        return stream.read().rstrip(b"\r\n").endswith(text.encode())


def _check_end(path: Path, found: Layout, rows: int) -> None:
    """Refuse a quote left open in a last column: it takes in all rows that follow."""
    lines = quotes = 0
    last = b"\n"
    with path.open("rb") as stream:
        for line in islice(stream, found.above, None):
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
