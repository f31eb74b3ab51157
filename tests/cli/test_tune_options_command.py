"""``kgml tune`` as people call it, each call as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
CALL = ("tune", "--graph", "fin", "--per-class", "8", "--seed", "1", "--trials", "6", "--folds", "3",
        "--outer-folds", "2", "--fusion", "none", "--only", "head", "regularization", "-o", "out")  # fmt: skip


@dataclass(frozen=True)
class Tuned:
    folder: Path
    done: subprocess.CompletedProcess[str]


def files(path: Path) -> dict[str, Any]:
    """All but processor seconds."""
    found: dict[str, Any] = {}
    for file in sorted(path.rglob("*")):
        if file.is_file():
            content: Any = file.read_bytes()
            if "trials" in file.parts:
                content = json.loads(content)
                del content["seconds"], content["sha256"]
            found[str(file.relative_to(path))] = content
    return found


@pytest.fixture(scope="module")
def fin(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    folder = tmp_path_factory.mktemp("tuned")
    return Tuned(folder, kgml_in(folder, *CALL))


def test_people_read_scores_trials_and_a_verdict(fin: Tuned) -> None:
    assert fin.done.returncode == 0, fin.done.stderr
    lines = fin.done.stdout.splitlines()
    assert lines[0].split() == ["macro-F1", "defaults", "tuned"]
    assert lines[1].startswith("out of fold")
    assert any("0 (defaults)" in line for line in lines)
    assert any(line.startswith("Tuning adds ") for line in lines)
    assert lines[-1].startswith("written to out: kgml.toml, model")
    assert all(line.startswith("note: ") for line in fin.done.stderr.splitlines())
    assert {one.name for one in (fin.folder / "out").iterdir()} == {
        "question.json", "trials", "outer", "kgml.toml", "model", "results.json", "trials.csv",
        "report.md",
    }  # fmt: skip


def test_after_a_kill_the_same_command_ends_with_the_same_bytes(
    fin: Tuned, kgml_in: Run, tmp_path: Path
) -> None:
    """Killed as soon as four trials are there, whatever it was about to write."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kgml", *CALL], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(list(tmp_path.glob("out/trials/**/*.json"))) < 4 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = len(list(tmp_path.glob("out/trials/**/[0-9]*.json")))
    assert not (tmp_path / "out" / "results.json").exists()
    (tmp_path / "out" / ".model.1.rest").mkdir()  # as a kill leaves it in the midst of saving
    done = kgml_in(tmp_path, *CALL, "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["trained"] == 18 - there
    assert files(tmp_path / "out") == files(fin.folder / "out")


def test_kgml_train_beside_the_written_options_makes_the_same_model(
    fin: Tuned, kgml_in: Run
) -> None:
    """As the first line of kgml.toml says."""
    data = ROOT / "ontologies" / "examples" / "fin.csv"
    done = kgml_in(fin.folder / "out", "train", "--graph", "fin", "--data", data, "-o", "../again")
    assert done.returncode == 0, done.stderr
    mine, other = files(fin.folder / "out" / "model"), files(fin.folder / "again")
    a, b = (json.loads(one.pop("manifest.json")) for one in (mine, other))
    assert mine == other
    assert {name for name in a if a[name] != b[name]} == {"command", "sha256"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--seed", "2"), 2, "out: holds another study (seed: 1, now 2"),
        (("--fusion", "gaeted", "-o", "x"), 2, "Did you mean 'gated'"),
        (("--trials", "0"), 2, "--trials"),
    ],
)
def test_wrong_calls_are_refused_in_one_line(
    fin: Tuned, kgml_in: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = kgml_in(fin.folder, *CALL, *arguments, "--quiet")
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_says_what_is_searched(kgml: Run) -> None:
    shown = kgml("tune", "--help").stdout
    for option in (
        "--trials",
        "--minutes",
        "--metric",
        "--only",
        "--space",
        "--outer-folds",
        "--always",
    ):
        assert option in shown
