"""kgml build as a process: the plan, the model, a kill between the two, a refusal."""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .test_assess_command import GRAPH, write_table

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
CALL = ["build", "t.csv", "--graph", "g.ttl", "-o", "m", "--seed", "1", "--auto", "--json"]
SECONDS = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    write_table(folder / "t.csv")
    (folder / "g.ttl").write_text(GRAPH, encoding="utf-8")
    (folder / "kgml.toml").write_text("[train]\nfolds = 2\n", encoding="utf-8")
    return folder


def files_of(model: Path) -> dict[str, bytes]:
    return {str(f.relative_to(model)): f.read_bytes() for f in model.rglob("*") if f.is_file()}


def killed_once_assessed(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kgml", *CALL], cwd=folder, stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    limit = time.monotonic() + SECONDS
    while not (folder / "m.assessment.json").exists():
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "m").exists()


def test_killed_it_does_not_assess_again_and_writes_what_its_command_writes(
    kgml_in: Run, folder: Path
) -> None:
    killed_once_assessed(folder)
    kept = json.loads((folder / "m.assessment.json").read_text(encoding="utf-8"))
    done = kgml_in(folder, *CALL)
    assert done.returncode == 0, done.stderr
    assert "note: taking the assessment of the same data and options" in done.stderr
    assert "asking the light stack" not in done.stderr
    told = json.loads(done.stdout)
    assert told["assessment"] == kept["assessment"]
    assert told["command"] == "kgml train --data t.csv --graph g.ttl --seed 1 -o m"
    assert told["result"]["metrics"]["accuracy"] > 0.8
    assert told["next"] is None
    assert not (folder / "m.assessment.json").exists()
    built = files_of(folder / "m")
    typed = kgml_in(folder, *shlex.split(told["command"])[1:])
    assert typed.returncode == 0, typed.stderr
    assert files_of(folder / "m") == built


def test_without_auto_it_says_the_command_and_trains_nothing(kgml_in: Run, folder: Path) -> None:
    done = kgml_in(folder, "build", "t.csv", "-o", "plan", "--label-column", "label")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Feasible")
    assert lines[-2:] == [
        "kgml train --data t.csv --fusion none -o plan", "Nothing was trained: --auto runs it.",
    ]  # fmt: skip
    assert sorted(path.name for path in folder.glob("plan*")) == ["plan.assessment.json"]


def test_data_that_carry_nothing_are_refused_unless_anyway(kgml_in: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(50)]
    rows = [[" ".join(rng.choice(words, 8)), ("up", "down")[rng.integers(2)]] for _ in range(60)]
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["text", "label"], *rows])
    call = ["build", "t.csv", "--target-metric", "macro_f1=0.99", "-o", "m", "--auto"]
    done = kgml_in(tmp_path, *call)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "t.csv: not with this data: macro-F1" in done.stderr
    assert "What would change it: Ask for no more than 0." in done.stderr
    assert not (tmp_path / "m").exists()
    anyway = kgml_in(tmp_path, *call, "--anyway")
    assert anyway.returncode == 0, anyway.stderr
    assert "taking the assessment" in anyway.stderr
    assert (tmp_path / "m" / "manifest.json").exists()


def test_a_folder_that_is_none_of_ours_is_refused_before_any_work(
    kgml_in: Run, folder: Path
) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")
    done = kgml_in(folder, "build", "t.csv", "-o", "mine", "--auto")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "mine: already holds something that is not a kgml" in done.stderr
    assert not (folder / "mine.assessment.json").exists()
