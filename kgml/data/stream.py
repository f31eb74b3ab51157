"""Documents of text files, tables and folders, one after the other: memory holds one of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kgml.config import UNITS
from kgml.data.tables import json_lines, utf8
from kgml.errors import CorpusError, UsageError, one_of

TEXT = (".txt", ".md", ".text")
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
LOOKED_AT = 65_536
"""Bytes by which ``auto`` and a binary file are told."""
LONGEST = 1_000_000
"""Characters of a document; what is longer comes in pieces, cut at a blank."""
ROWS = 1_024
"""Of Parquet, held at once."""


@dataclass(frozen=True)
class Source:
    """Where documents come from.

    Attributes:
        paths: files and folders; of a folder all files below it that can be read, by name.
        text_column: of tables.
        split: only the rows of that name; None for all. Text files have no rows to choose among.
        split_column: where the name stands.
        unit: what a document of a text file is, of `UNITS`; auto: a paragraph where blank lines stand
            between some, else a line.
    """

    paths: tuple[Path, ...]
    text_column: str = "text"
    split: str | None = None
    split_column: str = "split"
    unit: str = UNITS[0]

    def check(self) -> None:
        """Raise `UsageError` for a unit that is not known."""
        if self.unit not in UNITS:
            raise UsageError(f"no unit named '{self.unit}'; {one_of(UNITS, self.unit)}")


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that ``paths`` name, each once, in the order given and by name within a folder.

    Raises:
        CorpusError: nothing there, a folder without a file to read, or a kind that is not read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(f for f in path.rglob("*") if f.is_file() and _read(f))
            if not below:
                raise CorpusError(f"{path}: no file in this folder that kgml reads; {_kinds()}.")
            found |= dict.fromkeys(below)
        elif not path.is_file():
            raise CorpusError(f"{path}: no such file or folder. Check the path.")
        elif not _read(path):
            raise CorpusError(
                f"{path}: '{path.suffix}' is nothing kgml reads texts from; {_kinds()}."
            )
        else:
            found[path] = None
    return list(found)


def columns_of(path: Path) -> list[str]:
    """The columns of a table; none of text and of folders.

    Raises:
        CorpusError: missing, or not readable in its format.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLES or not path.is_file():
        return []
    with utf8(path):
        if suffix == ".parquet":
            return _schema(path)
        if suffix in (".jsonl", ".ndjson"):
            return list(next((row for _, row in json_lines(path)), {}))
        with path.open(encoding="utf-8-sig", newline="") as stream:
            try:
                return next(csv.reader(stream, delimiter="\t" if suffix == ".tsv" else ","), [])
            except csv.Error as error:
                raise CorpusError(f"{path}, line 1: not a table ({error}).") from None


def documents(source: Source) -> Iterator[str]:
    """The texts of ``source`` in the order of its files, trimmed; blank ones are left out.

    Raises:
        CorpusError: a file is missing, empty, binary, not UTF-8, damaged, or without the column.
    """
    source.check()
    for path in files_of(source.paths):
        with utf8(path):
            for text in _texts(path, source):
                yield from pieces(text.strip())


