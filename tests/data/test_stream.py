"""Documents of files and folders, streamed; what is no text is refused by name."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgml.data.stream import Source, columns_of, documents, files_of, pieces
from kgml.errors import CorpusError, UsageError


def read(*paths: Path, **options: str) -> list[str]:
    return list(documents(Source(paths, **options)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One text in each format, in files of rising names."""
    (tmp_path / "a.txt").write_text("of lines\n\n  and blanks \n", encoding="utf-8")
    (tmp_path / "b.csv").write_text('text,split\n"one, two",train\n,train\nthree,test\n')
    rows = [{"text": "four", "split": "test"}, {"text": None, "split": "train"}]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pq.write_table(
        pa.table({"text": ["five", "six"], "split": ["Train", "x"]}), tmp_path / "d.parquet"
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "e.tsv").write_text("id\ttext\n1\tseven\n")
    (tmp_path / "deep" / "ignored.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("no")
    return tmp_path


def test_a_folder_gives_all_its_texts_in_the_order_of_names(folder: Path) -> None:
    found = read(folder)
    assert found == ["of lines", "and blanks", "one, two", "three", "four", "five", "six", "seven"]
    assert read(folder / "deep" / "e.tsv", folder)[0] == "seven"
    assert len(files_of([folder / "a.txt", folder])) == 5  # each once


def test_only_the_rows_of_a_split_are_read(folder: Path) -> None:
    tables = [folder / name for name in ("b.csv", "c.jsonl", "d.parquet")]
    assert read(*tables, split="train") == ["one, two", "five"]
    with pytest.raises(CorpusError, match=r"b\.csv: no row 'dev' in --split; choose from test, tr"):
        read(folder / "b.csv", split="dev")


def test_a_text_file_is_cut_into_lines_paragraphs_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one\ntwo\n\n\nthree\n")
    assert read(file) == read(file, unit="paragraph") == ["one\ntwo", "three"]
    assert read(file, unit="line") == ["one", "two", "three"]
    assert read(file, unit="file") == ["one\ntwo\n\n\nthree"]
    (tmp_path / "b.txt").write_text("one\ntwo\n")
    assert read(tmp_path / "b.txt") == ["one", "two"]
    with pytest.raises(UsageError, match="no unit named 'lines'"):
        read(file, unit="lines")


def test_a_long_document_comes_in_pieces_that_say_the_same() -> None:
    text = " ".join(["word"] * 1_000)
    cut = list(pieces(text, 99))
    assert max(map(len, cut)) <= 99
    assert " ".join(cut) == text
    assert list(pieces("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("w") as out:
        out.write("text\n")
        for number in range(100_000):
            out.write(f"{number} " + "word " * 20 + "\n")
    assert file.stat().st_size > 10_000_000
    tracemalloc.start()
    assert sum(1 for _ in documents(Source((file,)))) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_file_that_is_one_line_is_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "line.txt"
    file.write_text("word " * 1_000_000)
    found = read(file)
    assert sum(len(text.split()) for text in found) == pytest.approx(1_000_000, abs=len(found))
    assert max(map(len, found)) <= 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", r"a\.txt: the file is empty"),
        ("a.txt", b"ab\0cd", r"a\.txt: byte 2 is zero, so this is a binary file"),
        ("a.csv", b"text\n\0", r"byte 5 is zero, so this is a binary file"),
        ("a.txt", b"ab\xff", r"a\.txt: byte 2 is not UTF-8"),
        (
            "a.csv",
            b"body,label\nx,y\n",
            r"no column 'text'; choose from body, label\. Name it with",
        ),
        ("a.csv", b"text,label\n", r"a\.csv: no rows in it"),
        ("a.csv", b"text,label\nx\n", r"line 2: 1 fields, the header has 2"),
        ("a.csv", b'text\n"x\n', r"line 2: not a table"),
        ("a.jsonl", b'{"body": "x"}\n', r"no column 'text'; choose from body"),
        ("a.jsonl", b'{"text": "x"}\n{"body": "y"}\n', r"line 2: no 'text', which others have"),
        ("a.jsonl", b'{"text": 5}\n', r"row 1: 5 is no text\. Check --text-column"),
        ("a.jsonl", b'{"text": \n', r"line 1: not JSON"),
        ("a.jsonl", b"\n", r"a\.jsonl: no rows in it"),
        ("a.parquet", b"PAR1", r"not readable as Parquet"),
        ("a.png", b"x", r"'\.png' is nothing kgml reads texts from; use \.txt"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=words):
        read(tmp_path / name)


def test_missing_files_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file or folder"):
        read(tmp_path / "none.txt")
    with pytest.raises(CorpusError, match="no file in this folder that kgml reads"):
        read(tmp_path)


def test_columns_are_those_of_tables_alone(folder: Path) -> None:
    names = ("a.txt", "b.csv", "c.jsonl", "d.parquet", "deep")
    found = [columns_of(folder / name) for name in names]
    assert found == [[], ["text", "split"], ["text", "split"], ["text", "split"], []]
