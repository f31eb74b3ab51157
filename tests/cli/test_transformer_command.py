"""``kgml train --head transformer``, each call as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
TOML = """\
[encoder]
model = "{encoder}"
[fusion]
name = "concat"
[train]
folds = 3
[transformer]
learning_rate = 0.01
checks = 1
"""
CALL = ["train", "--graph", "g", "--data", "t.csv", "--head", "transformer", "-o", "m"]


@pytest.fixture(scope="module")
def folder(
    kgml_in: Run, named_obo: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A graph, a table, and a model ``m`` trained on them."""
    place = tmp_path_factory.mktemp("transformer")
    (place / "kgml.toml").write_text(TOML.format(encoder=tiny_encoder), encoding="utf-8")
    colours, organs = ["red", "blue", "grey", "pink"], ["heart", "lung"]
    rows = [
        f"a {colour} {organ} {word},{organ}"
        for colour, organ, word in product(colours, organs, ["illness", "disorder", "disease"])
    ]
    (place / "t.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    assert kgml_in(place, "build-graph", named_obo, "-o", "g").returncode == 0
    done = kgml_in(place, *CALL, "--epochs", 2, "--json")
    assert done.returncode == 0, done.stderr
    (place / "result.json").write_text(done.stdout, encoding="utf-8")
    return place


def test_the_result_says_how_it_was_trained_and_what_the_light_stack_has(folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    told = result["transformer"]
    assert (result["head"], told["layers"], told["epochs"]) == ("transformer", "all", 2)
    assert told["rows"] == {"learned_from": 12, "held_out": 6}
    assert told["steps"]["planned"] == 2
    assert set(told["over_light"]) == {"metric", "difference", "interval"}
    assert set(result["baselines"]) == {"text", "text_tfidf"}
    assert [row["step"] for row in told["history"]] == [0, 1, 2]
    assert not (folder / "m.unfinished").exists()


def test_predict_and_evaluate_read_the_model_alone(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    """From a folder without the ``kgml.toml`` that names the encoder."""
    model, text = folder / "m", "a red heart illness"
    done = kgml_in(tmp_path, "predict", model, text, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["label"] in {"heart", "lung"}
    scored = kgml_in(tmp_path, "evaluate", model, "--data", folder / "t.csv", "--json")
    then = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert json.loads(scored.stdout)["metrics"]["accuracy"] == then["metrics"]["accuracy"]


def test_a_killed_command_goes_on_where_it_was(kgml_in: Run, folder: Path) -> None:
    code = (
        "import sys\nfrom kgml.models.finetuned import run\nrun.SAVE_SECONDS = 0.0\n"
        f"sys.argv = ['kgml', *{[*CALL, '--epochs', '60']}]\n"
        "from kgml.cli.app import main\nmain()\n"
    )
    whole = subprocess.Popen(
        [sys.executable, "-c", code.replace("'m'", "'n'")], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    unfinished = folder / "n.unfinished" / "text"
    limit = time.monotonic() + 120
    while len(list(unfinished.glob("step-*"))) < 2 and time.monotonic() < limit:
        assert whole.poll() is None
        time.sleep(0.01)
    whole.send_signal(signal.SIGKILL)
    whole.wait()
    assert not (folder / "n").exists()
    call = [*CALL[:-1], "n", "--epochs", 60]
    done = kgml_in(folder, *call)
    assert done.returncode == 0, done.stderr
    assert "going on from step" in done.stderr
    assert not (folder / "n.unfinished").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--layers", "half"], "no layers named 'half'; choose from all, lora, top:2"),
        (["--head", "svm", "--epochs", "3"], "--epochs is for --head transformer, not svm"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_refused_before_any_work(
    kgml_in: Run, folder: Path, flags: list[str], message: str
) -> None:
    done = kgml_in(folder, *CALL[:-1], "x", *flags)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert not (folder / "x").exists()
