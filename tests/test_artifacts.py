"""Saved folders: all or nothing, nothing lost, every change found."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import artifacts
from kgml.artifacts import (
    Manifest,
    check_target,
    read_manifest,
    sha256,
    to_json,
    write_file,
    writing,
)
from kgml.errors import ArtifactError

ROOT = Path(__file__).resolve().parents[1]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make(content)`` writes the artifact ``a`` of kind "thing" with two files."""

    def write_thing(content: str = "one", kind: str = "thing") -> Path:
        path = tmp_path / "a"
        with writing(path, kind, seed=3, made_from={"x": "y"}, command="kgml make") as folder:
            (folder / "data.txt").write_text(content)
            (folder / "inner").mkdir()
            (folder / "inner" / "more.txt").write_text("more")
        return path

    return write_thing


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, hidden ones included."""
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def change_manifest(path: Path, **changed: object) -> None:
    """As somebody would who knows that the manifest carries its own sha256."""
    file = path / "manifest.json"
    fields = json.loads(file.read_text(encoding="utf-8")) | changed
    del fields["sha256"]
    seal = hashlib.sha256(to_json(fields).encode()).hexdigest()
    file.write_text(to_json({**fields, "sha256": seal}), encoding="utf-8")


def test_the_manifest_says_what_was_written_and_from_what(make: Make) -> None:
    path = make()
    manifest = read_manifest(path, "thing")
    assert set(manifest.files) == {"data.txt", "inner/more.txt"}
    assert manifest.files["data.txt"] == sha256(path / "data.txt")
    assert (manifest.kind, manifest.seed, manifest.command) == ("thing", 3, "kgml make")
    assert manifest.made_from == {"x": "y"}
    assert manifest.format_version == artifacts.FORMAT_VERSION
    assert "numpy" in manifest.versions


def test_the_same_content_gives_the_same_bytes(make: Make, tmp_path: Path) -> None:
    first = contents(make())
    assert contents(make()) == first
    assert set(os.listdir(tmp_path)) == {"a"}


def test_equal_content_has_an_equal_fingerprint_and_changed_content_another() -> None:
    one = Manifest("thing", {"a": "1", "b": "2"})
    assert one.fingerprint == Manifest("other", {"b": "2", "a": "1"}, seed=9).fingerprint
    assert one.fingerprint != Manifest("thing", {"a": "1", "b": "3"}).fingerprint


def test_what_is_filled_into_the_summary_inside_the_block_is_written(tmp_path: Path) -> None:
    summary: dict[str, int] = {}
    with writing(tmp_path / "a", "thing", summary=summary) as folder:
        (folder / "x").write_text("x")
        summary["rows"] = 5
    assert read_manifest(tmp_path / "a").summary == {"rows": 5}


def test_folders_above_are_made(tmp_path: Path) -> None:
    with writing(tmp_path / "b" / "c" / "a", "thing") as folder:
        (folder / "x").write_text("x")
    assert read_manifest(tmp_path / "b" / "c" / "a", "thing")


# All or nothing


def write_half(path: Path, error: type[BaseException]) -> None:
    with writing(path, "thing") as folder:
        (folder / "data.txt").write_text("new")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, ArtifactError])
def test_an_exception_while_writing_leaves_what_was_there(
    make: Make, tmp_path: Path, error: type[BaseException]
) -> None:
    before = contents(make("old"))
    with pytest.raises(error):
        write_half(tmp_path / "a", error)
    assert contents(tmp_path / "a") == before
    assert os.listdir(tmp_path) == ["a"], "a temporary folder was left behind"


def test_an_exception_while_writing_for_the_first_time_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "a", RuntimeError)
    assert os.listdir(tmp_path) == []


def test_a_second_writing_replaces_the_whole_folder(make: Make, tmp_path: Path) -> None:
    make("old")
    with writing(tmp_path / "a", "thing") as folder:
        (folder / "only.txt").write_text("new")
    assert set(contents(tmp_path / "a")) == {"manifest.json", "only.txt"}
    assert os.listdir(tmp_path) == ["a"]


def _write_often(path: Path, text: str) -> None:
    for turn in range(120):
        with writing(path, "note") as folder:
            (folder / f"{text}-{turn}.txt").write_text(text)


def _look_often(path: Path) -> None:
    for _ in range(3000):
        check_target(path, "note", by_hand=True)


def test_two_processes_may_replace_the_same_folder_while_a_third_looks(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "box" / "n"
    processes = [
        context.Process(target=_write_often, args=(path, "one")),
        context.Process(target=_write_often, args=(path, "two")),
        context.Process(target=_look_often, args=(path,)),
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    read_manifest(path, "note")
    assert list(path.parent.iterdir()) == [path]


def test_something_else_at_that_place_is_left_alone(make: Make, tmp_path: Path) -> None:
    make()
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "a", papers, tmp_path / "file"):
        wanted = "holds something that is not a kgml model; it is left alone. Choose another -o"
        with pytest.raises(ArtifactError, match=wanted), writing(place, "model"):
            pytest.fail("the block was entered")
    assert (papers / "thesis.txt").read_text() == "years of work"
    assert read_manifest(tmp_path / "a", "thing")


def test_an_empty_folder_may_be_written_into(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with writing(tmp_path / "a", "thing") as folder:
        (folder / "x").write_text("x")
    assert read_manifest(tmp_path / "a", "thing")


@pytest.mark.parametrize("name", [".", "", "../here"])
def test_the_folder_one_is_in_is_not_replaced(tmp_path: Path, monkeypatch, name: str) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ArtifactError, match="is the folder you are in"):
        check_target(Path(name), "thing")
    assert os.listdir(tmp_path) == ["here"]


def test_a_parent_that_is_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    below = tmp_path / "file" / "a"
    wanted = r"file/a: could not be written"
    with pytest.raises(ArtifactError, match=wanted), writing(below, "thing"):
        pytest.fail("the block was entered")
    with pytest.raises(ArtifactError, match="could not be written"):
        write_file(tmp_path / "file" / "out.csv", "x")


def test_write_file_replaces_in_one_step_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_file(tmp_path / "sub" / "out.txt", "one")
    write_file(tmp_path / "sub" / "out.txt", b"two")
    assert contents(tmp_path) == {"sub/out.txt": b"two"}


FULL = """\
import resource, signal, sys
from pathlib import Path
from kgml.artifacts import write_file, writing
from kgml.errors import ArtifactError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    if sys.argv[1] == "folder":
        with writing(Path("a"), "thing") as folder:
            (folder / "data.txt").write_bytes(b"x" * 5000)
    else:
        write_file(Path("out.txt"), "x" * 5000)
