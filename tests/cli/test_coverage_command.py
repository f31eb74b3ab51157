"""train --classes, and --coverage of predict and evaluate, as processes."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
ZOO = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:animal a owl:Class ; rdfs:label "animal"@en .
:bird a owl:Class ; rdfs:subClassOf :animal ; rdfs:label "bird"@en .
:gull a owl:Class ; rdfs:subClassOf :bird ; rdfs:label "gull"@en .
:fish a owl:Class ; rdfs:subClassOf :animal ; rdfs:label "fish"@en .
:cod a owl:Class ; rdfs:subClassOf :fish ; rdfs:label "cod"@en .
:stone a owl:Class ; rdfs:label "stone"@en .
"""
KINDS = {"bird": "a gull flew", "fish": "a cod swam", "stone": "granite lay"}
PLACES = ["here", "there", "yesterday", "at noon", "for hours", "again"]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, kgml_in: Run) -> Path:
    """A graph, ``t.csv`` labelled by IRIs, ``c.csv`` of classes and the model ``m``."""
    folder = tmp_path_factory.mktemp("zoo")
    (folder / "zoo.ttl").write_text(ZOO, encoding="utf-8")
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "split"])
        for kind, text in KINDS.items():
            for i, place in enumerate(PLACES):
                split = "test" if i > 3 else "train"
                writer.writerow([f"{text} {place}", f"http://example.org/{kind}", split])
    (folder / "c.csv").write_text(
        "label,id\n" + "".join(f"{kind},http://example.org/{kind}\n" for kind in KINDS)
    )
    done = kgml_in(folder, "train", "--graph", "zoo.ttl", "--data", "t.csv", "-o", "m", "--json")
    assert done.returncode == 0, done.stderr
    return folder


def test_predict_with_a_coverage_says_how_far_up_it_went(zoo: Path, kgml_in: Run) -> None:
    done = kgml_in(zoo, "predict", "m", "a gull flew", "--coverage", "0.9", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["backoff"]["coverage"] == 0.9
    assert "http://example.org/bird" in found["backoff"]["classes"]
    human = kgml_in(zoo, "predict", "m", "a gull flew", "--coverage", "0.9")
    assert "with coverage 0.9: " in human.stdout
    plain = kgml_in(zoo, "predict", "m", "a gull flew", "--json")
    assert "backoff" not in json.loads(plain.stdout)[0]


def test_a_table_of_predictions_has_columns_for_it(zoo: Path, kgml_in: Run) -> None:
    done = kgml_in(zoo, "predict", "m", "--data", "t.csv", "--coverage", "0.8", "-o", "p.csv")
    assert done.returncode == 0, done.stderr
    with (zoo / "p.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:4] == ["text", "label", "backoff", "classes"]
    assert all(row["label"] in row["classes"].split("|") for row in rows)


def test_evaluate_measures_what_was_covered(zoo: Path, kgml_in: Run) -> None:
    done = kgml_in(zoo, "evaluate", "m", "--data", "t.csv", "--coverage", "0.8", "--json")
    found = json.loads(done.stdout)["backoff"]
    assert found["asked"] == 0.8
    assert 0 <= found["interval"][0] <= found["covered"] <= found["interval"][1] <= 1
    human = kgml_in(zoo, "evaluate", "m", "--data", "t.csv", "--coverage", "0.8")
    assert "covered (0.8 asked)" in human.stdout


def test_classes_alone_make_a_model_that_says_what_it_is_made_of(zoo: Path, kgml_in: Run) -> None:
    done = kgml_in(zoo, "train", "--graph", "zoo.ttl", "--classes", "c.csv", "-o", "z", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["classes"][0] == {
        "label": "bird", "texts": [], "entities": ["http://example.org/bird"],
    }  # fmt: skip
    assert result["rows"] == {"texts": 0, "learned_from": 0}
    said = kgml_in(zoo, "evaluate", "z", "--data", "t.csv", "--json")
    assert said.returncode == 0, said.stderr
    again = kgml_in(zoo, "predict", "z", "the gull", "--json")
    assert json.loads(again.stdout)[0]["label"] == "bird"
    refused = kgml_in(zoo, "predict", "z", "the gull", "--coverage", "0.9")
    assert refused.returncode == 2
    assert "no back-off, " in refused.stderr


def test_options_about_labels_and_classes_exclude_each_other(zoo: Path, kgml_in: Run) -> None:
    done = kgml_in(zoo, "train", "--graph", "zoo.ttl", "--classes", "c.csv", "--per-class", "8")
    assert done.returncode == 2
    assert "--classes and --per-class exclude each other: no label is read" in done.stderr
    assert "Traceback" not in done.stderr
