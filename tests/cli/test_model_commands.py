"""train, predict and evaluate on one small table, each as a process."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from kgml.artifacts import read_manifest
from kgml.cli import predict, train
from kgml.encoders.vectors import load_vectors

Run = Callable[..., subprocess.CompletedProcess[str]]
HEART = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:disease a owl:Class ; rdfs:label "heart disease"@en .
:af a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "atrial fibrillation"@en .
:warfarin a owl:Class ; rdfs:label "warfarin"@en .
"""
TEXTS = {
    "heart": ["new atrial fibrillation", "AF on the monitor", "warfarin was given", "a slow pulse"],
    "money": ["the bank raised rates", "bond yields rose", "shares fell", "the fund lost money"],
}


@dataclass(frozen=True)
class Trained:
    """A folder with ``texts.csv`` and the model ``m``, and what training printed."""

    folder: Path
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def few_folds(tmp_path: Path) -> None:
    """Evidence is not what is asked about here."""
    (tmp_path / "kgml.toml").write_text("[train]\nfolds = 2\n", encoding="utf-8")


@pytest.fixture(scope="module")
def trained(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Eight rows to train on, eight to test on."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "heart.ttl").write_text(HEART, encoding="utf-8")
    with (folder / "texts.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "split"])
        for label, texts in TEXTS.items():
            writer.writerows([text, label, "train"] for text in texts)
            writer.writerows([f"{text} today", label, "test"] for text in texts)
    assert kgml_in(folder, "build-graph", "heart.ttl", "-o", "g").returncode == 0
    done = kgml_in(folder, "train", "--graph", "g", "--data", "texts.csv", "-o", "m", "--json")
    assert done.returncode == 0, done.stderr
    return Trained(folder, done.stdout, done.stderr)


def test_train_prints_one_json_document_and_says_what_it_used(trained: Trained) -> None:
    result = json.loads(trained.stdout)
    assert result["rows"] == {"train": 8, "test": 8}
    assert set(result) >= {
        "metrics", "baselines", "placebo", "knowledge", "rows", "coverage", "seconds", "path",
    }  # fmt: skip
    for scores in (result["metrics"], result["placebo"], *result["baselines"].values()):
        assert set(scores["interval"]) == {"accuracy", "macro_f1"}
    assert set(result["baselines"]) == {"text", "text_tfidf"}
    assert set(result["knowledge"]) >= {"helps", "difference", "interval", "sentence"}
    assert "note: graph g, texts texts.csv" in trained.stderr.splitlines()


def test_the_train_table_shows_each_baseline_and_the_verdict(trained: Trained) -> None:
    result = json.loads(trained.stdout)
    lines = train.human(result).splitlines()
    assert [line.split("  ")[0].strip() for line in lines[1:5]] == [
        "model", "text", "text + TF-IDF", "placebo",
    ]  # fmt: skip
    accuracy, (low, high) = result["metrics"]["accuracy"], result["metrics"]["interval"]["accuracy"]
    assert f"{accuracy:.3f} [{low:.3f}–{high:.3f}]" in lines[1]
    assert lines[5].startswith("8 training rows, 8 test rows, ")
    assert lines[-2:] == [result["knowledge"]["sentence"], "written to m"]


def test_a_network_learns_what_objective_says_and_the_model_remembers_it(
    kgml_in: Run, trained: Trained, tmp_path: Path
) -> None:
    command = ["train", "--graph", trained.folder / "g", "--data", trained.folder / "texts.csv"]
    done = kgml_in(
        tmp_path,
        *command,
        "--node-encoder",
        "sage",
        "--objective",
        "infomax",
        "--long-texts",
        "chunks",
        "-o",
        "m",
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["config"]["encoder"]["objective"] == "infomax"
    described = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    assert described["options"]["objective"] == "infomax"
    assert described["options"]["long_texts"] == "chunks"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--node-encoder", "sage", "--objective", "contrst"],
         "no objective named 'contrst'; choose from contrast, infomax, link-prediction. "
         "Did you mean 'contrast'?"),
        (["--long-texts", "chunk"], "no long_texts named 'chunk'; choose from chunks, cut."),
        (["--objective", "infomax"],
         "--objective is for compgcn, gat, gcn, hgt, rgcn or sage; 'text' takes none. Leave it out."),
        (["--node-encoder", "complex", "--objective", "infomax"], "'complex' takes none."),
        (["--node-encoder", "complx", "--objective", "infomax"], "Did you mean 'complex'?"),
    ],
)  # fmt: skip
def test_an_option_that_train_cannot_follow_is_refused_before_the_work(
    kgml_in: Run, trained: Trained, tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = kgml_in(tmp_path, "train", "--graph", trained.folder / "g", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


@pytest.fixture(scope="module")
def encoded(kgml_in: Run, trained: Trained) -> Path:
    """GraphSAGE's vectors of the graph, trained as ``[node_training]`` says."""
    folder = trained.folder / "encoded"
    folder.mkdir()
    (folder / "kgml.toml").write_text("[node_training]\ndimension = 8\n", encoding="utf-8")
    done = kgml_in(folder, "encode", "../g", "--node-encoder", "sage", "-o", "v")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_model_takes_saved_vectors_and_keeps_them(
    kgml_in: Run, trained: Trained, encoded: Path, tmp_path: Path
) -> None:
    command = ["train", "--graph", trained.folder / "g", "--data", trained.folder / "texts.csv"]
    shutil.copytree(encoded / "v", tmp_path / "v")
    (tmp_path / "kgml.toml").write_text('[encoder]\nvectors = "v"\n', encoding="utf-8")
    for name, options in (("m", ["--vectors", "v"]), ("n", [])):
        done = kgml_in(tmp_path, *command, "--fusion", "weighted", *options, "-o", name)
        assert done.returncode == 0, done.stderr
    wanted = load_vectors(tmp_path / "v").vectors
    assert wanted.shape[1] == 8
    shutil.rmtree(tmp_path / "v")
    for name in ("m", "n"):
        arrays = load_file(tmp_path / name / "arrays.safetensors")
        np.testing.assert_array_equal(arrays["entities"], wanted)
        manifest = read_manifest(tmp_path / name)
        assert manifest.made_from["vectors"] == read_manifest(encoded / "v").fingerprint
        assert manifest.config["encoder"]["node_encoder"] == "sage"
        (one,) = json.loads(kgml_in(tmp_path, "predict", name, "warfarin", "--json").stdout)
        assert one["label"] == "heart"


def test_a_node_encoder_is_trained_as_the_configuration_says(
    kgml_in: Run, trained: Trained, encoded: Path
) -> None:
    command = ["train", "--graph", "../g", "--data", "../texts.csv", "--fusion", "weighted"]
    done = kgml_in(encoded, *command, "--node-encoder", "sage", "-o", "m")
    assert done.returncode == 0, done.stderr
    arrays = load_file(encoded / "m" / "arrays.safetensors")
    np.testing.assert_array_equal(arrays["entities"], load_vectors(encoded / "v").vectors)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--vectors", "v", "--node-encoder", "sage"], 2, "--vectors and --node-encoder exclude"),
        (["--vectors", "v", "--objective", "infomax"], 2, "--vectors and --objective exclude"),
        (["--vectors", "none"], 1, "none: no such folder"),
        (["--vectors", "v"], 1, "v: made from another graph"),
        (["--node-encoder", "text"], 2, "[node_training] dimension is for "),
    ],
)
def test_vectors_that_are_of_no_use_are_refused_before_the_work(
    kgml_in: Run, encoded: Path, arguments: list[str], code: int, words: str
) -> None:
    """Without --graph the shipped one is trained on."""
    done = kgml_in(encoded, "train", *arguments, "-o", "x")
    assert done.returncode == code, done.stderr
    assert words in done.stderr.splitlines()[-1]
    assert not (encoded / "x").exists()


