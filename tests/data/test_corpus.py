"""Tables: four formats that read alike, splits that repeat, and one clear message for each fault."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgml.data.corpus import (
    check_texts,
    draw_per_class,
    draw_split,
    read_corpus,
    read_documents,
    read_held_out,
    read_labelled,
    read_part,
    read_texts,
    read_unlabelled,
)
from kgml.data.tables import read_table
from kgml.errors import CorpusError
from kgml.progress import KGMLWarning

FORMATS = ("csv", "tsv", "jsonl", "parquet")
COLUMNS = ("text", "label", "split")
ROWS = [
    ("Gilts fell, and “linkers” too", "bonds", "train"),
    ('He said: "hold"', "bonds", "train"),
    ("Brent rose\nfor a second day", "raw", "train"),
    ("Copper\tstocks fell", "raw", "train"),
    ("Überrendite der Bundesanleihen", "bonds", "test"),
    ("Zinc rallied", "raw", "test"),
]
Write = Callable[..., Path]
formats = pytest.mark.parametrize("ending", FORMATS)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(ending, rows, columns)`` gives the path of a table."""

    def write_table(
        ending: str, rows: Sequence[Sequence[Any]] = ROWS, columns: Sequence[str] = COLUMNS
    ) -> Path:
        path = tmp_path / f"t.{ending}"
        if ending == "parquet":
            values = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
            pq.write_table(pa.table(values), path)
        elif ending == "jsonl":
            lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        else:
            stream = io.StringIO()
            writer = csv.writer(stream, delimiter="\t" if ending == "tsv" else ",")
            writer.writerows([columns, *rows])
            path.write_text(stream.getvalue(), encoding="utf-8", newline="")
        return path

    return write_table


