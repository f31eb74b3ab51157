"""Which columns of a table are head, relation and tail, told by names or by there being three."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

ROLES = {
    "head": ("head", "subject", "head_id", "subject_id", "s", "h"),
    "relation": ("relation", "predicate", "relation_id", "predicate_id", "relationship",
                 "edge_type", "p", "r"),
    "tail": ("tail", "object", "tail_id", "object_id", "o", "t"),
    "head_label": ("head_label", "subject_label", "head_name", "subject_name"),
    "relation_label": ("relation_label", "predicate_label", "relation_name", "predicate_name"),
    "tail_label": ("tail_label", "object_label", "tail_name", "object_name"),
}  # fmt: skip
"""What each column may be called; case, blanks and hyphens do not count."""
IS_A_ROLES = {
    "head": ("child", "child_id", "subclass", "narrower"),
    "tail": ("parent", "parent_id", "superclass", "broader"),
    "head_label": ("child_label", "child_name"),
    "tail_label": ("parent_label", "parent_name"),
}
"""The same for a list of is-a pairs, which has no relation."""
WANTED = "head, relation, tail (or subject, predicate, object; or child, parent)"

_NO_TRIPLES = frozenset(
    ("id", "name", "text", "label", "class", "category", "title", "split", "date", "year", "value",
     "weight", "score", "description", "abstract", "target", "index")
)  # fmt: skip
"""A first row with one of these is the header of another kind of table."""
_LONGEST = 12
"""Words in a cell of a table without header; more make it prose."""
_RDF = re.compile(r"<[^>]*>\s|_:|@prefix|@base|.*\s\.\s*$")
ROWS = 50
"""Rows looked at."""


@dataclass(frozen=True)
class Layout:
    """How to read a table: its separator, and the place of each column of `ROLES` it has."""

    separator: str
    header: bool
    columns: dict[str, int]
    width: int


def roles(names: Sequence[str]) -> dict[str, int] | None:
    """Role to column number, None unless there are head, relation and tail, or child and parent.

    >>> roles(["subject", "predicate", "object", "Subject label", "weight"])
    {'head': 0, 'relation': 1, 'tail': 2, 'head_label': 3}
    >>> roles(["child", "parent"]), roles(["text", "label"])
    ({'head': 0, 'tail': 1}, None)
    """
    plain = [re.sub(r"[\s-]+", "_", name.strip().lstrip("#:").lower()) for name in names]
    for table, needed in ((ROLES, ("head", "relation", "tail")), (IS_A_ROLES, ("head", "tail"))):
        found = {
            role: plain.index(name)
            for role, allowed in table.items()
            for name in reversed(allowed)
            if name in plain
        }
        if all(role in found for role in needed):
            return found
    return None


def layout(text: str, ending: str) -> Layout | None:
    """How to read a table that starts with ``text``, None if it is no list of edges.

    Args:
        ending: of the file, as ``.csv``; without a header only ``.csv``, ``.tsv`` and ``.txt`` pass.
    """
    rows = _rows(text)
    if not rows:
        return None
    separators = {".csv": ",;\t|", ".tsv": "\t"}.get(ending, "\t,;|")
    for separator in separators:
        header = _split(rows[0], separator)
        columns = roles(header) if len(header) > 1 else None
        if columns:
            return Layout(separator, True, columns, len(header))
    if ending not in (".csv", ".tsv", ".txt") or _RDF.match(rows[0]):
        return None
    for separator in "\t" if ending == ".txt" else separators:
        cells = [_split(row, separator) for row in rows]
        if all(len(row) == 3 for row in cells) and _may_be_triples(cells):
            return Layout(separator, False, {"head": 0, "relation": 1, "tail": 2}, 3)
    return None


def names(text: str) -> list[str]:
    """The columns of what looks like a table with a header, for a message; else an empty list."""
    rows = _rows(text)
    for separator in "\t,;|":
        cells = [_split(row, separator) for row in rows[:5]]
        if len(cells) > 1 and len(cells[0]) > 1 and len({len(row) for row in cells}) == 1:
            return cells[0]
    return []


def _rows(text: str) -> list[str]:
    """The first lines, without the last if it may be cut and is not the only one."""
    lines = text.split("\n")
    rows = [line.rstrip("\r") for line in lines[: len(lines) - 1 or 1] if line.strip()]
    return rows[:ROWS]


def _split(row: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=separator), [])
    except csv.Error:
        return []


def _may_be_triples(cells: Sequence[Sequence[str]]) -> bool:
    named_otherwise = _NO_TRIPLES & {cell.strip().lower() for cell in cells[0]}
    prose = any(len(cell.split()) > _LONGEST for row in cells for cell in row)
    return not named_otherwise and not prose
