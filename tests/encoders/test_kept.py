"""What is made once and kept, while another process replaces it."""

from __future__ import annotations

import warnings
from pathlib import Path

from kgml.artifacts import read_manifest, writing
from kgml.encoders.kept import kept
from kgml.errors import ArtifactError


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
