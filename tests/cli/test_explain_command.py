"""kgml explain as a process: one document, a page, a change, a measure, refusals."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kgml.cli import explained
from kgml.cli.output import visible
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier

Run = Callable[..., subprocess.CompletedProcess[str]]
HEART = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:disease a owl:Class ; rdfs:label "heart disease"@en .
:af a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "atrial fibrillation"@en .
:vf a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "ventricular fibrillation"@en .
:paper a owl:Class ; rdfs:label "security"@en .
:bond a owl:Class ; rdfs:subClassOf :paper ; rdfs:label "gilt"@en .
:share a owl:Class ; rdfs:subClassOf :paper ; rdfs:label "common share"@en .
"""
TEXTS = {
    "heart": ["new atrial fibrillation", "atrial fibrillation on the monitor",
              "ventricular fibrillation was seen", "a slow pulse"],
    "money": ["the gilt fell", "a common share and a gilt", "gilts rose", "the fund lost money"],
}  # fmt: skip
TEXT = "No ventricular fibrillation, but atrial fibrillation."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``m`` with knowledge, ``plain`` without, and ``t.csv``: 8 training rows, 4 test rows."""
    made: Path = tmp_path_factory.mktemp("explained")
    (made / "heart.ttl").write_text(HEART, encoding="utf-8")
    (made / "q.html").write_text("a table", encoding="utf-8")
    texts = [text for those in TEXTS.values() for text in those]
    labels = [label for label, those in TEXTS.items() for _ in those]
    held = [[TEXT, "heart"], ["gilt, common share", "money"], ["a gilt", "money"], ["x y", "money"]]
    with (made / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "split"])
        writer.writerows([*row, "train"] for row in zip(texts, labels, strict=True))
        writer.writerows([*row, "test"] for row in held)
    graph = load_graph(made / "heart.ttl")
    KGTextClassifier(graph, folds=2, knowledge="always").fit(texts, labels).save(made / "m")
    KGTextClassifier(graph, folds=2, fusion="none").fit(texts, labels).save(made / "plain")
    return made


@pytest.fixture(scope="module")
def told(kgml_in: Run, folder: Path) -> subprocess.CompletedProcess[str]:
    return kgml_in(
        folder, "explain", "m", TEXT, "a slow pulse", "--like", "t.csv", "-k", 2, "--json"
    )


def test_json_is_one_document_with_the_evidence(told) -> None:
    assert told.returncode == 0, told.stderr
    result: dict[str, Any] = json.loads(told.stdout)
    assert result["knowledge"] == {"used": True, "sentence": None, "fusion": "concat"}
    one, other = result["explanations"]
    assert (one["row"], one["label"], one["text"]) == (1, "heart", TEXT)
    assert [TEXT[m["start"] : m["end"]] for m in one["mentions"]] == [
        "ventricular fibrillation", "atrial fibrillation",
    ]  # fmt: skip
    assert [m["negated"] for m in one["mentions"]] == [True, False]
    paths = {concept["id"]: concept["path"] for concept in one["concepts"]}
    assert paths["http://example.org/af"] == "atrial fibrillation is a kind of heart disease"
    assert one["like"][0]["label"] == "heart"
    assert other["mentions"] == []
    assert other["like"][0] == {
        "row": 4, "label": "heart", "similarity": 1.0, "text": "a slow pulse",
    }  # fmt: skip


def test_the_same_call_prints_the_same_bytes(told, kgml_in: Run, folder: Path) -> None:
    arguments = ["m", TEXT, "a slow pulse", "--like", "t.csv", "-k", 2, "--json", "--quiet"]
    again = kgml_in(folder, "explain", *arguments)
    assert (again.stdout, again.stderr) == (told.stdout, "")


def test_the_terminal_shows_marks_ways_and_neighbours(told) -> None:
    result = json.loads(told.stdout)
    lines = explained.human(result).splitlines()
    assert lines[0].startswith("heart ")
    assert lines[1] == "  No ⟦ventricular fibrillation⟧, but ⟦atrial fibrillation⟧."
    shown = "\n".join(lines)
    assert "3–27" in shown
    assert "(negated)" in shown
    assert "is a kind of heart disease: carried by " in shown
    assert "nothing linked" in shown
    assert "\n  by counted word: " in shown
    assert "gate 0." in shown


def test_what_steers_a_terminal_is_spelled_out(told) -> None:
    result = json.loads(told.stdout)
    one = result["explanations"][0]
    one["text"] += "\x1b[31m\n  lost without knowledge +0.999"
    one["mentions"][0]["text"] = one["concepts"][0]["path"] = "a\nb\x1b[2J\u202e"
    one["label"] = "heart\r"
    one["probabilities"]["\x07"] = 0.0
    shown = visible(explained.human(result))
    assert not set("\x1b\u202e\r\x07") & set(shown)
    assert "a\\x0ab\\x1b[2J\\u202e" in shown
    assert "\n  lost without knowledge +0.999" not in shown


def test_a_page_is_written_and_nothing_is_printed(kgml_in: Run, folder: Path) -> None:
    done = kgml_in(folder, "explain", "m", "--data", "t.csv", "--split", "test", "--html", "p.html")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("note: 4 explanations written to p.html\n")
    page = (folder / "p.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 4
    assert "<script" not in page
    assert "ventricular fibrillation</mark>" in page


def test_a_synonym_and_a_dropped_concept_change_what_they_reach(kgml_in: Run, folder: Path) -> None:
    done = kgml_in(
        folder, "explain", "m", "the gilt and zorbin", "zorbin of the zorbin", "--json",
        "--add-synonym", "http://example.org/af=zorbin", "--drop-concept", "http://example.org/bond",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["synonyms"] == [
        {"id": "http://example.org/af", "label": "atrial fibrillation", "synonym": "zorbin"}
    ]
    assert result["dropped"] == [{"id": "http://example.org/bond", "label": "gilt"}]
    assert (result["texts"], result["reached"]) == (2, 2)
    first = result["rows"][0]
    assert [m["text"] for m in first["before"]["mentions"]] == ["gilt"]
    assert [m["text"] for m in first["after"]["mentions"]] == ["zorbin"]
    for row in result["rows"]:
        assert row["flips"] is (row["before"]["label"] != row["after"]["label"])
    assert result["flips"] == sum(row["flips"] for row in result["rows"])
    lines = explained.human_what_if(result).splitlines()
    assert lines[0] == "+ 'zorbin' for atrial fibrillation (http://example.org/af)"
    assert (
        lines[2] == f"the concepts of 2 of 2 texts are others, {result['flips']} get another label"
    )
    assert sorted(line.split()[0] for line in lines[4:]) == ["1", "2"]


def test_faithfulness_of_a_table_without_labels_too(kgml_in: Run, folder: Path) -> None:
    (folder / "u.txt").write_text("\n".join([TEXT, "gilt, common share", "none"]), encoding="utf-8")
    for data in (["t.csv", "--split", "test"], ["u.txt"]):
        done = kgml_in(folder, "explain", "m", "--data", *data, "--faithfulness", "--json")
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert (result["counted"], result["shares"], result["draws"]) == (2, [0.1, 0.2, 0.5], 10)
        table = explained.human_faithfulness(result).splitlines()
        assert [line.split()[0] for line in table[1:3]] == ["comprehensiveness", "sufficiency"]
        assert table[3].startswith(f"2 of {result['texts']} texts have 2 mentions or more, 2.0 ")


def test_a_model_without_knowledge_says_so_and_cannot_be_measured(kgml_in, folder) -> None:
    done = kgml_in(folder, "explain", "plain", TEXT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("This model was trained without knowledge (fusion none)")
    assert "by concept" not in done.stdout
    done = kgml_in(folder, "explain", "plain", "--data", "t.csv", "--faithfulness")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: nothing to measure. This model was trained without knowledge" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "nothing to read"),
        (["a", "--data", "t.csv"], 2, "exclude each other"),
        (["a", " "], 1, "TEXT is empty"),
        (["a", "--faithfulness"], 2, "--faithfulness is for a table"),
        (["a", "--split", "test"], 2, "--split is for a table"),
        (["a", "-k", "3"], 2, "-k is for --like FILE"),
        (["a", "--html", "p.pdf"], 2, "wanted a file ending in .html"),
        (["a", "--like", "none.csv"], 1, "none.csv: no such file"),
        (
            ["a", "--like", "q.html", "--html", "q.html"],
            2,
            "--html q.html is the table that --like names; choose another --html.",
        ),
        (["--data", "t.csv", "--faithfulness", "--drop-concept", "x"], 2, "exclude each other"),
        (["a", "--drop-concept", "http://example.org/aff"], 1, "no entity"),
        (["a", "--add-synonym", "af"], 2, "wanted ID=WORDS"),
        (["--data", "t.csv", "--split", "dev"], 1, "no row 'dev'"),
    ],
)
def test_refusals_are_one_line_with_the_right_exit(
    kgml_in: Run, folder: Path, arguments: list[str], code: int, words: str
) -> None:
    done = kgml_in(folder, "explain", "m", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert words in done.stderr
