"""A labelled table read for looking at it: what `read_corpus` refuses is kept, to be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.corpus import TEST_NAMES, TRAIN_NAMES
from kgml.data.tables import name_rows, read_table
from kgml.errors import CorpusError, one_of

LOOKED_AT = 65_536
"""Bytes by which a binary file is told."""


@dataclass(frozen=True)
class LabelledTable:
    """n rows; a blank label is "".

    parts: train, test or the name that is in the split column; all train where there is none ·
    others: further columns, by name, as strings.
    """

    texts: list[str]
    labels: list[str]
    parts: list[str]
    others: Mapping[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    def usable(self, part: str) -> NDArray[np.int64]:
        """Rows of ``part`` that have a text and a label."""
        return np.array(
            [i for i, (text, label) in enumerate(zip(self.texts, self.labels, strict=True))
             if text.strip() and label and self.parts[i] == part], dtype=np.int64,
        )  # fmt: skip

    @property
    def classes(self) -> Counter[str]:
        """Rows of each label, blanks left out."""
        return Counter(label for label in self.labels if label)


def read_labelled_table(
    path: Path, text_column: str = "text", label_column: str = "label",
    split_column: str | None = None,
) -> LabelledTable:  # fmt: skip
    """Read all rows, blank texts and labels included.

    Raises:
        CorpusError: missing, binary, empty, without these columns, texts that are no strings, fewer
            than two classes, or no row of the training part.
    """
    path = Path(path)
    _refuse_binary(path)
    columns = read_table(path)
    texts = _texts(path, _column(path, columns, text_column, "--text-column"))
    labels = [_cell(value) for value in _column(path, columns, label_column, "--label-column")]
    parts = ["train"] * len(texts)
    if split_column is not None or "split" in columns:
        split_column = split_column or "split"
        parts = [_part(value) for value in _column(path, columns, split_column, "--split-column")]
    used = {text_column, label_column, split_column}
    others = {
        name: [_cell(v) for v in column] for name, column in columns.items() if name not in used
    }
    table = LabelledTable(texts, labels, parts, others)
    _check(path, table, label_column)
    return table


def _check(path: Path, table: LabelledTable, label_column: str) -> None:
    if len(table.classes) < 2:
        found = f"one class only ({next(iter(table.classes))!r})" if table.classes else "no label"
        raise CorpusError(
            f"{path}: {found} in column '{label_column}' of {len(table)} rows; wanted at least two "
            "classes. Use --label-column, or add rows of another class."
        )
    if len({table.labels[i] for i in table.usable("train")}) < 2:
        raise CorpusError(
            f"{path}: fewer than two classes among the training rows that have a text and a label. "
            "Check --split-column."
        )


def _refuse_binary(path: Path) -> None:
    if path.suffix.lower() == ".parquet" or not path.is_file():
        return
    with path.open("rb") as stream:
        start = stream.read(LOOKED_AT)
    if b"\0" in start:
        raise CorpusError(
            f"{path}: byte {start.index(0)} is zero, so this is a binary file; wanted a table as UTF-8."
        )


def _texts(path: Path, column: Sequence[Any]) -> list[str]:
    texts = ["" if text is None else text for text in column]
    wrong = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        found = type(texts[wrong[0]]).__name__
        raise CorpusError(f"{path}: not a string but {found} in {name_rows(wrong)}; wanted text.")
    return texts


def _column(path: Path, columns: Mapping[str, list[Any]], name: str, flag: str) -> list[Any]:
    if name not in columns:
        raise CorpusError(f"{path}: no column '{name}'; {one_of(columns, name)} Use {flag}.")
    return columns[name]


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def _part(value: Any) -> str:
    name = _cell(value).lower()
    return "train" if name in TRAIN_NAMES else "test" if name in TEST_NAMES else name
