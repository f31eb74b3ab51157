"""A table becomes texts, labels and a split; row i stays row i to the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.labels import LabelKind, OneLabel
from kgml.data.near import near_groups
from kgml.data.tables import is_lines, name_rows, name_some, numbered, read_table, utf8
from kgml.errors import CorpusError, one_of
from kgml.progress import warn

TRAIN_NAMES = {"train", "training"}
TEST_NAMES = {"test", "testing", "eval"}
ONE_LABEL = OneLabel()


@dataclass(frozen=True)
class Corpus:
    """Texts ``(n,)``, labels ``(n,)`` and the row numbers of the two parts.

    A label is a string, a tuple of strings or a number, as the `LabelKind` has it.
    """

    texts: list[str]
    labels: list[Any]
    train: NDArray[np.int64]
    test: NDArray[np.int64]

    def part(self, rows: NDArray[np.int64]) -> tuple[list[str], list[Any]]:
        """Texts and labels of ``rows``, in that order."""
        return [self.texts[i] for i in rows], [self.labels[i] for i in rows]


def read_texts(path: Path, text_column: str = "text") -> list[str]:
    """The texts of a table, checked: every row a string with something in it."""
    return _texts(path, _column(path, read_table(path), text_column, "--text-column"))


def read_unlabelled(path: Path, text_column: str = "text") -> list[str]:
    """The texts of a table as `read_texts` gives them, or of a ``.txt`` file, one a line.

    Raises:
        CorpusError: missing, empty, not UTF-8, or not a table of that column.
    """
    path = Path(path)
    if not is_lines(path) or not path.is_file():
        columns = read_table(path, or_lines=True)
        return _texts(path, _column(path, columns, text_column, "--text-column"))
    texts = [line for line in _lines(path) if line]
    if not texts:
        raise CorpusError(f"{path}: no text in it; wanted one a line.")
    return texts


def read_part(
    path: Path,
    text_column: str = "text",
    split: str | None = None,
    split_column: str | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> tuple[list[int], list[str]]:
    """Row numbers, from 1, and texts of a table or of a ``.txt`` file; labels are not needed.

    Args:
        split: only the rows of that name; None for all.
        split_column: where the name stands; None for the column ``split``.
        sample: at most so many, drawn by ``seed``, in the order of the table.

    Raises:
        CorpusError: missing, empty, without such columns or rows, or a text that is empty.
    """
    path = Path(path)
    texts = read_unlabelled(path, text_column)
    rows = np.arange(len(texts))
    if split is not None:
        if is_lines(path):
            raise CorpusError(f"{path}: lines of text have no columns; leave --split out.")
        names = _column(path, read_table(path), split_column or "split", "--split-column")
        lower = [str(name).strip().lower() for name in names]
        rows = np.flatnonzero([name == split.strip().lower() for name in lower])
        if not len(rows):
            raise CorpusError(f"{path}: no row '{split}' in --split; {one_of(set(lower), split)}")
    if sample is not None and sample < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    return (rows + 1).tolist(), [texts[i] for i in rows]


def read_labelled(
    path: Path, text_column: str = "text", label_column: str = "label"
) -> tuple[list[str], list[str]]:
    """Texts and labels of all rows of a table.

    Raises:
        CorpusError: missing, empty, without these columns, or a text or label that is empty.
    """
    columns = read_table(path)
    texts = _texts(path, _column(path, columns, text_column, "--text-column"))
    labels = _column(path, columns, label_column, "--label-column")
    return texts, ONE_LABEL.read(labels, str(path))


def read_documents(
    path: Path, text_column: str = "text", id_column: str | None = None
) -> tuple[list[str], list[Any]]:
    """Texts that need no label, and what each is called: for linking, where an empty one is no harm.

    Args:
        path: a table, or a ``.txt`` file of one text a line.
        id_column: None for the column ``id``; where there is none, and in rows where it is blank,
            it is the number of the row, from 1.

    Raises:
        CorpusError: no such file or column, nothing but blanks, or a text that is not a string.
    """
    path = Path(path)
    if is_lines(path) and path.is_file():
        if id_column is not None:
            raise CorpusError(f"{path}: lines of text have no columns; leave --id-column out.")
        texts = _lines(path)
        ids: list[Any] = list(range(1, len(texts) + 1))
    else:
        columns = read_table(path, or_lines=True)
        column = _column(path, columns, text_column, "--text-column")
        texts = _strings(["" if text is None else text for text in column], str(path))
        ids = list(range(1, len(texts) + 1))
        if id_column is not None or "id" in columns:
            ids = _ids(path, _column(path, columns, id_column or "id", "--id-column"))
    empty = [row for row, text in enumerate(texts) if not text.strip()]
    if len(empty) == len(texts):
        raise CorpusError(f"{path}: no text in it; wanted at least one.")
    if empty:
        warn(f"{path}: empty text in {name_rows(empty)}; nothing is linked there")
    return texts, ids


def read_held_out(
    path: Path,
    text_column: str = "text",
    label_column: str = "label",
    split_column: str | None = None,
    kind: LabelKind = ONE_LABEL,
) -> tuple[list[str], list[Any], str]:
    """Texts, labels and "test" or "all": the test rows where the table has a split, else all."""
    columns = read_table(path)
    texts = _texts(path, _column(path, columns, text_column, "--text-column"))
    labels = kind.read(_column(path, columns, label_column, "--label-column"), str(path))
    if split_column is None and "split" not in columns:
        return texts, labels, "all"
    name = split_column or "split"
    split = _column(path, columns, name, "--split-column")
    held = [i for i, v in enumerate(split) if str(v).strip().lower() in TEST_NAMES]
    if not held:
        return texts, labels, "all"
    return [texts[i] for i in held], [labels[i] for i in held], "test"


def read_corpus(
    path: Path,
    text_column: str = "text",
    label_column: str = "label",
    split_column: str | None = None,
    test_size: float | None = None,
    per_class: int | None = None,
    seed: int = 0,
    kind: LabelKind = ONE_LABEL,
) -> Corpus:
    """Read a labelled table and draw the split.

    Args:
        split_column: column with train/test.
        test_size: share of rows to hold out, drawn by ``seed``, stratified by label, near
            duplicates together. Where neither is given, the column ``split`` is used if there is one, else
            0.25 of the rows are drawn.
        per_class: keep that many training rows per class, drawn by ``seed``.
        kind: what a cell of the label column holds.

    Raises:
        CorpusError: columns missing, texts empty or not strings, fewer than two classes, a class
            with fewer than two training rows, an empty part; what ``kind`` refuses.
    """
    if per_class is not None and not isinstance(kind, OneLabel):
        raise CorpusError(f"--per-class {per_class}: only where a row has one class. Leave it out.")
    columns = read_table(path)
    texts = _texts(path, _column(path, columns, text_column, "--text-column"))
    labels = kind.read(_column(path, columns, label_column, "--label-column"), str(path))
    if split_column is None and test_size is None and "split" in columns:
        split_column = "split"
    if split_column is not None:
        names = _column(path, columns, split_column, "--split-column")
        train, test = _given_split(path, split_column, names)
    else:
        share = 0.25 if test_size is None else test_size
        strata = kind.strata(labels)
        train, test = draw_split(texts, strata, share, seed)
        if not len(test):
            kind.check(str(path), labels)
            raise _too_few(path, texts, strata, share)
    kind.check(str(path), [labels[i] for i in train])
    if per_class is not None:
        train = draw_per_class(labels, train, per_class, seed)
    unseen = kind.unseen([labels[i] for i in train], [labels[i] for i in test])
    if unseen:
        listed = ", ".join(f"'{name}' ({count})" for name, count in sorted(unseen.items()))
        warn(f"test labels never seen in training count as wrong: {listed}")
    twins = len({texts[i] for i in test} & {texts[i] for i in train})
    if twins:
        stand = numbered(twins, "text stands", "texts stand")
        warn(f"{stand} in both the training and the test part")
    return Corpus(texts, labels, train, test)


def draw_split(
    texts: Sequence[str], labels: Sequence[str], test_size: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out ``test_size`` of each label's rows; near duplicates stay on one side.

    Two distinct texts of each label stay in training, whatever ``test_size``.
    """
    if not 0 < test_size < 1:
        raise CorpusError(f"test size {test_size}: wanted a share between 0 and 1, such as 0.25.")
    rng = np.random.default_rng(seed)
    first: dict[str, int] = {}
    for row, text in enumerate(texts):
        first.setdefault(text, row)
    by_label: dict[str, list[int]] = {}
    for row in first.values():
        by_label.setdefault(labels[row], []).append(row)
    near = near_groups(texts)  # each group is drawn as its first text
    held: set[int] = set()
    for label in sorted(by_label):
        rows = [row for row in rng.permutation(by_label[label]).tolist() if near[row] == row]
        most = max(len(rows) - 2, 0)
        held.update(rows[: min(round(test_size * len(rows)), most)])
    side = np.isin(near, list(held))
    for members in by_label.values():  # texts of one label may be near those of another
        of = np.array(members)
        missing = min(2, len(of)) - int((~side[of]).sum())
        for row in of[side[of]][: max(0, missing)]:
            side[near == near[row]] = False
    return np.flatnonzero(~side), np.flatnonzero(side)


