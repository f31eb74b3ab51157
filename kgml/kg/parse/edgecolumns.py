"""Which columns of a table are head, relation and tail, told by names or by there being three."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgml.kg.parse.edgenames import COLUMNS, plain, roles

WANTED = (
    f"{COLUMNS}. Name the columns so, or put that header above the first row if this is data itself"
)

_OTHER = frozenset(
    ("id", "name", "text", "label", "class", "category", "title", "split", "date", "year", "value",
     "weight", "score", "description", "abstract", "target", "index")
)  # fmt: skip
"""A first row with one of these is the header of another kind of table."""
_LONGEST = 12
"""Words in a cell of a table without header; more make it prose."""
_ID = re.compile(r"[A-Za-z][\w.-]*:\S|_:|/\S+/|\d[\d.]*\Z")
"""IRIs, CURIEs, paths as Freebase has them, numbers: no column is called so."""
_IS_A = frozenset(("is_a", "isa", "subclassof", "sub_class_of", "part_of", "partof", "instance_of"))
"""Relations that need no other row to be known for one."""
_RDF = re.compile(r"<[^>]*>\s|_:|@prefix|@base|.*\s\.\s*$")
ROWS = 50
"""Rows that must have three cells each where there is no header."""


@dataclass(frozen=True)
class Layout:
    """How to read a table: its separator, its columns, and the place of each role they have."""

    separator: str
    header: bool
    above: int
    """Lines before the first row: blank ones, and comments as SSSOM has them."""
    columns: dict[str, int]
    names: list[str]


def layout(text: str, ending: str) -> Layout | None:
    """How to read a table that starts with ``text``, None if it is no list of edges.

    Lines that start with ``#`` above the first row are comments unless the first of them is a header.

    Args:
        ending: of the file, as ``.csv``; without a header only ``.csv``, ``.tsv`` and ``.txt`` pass.
    """
    found = _layout(text, 0, ending)
    if found is None and text.lstrip().startswith("#"):
        comments = re.match(r"(?:[^\S\n]*+(?:#[^\n]*+)?\n)++", text)
        end = comments.end() if comments else 0
        found = _layout(text[end:], text.count("\n", 0, end), ending)
    return found


def _layout(text: str, skipped: int, ending: str) -> Layout | None:
    rows = _rows(text)
    if not rows:
        return None
    above = skipped + text[: text.index(rows[0])].count("\n")
    separators = {".csv": ",;\t|", ".tsv": "\t"}.get(ending, "\t,;|")
    for separator in separators:
        header = _split(rows[0], separator)
        columns = roles(header) if len(header) > 1 else None
        if columns:
            return Layout(separator, True, above, columns, header)
    if ending not in (".csv", ".tsv", ".txt") or _RDF.match(rows[0]):
        return None
    for separator in "\t" if ending == ".txt" else separators:
        cells = [_split(row, separator) for row in rows]
        if not all(len(row) == 3 for row in cells[:ROWS]):
            continue
        last = _split(text.rpartition("\n")[2], separator) if "\n" in text else []
        if _may_be_triples([*cells, last]):
            columns = {"head": 0, "relation": 1, "tail": 2}
            return Layout(separator, False, above, columns, list(columns))
    return None


def names(text: str) -> list[str]:
    """The columns of what looks like a table with a header, for a message; else an empty list."""
    rows = _rows(text)
    for separator in "\t,;|":
        cells = [_split(row, separator) for row in rows[:5]]
        widths = {len(row) for row in cells}
        if widths == {3} or (len(cells) > 1 and len(widths) == 1 and widths != {1}):
            return cells[0]
    return []


def _rows(text: str) -> list[str]:
    """The first lines, without the last if it may be cut and is not the only one."""
    lines = text.split("\n")
    return [line.rstrip("\r") for line in lines[: len(lines) - 1 or 1] if line.strip()]


def _split(row: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=separator), [])
    except csv.Error:
        return []


def _may_be_triples(cells: Sequence[Sequence[str]]) -> bool:
    """Whether three columns hold no prose, and their first row is data and no header.

    That row is a header unless something shows that it is none: an id in it, or a relation or an
    entity that another row has too. A row refused wrongly costs its user one line; a header taken
    for a row would be an edge that nobody asked for.
    """
    if any(len(cell.split()) > _LONGEST for row in cells[:ROWS] for cell in row):
        return False
    first, *others = [[cell.strip() for cell in row] for row in cells if len(row) == 3]
    entities = {cell for row in others for cell in (row[0], row[2])}
    relations = {row[1] for row in others}
    again = [first[0] in entities, first[1] in relations, first[2] in entities]
    if any(plain(c) in _OTHER for c, found in zip(first, again, strict=True) if not found):
        return False
    return any(again) or any(map(_ID.match, first)) or plain(first[1]) in _IS_A
