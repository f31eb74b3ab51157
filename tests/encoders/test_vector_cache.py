"""The cache: bit-identical, shared by processes, and never a silently wrong vector."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import warnings
from pathlib import Path

import numpy as np
import pytest

from kgml.encoders.cache import VectorCache, text_key
from kgml.errors import UsageError
from kgml.progress import KGMLWarning

D = 8
KEYS = [text_key(f"text {i}") for i in range(1200)]
ROWS = np.random.default_rng(0).normal(size=(1200, D)).astype(np.float32)
COUNTS = np.arange(1200)


def fill(folder: Path, rows: np.ndarray = ROWS) -> Path:
    with VectorCache(folder, "f" * 64, D) as cache:
        cache.put(KEYS, rows, COUNTS)
    return cache.path


def read(folder: Path, dimension: int = D) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, counts = np.zeros((1200, dimension), np.float32), np.zeros(1200, np.int64)
    with VectorCache(folder, "f" * 64, dimension) as cache:
        return cache.get(KEYS, rows, counts), rows, counts


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_hit_is_bit_identical(tmp_path) -> None:
    fill(tmp_path)
    found, rows, counts = read(tmp_path)
    assert found.all()
    assert rows.tobytes() == ROWS.tobytes()
    np.testing.assert_array_equal(counts, COUNTS)


def test_what_was_never_put_is_a_miss(tmp_path) -> None:
    found, rows, _ = read(tmp_path)
    assert not found.any()
    assert not rows.any()


def test_the_first_vector_of_a_text_stays(tmp_path) -> None:
    fill(tmp_path)
    fill(tmp_path, ROWS + 1)
    assert read(tmp_path)[1].tobytes() == ROWS.tobytes()


def test_a_changed_bit_is_a_miss_and_is_counted(tmp_path) -> None:
    path = fill(tmp_path)
    for row in (3, 4):
        changed = ROWS[row].copy()
        changed[2] = np.nextafter(changed[2], 9)
        blob, key = changed.tobytes().hex(), KEYS[row].hex()
        change(path, f"UPDATE vectors SET vector = x'{blob}' WHERE key = x'{key}'")
    with pytest.warns(KGMLWarning, match="2 damaged rows; these texts are encoded again"):
        found, rows, _ = read(tmp_path)
    assert np.flatnonzero(~found).tolist() == [3, 4]
    assert not rows[3:5].any()
    fill(tmp_path)
    assert read(tmp_path)[1].tobytes() == ROWS.tobytes()


@pytest.mark.parametrize("value", ["x'0011'", "'words'", "7"])
def test_a_value_of_the_wrong_kind_is_a_miss(tmp_path, value) -> None:
    path = fill(tmp_path)
    change(path, f"UPDATE vectors SET vector = {value} WHERE key = x'{KEYS[5].hex()}'")
    with pytest.warns(KGMLWarning, match="1 damaged rows"):
        found, _, _ = read(tmp_path)
    assert np.flatnonzero(~found).tolist() == [5]


def test_vectors_of_another_length_are_misses(tmp_path) -> None:
    fill(tmp_path)
    with pytest.warns(KGMLWarning, match="1,200 damaged rows"):
        found, _, _ = read(tmp_path, dimension=D + 1)
    assert not found.any()


def test_a_file_that_is_no_database_is_moved_aside_and_begun_again(tmp_path) -> None:
    path = fill(tmp_path)
    path.write_bytes(b"not a database, " * 1000)
    with pytest.warns(KGMLWarning, match=r"damaged .*; moved to .*\.damaged and begun again"):
        found, _, _ = read(tmp_path)
    assert not found.any()
    assert path.with_suffix(".damaged").read_bytes().startswith(b"not a database")
    fill(tmp_path)
    assert read(tmp_path)[0].all()


def test_a_page_overwritten_in_the_middle_is_noticed(tmp_path) -> None:
    path = fill(tmp_path)
    data = bytearray(path.read_bytes())
    for start in range(16384, len(data), 16384):
        data[start : start + 4000] = b"\xff" * 4000
    path.write_bytes(data)
    with pytest.warns(KGMLWarning, match="damaged"):
        found, rows, _ = read(tmp_path)
    np.testing.assert_array_equal(rows[found], ROWS[found])
    fill(tmp_path)
    assert read(tmp_path)[1].tobytes() == ROWS.tobytes()


def test_an_empty_file_is_a_new_cache(tmp_path) -> None:
    path = fill(tmp_path)
    path.write_bytes(b"")
    assert not read(tmp_path)[0].any()


def test_a_database_with_other_columns_is_moved_aside(tmp_path) -> None:
    path = fill(tmp_path)
    change(path, "ALTER TABLE vectors RENAME COLUMN tokens TO words")
    with pytest.warns(KGMLWarning, match="no such column"):
        found, _, _ = read(tmp_path)
    assert not found.any()


def _write(folder: Path, shift: int) -> None:
    with VectorCache(folder, "f" * 64, D) as cache:
        for start in range(0, 1200, 50):
            part = slice(start, start + 50)
            cache.put(KEYS[part], ROWS[part] + shift, COUNTS[part])


def _churn(folder: Path, letter: str) -> None:
    os.environ["KGML_CACHE_BYTES"] = "100000"
    warnings.simplefilter("error")
    for start in range(0, 1200, 5):
        with VectorCache(folder, letter * 64, D) as cache:
            part = slice(start, start + 5)
            cache.put(KEYS[part], ROWS[part], COUNTS[part])


def test_processes_with_other_models_may_open_close_and_throw_out_at_once(tmp_path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_churn, args=(tmp_path, letter)) for letter in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]


def test_two_processes_may_write_at_once(tmp_path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path, shift)) for shift in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    found, rows, _ = read(tmp_path)
    assert found.all()
    assert ((rows == ROWS) | (rows == ROWS + 1)).all()


def test_the_oldest_vectors_go_when_the_file_is_full(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "400000")
    wide, tokens = np.ones((50, 384), np.float32), np.arange(50)
    keys = [text_key(f"wide {i}") for i in range(2000)]
    with VectorCache(tmp_path, "f" * 64, 384) as cache:
        for start in range(0, 2000, 50):
            cache.put(keys[start : start + 50], wide * start, tokens)
        rows, counts = np.zeros((2000, 384), np.float32), np.zeros(2000, np.int64)
        found = cache.get(keys, rows, counts)
    assert sum(f.stat().st_size for f in cache.path.parent.iterdir()) <= 400_000
    assert found[-50:].all()
    assert not found[:1000].any()
    assert 100 < found.sum() < 400
    np.testing.assert_array_equal(rows[found, 0], np.arange(2000)[found] // 50 * 50)


def test_a_bound_that_was_lowered_holds_when_the_file_is_opened(tmp_path, monkeypatch) -> None:
    path = fill(tmp_path)
    monkeypatch.setenv("KGML_CACHE_BYTES", "100000")
    assert path.stat().st_size > 100_000
    found, rows, _ = read(tmp_path)
    assert path.stat().st_size <= 100_000
    assert 0 < found.sum() < 1200
    assert rows[found].tobytes() == ROWS[found].tobytes()


def test_files_of_other_models_go_first_those_used_longest_ago(tmp_path, monkeypatch) -> None:
    paths = []
    for age, letter in enumerate("abc"):
        with VectorCache(tmp_path, letter * 64, D) as cache:
            cache.put(KEYS, ROWS, COUNTS)
        os.utime(cache.path, (1000 + age, 1000 + age))
        paths.append(cache.path)
    monkeypatch.setenv("KGML_CACHE_BYTES", str(3 * paths[0].stat().st_size))
    fill(tmp_path)
    assert [path.exists() for path in (paths[0], paths[2])] == [False, True]
    assert read(tmp_path)[0].all()


@pytest.mark.parametrize("value", ["4 GB", "0", "-1", ""])
def test_a_bound_that_is_no_number_is_refused(tmp_path, monkeypatch, value) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", value)
    with pytest.raises(UsageError, match="wanted a number of bytes"):
        VectorCache(tmp_path, "f" * 64, D)


def test_half_an_emoji_has_a_key_of_its_own() -> None:
    assert len({text_key("\ud83e"), text_key("\ud83d"), text_key("?"), text_key("")}) == 4
    assert len(text_key("a")) == 16
