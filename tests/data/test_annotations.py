"""Gold mentions are read as they are, or refused by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kgml.data.annotations import Annotation, read_gold
from kgml.errors import CorpusError
from kgml.progress import KGMLWarning

FEVER: dict[str, Any] = {"start": 3, "end": 8, "text": "fever", "id": "T:3"}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def row(*mentions: object, **more: object) -> dict[str, object]:
    return {"text": "No fever.", "mentions": list(mentions), **more}


def test_texts_and_mentions_are_read_in_order(tmp_path: Path) -> None:
    bare = {"start": 3, "end": 8, "id": " T:3 ", "type": "ignored"}
    texts, gold = read_gold(write(tmp_path, row(FEVER, bare), row()))
    assert texts == ["No fever."] * 2
    assert gold == [[Annotation(3, 8, "fever", "T:3")] * 2, []]


def test_a_split_picks_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path, row(split="dev"), row(FEVER, split="test"), row())
    assert [len(mentions) for mentions in read_gold(path, "test")[1]] == [1]
    assert len(read_gold(path)[0]) == 3
    with pytest.raises(CorpusError, match=r"no line of the split 'tset'; .*Did you mean 'test'\?"):
        read_gold(path, "tset")
    with pytest.raises(CorpusError, match=r"no line has a field 'split'\. Leave --split out"):
        read_gold(write(tmp_path, row()), "dev")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"mentions": []}, "line 3: no field 'text', wanted a string"),
        ({"text": "a", "mention": []}, "no field 'mentions', wanted a list; .*mean 'mention'"),
        ({"text": 7, "mentions": []}, "line 3: 'text' is 7, wanted a string"),
        ({"text": "a", "mentions": {}}, "'mentions' is an object, wanted a list"),
        (row(FEVER, 3), "line 3, mention 2: found 3, wanted an object with start, end and id"),
        (row({**FEVER, "start": "3"}), "mention 1: 'start' is a string, wanted a whole number"),
        (row({**FEVER, "start": True}), "'start' is True, wanted a whole number"),
        (row({**FEVER, "end": 3}), "found start 3 and end 3 in a text of 9 characters"),
        (row({**FEVER, "start": 9, "end": 12}), "wanted a start within the text"),
        (row({**FEVER, "id": None}), "'id' is null, wanted a string"),
        (row({**FEVER, "id": " "}), "'id' is empty, wanted a string with words"),
        (row({**FEVER, "text": 5}), "'text' is 5, wanted a string with words"),
        ([1], "line 3: wanted an object with named fields"),
    ],
)
def test_a_malformed_line_is_named_with_what_was_found_and_wanted(
    tmp_path: Path, second: object, message: str
) -> None:
    path = write(tmp_path, row(FEVER), second)
    with pytest.raises(CorpusError, match=message) as refusal:
        read_gold(path)
    assert str(refusal.value).startswith(f"{path}, line 3")


def test_a_file_that_is_no_jsonl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        read_gold(tmp_path / "no.jsonl")
    table = tmp_path / "gold.csv"
    table.write_text("text\na\n")
    with pytest.raises(CorpusError, match=r"found '.csv', wanted gold mentions as \.jsonl"):
        read_gold(table)
    path = tmp_path / "gold.jsonl"
    path.write_bytes(b'{"text": "caf\xe9"}')
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_gold(path)
    path.write_text('{"text": ')
    with pytest.raises(CorpusError, match="line 1: not JSON"):
        read_gold(path)
    path.write_text("\n")
    with pytest.raises(CorpusError, match="no lines in it"):
        read_gold(path)


def test_offsets_beside_the_words_are_counted_once(tmp_path: Path) -> None:
    path = write(tmp_path, row(FEVER, {**FEVER, "start": 2}), row({**FEVER, "end": 99}))
    with pytest.warns(
        KGMLWarning, match="2 of 3 gold mentions .* 'fever' in text 1, where ' fever'"
    ):
        read_gold(path)
