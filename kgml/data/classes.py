"""Classes that are described in place of labelled texts: a table with a row for each, or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgml.data.labels import check_labels
from kgml.data.tables import name_rows, read_table
from kgml.errors import CorpusError, one_of

WORDS = ("name", "description", "definition")
IDS = ("id", "iri")
LABEL = "label"


@dataclass(frozen=True)
class DescribedClass:
    """A class by its ``label``, the ``texts`` that say what it is, the ``ids`` of its entities.

    Both may be empty: then the label speaks for itself, as an entity if it is the id of one.
    """

    label: str
    texts: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


def read_classes(path: Path) -> list[DescribedClass]:
    """The classes of a table, sorted by label.

    Columns: ``label``, and any of ``name``, ``description`` or ``definition``, and ``id`` or
    ``iri``. Rows of one label are one class with all of their texts and ids; cells may be empty.

    Raises:
        CorpusError: no such file or column, a row without a label, fewer than two classes.
    """
    columns = read_table(path)
    if LABEL not in columns:
        raise CorpusError(
            f"{path}: no column 'label'; {one_of(columns, LABEL)} Wanted label, and name, "
            "description or id."
        )
    check_labels(columns[LABEL], str(path))
    found: dict[str, tuple[list[str], list[str]]] = {}
    for row, label in enumerate(columns[LABEL]):
        texts, ids = found.setdefault(str(label).strip(), ([], []))
        texts += _cells(path, columns, WORDS, row)
        ids += _cells(path, columns, IDS, row)
    classes = [
        DescribedClass(label, tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(ids)))
        for label, (texts, ids) in sorted(found.items())
    ]
    return check_described(classes, str(path))


def check_described(
    classes: Sequence[DescribedClass], where: str = "classes"
) -> list[DescribedClass]:
    """Return ``classes`` sorted by label.

    Raises:
        CorpusError: fewer than two, or one twice.
    """
    labels = [one.label for one in classes]
    if len(set(labels)) < max(2, len(labels)):
        found = f"{len(set(labels))} different of {len(labels)}"
        raise CorpusError(f"{where}: {found} classes; wanted at least two, each once.")
    return sorted(classes, key=lambda one: one.label)


def _cells(path: Path, columns: dict[str, list[Any]], names: Sequence[str], row: int) -> list[str]:
    cells = []
    for name in names:
        cell = columns.get(name, [None] * (row + 1))[row]
        if cell is None or cell != cell:
            continue
        if not isinstance(cell, str | int):
            raise CorpusError(
                f"{path}: column '{name}' holds {type(cell).__name__} in {name_rows([row])}; "
                "wanted text."
            )
        if str(cell).strip():
            cells.append(str(cell).strip())
    return cells
