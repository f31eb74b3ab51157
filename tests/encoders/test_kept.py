"""What is made once and kept, while another process replaces it."""

from __future__ import annotations

import os
import subprocess
import time
import warnings
from pathlib import Path

import pytest

from kgml.artifacts import read_manifest, writing
from kgml.encoders.bound import IN_USE_SECONDS
from kgml.encoders.kept import kept
from kgml.errors import ArtifactError
from kgml.progress import KGMLWarning


def write(path: Path, text: str) -> None:
    with writing(path, "note") as folder:
        (folder / "a.txt").write_text(text)


def test_what_is_replaced_while_it_is_read_is_read_again_and_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "box" / "n"
    write(path, "old")
    reads = []

    def read(path: Path) -> str:
        found = (path / "a.txt").read_text()
        if not reads:  # another process, between two files of one artifact
            write(path, "new")
        reads.append(found)
        if len(reads) == 1:
            raise ArtifactError("the manifest and the file are of two artifacts")
        return found

    def build() -> str:
        raise AssertionError("it was there")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kept(path, read, build) == "new"
    assert reads == ["old", "new"]
    assert read_manifest(path, "note")


def hold(path: Path, size: int, beside: tuple[Path, ...] = ()) -> int:
    """Keep a note of some ``size`` bytes at ``path``; how often it had to be written."""
    built = []

    def build() -> str:
        built.append(1)
        return "x" * size

    kept(
        path, lambda at: (at / "a.txt").read_text(), build, lambda made, at: write(at, made), beside
    )
    return len(built)


def held(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def total(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def used(path: Path, when: float) -> None:
    for one in (path, *path.rglob("*")):
        os.utime(one, (when, when))


def test_what_has_no_place_beside_what_is_in_use_is_not_kept_and_drives_nothing_out(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "10000")
    words, index = tmp_path / "g-words", tmp_path / "g-e-flat"
    assert hold(words, 6000) == 1
    for _ in range(2):
        with pytest.warns(KGMLWarning, match=r"allows 10,000 bytes, and this takes 1.*not kept"):
            assert hold(index, 6000, (words,)) == 1
        assert hold(words, 6000) == 0
    assert held(tmp_path) == {"g-words"}
    monkeypatch.setenv("KGML_CACHE_BYTES", "20000")
    assert [hold(index, 6000, (words,)) for _ in range(2)] == [1, 0]
    assert hold(words, 6000) == 0


def test_what_alone_exceeds_the_bound_is_not_kept_and_drives_nothing_out(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "10000")
    hold(tmp_path / "a-words", 6000)
    with pytest.warns(KGMLWarning, match=r"Set KGML_CACHE_BYTES to 2\d{4} or more") as caught:
        hold(tmp_path / "b-words", 20_000)
    assert len(caught) == 1
    assert held(tmp_path) == {"a-words"}


def test_what_the_folder_itself_is_needed_for_is_refused_if_it_is_too_large(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "1000")
    path = tmp_path / "n"
    with pytest.raises(ArtifactError, match=r"n: KGML_CACHE_BYTES allows 1,000 bytes"):
        kept(path, lambda at: at, lambda: write(path, "x" * 2000) or path)
    assert not path.exists()


def test_what_is_used_together_goes_together(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "16000")
    for name, age in (("a-words", 30), ("b-words", 20), ("a-e-flat", 10)):
        hold(tmp_path / name, 3000)
        os.utime(tmp_path / name / "manifest.json", (1000 - age, 1000 - age))
    hold(tmp_path / "c-words", 6000)  # b was used before a's index
    assert held(tmp_path) == {"a-words", "a-e-flat", "c-words"}
    hold(tmp_path / "d-words", 3000)
    assert held(tmp_path) == {"c-words", "d-words"}
    assert total(tmp_path) <= 16_000


def test_a_bound_that_was_lowered_holds_from_the_next_use(tmp_path, monkeypatch) -> None:
    for name in "abc":
        hold(tmp_path / name, 3000)
    monkeypatch.setenv("KGML_CACHE_BYTES", "5000")
    assert hold(tmp_path / "a", 3000) == 0
    assert held(tmp_path) == {"a"}


def test_unfinished_folders_count_and_go_when_their_process_is_surely_dead(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("KGML_CACHE_BYTES", "10000")
    gone = subprocess.Popen(["true"])
    gone.wait()
    ago = time.time() - 2 * IN_USE_SECONDS
    unfinished = {
        f".x.{gone.pid}.abcd1234": ago, f".y.{gone.pid}.old": ago, ".z.abcd1234": ago,
        f".live.{os.getpid()}.abcd1234": ago, f".young.{gone.pid}.abcd1234": time.time(),
    }  # fmt: skip
    for name, when in unfinished.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_text("x" * 2000)
        used(tmp_path / name, when)
    hold(tmp_path / "a", 3000)
    left = {f".live.{os.getpid()}.abcd1234", f".young.{gone.pid}.abcd1234"}
    assert held(tmp_path) == {"a", *left}
    hold(tmp_path / "b", 3000)  # the 4,000 bytes of both leave no place for two
    assert held(tmp_path) == {"b", *left}
    with pytest.warns(KGMLWarning, match="is not kept"):
        hold(tmp_path / "c", 6000)


def test_a_cache_folder_that_is_a_file_says_what_to_do_about_it(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(
        KGMLWarning, match="Set KGML_CACHE to a folder that can be written"
    ) as caught:
        assert hold(tmp_path / "file" / "box" / "n", 10) == 1
    assert len(caught) == 1
    assert " -o" not in str(caught[0].message)