@pytest.fixture
def raw(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """``raw(name, bytes)`` writes a file as it is."""

    def write_bytes(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write_bytes


@formats
def test_every_format_gives_the_same_columns(write: Write, ending: str) -> None:
    expected = {name: [row[i] for row in ROWS] for i, name in enumerate(COLUMNS)}
    assert read_table(write(ending)) == expected


@formats
def test_every_format_gives_the_same_corpus(write: Write, ending: str) -> None:
    corpus = read_corpus(write(ending))
    assert corpus.texts == [row[0] for row in ROWS]
    assert (corpus.train.tolist(), corpus.test.tolist()) == ([0, 1, 2, 3], [4, 5])
    assert corpus.part(corpus.test) == ([ROWS[4][0], ROWS[5][0]], ["bonds", "raw"])


def test_a_byte_order_mark_is_not_part_of_the_first_column(raw: Any) -> None:
    assert list(read_table(raw("t.csv", b"\xef\xbb\xbftext,label\nGilts fell,a\n"))) == [
        "text", "label",
    ]  # fmt: skip


def test_an_ending_in_capitals_and_blank_lines_are_read(raw: Any) -> None:
    table = read_table(raw("T.TSV", b"text\tlabel\n\nGilts, fell\ta\n\n"))
    assert table == {"text": ["Gilts, fell"], "label": ["a"]}
    assert read_table(raw("t.ndjson", b'\n{"text": "x"}\n\n')) == {"text": ["x"]}


# Files that cannot be used


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.csv: no such file\. Check the path"):
        read_table(tmp_path / "none.csv")


@formats
def test_an_empty_file_says_so(raw: Any, ending: str) -> None:
    with pytest.raises(CorpusError, match="the file is empty; wanted a table"):
        read_table(raw(f"t.{ending}", b""))


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_header_without_rows_says_so(write: Write, ending: str) -> None:
    with pytest.raises(CorpusError, match="no rows in it; wanted at least one below the header"):
        read_table(write(ending, []))


def test_a_file_of_blank_lines_has_no_rows(raw: Any) -> None:
    with pytest.raises(CorpusError, match="no rows in it"):
        read_table(raw("t.jsonl", b"\n\n"))
    with pytest.raises(CorpusError, match="no rows in it"):
        read_table(raw("t.csv", b"\n\n"))


def test_an_unknown_ending_lists_the_known_ones(raw: Any) -> None:
    with pytest.raises(CorpusError, match=r"'\.xlsx' is not a table.*\.csv, \.jsonl"):
        read_table(raw("t.xlsx", b"PK"))


@pytest.mark.parametrize("read", [read_documents, read_unlabelled])
def test_where_lines_are_read_too_an_unknown_ending_says_so(raw: Any, read: Any) -> None:
    with pytest.raises(CorpusError, match=r"use \.csv, .*\.tsv, or \.txt with one text a line\.$"):
        read(raw("t.xlsx", b"PK"))
    with pytest.raises(CorpusError, match=r"'\.txt' is not a table kgml reads; .*\.tsv\.$"):
        read_texts(raw("t.txt", b"fever"))


def test_a_ragged_row_is_named(raw: Any) -> None:
    path = raw("t.csv", b"text,label\nfine,a\nGilts fell, and linkers too,a\n")
    with pytest.raises(CorpusError, match=r"row 2 has 3 fields, the header has 2\. Quote"):
        read_table(path)


def test_two_columns_of_one_name_are_refused(raw: Any, write: Write, tmp_path: Path) -> None:
    wanted = "two columns of the same name: text. Rename or remove one"
    with pytest.raises(CorpusError, match=wanted):
        read_table(raw("t.csv", b"text,text,label\nGilts,fell,a\n"))
    assert len(read_table(raw("t.csv", b"text,label,,\nGilts,a,,\n"))["text"]) == 1
    table = pa.Table.from_arrays([pa.array(["x"])] * 3, names=["text", "label", "text"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(CorpusError, match=wanted):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'text,label\nfine,a\n"never closed,b\nmore,a\n', "line 3: a quote opened in this row"),
        (b'text,label\n"open,a\n"shut",b\n', r"line 3: a quote within .*begins in line 2\)"),
        (b"text,label\nfine,a\nGilts fe", "line 3: row 2 has 1 field, .*looks truncated"),
        (b"text,label\nGilts\nfell,a\n", "line 2: row 1 has 1 field, .*hold a line break"),
        (b"text;label\nGilts, fell;a\n", r"row 1 has 2 fields, .*Separated by ';'\? Wanted ','"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_told_with_its_line(
    raw: Any, content: bytes, words: str
) -> None:
    with pytest.raises(CorpusError, match=words):
        read_table(raw("t.csv", content))


def test_a_tsv_file_that_is_separated_otherwise_is_told_so(raw: Any) -> None:
    with pytest.raises(CorpusError, match=r"Separated by ','\? Wanted tabs"):
        read_table(raw("t.tsv", b"text,label\nGilts\tfell,a\n"))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_a_file_that_is_not_utf8_says_at_which_byte(raw: Any, name: str) -> None:
    separator = b"\t" if name == "t.tsv" else b","
    path = raw(name, b"text" + separator + b"label\nRendite f\xfcr Gilts" + separator + b"a\n")
    with pytest.raises(CorpusError, match=r"byte 20 is not UTF-8\. Save it as UTF-8"):
        read_table(path)


def test_a_damaged_line_of_jsonl_is_named(raw: Any) -> None:
    with pytest.raises(CorpusError, match=r"t\.jsonl, line 2: not JSON"):
        read_table(raw("t.jsonl", b'{"text": "x"}\n{"text": "y"\n'))
    with pytest.raises(CorpusError, match="line 1: wanted an object with named fields"):
        read_table(raw("t.jsonl", b'["x", "y"]\n'))


def test_damaged_parquet_says_so_wherever_the_damage_is(write: Write, raw: Any) -> None:
    whole = write("parquet").read_bytes()
    with pytest.raises(CorpusError, match="not readable as Parquet"):
        read_table(raw("t.parquet", whole[: len(whole) // 2]))
    with pytest.raises(CorpusError, match="not readable as Parquet"):
        read_table(raw("t.parquet", whole[:4] + b"\xff" * 60 + whole[64:]))
    footer = len(whole) - 40
    with pytest.raises(CorpusError, match="not readable as Parquet"):
        read_table(raw("t.parquet", whole[: footer - 200] + b"\xff" * 200 + whole[footer:]))


# Columns, texts and labels


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"text_column": "txt"}, "--text-column"),
        ({"label_column": "lable"}, "--label-column"),
        ({"split_column": "spilt"}, "--split-column"),
    ],
)
def test_a_wrong_column_name_lists_the_columns(write: Write, options: Any, flag: str) -> None:
    (given,) = options.values()
    meant = {"txt": "text", "lable": "label", "spilt": "split"}[given]
    wanted = rf"no column '{given}'; choose from label, split, text\. Did you mean '{meant}'\?.*"
    with pytest.raises(CorpusError, match=wanted + flag):
        read_corpus(write("csv"), **options)


def test_empty_texts_are_named_by_row_the_first_below_the_header_being_1(write: Write) -> None:
    rows = [("", "a"), ("x", "a"), ("  \t", "b"), ("y", "b")]
    with pytest.raises(CorpusError, match=r"t\.csv: empty text in rows 1, 3\. Remove or fill"):
        read_corpus(write("csv", rows, ("text", "label")))
    with pytest.raises(CorpusError, match="empty text in rows 1, 3"):
        read_texts(write("csv", rows, ("text", "label")))


def test_many_empty_texts_are_counted(write: Write) -> None:
    rows = [(" ", "a")] * 9 + [("x", "b")]
    with pytest.raises(CorpusError, match="empty text in rows 1, 2, 3, 4, 5 and 4 more"):
        read_corpus(write("csv", rows, ("text", "label")))


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_missing_text_is_an_empty_one(write: Write, ending: str) -> None:
    with pytest.raises(CorpusError, match="empty text in row 2"):
        read_texts(write(ending, [("x", "a"), (None, "b")], ("text", "label")))


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_text_that_is_not_a_string_is_named_with_its_type(write: Write, ending: str) -> None:
    with pytest.raises(CorpusError, match="not a string but int in rows 1, 2; wanted text"):
        read_texts(write(ending, [(7, "a"), (8, "b")], ("text", "label")))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_row_without_a_label_is_named(write: Write, ending: str) -> None:
    empty = "" if ending == "csv" else None
    rows = [("x", "a"), ("y", empty), ("z", "b")]
    with pytest.raises(CorpusError, match=r"no label in row 2\. Remove or label"):
        read_corpus(write(ending, rows, ("text", "label")))


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_label_that_is_a_list_is_named_with_its_row(write: Write, ending: str) -> None:
    rows = [("x", ["a"]), ("y", ["a", "b"])]
    with pytest.raises(CorpusError, match=r"a list in rows 1, 2; wanted one label for each"):
        read_corpus(write(ending, rows, ("text", "label")))


def test_texts_taken_for_labels_are_cut_short_and_the_flag_named(write: Write) -> None:
    rows = [(f"{i} " + "gilts and linkers " * 20, "ab"[i % 2]) for i in range(30)]
    path = write("csv", rows, ("text", "label"))
    with pytest.raises(
        CorpusError, match="30 labels for 30 rows: is it the right --label"
    ) as caught:
        read_corpus(path, label_column="text")
    assert "0 gilts and linkers gilts and linkers g…, 1" in str(caught.value)
    assert "… and 25 more" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_labels_that_are_numbers_become_strings(write: Write) -> None:
    rows = [(f"text {i}", i % 2) for i in range(8)]
    assert set(read_corpus(write("parquet", rows, ("text", "label"))).labels) == {"0", "1"}


def test_one_class_only_says_so(write: Write) -> None:
    rows = [("x", "a", "train"), ("y", "a", "train"), ("z", "b", "test")]
    with pytest.raises(CorpusError, match=r"one class only \('a'\) in 2 training rows.*two"):
        read_corpus(write("csv", rows))


def test_a_class_with_one_training_row_is_named_in_a_warning(write: Write) -> None:
    rows = [*ROWS, ("Lean hogs slid", "meat", "train"), ("Cattle rose", "meat", "test")]
    with pytest.warns(KGMLWarning, match=r"1 class has a single training row, so .*: meat\. Add"):
        corpus = read_corpus(write("csv", rows))
    assert corpus.labels.count("meat") == 2


def test_where_fewer_than_two_classes_have_two_rows_they_are_refused(write: Write) -> None:
    rows = [("Gilts", "bonds", "train"), ("Linkers", "bonds", "train"), ("Hogs", "meat", "train"),
            ("Bunds", "bonds", "test")]  # fmt: skip
    wanted = r"1 class has a single training row, two are needed: meat\. Add rows"
    with pytest.raises(CorpusError, match=wanted):
        read_corpus(write("csv", rows))


def test_test_labels_never_seen_in_training_are_named_and_counted(write: Write) -> None:
    rows = [*ROWS, ("Hogs", "meat", "test"), ("Cattle", "meat", "test"), ("Rye", "corn", "test")]
    with pytest.warns(KGMLWarning, match=r"count as wrong: 'corn' \(1\), 'meat' \(2\)"):
        corpus = read_corpus(write("csv", rows))
    assert corpus.test.tolist() == [4, 5, 6, 7, 8]


def test_texts_on_both_sides_of_a_given_split_are_counted(write: Write) -> None:
    with pytest.warns(KGMLWarning, match="1 text stands in both"):
        read_corpus(write("csv", [*ROWS, (ROWS[0][0], "bonds", "test")]))


def test_check_texts_says_where(write: Write) -> None:
    assert check_texts(("a", "b")) == ["a", "b"]
    with pytest.raises(CorpusError, match="here: not a string but float in row 2"):
        check_texts(["a", float("nan")], "here")


# The split


def test_names_of_parts_are_read_in_any_case(write: Write) -> None:
    names = ("Train", " TRAINING ", "train", "tRaIn", "Test", "EVAL")
    rows = [(*row[:2], name) for row, name in zip(ROWS, names, strict=True)]
    corpus = read_corpus(write("csv", rows))
    assert (corpus.train.tolist(), corpus.test.tolist()) == ([0, 1, 2, 3], [4, 5])


def test_rows_that_are_neither_train_nor_test_are_left_out_and_counted(write: Write) -> None:
    rows = [*ROWS, ("x", "raw", "dev"), ("y", "raw", "dev"), ("z", "raw", "")]
    with pytest.warns(KGMLWarning, match=r"neither train nor test, left out: '' \(1\), 'dev' \(2"):
        corpus = read_corpus(write("csv", rows))
    assert corpus.train.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("absent", ["train", "test"])
def test_a_split_without_one_of_the_parts_says_which(write: Write, absent: str) -> None:
    rows = [row for row in ROWS if row[2] != absent]
    with pytest.raises(CorpusError, match=f"column 'split' has no row '{absent}'.*--test-size"):
        read_corpus(write("csv", rows))


def test_a_split_column_of_another_name_is_used(write: Write) -> None:
    path = write("csv", ROWS, ("text", "label", "part"))
    assert read_corpus(path, split_column="part").test.tolist() == [4, 5]


def test_a_test_size_wins_over_a_column_named_split_but_not_over_one_asked_for(
    write: Write,
) -> None:
    rows = [(*row, "train" if i else "test") for i, row in enumerate(table_of({"a": 8, "b": 8}))]
    path = write("csv", rows)
    assert read_corpus(path).test.tolist() == [0]
    assert len(read_corpus(path, test_size=0.5).test) == 8
    assert read_corpus(path, test_size=0.5, split_column="split").test.tolist() == [0]


def table_of(counts: dict[str, int]) -> list[tuple[str, str]]:
    return [(f"{name} number {i}", name) for name, count in counts.items() for i in range(count)]


def test_a_drawn_split_holds_out_the_same_share_of_each_label(write: Write) -> None:
    path = write("csv", table_of({"a": 40, "b": 20, "c": 8}), ("text", "label"))
    corpus = read_corpus(path, test_size=0.25)
    assert Counter(corpus.labels[i] for i in corpus.test) == {"a": 10, "b": 5, "c": 2}
    np.testing.assert_array_equal(np.sort([*corpus.train, *corpus.test]), np.arange(68))


def test_a_drawn_split_repeats_with_its_seed_and_changes_with_another() -> None:
    texts, labels = zip(*table_of({"a": 30, "b": 30}), strict=True)
    first, again, other = (draw_split(texts, labels, 0.3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[1], again[1])
    assert set(first[1].tolist()) != set(other[1].tolist())


def test_rows_with_equal_texts_are_drawn_to_one_side() -> None:
    texts = [f"text {i % 20}" for i in range(80)]
    labels = ["a" if i % 20 < 10 else "b" for i in range(80)]
    train, test = draw_split(texts, labels, 0.5, 0)
    assert not {texts[i] for i in train} & {texts[i] for i in test}
    assert len(test) == 40


def test_near_duplicates_are_drawn_to_one_side_and_the_same_share_of_them() -> None:
    words = [f"word{i}" for i in range(300)]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 60)) for _ in range(40)]
    near = [*texts, *(text.replace("word7 ", "") + " again" for text in texts)]
    inside, outside = draw_split(near, ["up", "down"] * 40, 0.25, seed=1)
    assert not {i % 40 for i in inside} & {i % 40 for i in outside}
    assert (len(inside), len(outside)) == (60, 20)


def test_a_table_without_near_duplicates_is_drawn_label_by_label() -> None:
    texts, labels = zip(*table_of({"a": 12, "b": 20}), strict=True)
    rng, held = np.random.default_rng(5), []
    for label in ("a", "b"):
        rows = [i for i, one in enumerate(labels) if one == label]
        held += rng.permutation(rows)[: len(rows) // 4].tolist()
    assert draw_split(texts, labels, 0.25, 5)[1].tolist() == sorted(held)


def test_a_label_keeps_two_texts_though_they_are_near_those_of_another() -> None:
    words = [f"word{i}" for i in range(300)]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 60)) for _ in range(8)]
    near = [*texts, *(text + " again" for text in texts)]
    labels = ["up"] * 8 + ["down"] * 8
    for seed in range(10):
        inside, outside = draw_split(near, labels, 0.75, seed)
        assert min(Counter(labels[i] for i in inside).values()) >= 2
        assert not {i % 8 for i in inside} & {i % 8 for i in outside}