def test_predict_gives_label_probabilities_and_mentions(kgml_in: Run, trained: Trained) -> None:
    text = "warfarin for new atrial fibrillation"
    (one,) = json.loads(kgml_in(trained.folder, "predict", "m", text, "--json").stdout)
    assert one["label"] == "heart"
    assert sum(one["probabilities"].values()) == pytest.approx(1)
    assert [text[m["start"] : m["end"]] for m in one["mentions"]] == [
        "warfarin", "atrial fibrillation",
    ]  # fmt: skip

    told = predict.human([one]).splitlines()
    assert told[0] == "heart"
    assert told[-2:] == ["  atrial fibrillation → atrial fibrillation", "  warfarin → warfarin"]


def test_predictions_of_a_table_go_to_a_file_in_the_order_of_its_rows(
    kgml_in: Run, trained: Trained
) -> None:
    for name in ("out.jsonl", "out.csv"):
        done = kgml_in(trained.folder, "predict", "m", "--data", "texts.csv", "-o", name)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"note: 16 predictions written to {name}\n"
    lines = (trained.folder / "out.jsonl").read_text(encoding="utf-8").splitlines()
    predictions: list[dict[str, Any]] = [json.loads(line) for line in lines]
    with (trained.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert set(rows[0]) == {"text", "label", "p(heart)", "p(money)"}
    assert rows[1]["text"] == "AF on the monitor"
    assert [row["label"] for row in rows] == [p["label"] for p in predictions]
    assert [float(row["p(money)"]) for row in rows] == pytest.approx(
        [p["probabilities"]["money"] for p in predictions], abs=1e-6
    )


def test_a_wrong_column_or_an_unwritable_file_ends_with_exit_1(
    kgml_in: Run, trained: Trained
) -> None:
    wrong = kgml_in(trained.folder, "predict", "m", "--data", "texts.csv", "--text-column", "txt")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "'txt'" in wrong.stderr
    assert "label, split, text" in wrong.stderr

    under_a_file = trained.folder / "texts.csv" / "out.csv"
    done = kgml_in(trained.folder, "predict", "m", "shares fell", "-o", under_a_file)
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be written" in done.stderr


def test_a_new_table_is_read_by_the_columns_of_training(
    kgml_in: Run, trained: Trained, tmp_path: Path
) -> None:
    lines = ["note,code,part", "warfarin was given today,heart,train",
             "bond yields rose again,money,test", "AF on the screen,heart,test"]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = (trained.folder / "texts.csv").read_text(encoding="utf-8")
    renamed = text.replace("text,label,split", "note,code,part", 1)
    (tmp_path / "learn.csv").write_text(renamed, encoding="utf-8")
    flags = ["--text-column", "note", "--label-column", "code", "--split-column", "part"]
    done = kgml_in(tmp_path, "train", "--graph", trained.folder / "g", "--data", "learn.csv",
                   *flags, "-o", "m", "--seed", 3)  # fmt: skip
    assert done.returncode == 0, done.stderr
    scored = kgml_in(tmp_path, "evaluate", "m", "--data", "t.csv", "--json")
    asked = kgml_in(tmp_path, "evaluate", "m", "--data", "t.csv", "--json", *flags, "--seed", 3)
    assert scored.stdout == asked.stdout
    assert (json.loads(scored.stdout)["rows"], json.loads(scored.stdout)["part"]) == (2, "test")
    assert (
        len(json.loads(kgml_in(tmp_path, "predict", "m", "--data", "t.csv", "--json").stdout)) == 3
    )
    (tmp_path / "plain.csv").write_text("note,code\nshares fell,money\n", encoding="utf-8")
    plain = json.loads(kgml_in(tmp_path, "evaluate", "m", "--data", "plain.csv", "--json").stdout)
    assert (plain["rows"], plain["part"]) == (1, "all")


def test_evaluate_scores_the_test_rows(kgml_in: Run, trained: Trained) -> None:
    done = kgml_in(trained.folder, "evaluate", "m", "--data", "texts.csv", "--json")
    scored = json.loads(done.stdout)
    assert scored["metrics"] == json.loads(trained.stdout)["metrics"]
    table = predict.human_scores(scored).splitlines()
    assert [line.split()[0] for line in table] == ["accuracy", "macro_f1"]
