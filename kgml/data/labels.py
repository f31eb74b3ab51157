"""What a cell of the label column holds: one label, several, an ordered class, a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.tables import name_rows, name_some, numbered
from kgml.errors import CorpusError, one_of
from kgml.progress import warn

BINS, IN_A_BIN = 10, 4
"""Of numbers, for parts and folds that have about the same: so many bins, fewer where they would
hold fewer numbers."""


class LabelKind:
    """How a column of labels is read and dealt out; `OneLabel`, `Several`, `Ordered`, `Number`."""

    def read(self, column: Sequence[Any], where: str) -> list[Any]:
        """One label per row, checked.

        Raises:
            CorpusError: names the rows that have none or another kind, and ``where``.
        """
        raise NotImplementedError

    def strata(self, labels: Sequence[Any]) -> list[str]:
        """For each row the name of the group that is split in proportion."""
        raise NotImplementedError

    def check(self, where: str, labels: Sequence[Any]) -> None:
        """Refuse training rows that nothing can be learned from."""
        raise NotImplementedError

    def unseen(self, train: Sequence[Any], test: Sequence[Any]) -> Counter[str]:
        """Labels of ``test`` that ``train`` has not, with their counts."""
        return Counter()


class OneLabel(LabelKind):
    """A string; anything else that is no list becomes one."""

    def read(self, column: Sequence[Any], where: str) -> list[Any]:
        check_labels(column, where)
        return [str(v) for v in column]

    def strata(self, labels: Sequence[Any]) -> list[str]:
        return list(labels)

    def check(self, where: str, labels: Sequence[Any]) -> None:
        """At least two classes with two rows; more that have one are counted in a warning."""
        check_classes(where, labels)

    def unseen(self, train: Sequence[Any], test: Sequence[Any]) -> Counter[str]:
        known = set(train)
        return Counter(label for label in test if label not in known)


class Ordered(OneLabel):
    """One of some labels with an order: that given, else that of numbers."""

    def __init__(self, order: Sequence[str] = ()) -> None:
        self.order = tuple(order)

    def read(self, column: Sequence[Any], where: str) -> list[Any]:
        labels = super().read(column, where)
        class_order(labels, self.order, where)
        return labels

    def check(self, where: str, labels: Sequence[Any]) -> None:
        """As of one label; classes of the order without a row are counted in a warning."""
        super().check(where, labels)
        found = set(labels)
        missing = [name for name in self.order if name not in found]
        if missing:
            have = numbered(len(missing), "class of the order has", "classes of the order have")
            warn(f"{where}: {have} no training row: {name_some(missing)}")

    def unseen(self, train: Sequence[Any], test: Sequence[Any]) -> Counter[str]:
        """As of one label; without an order, how far off they are cannot be said.

        Raises:
            CorpusError: there are such labels, and no order that has them.
        """
        found = super().unseen(train, test)
        if found and not self.order:
            raise CorpusError(
                f"test labels that no training row has: {name_some(sorted(found))}. Train with "
                "--order, which says where they stand, or remove their rows."
            )
        return found


class Several(LabelKind):
    """A tuple of strings, which may be empty.

    Args:
        separator: what parts the labels in a cell that is a string; None where cells are lists.
    """

    def __init__(self, separator: str | None = None) -> None:
        self.separator = separator

    def read(self, column: Sequence[Any], where: str) -> list[Any]:
        texts = [i for i, cell in enumerate(column) if isinstance(cell, str)]
        if texts and self.separator is None:
            raise CorpusError(
                f"{where}: a string in {name_rows(texts)}; wanted a list of labels. If a cell holds "
                "several labels, say what stands between them: --label-separator '|'"
            )
        cells = [self._parted(cell) for cell in column]
        return check_label_sets(cells, where)

    def strata(self, labels: Sequence[Any]) -> list[str]:
        """The rarest label of each row, of equals the first by name; "" where it has none."""
        rows = Counter(label for row in labels for label in set(row))
        return [min(row, key=lambda label: (rows[label], label), default="") for row in labels]

    def check(self, where: str, labels: Sequence[Any]) -> None:
        """Some row has a label, and one label at least is not in every row."""
        check_some_label(where, labels)

    def unseen(self, train: Sequence[Any], test: Sequence[Any]) -> Counter[str]:
        known = {label for row in train for label in row}
        return Counter(label for row in test for label in row if label not in known)

    def _parted(self, cell: Any) -> Any:
        if cell is None or (isinstance(cell, float) and np.isnan(cell)):
            return ()
        if isinstance(cell, str) and self.separator is not None:
            return [part.strip() for part in cell.split(self.separator) if part.strip()]
        return cell


class Number(LabelKind):
    """A finite number."""

    def read(self, column: Sequence[Any], where: str) -> list[Any]:
        numbers = [_number(cell) for cell in column]
        wrong = [i for i, value in enumerate(numbers) if value is None]
        if wrong:
            found = repr(column[wrong[0]])[:40]
            raise CorpusError(
                f"{where}: {found} in {name_rows(wrong)}; wanted a number for each text. Check "
                "--label-column, or leave --target regression out."
            )
        return numbers

    def strata(self, labels: Sequence[Any]) -> list[str]:
        """The tenth of all rows that a number lies in, or a larger share of few rows."""
        return [str(b) for b in number_bins(np.asarray(labels, dtype=float))]

    def check(self, where: str, labels: Sequence[Any]) -> None:
        """At least two numbers that differ."""
        if len(set(labels)) < 2:
            raise CorpusError(
                f"{where}: the same number in all of "
                f"{numbered(len(labels), 'training row', 'training rows')}; wanted numbers that "
                "differ. Check --label-column."
            )


def number_bins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The tenth that each of ``values`` (n,) lies in, equal numbers in one: (n,) from 0.

    Fewer bins where a tenth is less than `IN_A_BIN` numbers.
    """
    bins = max(1, min(BINS, len(values) // IN_A_BIN))
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def class_order(labels: Sequence[str], order: Sequence[str] = (), where: str = "y") -> list[str]:
    """The classes of ``labels``, lowest first.

    Args:
        order: the classes in their order; none for labels that are numbers.

    Raises:
        CorpusError: labels that ``order`` has not, or that are no numbers where it is not given.

    >>> class_order(["10", "9", "9.5"]), class_order(["low"], ["low", "high"])
    (['9', '9.5', '10'], ['low', 'high'])
    """
    found = sorted(set(labels))
    if order:
        twice = sorted(name for name, count in Counter(order).items() if count > 1)
        if twice or len(order) < 2:
            wrong = f"'{twice[0]}' twice" if twice else f"{len(order)} class"
            raise CorpusError(f"--order has {wrong}; wanted every class once, lowest first.")
        other = [name for name in found if name not in set(order)]
        if other:
            rows = [i for i, name in enumerate(labels) if name == other[0]]
            raise CorpusError(
                f"{where}: label '{name_some(other[:1])}' in {name_rows(rows)} is not in the order "
                f"{' < '.join(order)}; {one_of(order, other[0])}"
            )
        return list(order)
    wrong_names = [name for name in found if _number(name) is None]
    if wrong_names:
        raise CorpusError(
            f"{where}: labels that are no numbers have no order by themselves "
            f"({name_some(wrong_names)}). Say it, lowest first: --order low medium high"
        )
    ranked = sorted(found, key=lambda name: (_number(name), name))
    for one, next_one in pairwise(ranked):
        if _number(one) == _number(next_one):
            raise CorpusError(
                f"{where}: labels '{one}' and '{next_one}' are one number. Write it one way."
            )
    return ranked


def check_label_sets(labels: Sequence[Any], where: str = "labels") -> list[tuple[Any, ...]]:
    """Each row's labels as a tuple, each once, in the order given; name the rows that fail.

    Rows without a label are kept; they are counted in a warning.
    """
    wrong = [i for i, row in enumerate(labels) if not isinstance(row, list | tuple | set | frozenset | np.ndarray)]  # fmt: skip
    if wrong:
        found = type(labels[wrong[0]]).__name__
        raise CorpusError(
            f"{where}: not a list but {found} in {name_rows(wrong)}; wanted a list of labels."
        )
    rows = [tuple(dict.fromkeys(sorted(row, key=str) if isinstance(row, set | frozenset) else row))
            for row in labels]  # fmt: skip
    empty = [i for i, row in enumerate(rows) if any(v is None or v != v or not str(v).strip() for v in row)]  # fmt: skip
    if empty:
        raise CorpusError(f"{where}: an empty label in {name_rows(empty)}. Remove or name it.")
    none = sum(not row for row in rows)
    if none and none < len(rows):
        warn(f"{where}: {numbered(none, 'row has', 'rows have')} no label; a model may say so too")
    return rows


def check_some_label(where: str, labels: Sequence[Any]) -> None:
    """Refuse rows in which there is nothing to tell apart."""
    rows = Counter(label for row in labels for label in set(row))
    if not rows:
        raise CorpusError(
            f"{where}: no label in any of {numbered(len(labels), 'row', 'rows')}. Check --label-column."
        )
    if min(rows.values()) == len(labels):
        raise CorpusError(
            f"{where}: every row has the same labels ({name_some(sorted(map(str, rows)))}); wanted "
            "one at least that some rows lack."
        )


def check_labels(labels: Sequence[Any], where: str = "labels") -> NDArray[Any]:
    """Return ``labels`` as an array (n,); name the rows that have none (None, NaN, blank)."""
    nested = [i for i, v in enumerate(labels) if isinstance(v, list | dict)]
    if nested:
        found = "a list" if isinstance(labels[nested[0]], list) else "an object"
        raise CorpusError(
            f"{where}: {found} in {name_rows(nested)}; wanted one label for each text. Of several: "
            "--target multi"
        )
    array = np.asarray(labels)
    if array.ndim != 1:
        raise CorpusError(f"{where}: shape {array.shape}; wanted one label for each text.")
    empty = [i for i, v in enumerate(labels) if v is None or v != v or not str(v).strip()]
    if empty:
        raise CorpusError(f"{where}: no label in {name_rows(empty)}. Remove or label those rows.")
    return array


def check_classes(where: str, labels: Sequence[str]) -> None:
    """Refuse fewer than two classes of two rows, and tables most of whose classes have one row."""
    counts = Counter(labels)
    if len(counts) < 2:
        raise CorpusError(
            f"{where}: one class only ('{name_some(list(counts))}') in "
            f"{numbered(len(labels), 'training row', 'training rows')}; "
            "wanted at least two. Check --label-column."
        )
    lonely = sorted(name for name, count in counts.items() if count < 2)
    have = numbered(len(lonely), "class has", "classes have") + " a single training row"
    if len(counts) - len(lonely) < max(2, len(lonely)):
        step = "Add rows, merge or remove such classes."
        long = max(map(len, counts)) > 40
        # free text, or a number of its own for each row
        if len(counts) > len(labels) / 2 and (long or len(counts) > 20):
            step = (
                f"{len(counts):,} labels for {len(labels):,} rows: is it the right --label-column?"
            )
        raise CorpusError(f"{where}: {have}, two are needed: {name_some(lonely)}. {step}")
    if lonely:
        warn(
            f"{where}: {have}, so out of fold no model can know it: {name_some(lonely)}. Add rows or "
            "merge such classes."
        )


def _number(cell: Any) -> float | None:
    """The finite number that ``cell`` is or spells, else None."""
    if isinstance(cell, bool) or not isinstance(cell, Real | Decimal | str):
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return None
    return value if np.isfinite(value) else None
