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

from kgml.cli.adapt import human
from kgml.config import AdaptConfig, Config, EncoderConfig
from kgml.encoders.adapt import adapt
from kgml.kg.load import load_graph

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
STEPS = 40
TEXTS = ["a red heart", "the skin is grey"]
CALL = ["adapt", "named.kg", "-o", "enc", "--encoder", "tiny", "--texts", "own.txt", "--json",
        "--steps", str(STEPS), "--batch-size", "16", "--learning-rate", "0.01"]  # fmt: skip
SECONDS = 120


@pytest.fixture(scope="module")
def folder(
    kgml_in: Run, named_obo: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """``named.kg``, ``tiny`` and ``own.txt``."""
    folder = tmp_path_factory.mktemp("adapt")
    assert kgml_in(folder, "build-graph", named_obo, "-o", "named.kg").returncode == 0
    shutil.copytree(tiny_encoder, folder / "tiny")
    (folder / "own.txt").write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8")
    return folder


def test_after_ctrl_c_the_same_command_goes_on_to_the_result_of_one_that_was_not_stopped(
    kgml_in: Run, named_obo: Path, folder: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kgml", *CALL], cwd=folder, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # a shell's background jobs ignore the signal, and so would this one
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    end = time.monotonic() + SECONDS
    while not (folder / "enc.unfinished" / "state.json").exists() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout) == (130, "")
    assert "note: the same command goes on from step " in stderr
    assert not (folder / "enc").exists()

    done = kgml_in(folder, *CALL)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == {
        "path", "fingerprint", "base", "graph", "general", "pairs", "steps", "held_out", "config",
        "seed", "seconds",
    }  # fmt: skip
    assert (result["path"], result["general"]["texts"]) == ("enc", 2)
    first, *others = done.stderr.splitlines()
    assert first.startswith("note: going on from step ")
    assert all(line.startswith("note: step ") for line in others)
    assert not (folder / "enc.unfinished").exists()

    config = Config(
        encoder=EncoderConfig(str(folder / "tiny")),
        adapt=AdaptConfig(steps=STEPS, batch_size=16, learning_rate=0.01),
    )
    adapt(load_graph(named_obo), folder / "once", texts=TEXTS, config=config)
    for name in ("model.safetensors", "README.md"):
        assert (folder / "enc" / name).read_bytes() == (folder / "once" / name).read_bytes()

    lines = human(result).splitlines()
    assert lines[1].split()[:2] == ["MRR", f"{result['held_out']['test']['before']['mrr']:.3f}"]
    assert lines[-1] == "written to enc"


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        (2, ["--steps", "5", "--minutes", "1"], "--minutes and --steps exclude each other"),
        (2, ["--temperature", "0"], "Invalid value for '--temperature'"),
        (1, ["--texts", "none.csv"], "none.csv: no such file"),
        (1, ["--texts", "none.txt"], "none.txt: no such file"),
        (1, ["--texts", "blank.txt"], "blank.txt: no text in it; wanted one a line"),
        (2, ["--texts", "blank.txt", "--text-column", "note"], "leave --text-column out"),
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
