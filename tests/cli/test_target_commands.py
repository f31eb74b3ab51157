"""train, predict and evaluate with several labels, an order and numbers, each as a process."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
GRAPH = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:disease a owl:Class ; rdfs:label "heart disease"@en .
:af a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "atrial fibrillation"@en .
"""
TEXTS = {
    "heart": ["new atrial fibrillation", "fibrillation on the monitor", "a slow pulse"],
    "money": ["the bank raised rates", "bond yields rose", "shares fell"],
    "heart|money": ["shares in pulse monitors fell", "the bank has heart", "rates of the pulse"],
}
LEVEL = {"heart": ("low", 1.0), "money": ("high", 9.5), "heart|money": ("medium", 4.0)}


@pytest.fixture(autouse=True)
def few_folds(tmp_path: Path) -> None:
    """Evidence is not what is asked about here."""
    (tmp_path / "kgml.toml").write_text("[train]\nfolds = 2\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph ``g`` and a table with a column for each target."""
    place = tmp_path_factory.mktemp("targets")
    (place / "g.ttl").write_text(GRAPH, encoding="utf-8")
    with (place / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "topics", "level", "score", "split"])
        for part in ("train", "test"):
            for topics, texts in TEXTS.items():
                for i, text in enumerate(texts * (4 if part == "train" else 1)):
                    writer.writerow([f"{text} {part} {i}", topics, *LEVEL[topics], part])
    assert kgml_in(place, "build-graph", "g.ttl", "-o", "g").returncode == 0
    return place


@pytest.mark.parametrize(
    ("flags", "metrics", "heading"),
    [
        (["--label-column", "topics", "--label-separator", "|", "--head", "logistic"],
         ["micro_f1", "macro_f1", "subset_accuracy"], "micro-F1"),
        (["--label-column", "level", "--order", "low", "medium", "high"],
         ["macro_f1", "mae", "kappa"], "quadratic kappa"),
        (["--label-column", "score", "--target", "regression", "--regularization", "auto"],
         ["mae", "rmse", "r2", "spearman"], "Spearman"),
        (["--label-column", "level", "--head", "centroid"], ["accuracy", "macro_f1"], "macro-F1"),
        (["--label-column", "level", "--head", "svm", "--class-weight", "none",
          "--regularization", "2"], ["accuracy", "macro_f1"], "macro-F1"),
    ],
    ids=["multi", "ordinal", "regression", "centroid", "svm"],
)  # fmt: skip
def test_each_target_is_trained_predicted_and_scored(
    kgml_in: Run, folder: Path, tmp_path: Path, flags: list[str], metrics: list[str], heading: str
) -> None:
    command = ["train", "--graph", folder / "g", "--data", folder / "t.csv", *flags, "-o", "m"]
    done = kgml_in(tmp_path, *command, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    for scores in (result["metrics"], result["placebo"], *result["baselines"].values()):
        assert set(scores) - {"per_label"} == {*metrics, "interval"}
    assert result["target"] == json.loads((tmp_path / "m" / "model.json").read_text("utf-8"))[
        "options"
    ].get("target", "single")
    assert result["head"] in ("logistic", "svm", "ridge", "centroid")
    assert (result["regularization"] is None) == (result["head"] == "centroid")
    from kgml.cli import train

    assert heading in train.human(result).splitlines()[0]

    scored = kgml_in(tmp_path, "evaluate", "m", "--data", folder / "t.csv", "--json")
    assert scored.returncode == 0, scored.stderr
    assert json.loads(scored.stdout)["metrics"] == result["metrics"]
    assert json.loads(scored.stdout)["target"] == result["target"]
    table = kgml_in(tmp_path, "evaluate", "m", "--data", folder / "t.csv").stdout
    assert {line.split()[0] for line in table.splitlines()} == set(metrics)

    for name in ("o.csv", "o.jsonl"):
        wrote = kgml_in(tmp_path, "predict", "m", "--data", folder / "t.csv", "-o", name)
        assert wrote.returncode == 0, wrote.stderr
    lines = (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line)["label"] for line in lines]
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as stream:
        told = [row["label"] for row in csv.DictReader(stream)]
    assert told == ["|".join(v) if isinstance(v, list) else str(v) for v in labels]
    assert kgml_in(tmp_path, "predict", "m", "bond yields rose").stdout.strip()


def test_several_labels_are_predicted_with_their_probabilities(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    command = ["train", "--graph", folder / "g", "--data", folder / "t.csv", "--label-column",
               "topics", "--label-separator", "|", "-o", "m"]  # fmt: skip
    assert kgml_in(tmp_path, *command).returncode == 0
    (one,) = json.loads(kgml_in(tmp_path, "predict", "m", "bond yields rose", "--json").stdout)
    assert one["label"] == ["money"]
    assert set(one["probabilities"]) == {"heart", "money"}
    described = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    assert len(described["target"]["threshold"]) == 2
    assert kgml_in(tmp_path, "predict", "m", "bond yields rose").stdout.splitlines()[0] == "money"


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--label-separator", "|", "--target", "single"], 2, "label_separator '|' and target single"),
        (["--target", "mutli"], 2, "no target named 'mutli'"),
        (["--head", "centroid", "--class-weight", "balanced"], 2, "'centroid' takes none"),
        (["--regularization", "lots"], 2, "--regularization 'lots': wanted a number above 0, or auto"),
        (["--label-column", "level", "--target", "ordinal"], 1, "--order low medium high"),
        (["--label-column", "level", "--order", "low", "high"], 1, "'medium' in rows 25, 26"),
        (["--label-column", "level", "--target", "regression"], 1, "'low' in rows 1, 2"),
        (["surplus"], 2, "unexpected extra argument (surplus)"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused_in_one_line(
    kgml_in: Run, folder: Path, tmp_path: Path, flags: list[str], code: int, words: str
) -> None:
    done = kgml_in(tmp_path, "train", "--graph", folder / "g", "--data", folder / "t.csv", *flags)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert words in done.stderr.splitlines()[-1]
    assert not (tmp_path / "artifacts").exists()


def test_a_separator_for_a_model_of_one_label_is_refused(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    table = ["--data", folder / "t.csv", "--label-column", "level"]
    assert kgml_in(tmp_path, "train", "--graph", folder / "g", *table, "-o", "m").returncode == 0
    done = kgml_in(tmp_path, "evaluate", "m", *table, "--label-separator", "|")
    assert (done.returncode, done.stdout) == (2, "")
    assert "label_separator '|' is for target multi; this one is single" in done.stderr