def draw_per_class(
    labels: Sequence[str], rows: NDArray[np.int64], count: int, seed: int
) -> NDArray[np.int64]:
    """``count`` of ``rows`` for each label (all where there are fewer), in row order."""
    if count < 2:
        raise CorpusError(f"--per-class {count}: wanted at least 2 rows for each class.")
    rng = np.random.default_rng(seed)
    of: dict[str, list[int]] = {}
    for row in rows:
        of.setdefault(labels[row], []).append(int(row))
    short = sorted(label for label, members in of.items() if len(members) < count)
    if short:
        have = numbered(len(short), "class has", "classes have")
        warn(f"{have} fewer than {count} training rows: {name_some(short)}")
    kept = [r for label in sorted(of) for r in rng.permutation(of[label])[:count]]
    return np.sort(np.array(kept, dtype=np.int64))


def check_texts(texts: Sequence[Any], where: str = "texts") -> list[str]:
    """Return ``texts`` as a list of strings, each with something in it; name the rows that fail."""
    if isinstance(texts, str):
        raise CorpusError(f"{where}: one string, wanted a list of texts. Write [text].")
    texts = _strings(texts, where)
    empty = [i for i, t in enumerate(texts) if not t.strip()]
    if empty:
        raise CorpusError(f"{where}: empty text in {name_rows(empty)}. Remove or fill those rows.")
    return texts