def pieces(text: str, longest: int = LONGEST) -> Iterator[str]:
    """``text`` in parts of at most ``longest`` characters, cut at a blank where there is one.

    >>> list(pieces("one two three", 8))
    ['one two', 'three']
    """
    while len(text) > longest:
        cut = text.rfind(" ", 1, longest + 1)
        cut = longest if cut < 0 else cut
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def _read(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in (*TEXT, *TABLES) and not hidden


def _kinds() -> str:
    return f"use {', '.join([*TEXT, *TABLES])}"


def _texts(path: Path, source: Source) -> Iterator[str]:
    with path.open("rb") as stream:
        start = stream.read(LOOKED_AT)
    if not start:
        raise CorpusError(f"{path}: the file is empty; wanted text.")
    suffix = path.suffix.lower()
    if suffix != ".parquet" and b"\0" in start:
        raise CorpusError(
            f"{path}: byte {start.index(0)} is zero, so this is a binary file; wanted text as UTF-8."
        )
    if suffix in TEXT:
        return _units(path, source.unit, start)
    rows = {".parquet": _parquet, ".jsonl": _jsonl, ".ndjson": _jsonl}.get(suffix, _csv)
    return _chosen(path, rows(path, source), source)


def _units(path: Path, unit: str, start: bytes) -> Iterator[str]:
    if unit == "auto":
        blank = any(not line.strip() for line in start.strip().splitlines())
        unit = "paragraph" if blank else "line"
    with path.open(encoding="utf-8-sig") as stream:
        held: list[str] = []
        size = 0
        for line in iter(partial(stream.readline, LONGEST), ""):  # a line may be the whole file
            ends = unit == "line" or (unit == "paragraph" and not line.strip())
            held.append(line)
            size += len(line)
            if ends or size > LONGEST:
                yield "".join(held)
                held, size = [], 0
        yield "".join(held)


def _chosen(path: Path, rows: Iterable[tuple[Any, Any]], source: Source) -> Iterator[str]:
    """Texts of the rows of the split asked for; ``rows``: text, name of the split."""
    wanted = None if source.split is None else source.split.strip().lower()
    seen: set[str] = set()
    number = found = 0
    for number, (text, split) in enumerate(rows, 1):
        if wanted is not None:
            name = str(split).strip().lower()
            if len(seen) < LONGEST_LIST:
                seen.add(name)
            if name != wanted:
                continue
        found += 1
        if text is not None and not isinstance(text, str):
            raise CorpusError(
                f"{path}, row {number}: {json.dumps(text, default=str)[:40]} is no text. Check "
                "--text-column."
            )
        yield text or ""
    if not number:
        raise CorpusError(f"{path}: no rows in it; wanted at least one below the header.")
    if not found:
        raise CorpusError(
            f"{path}: no row '{source.split}' in --split; {one_of(seen, str(source.split))}"
        )


LONGEST_LIST = 100
"""Names of splits that are remembered for a message."""


def _column(path: Path, names: Sequence[str], name: str, flag: str) -> int:
    if name not in names:
        raise CorpusError(f"{path}: no column '{name}'; {one_of(names, name)} Name it with {flag}.")
    return list(names).index(name)


def _wanted(source: Source) -> list[tuple[str, str]]:
    both = [(source.text_column, "--text-column"), (source.split_column, "--split-column")]
    return both if source.split is not None else both[:1]


def _csv(path: Path, source: Source) -> Iterator[tuple[Any, Any]]:
    csv.field_size_limit(100_000_000)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        try:
            header = next(reader, [])
            at = [_column(path, header, name, flag) for name, flag in _wanted(source)]
            for row in reader:
                if row and len(row) != len(header):
                    raise CorpusError(
                        f"{path}, line {reader.line_num}: {len(row)} fields, the header has "
                        f"{len(header)}. Quote fields that hold a separator or a line break."
                    )
                if row:
                    yield row[at[0]], row[at[-1]]
        except csv.Error as error:
            raise CorpusError(f"{path}, line {reader.line_num}: not a table ({error}).") from None


def _jsonl(path: Path, source: Source) -> Iterator[tuple[Any, Any]]:
    seen = False
    for number, row in json_lines(path):
        if not seen:
            for name, flag in _wanted(source):
                _column(path, list(row), name, flag)
        seen = True
        missing = [name for name, _ in _wanted(source) if name not in row]
        if missing:
            raise CorpusError(f"{path}, line {number}: no '{missing[0]}', which others have.")
        yield row[source.text_column], row.get(source.split_column)


def _schema(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: not readable as Parquet ({error}).") from None


def _parquet(path: Path, source: Source) -> Iterator[tuple[Any, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [name for name, _ in _wanted(source)]
            for name, flag in _wanted(source):
                _column(path, file.schema_arrow.names, name, flag)
            for batch in file.iter_batches(batch_size=ROWS, columns=list(dict.fromkeys(names))):
                yield from zip(
                    *(batch.column(name).to_pylist() for name in (names[0], names[-1])), strict=True
                )
    except (pa.ArrowException, OSError) as error:  # a damaged page is an OSError
        raise CorpusError(f"{path}: not readable as Parquet ({error}).") from None
