"""kgml compare as a process: on the shipped examples, stopped and gone on with, refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kgml.cli.compare import repeated
from kgml.resources import examples

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
FEW = ("--seeds", "1", "--fusion", "concat")


@dataclass(frozen=True)
class Compared:
    folder: Path
    stdout: str
    stderr: str


def call(domain: str, *more: str, sizes: Sequence[str] = ("4", "8")) -> tuple[str, ...]:
    return ("compare", "--data", str(examples(domain)), "--graph", domain, *FEW, "--per-class", *sizes,
            "-o", "out", *more)  # fmt: skip


QUICK = "[train]\nfolds = 2\n"
"""Of ``kgml.toml``."""


@pytest.fixture(scope="module")
def fin(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("fin")
    (folder / "kgml.toml").write_text(QUICK, encoding="utf-8")
    done = kgml_in(folder, *call("fin", "--json"))
    assert done.returncode == 0, done.stderr
    return Compared(folder, done.stdout, done.stderr)


def files(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def test_json_is_one_document_with_the_answers(fin: Compared) -> None:
    result = json.loads(fin.stdout)
    assert [size["per_class"] for size in result["sizes"]] == ["4", "8"]
    assert set(result["answers"]) == {"help", "knowledge", "worth", "source"}
    for answer in result["answers"].values():
        assert answer["sentence"].endswith(".")
    assert "models to train" in fin.stderr
    assert {"results.json", "results.csv", "report.md"} <= {
        f.name for f in fin.folder.glob("out/*")
    }


def test_on_the_other_shipped_example_people_read_a_table_and_four_sentences(
    kgml_in: Run, tmp_path: Path
) -> None:
    (tmp_path / "kgml.toml").write_text(QUICK, encoding="utf-8")
    done = kgml_in(tmp_path, *call("bio", "--quiet", sizes=["4"]))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["macro-F1", "4"]
    assert lines[5].startswith("placebo: entities permuted")
    asked = ["Does it help?", "Is it the knowledge?", "Is it worth it?", "Where does it come from?"]
    assert [line for line in asked if any(said.startswith(line) for said in lines)] == asked


def test_after_a_kill_the_same_command_ends_with_the_same_bytes(
    fin: Compared, kgml_in: Run, tmp_path: Path
) -> None:
    """Killed as soon as three cells are there, whatever it was about to write."""
    (tmp_path / "kgml.toml").write_text(QUICK, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "kgml", *call("fin")], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(list(tmp_path.glob("out/cells/**/*.safetensors"))) < 3 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(list(tmp_path.glob("out/cells/**/*.safetensors")))
    every = len(list(fin.folder.glob("out/cells/**/*.safetensors")))
    assert not (tmp_path / "out" / "results.json").exists()
    done = kgml_in(tmp_path, *call("fin", "--json"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trained"] == every - kept
    assert files(tmp_path / "out") == files(fin.folder / "out")


def test_another_question_is_refused_with_code_2(fin: Compared, kgml_in: Run) -> None:
    done = kgml_in(fin.folder, *call("fin", "--seed", "1"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "out: answers another question (seed: 0, now 1)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--per-class", "8", "all"), 2, "--per-class all: wanted numbers of 2 or more"),
        (("--fusion", "concta"), 2, "no fusion named 'concta'; choose from"),
        (("--test-size", ".5", "--split-column", "split"), 2, "exclude each other"),
        (("--label-column", "labels"), 1, "no column 'labels'; choose from label, split, text"),
        (("stray",), 2, "stray"),
    ],
)
def test_wrong_calls_are_refused_in_one_line(
    kgml: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    given = ("compare", "--data", examples("fin"), "--graph", "fin", "-o", "out")
    done = kgml(*given, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_graph_and_a_foreign_folder_are_refused(kgml: Run, tmp_path: Path) -> None:
    shutil.copy(str(examples("fin")), tmp_path / "t.csv")
    done = kgml("compare", "--data", "t.csv", "--graph", "none.obo", "-o", "out")
    assert done.returncode == 1
    assert "none.obo" in done.stderr
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    done = kgml("compare", "--data", "t.csv", "--graph", "fin", "-o", "out")
    assert done.returncode == 1
    assert "not a comparison; it is left alone" in done.stderr


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--graph", "a", "b", "-o", "x"], ["--graph", "a", "--graph", "b", "-o", "x"]),
        (["--graph=a", "b"], ["--graph=a", "--graph", "b"]),
        (["--seeds", "3", "--per-class", "8"], ["--seeds", "3", "--per-class", "8"]),
        (["--data", "t", "stray"], ["--data", "t", "stray"]),
    ],
)
def test_values_up_to_the_next_option_belong_to_an_option(
    given: list[str], wanted: list[str]
) -> None:
    assert repeated(given) == wanted


def test_help_names_every_option(kgml: Run) -> None:
    shown: Any = kgml("compare", "--help").stdout
    for option in ("--data", "--graph", "--per-class", "--seeds", "--fusion", "--output", "--json"):
        assert option in shown
