"""``kgml pretrain``, ``generate`` and ``evaluate`` as their users meet them: stopped and refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.cli.perplexity import human as human_scores
from kgml.cli.pretrain import human, minutes
from kgml.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ["--depth", "1", "--width", "32", "--vocabulary", "300", "--context", "32", "--batch", "4",
         "--global-batch", "8", "--device", "cpu"]  # fmt: skip
CALL = ["pretrain", "corpus.csv", "-o", "lm", *SMALL, "--max-steps", "60", "--save-every", "1",
        "--checks", "2", "--split", "train", "--json"]  # fmt: skip
SECONDS = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``corpus.csv``: 120 rows to train on and 30 to test on."""
    folder = tmp_path_factory.mktemp("pretrain")
    words = ["heart", "liver", "fever", "pain"]
    rows = [
        f"the {words[i % 4]} and the {words[i // 4 % 4]} number {i} are here with {'a ' * (i % 9)},"
        + ("test" if i % 5 == 0 else "train")
        for i in range(150)
    ]
    (folder / "corpus.csv").write_text("text,split\n" + "\n".join(rows) + "\n")
    (folder / "nothing.csv").write_text("text\n")
    (folder / "body.csv").write_text("body\nx\n")
    (folder / "binary.txt").write_bytes(b"MZ\0\0")
    (folder / "short.txt").write_text("one\ntwo\nthree\n")
    return folder


def test_killed_twice_the_same_command_goes_on_and_its_model_is_used(
    kgml_in: Run, folder: Path
) -> None:
    for kind in (signal.SIGKILL, signal.SIGINT):
        before = {path.name for path in (folder / "lm.unfinished").glob("step-*")}
        process = subprocess.Popen(
            [sys.executable, "-m", "kgml", *CALL], cwd=folder, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and process.poll() is None:
            found = {path.name for path in (folder / "lm.unfinished").glob("step-*")}
            if len(found - before) > 1:
                break
            time.sleep(0.005)
        process.send_signal(kind)
        stdout, stderr = process.communicate(timeout=SECONDS)
        assert stdout == "", stderr
        assert not (folder / "lm").exists()
    assert "note: the same command goes on from step " in stderr

    done = kgml_in(folder, *CALL)
    assert done.returncode == 0, done.stderr
    assert "note: going on from step " in done.stderr
    assert "tokens/s, MFU " in done.stderr
    assert "note: sample: " in done.stderr
    result = json.loads(done.stdout)
    assert result["corpus"]["documents"] == 120
    assert result["steps"]["done"] == 60
    assert (folder / "lm" / "steps.jsonl").read_text().count("\n") == 60
    assert "held-out bits per byte" in human(result)

    scored = json.loads(kgml_in(folder, "evaluate", "lm", "--data", "corpus.csv", "--json").stdout)
    assert (scored["split"], scored["documents"]) == ("test", 30)
    assert "bits per byte" in human_scores(scored)
    said = kgml_in(folder, "generate", "lm", "the heart", "-n", "2", "--max-tokens", "9", "--json")
    assert len(json.loads(said.stdout)["texts"]) == 2


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (
            1,
            ["body.csv"],
            "body.csv: no column 'text'; choose from body. Name it with --text-column",
        ),
        (1, ["binary.txt"], "binary.txt: byte 2 is zero, so this is a binary file"),
        (1, ["nothing.csv"], "nothing.csv: no rows in it"),
        (1, ["none"], "none: no such file or folder"),
        (1, ["short.txt"], "tokens, fewer than one context of 32. Give more text"),
        (2, ["corpus.csv", "--max-time", "0.001s"], "minutes do not hold one step: a step takes"),
        (2, ["corpus.csv", "--max-time", "soon"], "--max-time soon: wanted a time such as 90s"),
        (2, ["corpus.csv", "--objective", "casual"], "no objective named 'casual'"),
        (2, ["corpus.csv", "--architecture", "bert"], "no architecture named 'bert'"),
        (2, ["corpus.csv", "--knowledge-share", "0.5"], "--knowledge-share is of a --graph"),
        (2, ["corpus.csv", "--processes", "2"], "--processes 2: 1 here. Start them with torchrun"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(
    kgml_in: Run, folder: Path, code: int, arguments: list[str], words: str
) -> None:
    refused = kgml_in(folder, "pretrain", *arguments, "-o", "other", *SMALL)
    assert (refused.returncode, refused.stdout) == (code, ""), refused.stderr
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (folder / "other").exists()


def test_times_are_read_as_people_write_them() -> None:
    assert [minutes(text) for text in ("90s", "20m", "2h", "1.5", None)] == [
        1.5,
        20,
        120,
        1.5,
        None,
    ]
    for text in ("0", "-1m", "1 week", ""):
        with pytest.raises(UsageError, match="wanted a time such as"):
            minutes(text)