def _too_few(path: Path, texts: Sequence[str], labels: Sequence[str], share: float) -> CorpusError:
    """Nothing could be held out; a larger share helps only where a label has three texts."""
    most = max(Counter(label for _, label in set(zip(texts, labels, strict=True))).values())
    step = "Add rows: one label at least needs three different texts."
    if most > 2:
        step = f"Add rows, or use --test-size {min(0.99, np.ceil(100 / most) / 100):.2f}."
    rows = numbered(len(texts), "row is", "rows are")
    return CorpusError(
        f"{path}: {rows} too few to hold out {share:.0%} of each label for testing, two texts of "
        f"each staying in training. {step}"
    )


def _texts(path: Path, column: list[Any]) -> list[str]:
    return check_texts(["" if t is None else t for t in column], str(path))


def _ids(path: Path, column: list[Any]) -> list[Any]:
    """Strings and integers as they are, the number of the row for a blank, else as JSON."""
    ids = []
    for number, name in enumerate(column, 1):
        if isinstance(name, float) and name.is_integer():
            name = int(name)
        if name is None or name != name or (isinstance(name, str) and not name.strip()):
            name = number
        ids.append(name if isinstance(name, str | int) else json.dumps(name, default=str))
    if twice := len(ids) - len(set(ids)):
        warn(f"{path}: {numbered(twice, 'id stands', 'ids stand')} in an earlier row too")
    return ids


def _strings(texts: Sequence[Any], where: str) -> list[str]:
    texts = list(texts)
    wrong = [i for i, t in enumerate(texts) if not isinstance(t, str)]
    if wrong:
        found = type(texts[wrong[0]]).__name__
        raise CorpusError(f"{where}: not a string but {found} in {name_rows(wrong)}; wanted text.")
    return texts


def _lines(path: Path) -> list[str]:
    # Not `splitlines`, which also ends a line at a form feed or a U+2028 within a text.
    with utf8(path), path.open(encoding="utf-8-sig") as stream:
        return [line.strip() for line in stream]


def _column(path: Path, columns: dict[str, list[Any]], name: str, flag: str) -> list[Any]:
    if name not in columns:
        raise CorpusError(f"{path}: no column '{name}'; {one_of(columns, name)} Use {flag}.")
    return columns[name]


def _given_split(
    path: Path, column: str, names: list[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lower = [str(n).strip().lower() for n in names]
    train = np.array([i for i, n in enumerate(lower) if n in TRAIN_NAMES], dtype=np.int64)
    test = np.array([i for i, n in enumerate(lower) if n in TEST_NAMES], dtype=np.int64)
    other = Counter(n for n in lower if n not in TRAIN_NAMES | TEST_NAMES)
    if other:
        left = ", ".join(f"'{n}' ({c})" for n, c in sorted(other.items()))
        warn(
            f"{path}: column '{column}' has rows that are neither train nor test, left out: {left}"
        )
    for part, rows in (("train", train), ("test", test)):
        if not len(rows):
            raise CorpusError(
                f"{path}: column '{column}' has no row '{part}'. Name another --split-column, or "
                "drop that column and use --test-size."
            )
    return train, test
