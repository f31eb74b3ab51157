"""What was hashed is not hashed again until it is touched."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import artifacts
from kgml.artifacts import writing
from kgml.encoders import unchanged
from kgml.encoders.unchanged import verify
from kgml.errors import ArtifactError


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder of two files, long since written."""
    with writing(tmp_path / "kept" / "a", "thing") as folder:
        (folder / "large").write_bytes(b"x" * 1000)
        (folder / "small").write_bytes(b"y")
    return tmp_path / "kept" / "a"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose sha256 is taken."""
    names: list[str] = []
    real = artifacts.sha256

    def sha256(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(artifacts, "sha256", sha256)
    return names


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where is noted what was verified; files settle at once."""
    monkeypatch.setattr(unchanged, "SETTLED", 0)
    return tmp_path / "records"


def test_files_are_hashed_once(made, records, hashed) -> None:
    for _ in range(3):
        verify(made, "thing", records)
    assert hashed == ["large", "small"]


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    with file.open("r+b") as stream:
        stream.write(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "truncated": lambda file: os.truncate(file, 300),
    "emptied": lambda file: file.write_bytes(b""),
    "overwritten": lambda file: file.write_bytes(b"hello"),
    "replaced": lambda file: (file.unlink(), file.write_bytes(b"z" * 1000)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("disguised", [False, True])
def test_what_was_touched_is_noticed_also_if_its_time_was_set_back(
    made, records, damage, disguised
) -> None:
    for _ in range(2):
        verify(made, "thing", records)
    times = (made / "large").stat()
    time.sleep(0.02)  # clocks of file systems are coarse
    DAMAGES[damage](made / "large")
    if disguised:
        os.utime(made / "large", ns=(times.st_atime_ns, times.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(ArtifactError, match="large: changed since it was saved"):
            verify(made, "thing", records)


def test_a_file_that_is_missing_is_noticed(made, records) -> None:
    verify(made, "thing", records)
    (made / "large").unlink()
    with pytest.raises(ArtifactError, match="large: missing"):
        verify(made, "thing", records)


def test_a_file_that_was_touched_but_not_changed_is_hashed_again_once(
    made, records, hashed
) -> None:
    verify(made, "thing", records)
    hashed.clear()
    time.sleep(0.02)
    (made / "small").touch()
    for _ in range(2):
        verify(made, "thing", records)
    assert hashed == ["small"]


def test_a_file_just_written_is_hashed_again(made, tmp_path, hashed) -> None:
    for _ in range(2):
        verify(made, "thing", tmp_path / "records")
    assert hashed == ["large", "small"] * 2


def test_another_artifact_of_the_same_name_is_hashed(made, records, hashed) -> None:
    verify(made, "thing", records)
    with writing(made, "thing") as folder:
        (folder / "large").write_bytes(b"other")
    hashed.clear()
    verify(made, "thing", records)
    assert hashed == ["large"]


@pytest.mark.parametrize("content", ["", "[]", '{"large": 1}', "{}"])
def test_a_damaged_record_is_as_none(made, records, hashed, content) -> None:
    verify(made, "thing", records)
    hashed.clear()
    (records / "a.json").write_text(content)
    verify(made, "thing", records)
    assert hashed == ["large", "small"]


def test_without_a_place_for_records_files_are_hashed_each_time(made, tmp_path, hashed) -> None:
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        verify(made, "thing", tmp_path / "file" / "records")
    assert len(hashed) == 4


def test_records_of_folders_that_are_gone_go_too(made, records) -> None:
    verify(made, "thing", records)
    made.rename(made.with_name("b"))
    verify(made.with_name("b"), "thing", records)
    assert [file.name for file in records.iterdir()] == ["b.json"]