def test_two_texts_of_each_label_stay_in_training_whatever_the_test_size() -> None:
    texts, labels = zip(*table_of({"a": 9, "b": 2, "c": 1}), strict=True)
    train, _ = draw_split(texts, labels, 0.9, 0)
    assert Counter(labels[i] for i in train) == {"a": 2, "b": 2, "c": 1}


def test_a_table_too_small_to_hold_anything_out_says_so(write: Write) -> None:
    path = write("csv", table_of({"a": 2, "b": 2}), ("text", "label"))
    with pytest.raises(CorpusError, match=r"4 rows are too few to hold out 25%.*Add rows: one"):
        read_corpus(path)


def test_a_larger_test_size_is_advised_only_where_it_helps(write: Write) -> None:
    path = write("csv", table_of({"a": 4, "b": 2}), ("text", "label"))
    with pytest.raises(CorpusError, match=r"hold out 10% .*Add rows, or use --test-size 0\.25\."):
        read_corpus(path, test_size=0.1)
    assert len(read_corpus(path, test_size=0.25).test) == 1
    path = write("csv", table_of({"a": 2, "b": 2}), ("text", "label"))
    with pytest.raises(CorpusError, match="too few") as caught:
        read_corpus(path, test_size=0.9)
    assert "--test-size" not in str(caught.value)


