"""Tables with planted defects: each is found, named by its rows, and not found where it is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kgml.data.quality.finding import Finding
from kgml.data.quality.look import look
from kgml.data.quality.table import LabelledTable, read_labelled_table
from kgml.errors import CorpusError

WORDS = [f"w{i}" for i in range(400)]


def sentence(rng: np.random.Generator, length: int = 30) -> str:
    return " ".join(rng.choice(WORDS, length)) + "."


def table(rows: int = 200, test: int = 0, seed: int = 0) -> LabelledTable:
    """Two classes that no word tells apart."""
    rng = np.random.default_rng(seed)
    parts = ["train"] * (rows - test) + ["test"] * test
    labels = [("up", "down")[i] for i in rng.integers(2, size=rows)]
    return LabelledTable([sentence(rng) for _ in range(rows)], labels, parts)


def found(of: LabelledTable, name: str) -> Finding:
    (one,) = [finding for finding in look(of) if finding.name == name]
    return one


def rows_of(finding: Finding, wanted: Sequence[int]) -> bool:
    return finding.rows == tuple(i + 1 for i in wanted)


def test_a_clean_table_has_no_finding_worth_a_look() -> None:
    assert [f.name for f in look(table(400, test=100)) if f.weight != "fine"] == []


def test_mojibake_and_lost_bytes_are_found_and_accents_are_not() -> None:
    clean = table()
    clean.texts[3] = "Le café de l’été était fermé, Ålesund, São Paulo, “quoted”."
    assert found(clean, "mojibake").count == 0
    clean.texts[7] = "Le cafÃ© Ã©tait fermÃ©."
    clean.texts[9] = "It isnâ€™t so."
    clean.texts[11] = "The caf\ufffd was closed."
    assert rows_of(found(clean, "mojibake"), [7, 9])
    assert "cafÃ©" in found(clean, "mojibake").evidence
    assert rows_of(found(clean, "replacement characters"), [11])


@pytest.mark.parametrize("text", ["Élan â la carte", "CAFÉ À LA CARTE Â", "naïve façade"])
def test_words_of_other_languages_are_no_mojibake(text: str) -> None:
    planted = table()
    planted.texts[0] = text
    assert found(planted, "mojibake").count == 0


def test_empty_texts_and_missing_labels_are_counted_by_row() -> None:
    planted = table()
    planted.texts[5], planted.texts[6], planted.labels[8] = "", " ?! ", ""
    assert rows_of(found(planted, "empty text"), [5, 6])
    assert rows_of(found(planted, "missing labels"), [8])


def test_exact_and_near_copies_are_told_apart() -> None:
    planted = table()
    planted.texts[20] = planted.texts[10]
    planted.texts[40] = planted.texts[30] + " Added."
    assert rows_of(found(planted, "exact duplicates"), [20])
    assert rows_of(found(planted, "near duplicates"), [40])


def test_equal_texts_with_other_labels_are_a_conflict_and_with_the_same_are_none() -> None:
    planted = table()
    planted.texts[20], planted.labels[10], planted.labels[20] = planted.texts[10], "up", "down"
    planted.texts[60], planted.labels[50], planted.labels[60] = planted.texts[50], "up", "up"
    conflict = found(planted, "conflicting labels")
    assert rows_of(conflict, [10, 20])
    assert "row 11 'up', row 21 'down'" in conflict.evidence
    assert found(planted, "near conflicts").count == 0


def test_a_test_text_that_is_near_a_training_text_leaks() -> None:
    planted = table(400, test=100)
    planted.texts[350] = planted.texts[10] + " Added."
    planted.texts[360] = planted.texts[361]
    leak = found(planted, "leakage")
    assert rows_of(leak, [350])
    assert leak.count == 1


def test_a_token_that_gives_the_class_away_is_named() -> None:
    planted = table()
    up = [i for i, label in enumerate(planted.labels) if label == "up"]
    for i in up[: len(up) // 2]:
        planted.texts[i] = f"[SRC-7] {planted.texts[i]}"
    tokens = found(planted, "give-away tokens")
    assert tokens.weight != "fine"
    assert "'[src-7]'" in tokens.evidence
    assert tokens.rows[0] == up[0] + 1


def test_the_length_and_a_column_that_tell_the_label_are_shortcuts() -> None:
    rng = np.random.default_rng(1)
    plain = table()
    texts = [sentence(rng, 20 if label == "up" else 40) for label in plain.labels]
    source = ["wire" if label == "up" else "blog" for label in plain.labels]
    planted = LabelledTable(
        texts, plain.labels, plain.parts, {"source": source, "day": WORDS[:200]}
    )
    assert found(planted, "length").weight == "serious"
    assert "'source' alone guesses 100%" in found(planted, "source column").what


def test_one_large_class_is_imbalance() -> None:
    planted = table()
    planted.labels[:] = ["up"] * 197 + ["down"] * 3
    assert found(planted, "imbalance").weight == "serious"
    assert "65.7 to 1" in found(planted, "imbalance").evidence


def test_a_sentence_in_every_tenth_text_is_boilerplate() -> None:
    planted = table()
    for i in range(0, 200, 10):
        planted.texts[i] += " All rights are reserved by us."
    assert found(planted, "boilerplate").count == 20
    assert "All rights are reserved by us." in found(planted, "boilerplate").evidence


def test_a_text_twenty_times_as_long_is_an_outlier() -> None:
    planted = table()
    planted.texts[4] = sentence(np.random.default_rng(2), 600)
    assert rows_of(found(planted, "length outliers"), [4])


def test_a_test_part_of_other_labels_and_words_has_drifted() -> None:
    planted = table(400, test=100)
    rng = np.random.default_rng(3)
    planted.labels[300:] = ["up"] * 90 + ["down"] * 10
    planted.texts[300:] = [" ".join(rng.choice(WORDS[:150], 30)) for _ in range(100)]
    assert found(planted, "drift of labels").weight == "serious"
    assert found(planted, "drift of words").weight == "serious"
    assert found(planted, "drift of lengths").weight == "fine"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"text,label\nA\x00B,up\n", "byte 12 is zero, so this is a binary file"),
        ("t.csv", b"body,label\na,up\nb,down\n", "no column 'text'"),
        ("t.csv", b"text,label\na,up\nb,up\n", "one class only"),
        ("t.csv", b"text,label\n", "no rows in it"),
        ("t.csv", b"text,label\na,\nb,\n", "no label in column 'label' of 2 rows"),
        ("t.csv", b"text,label,split\na,up,test\nb,down,test\n", "fewer than two classes among the training"),
        ("t.jsonl", json.dumps({"text": 3, "label": "up"}).encode(), "not a string but int"),
        ("t.csv", b"", "the file is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=words):
        read_labelled_table(tmp_path / name)


def test_a_table_is_read_with_its_blanks_and_other_columns(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(
        "text,label,split,source\na,up,Train,x\n,down,train,y\ne,down,train,y\nc,,eval,x\nd,down,dev,y\n"
    )
    read = read_labelled_table(file)
    assert read.texts == ["a", "", "e", "c", "d"]
    assert read.labels == ["up", "down", "down", "", "down"]
    assert read.parts == ["train", "train", "train", "test", "dev"]
    assert read.others == {"source": ["x", "y", "y", "x", "y"]}
