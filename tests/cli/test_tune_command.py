"""``kgml train --tune-encoder``, each call as a process."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
TOML = """\
[encoder]
model = "{encoder}"
[few_shot]
steps = 12
learning_rate = 0.01
"""


@pytest.fixture(scope="module")
def folder(
    kgml_in: Run, named_obo: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A graph, a table whose classes are two of its entities, and a model ``m`` trained on them."""
    place = tmp_path_factory.mktemp("tuned")
    (place / "kgml.toml").write_text(TOML.format(encoder=tiny_encoder), encoding="utf-8")
    with (place / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for colour, organ, word in product(
            ["red", "blue", "grey", "pink"], ["heart", "lung"], ["illness", "disorder", "disease"]
        ):
            writer.writerow([f"a {colour} {organ} {word}", "X:10" if organ == "heart" else "X:12"])
    assert kgml_in(place, "build-graph", named_obo, "-o", "g").returncode == 0
    done = kgml_in(
        place, "train", "--graph", "g", "--data", "t.csv", "--tune-encoder", "-o", "m", "--json"
    )
    assert done.returncode == 0, done.stderr
    (place / "result.json").write_text(done.stdout, encoding="utf-8")
    return place


def test_the_result_says_how_it_was_tuned_and_what_the_frozen_encoder_has(folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["tuning"]["steps"] == 12
    assert set(result["tuning"]["out_of_fold"]) == {"frozen", "tuned"}
    assert {"text", "text_tfidf", "frozen"} == set(result["baselines"])


def test_predict_and_evaluate_read_the_encoder_from_the_model(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    """From a folder without the ``kgml.toml`` that names the encoder."""
    done = kgml_in(tmp_path, "predict", folder / "m", "a red heart illness", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["label"] in {"X:10", "X:12"}
    scored = kgml_in(tmp_path, "evaluate", folder / "m", "--data", folder / "t.csv", "--json")
    then = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert json.loads(scored.stdout)["metrics"]["accuracy"] == then["metrics"]["accuracy"]
    told = kgml_in(tmp_path, "explain", folder / "m", "a red heart illness", "--json")
    assert told.returncode == 0, told.stderr


def test_the_folder_seals_the_encoder(kgml_in: Run, folder: Path) -> None:
    manifest = json.loads((folder / "m" / "manifest.json").read_text(encoding="utf-8"))
    assert "encoder/model.safetensors" in manifest["files"]
    weights = folder / "m" / "encoder" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    done = kgml_in(folder, "predict", "m", "a red heart")
    weights.write_bytes(whole)
    assert done.returncode == 1
    assert "encoder/model.safetensors: changed since it was saved" in done.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--target", "multi", "--label-separator", "|"], "target multi exclude each other"),
        (["--precision", "int8"], "precision int8 exclude each other"),
        (["--encoder", "static"], "a table of word vectors has no layers to tune"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_tuned_is_refused_before_any_work(
    kgml_in: Run, folder: Path, flags: list[str], message: str
) -> None:
    done = kgml_in(
        folder, "train", "--graph", "g", "--data", "t.csv", "--tune-encoder", "-o", "n", *flags
    )
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert not (folder / "n").exists()


def test_a_comparison_refuses_a_tuned_encoder(kgml_in: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kgml.toml").write_text("[train]\ntune_encoder = true\n", encoding="utf-8")
    done = kgml_in(
        tmp_path, "compare", "--data", folder / "t.csv", "--graph", folder / "g", "-o", "c"
    )
    assert done.returncode == 2
    assert "a comparison reads all texts once, with one encoder" in done.stderr
