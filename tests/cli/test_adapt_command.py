"""``kgml adapt`` as its users meet it: stopped, gone on with, refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.cli import adapt

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
CALL = ["adapt", "named.kg", "-o", "enc", "--encoder", "tiny", "--steps", "100", "--batch-size", "16",
        "--learning-rate", "0.01", "--texts", "own.txt", "--json"]  # fmt: skip
SECONDS = 120


@pytest.fixture(scope="module")
def folder(
    kgml_in: Run, named_obo: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """``named.kg``, ``tiny`` and ``own.txt``."""
    folder = tmp_path_factory.mktemp("adapt")
    assert kgml_in(folder, "build-graph", named_obo, "-o", "named.kg").returncode == 0
    shutil.copytree(tiny_encoder, folder / "tiny")
    (folder / "own.txt").write_text("a red heart\n\nthe skin is grey\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(kgml_in: Run, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run that nothing stopped."""
    return kgml_in(folder, *CALL)


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_adapt_prints_one_json_document_and_everything_else_on_stderr(done) -> None:
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == {
        "path", "fingerprint", "base", "graph", "general", "pairs", "steps", "held_out", "config",
        "seed", "seconds",
    }  # fmt: skip
    assert (result["path"], result["general"]["texts"]) == ("enc", 2)
    assert all(line.startswith("note: step ") for line in done.stderr.splitlines())
    lines = adapt.human(result).splitlines()
    before = result["held_out"]["test"]["before"]
    assert lines[1].split()[:2] == ["MRR", f"{before['mrr']:.3f}"]
    assert lines[-1] == "written to enc"


def test_after_ctrl_c_the_same_command_goes_on_and_ends_with_the_same_bytes(
    kgml_in: Run, done, folder: Path, tmp_path: Path
) -> None:
    for name in ("named.kg", "tiny"):
        shutil.copytree(folder / name, tmp_path / name)
    shutil.copy(folder / "own.txt", tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "kgml", *CALL], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    end = time.monotonic() + SECONDS
    while not (tmp_path / "enc.unfinished" / "state.json").exists() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout) == (130, "")
    assert "note: the same command goes on from step " in stderr
    assert not (tmp_path / "enc").exists()

    again = kgml_in(tmp_path, *CALL)
    assert again.returncode == 0, again.stderr
    assert again.stderr.startswith("note: going on from step ")
    assert contents(tmp_path / "enc") == contents(folder / "enc")
    assert not (tmp_path / "enc.unfinished").exists()
    first, second = json.loads(done.stdout), json.loads(again.stdout)
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        (2, ["--steps", "5", "--minutes", "1"], "--minutes and --steps exclude each other"),
        (2, ["--temperature", "0"], "Invalid value for '--temperature'"),
        (1, ["--texts", "none.csv"], "none.csv: no such file"),
        (1, ["--texts", "none.txt"], "none.txt: no such file"),
        (1, ["--texts", "blank.txt"], "blank.txt: no text in it; wanted one a line"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(
    kgml_in: Run, folder: Path, code: int, options: list[str], words: str
) -> None:
    (folder / "blank.txt").write_text(" \n", encoding="utf-8")
    refused = kgml_in(folder, "adapt", "named.kg", "-o", "other", *options)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
