"""Label columns of several labels, ordered classes and numbers, read and split."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgml.data.corpus import read_corpus, read_held_out
from kgml.data.labels import LabelKind, Number, OneLabel, Ordered, Several, class_order, number_bins
from kgml.errors import CorpusError
from kgml.progress import KGMLWarning


def table(path: Path, labels: list[Any], split: list[str] | None = None) -> Path:
    """A CSV of strings, else JSONL or Parquet by the ending."""
    texts = [f"text {i}" for i in range(len(labels))]
    if path.suffix == ".csv":
        lines = [f"{t},{label}" for t, label in zip(texts, labels, strict=True)]
        path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    elif path.suffix == ".jsonl":
        rows = [{"text": t, "label": v} for t, v in zip(texts, labels, strict=True)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        pq.write_table(pa.table({"text": texts, "label": labels}), path)
    return path


def test_a_separator_lists_and_parquet_give_the_same_labels(tmp_path: Path) -> None:
    lists = [["a", "b"], ["a"], [], ["b"]] * 3
    path = table(tmp_path / "t.csv", ["|".join(row) for row in lists])
    with pytest.warns(KGMLWarning, match="3 rows have no label"):
        split = read_held_out(path, kind=Several("|"))
    assert split[1] == [("a", "b"), ("a",), (), ("b",)] * 3
    for path in (table(tmp_path / "t.jsonl", lists), table(tmp_path / "t.parquet", lists)):
        with pytest.warns(KGMLWarning, match="3 rows have no label"):
            assert read_held_out(path, kind=Several()) == split


def test_blanks_and_doubles_between_separators_are_nothing(tmp_path: Path) -> None:
    rows = ["a| b ||a", "b", " | ", "a"]
    with pytest.warns(KGMLWarning, match="1 row has no label"):
        found = read_held_out(table(tmp_path / "t.csv", rows), kind=Several("|"))[1]
    assert found == [("a", "b"), ("b",), (), ("a",)]


@pytest.mark.parametrize(
    ("labels", "kind", "message"),
    [
        ([["a"], "b"], Several(), r"a string in row 2; wanted a list.*--label-separator '\|'"),
        ([["a"], 3], Several(), r"not a list but int in row 2"),
        ([["a"], [""]], Several(), r"an empty label in row 2"),
        ([[], []], Several(), r"no label in any of 2 rows"),
        ([["a"], ["b"]], OneLabel(), r"a list in rows 1, 2; .*--target multi"),
        ([1, "x"], Number(), r"'x' in row 2; wanted a number.*--label-column"),
        ([1, None], Number(), r"None in row 2; wanted a number"),
        ([1, 1, 1], Number(), r"the same number in all of"),
        (["low", "hi"], Ordered(["low", "high"]), r"'hi' in row 2 is not in the order low < high"),
        (["low", "high"], Ordered(), r"no order by themselves.*--order low medium high"),
        (["1", "2", "1.0"], Ordered(), r"labels '1' and '1.0' are one number"),
        ([1, 10**400], Number(), r"in row 2; wanted a number"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, LabelKind) else str(value),
)  # fmt: skip
def test_cells_of_another_kind_are_named_with_the_file(
    tmp_path: Path, labels: list[Any], kind: Any, message: str
) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(CorpusError, match=f"{path.name}.*{message}|{message}"):
        read_corpus(table(path, labels), kind=kind, test_size=0.5)


def test_a_drawn_split_holds_out_rare_labels_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [["common", *(["rare"] if i % 10 == 0 else [])] for i in range(200)]
    rows = [rows[i] for i in rng.permutation(200)]
    corpus = read_corpus(table(tmp_path / "t.jsonl", rows), test_size=0.25, kind=Several())
    held = Counter(label for i in corpus.test for label in corpus.labels[i])
    assert held == {"common": 50, "rare": 5}


def test_a_drawn_split_of_numbers_has_about_the_same_in_both_parts(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=400).tolist()
    corpus = read_corpus(table(tmp_path / "t.jsonl", numbers), test_size=0.25, kind=Number())
    train, test = (
        np.array([corpus.labels[i] for i in part]) for part in (corpus.train, corpus.test)
    )
    assert len(test) == 100
    np.testing.assert_allclose(np.quantile(train, [0.1, 0.5, 0.9]),
                               np.quantile(test, [0.1, 0.5, 0.9]), atol=0.2)  # fmt: skip


def test_labels_of_the_test_part_that_training_lacks_are_counted() -> None:
    found = Several().unseen([("a",), ("b", "c")], [("a", "x"), ("x",), (), ("y",)])
    assert found == {"x": 2, "y": 1}
    assert OneLabel().unseen(["a"], ["a", "b"]) == {"b": 1}
    assert not Number().unseen([1.0], [2.0])
    assert Ordered(["1", "2", "3"]).unseen(["1", "2"], ["3"]) == {"3": 1}
    with pytest.raises(CorpusError, match=r"no training row has: 3\. Train with --order"):
        Ordered().unseen(["1", "2"], ["3"])


def test_classes_of_the_order_that_training_lacks_are_counted() -> None:
    with pytest.warns(KGMLWarning, match="1 class of the order has no training row: middle"):
        Ordered(["low", "middle", "high"]).check("t", ["low", "high"] * 2)


def test_a_table_of_twenty_numbers_has_a_test_part(tmp_path: Path) -> None:
    path = table(tmp_path / "t.jsonl", [float(i) for i in range(20)])
    assert len(read_corpus(path, kind=Number()).test) == 5


@pytest.mark.parametrize("kind", [Several("|"), Number()])
def test_rows_per_class_are_for_one_class_per_row(tmp_path: Path, kind: Any) -> None:
    path = table(tmp_path / "t.csv", ["1", "2"] * 4)
    with pytest.raises(CorpusError, match="--per-class 2: only where a row has one class"):
        read_corpus(path, per_class=2, kind=kind)


def test_a_row_is_dealt_out_by_its_rarest_label() -> None:
    assert Several().strata([("a", "b"), ("a",), (), ("b", "a"), ("a", "c")]) == [
        "b", "a", "", "b", "c",
    ]  # fmt: skip


def test_equal_numbers_lie_in_one_bin() -> None:
    bins = number_bins(np.array([0.0] * 50 + list(range(1, 51))))
    assert len(set(bins[:50].tolist())) == 1
    assert (np.diff(bins) >= 0).all()


def test_numbers_are_ordered_as_numbers() -> None:
    assert class_order(["10", "2", "-1", "2"]) == ["-1", "2", "10"]