@pytest.mark.parametrize("size", [0.0, 1.0, -0.5, 25.0])
def test_a_test_size_that_is_no_share_is_refused(write: Write, size: float) -> None:
    path = write("csv", table_of({"a": 9, "b": 9}), ("text", "label"))
    with pytest.raises(CorpusError, match=f"test size {size}: wanted a share between 0 and 1"):
        read_corpus(path, test_size=size)


def test_per_class_keeps_as_many_training_rows_of_each_label(write: Write) -> None:
    path = write("csv", table_of({"a": 40, "b": 20}), ("text", "label"))
    whole, drawn = read_corpus(path), read_corpus(path, per_class=3)
    assert Counter(drawn.labels[i] for i in drawn.train) == {"a": 3, "b": 3}
    assert set(drawn.train) < set(whole.train)
    np.testing.assert_array_equal(drawn.test, whole.test)
    np.testing.assert_array_equal(drawn.train, np.sort(drawn.train))


def test_per_class_is_drawn_by_seed() -> None:
    labels = ["a"] * 30 + ["b"] * 30
    draws = [draw_per_class(labels, np.arange(60), 5, seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert draws[0].tolist() != draws[2].tolist()


def test_per_class_warns_of_classes_with_fewer_rows() -> None:
    labels = ["a"] * 30 + ["b"] * 3
    with pytest.warns(KGMLWarning, match="1 class has fewer than 5 training rows: b"):
        rows = draw_per_class(labels, np.arange(33), 5, 0)
    assert Counter(labels[i] for i in rows) == {"a": 5, "b": 3}


def test_per_class_below_two_is_refused() -> None:
    with pytest.raises(CorpusError, match="--per-class 1: wanted at least 2"):
        draw_per_class(["a", "b"], np.arange(2), 1, 0)


def test_a_sound_table_gives_no_warning(write: Write) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_corpus(write("csv"))


# What evaluate reads


def test_held_out_are_the_test_rows_or_all_where_there_is_no_split(write: Write) -> None:
    texts, labels, part = read_held_out(write("csv"))
    assert (texts, labels, part) == ([ROWS[4][0], ROWS[5][0]], ["bonds", "raw"], "test")
    texts, _, part = read_held_out(write("csv", table_of({"a": 2, "b": 1}), ("text", "label")))
    assert (len(texts), part) == (3, "all")
    trained = [row for row in ROWS if row[2] == "train"]
    assert read_held_out(write("csv", trained))[2] == "all"


def test_unlabelled_texts_are_a_column_of_a_table_or_the_lines_of_a_text_file(
    write: Write, tmp_path: Path
) -> None:
    lines = tmp_path / "own.txt"
    lines.write_bytes("\ufefffirst line\r\n\n  second \n".encode())
    assert read_unlabelled(lines) == ["first line", "second"]
    table = write("csv", [("first", 1), ("second", 2)], ("note", "n"))
    assert read_unlabelled(table, "note") == ["first", "second"]
    lines.write_bytes(b"caf\xe9\n")
    with pytest.raises(CorpusError, match=r"own\.txt: byte 3 is not UTF-8"):
        read_unlabelled(lines)


def test_documents_may_be_empty_but_not_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": null, "id": 4}\n{"text": "fever", "id": {"a": 1}}\n')
    with pytest.warns(KGMLWarning, match="empty text in row 1; nothing is linked there"):
        assert read_documents(path) == (["", "fever"], [4, '{"a": 1}'])
    with pytest.raises(CorpusError, match="empty text in row 1"):
        read_texts(path)
    path.write_text('{"text": null}\n{"text": " "}\n')
    with pytest.raises(CorpusError, match="no text in it; wanted at least one"):
        read_documents(path)
    path.write_text('{"text": 5}\n')
    with pytest.raises(CorpusError, match="not a string but int in row 1"):
        read_documents(path)


def test_lines_have_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("\ufefffever\r\nno\u2028fever\x0cagain\n".encode())
    assert read_documents(path) == (["fever", "no\u2028fever\x0cagain"], [1, 2])
    with pytest.raises(CorpusError, match="leave --id-column out"):
        read_documents(path, id_column="id")


def test_a_blank_id_is_the_number_of_its_row_and_a_second_one_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    names = ["7.0", "null", '" "', '"n1"', '"n1"']
    path.write_text("".join(f'{{"text": "fever", "id": {name}}}\n' for name in names))
    with pytest.warns(KGMLWarning, match="1 id stands in an earlier row too"):
        assert read_documents(path)[1] == [7, 2, 3, "n1", "n1"]


# Some rows, and rows with labels


def table(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "part.csv"
    path.write_text("\n".join(["text,label,split", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_part_of_a_table_keeps_its_row_numbers(tmp_path: Path) -> None:
    path = table(tmp_path, ["a,x,train", "b,x,test", "c,y, Test ", "d,y,train"])
    assert read_part(path) == ([1, 2, 3, 4], ["a", "b", "c", "d"])
    assert read_part(path, split="test") == ([2, 3], ["b", "c"])
    assert read_part(path, split="x", split_column="label") == ([1, 2], ["a", "b"])
    rows, texts = read_part(path, sample=2, seed=5)
    assert (rows, texts) == read_part(path, sample=2, seed=5)
    assert sorted(rows) == rows
    assert texts == ["abcd"[row - 1] for row in rows]
    assert read_part(path, sample=9) == read_part(path)
    with pytest.raises(CorpusError, match=r"no row 'tset' in --split.*Did you mean 'test'"):
        read_part(path, split="tset")
    (tmp_path / "l.txt").write_text("a\n\nb\n", encoding="utf-8")
    assert read_part(tmp_path / "l.txt") == ([1, 2], ["a", "b"])
    with pytest.raises(CorpusError, match="leave --split out"):
        read_part(tmp_path / "l.txt", split="test")


def test_labelled_rows_are_read_whatever_their_split(tmp_path: Path) -> None:
    path = table(tmp_path, ["a,x,train", "b,y,test"])
    assert read_labelled(path) == (["a", "b"], ["x", "y"])
    with pytest.raises(CorpusError, match="no label in row 2"):
        read_labelled(table(tmp_path, ["a,x,train", "b,,test"]))