except ArtifactError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_full_disk_is_one_message_and_loses_nothing(
    make: Make, tmp_path: Path, what: str
) -> None:
    """A limit on the size of files stands for the full disk."""
    make("old")
    write_file(tmp_path / "out.txt", "old")
    before = contents(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", FULL, what],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "could not be written (File too large)" in done.stderr
    assert "what was there before is unchanged. Free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tmp_path) == before
    assert read_manifest(tmp_path / "a", "thing")


# Reading


def test_a_missing_folder_and_a_folder_without_manifest_say_so(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="none: no such folder; wanted a kgml model"):
        read_manifest(tmp_path / "none", "model")
    with pytest.raises(ArtifactError, match=r"no manifest\.json in it, so it is not a kgml art"):
        read_manifest(tmp_path)


def test_another_kind_is_named(make: Make) -> None:
    with pytest.raises(ArtifactError, match="is a kgml thing; wanted a model"):
        read_manifest(make(), "model")


@pytest.mark.parametrize("name", ["data.txt", "inner/more.txt"])
def test_a_changed_file_is_named_with_both_hashes(make: Make, name: str) -> None:
    path = make()
    file = path / name
    wanted = sha256(file)
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    message = (
        rf"{name}: changed since it was saved \(sha256 {sha256(file)[:12]}…, wanted {wanted[:12]}…"
    )
    with pytest.raises(ArtifactError, match=message):
        read_manifest(path)
    assert read_manifest(path, verify=False).kind == "thing"


def test_a_manifest_with_any_byte_changed_is_refused(make: Make) -> None:
    file = make() / "manifest.json"
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ArtifactError):
            read_manifest(file.parent, "thing")
    file.write_bytes(whole)
    assert read_manifest(file.parent, "thing")


def test_a_missing_file_is_named(make: Make) -> None:
    path = make()
    (path / "inner" / "more.txt").unlink()
    with pytest.raises(ArtifactError, match=r"more\.txt: missing, though manifest\.json lists it"):
        read_manifest(path)


@pytest.mark.parametrize("name", ["../outside.txt", "inner/../../outside.txt", "/etc/hostname"])
def test_a_manifest_that_names_a_file_outside_is_refused(
    make: Make, tmp_path: Path, name: str
) -> None:
    path = make()
    (tmp_path / "outside.txt").write_text("secret")
    change_manifest(path, files={name: sha256(tmp_path / "outside.txt")})
    with pytest.raises(ArtifactError, match=f"names '{name}', which is outside the folder"):
        read_manifest(path)


def test_a_link_that_leads_outside_is_refused(make: Make, tmp_path: Path) -> None:
    path = make("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (path / "data.txt").unlink()
    (path / "data.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(ArtifactError, match=r"names 'data\.txt', which is outside"):
        read_manifest(path)


def test_a_newer_format_says_upgrade(make: Make) -> None:
    path = make()
    change_manifest(path, format_version=99)
    with pytest.raises(ArtifactError, match="written in format 99, this kgml reads up to 1"):
        read_manifest(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"kind": "thing", "colour": 1}', "7"])
def test_a_damaged_manifest_is_refused(make: Make, content: str) -> None:
    path = make()
    (path / "manifest.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"manifest\.json: damaged"):
        read_manifest(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"files": ["data.txt"]}, {"files": {"data.txt": 7}}, {"format_version": "new"},
        {"kind": None}, {"made_from": 3}, {"summary": []},
    ],
)  # fmt: skip
def test_a_manifest_with_fields_of_the_wrong_type_is_refused(
    make: Make, fields: dict[str, object]
) -> None:
    path = make()
    change_manifest(path, **fields)
    with pytest.raises(ArtifactError, match=r"damaged|changed|is a kgml None"):
        read_manifest(path, "thing")


def test_a_manifest_that_is_not_utf8_is_refused(make: Make) -> None:
    path = make()
    (path / "manifest.json").write_bytes(b'{"kind": "\xff"}')
    with pytest.raises(ArtifactError, match=r"manifest\.json: damaged"):
        read_manifest(path)


def test_json_is_sorted_readable_and_has_no_nan() -> None:
    assert to_json({"b": 1, "a": "ü"}) == '{\n  "a": "ü",\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        to_json({"a": float("nan")})
