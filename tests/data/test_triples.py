"""Link-prediction sets: what is read, what is left out, and what leaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgml.data.triples import (
    TripleSplits,
    alike_relations,
    leakage,
    read_splits,
    without_leakage,
)
from kgml.errors import CorpusError

Rows = list[tuple[str, str, str]]


def read(folder: Path, train: Rows, valid: Rows, test: Rows) -> TripleSplits:
    files = []
    for name, rows in (("train", train), ("valid", valid), ("test", test)):
        files.append(folder / f"{name}.tsv")
        files[-1].write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return read_splits(*files)


def test_numbers_follow_sorted_names_and_rows_keep_their_order(tmp_path: Path) -> None:
    splits = read(
        tmp_path, [("b", "q", "a"), ("a", "p", "c")], [("c", "p", "a")], [("a", "q", "b")]
    )
    assert (splits.entities, splits.relations) == (("a", "b", "c"), ("p", "q"))
    assert splits.train.tolist() == [[1, 1, 0], [0, 0, 2]]
    assert (splits.valid.tolist(), splits.test.tolist()) == ([[2, 0, 0]], [[0, 1, 1]])
    assert len(splits.known) == 4
    assert (splits.duplicates, splits.unknown) == (0, {"valid": 0, "test": 0})


def test_rows_that_stand_twice_are_one_and_counted(tmp_path: Path) -> None:
    splits = read(tmp_path, [("a", "p", "b")] * 3, [("b", "p", "a")], [("a", "p", "a")] * 2)
    assert (len(splits.train), len(splits.test), splits.duplicates) == (1, 1, 3)


def test_names_that_training_never_saw_are_left_out_and_counted(tmp_path: Path) -> None:
    splits = read(
        tmp_path,
        [("b", "p", "c")],
        [("b", "p", "b"), ("b", "new", "c")],
        [("c", "p", "b"), ("a", "p", "c"), ("c", "p", "z")],
    )
    assert (splits.entities, splits.relations) == (("b", "c"), ("p",))
    assert splits.test.tolist() == [[1, 0, 0]]
    assert splits.unknown == {"valid": 1, "test": 2}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tp\n", "line 1: found 2 fields, 2 of them not empty; wanted head, relation and tail"),
        ("a\tp\tb\na\t\tb\n", "line 2: found 3 fields, 2 of them not empty"),
        ("a p b\n", "line 1: found 1 fields"),
        ("", "no triple in it"),
        ("\n\n", "no triple in it"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
    ],
)
def test_a_file_that_holds_no_triples_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    good, bad = tmp_path / "good.tsv", tmp_path / "bad.tsv"
    good.write_text("a\tp\tb\n", encoding="utf-8")
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError, match=r"bad\.tsv") as refused:
        read_splits(good, bad, good)
    assert words in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.tsv: no such file"):
        read_splits(tmp_path / "none.tsv", tmp_path / "none.tsv", tmp_path / "none.tsv")


def test_sets_without_a_common_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="none of the 1 test triples names only entities"):
        read(tmp_path, [("a", "p", "b")], [("a", "p", "a")], [("x", "p", "y")])


PARENTS: Rows = [(f"c{i}", "child_of", f"p{i}") for i in range(10)]
INVERSE: Rows = [(f"p{i}", "parent_of", f"c{i}") for i in range(10)]
SAME: Rows = [(f"c{i}", "kid_of", f"p{i}") for i in range(10)]


def test_inverse_and_duplicate_relations_are_found_by_their_pairs(tmp_path: Path) -> None:
    other: Rows = [("c1", "likes", "p1"), ("c1", "likes", "c2")]
    friends: Rows = [("c3", "friend", "c4"), ("c4", "friend", "c3")]
    splits = read(tmp_path, PARENTS + INVERSE + SAME + other + friends, PARENTS[:1], PARENTS[1:2])
    same, turned = alike_relations(splits.train, len(splits.relations))
    name = splits.relations
    assert {(name[r], name[s]) for r, s in np.argwhere(same)} == {
        ("child_of", "kid_of"), ("kid_of", "child_of")
    }  # fmt: skip
    assert {(name[r], name[s]) for r, s in np.argwhere(turned)} == {
        ("child_of", "parent_of"), ("parent_of", "child_of"), ("friend", "friend"),
        ("kid_of", "parent_of"), ("parent_of", "kid_of"),
    }  # fmt: skip


def test_training_triples_that_answer_a_test_triple_are_counted_and_removed(tmp_path: Path) -> None:
    # Of the last pair only the inverse and the duplicate are in training.
    train = PARENTS[:9] + INVERSE + SAME + [("c9", "likes", "p9")]
    splits = read(tmp_path, train, [("c1", "likes", "p1")], PARENTS[9:] + SAME[:1])
    # c9-p9 is told by parent_of and kid_of; c0-p0 by child_of, parent_of and as it stands.
    assert leakage(splits) == {"duplicate": 2, "inverse": 2, "seen": 1}
    clean = without_leakage(splits)
    assert clean.removed == 5
    assert len(clean.train) == len(train) - 5
    assert leakage(clean) == {"duplicate": 0, "inverse": 0, "seen": 0}


@pytest.mark.parametrize("other", ["inverse", "duplicate"])
def test_relations_are_told_alike_however_the_set_was_split(tmp_path: Path, other: str) -> None:
    pairs = sorted({(f"c{i}", f"p{(i * step) % 60}") for i in range(60) for step in (1, 7)})
    rows: Rows = [(child, "below", parent) for child, parent in pairs]
    rows += [(p, "above", c) if other == "inverse" else (c, "under", p) for c, p in pairs]
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = [rows[i] for i in order]  # 60/20/20: in training a pair overlaps to .6
    splits = read(tmp_path, shuffled[:144], shuffled[144:192], shuffled[192:])
    test = {splits.entities[h] + " " + splits.entities[t] for h, _, t in splits.test}
    told = sum(
        f"{splits.entities[h]} {splits.entities[t]}" in test
        or f"{splits.entities[t]} {splits.entities[h]}" in test
        for h, _, t in splits.train
    )
    assert leakage(splits)[other] == told >= 20
    clean = without_leakage(splits)
    assert clean.removed == told
    assert leakage(clean)[other] == 0


def test_what_was_removed_stays_true_where_ranks_are_filtered(tmp_path: Path) -> None:
    train: Rows = [*PARENTS, *INVERSE[:9], ("c9", "likes", "p9")]
    splits = read(tmp_path, train, [("c0", "likes", "p0")], INVERSE[9:])
    clean = without_leakage(splits)
    assert clean.removed == 1
    assert len(clean.known) == len(splits.known)


def test_a_set_tested_on_what_it_learned_has_nothing_left(tmp_path: Path) -> None:
    splits = read(tmp_path, PARENTS, PARENTS[:1], PARENTS)
    assert leakage(splits)["seen"] == 10
    with pytest.raises(CorpusError, match="all 10 training triples answer a test triple"):
        without_leakage(splits)
