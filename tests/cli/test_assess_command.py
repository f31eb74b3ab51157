"""kgml assess as a process: a table with planted defects, all three outputs, refusals in words."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
TOPICS = {
    "heart": "heart beat valve artery blood pressure atrium pulse rhythm vessel",
    "lung": "lung breath airway cough oxygen bronchus chest asthma inhale alveoli",
    "skin": "skin rash itch eczema lesion wound burn scar acne blister",
}
USUAL = ["patient", "came", "trouble", "seen", "doctor", "after", "days", "visit", "home", "again"]
FLIPPED = (3, 17, 40)
GRAPH = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:organ a owl:Class ; rdfs:label "organ"@en .
:valve a owl:Class ; rdfs:subClassOf :organ ; rdfs:label "valve"@en .
:airway a owl:Class ; rdfs:subClassOf :organ ; rdfs:label "airway"@en .
"""


def write_table(file: Path) -> None:
    """120 rows of three clear classes; 3 labels are wrong, one text is damaged, one stands twice."""
    rng = np.random.default_rng(0)
    names = list(TOPICS)
    rows = []
    for i in range(120):
        label = names[i % 3]
        words = [*rng.choice(TOPICS[label].split(), 5), *rng.choice(USUAL, 6)]
        text = " ".join(rng.permutation(words)) + "."
        told = names[(i + 1) % 3] if i in FLIPPED else label
        rows.append([text, told, ("ward", "clinic")[int(rng.integers(2))]])
    rows[30][0] = "The cafÃ© " + rows[30][0]
    rows[60][0] = rows[57][0]
    rows[90][0] += " <script>alert(1)</script> gauze gauze"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["text", "label", "place"], *rows])


@dataclass(frozen=True)
class Assessed:
    folder: Path
    result: dict[str, Any]
    stderr: str


@pytest.fixture(scope="module")
def assessed(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Assessed:
    folder = tmp_path_factory.mktemp("assess")
    write_table(folder / "t.csv")
    (folder / "g.ttl").write_text(GRAPH, encoding="utf-8")
    done = kgml_in(
        folder, "assess", "t.csv", "--graph", "g.ttl", "--target-metric", "macro_f1=0.5",
        "--group-column", "place", "--pilot", "5", "--patch", "lacks.ttl", "--html", "page.html", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Assessed(folder, json.loads(done.stdout), done.stderr)


def finding(of: Assessed, name: str) -> dict[str, Any]:
    (one,) = [f for f in of.result["findings"] if f["name"] == name]
    return dict(one)


def test_a_pilot_of_too_few_rows_is_left_out_and_said(assessed: Assessed) -> None:
    left_out = "the table leaves a fine-tuning of 90 rows; wanted at least 100"
    assert assessed.result["volume"]["pilot"] == {"left_out": left_out}
    page = (assessed.folder / "page.html").read_text(encoding="utf-8")
    assert f"<p>fine-tuning was not tried: {left_out}.</p>" in page


def test_volume_has_a_curve_that_leads_to_the_rows_at_hand(assessed: Assessed) -> None:
    volume = assessed.result["volume"]
    assert (volume["rows"], volume["classes"], volume["learned_from"]) == (120, 3, 120)
    curve = volume["curve"]
    assert curve["now"]["labels"] == 120
    assert curve["points"][-1]["mean"] > 0.8
    low, high = curve["now"]["interval"]
    assert low < curve["now"]["value"] < high
    assert curve["target"]["value"] < 120


def test_the_wrong_labels_are_among_the_first_suspects(assessed: Assessed) -> None:
    suspects = assessed.result["quality"]["suspects"]
    assert {row + 1 for row in FLIPPED} <= {one["row"] for one in suspects}
    (one,) = [s for s in suspects if s["row"] == FLIPPED[0] + 1]
    assert (one["label"], one["suggested"]) == ("lung", "heart")


def test_the_damaged_and_the_copied_text_are_named_by_row(assessed: Assessed) -> None:
    assert finding(assessed, "mojibake")["rows"] == [31]
    assert finding(assessed, "exact duplicates")["rows"] == [61]


def test_groups_have_scores_and_a_difference_with_its_interval(assessed: Assessed) -> None:
    groups = assessed.result["quality"]["groups"]
    assert [g["value"] for g in groups] == ["clinic", "ward"]
    assert sum(g["rows"] for g in groups) == 120
    for group in groups:
        low, high = group["difference_interval"]
        assert low < group["difference"] < high


def test_what_the_ontology_lacks_is_a_patch_that_kgml_reads(
    assessed: Assessed, kgml_in: Run
) -> None:
    ontology = assessed.result["relevance"]["ontology"]
    assert 0 < ontology["share"] < 1
    assert ontology["entities"] == 2
    missing = [p["phrase"] for p in assessed.result["relevance"]["missing"]]
    assert "artery" in missing
    assert "valve" not in missing
    done = kgml_in(assessed.folder, "build-graph", "lacks.ttl", "-o", "lacks.kg", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entities"] == len(missing)


def test_the_verdict_names_one_way_its_cost_and_the_reasons_of_all_three(
    assessed: Assessed,
) -> None:
    verdict = assessed.result["verdict"]
    assert verdict["verdict"] in ("feasible", "feasible with conditions")
    assert verdict["regime"] == "embeddings"
    assert verdict["minutes"] > 0
    assert len(verdict["reasons"]) == 3
    assert assessed.result["costs"]["fine-tune"]["steps"] > 0


def test_the_page_is_whole_escaped_and_asks_nothing_of_the_network(assessed: Assessed) -> None:
    page = (assessed.folder / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("</svg>") == 2
    assert "<script" not in page
    assert re.findall(r"""(?:src|href)\s*=|url\(|@import""", page) == []
    for heading in ("Volume", "Quality", "Relevance"):
        assert f"<h2>{heading}</h2>" in page


def test_the_report_has_three_headings_and_the_verdict(assessed: Assessed) -> None:
    from kgml.cli.assess import human

    said = human(assessed.result)
    assert [line for line in said.splitlines() if line.isupper()] == [
        "VOLUME", "QUALITY", "RELEVANCE", "VERDICT",
    ]  # fmt: skip
    assert "mojibake: 1 texts hold UTF-8 that was read as Latin-1" in said


@pytest.mark.parametrize(
    ("content", "more", "code", "words"),
    [
        ("body,label\na,up\nb,down\n", (), 1, "no column 'text'"),
        ("text,label\na,up\nb,up\n", (), 1, "one class only"),
        ("text,label\n", (), 1, "no rows in it"),
        ("text,label\na,up\nb,down\n", (), 1, "2 training rows with a text and a label; wanted at least 8"),
        ("text,label\n\0,up\n", (), 1, "this is a binary file"),
        ("text,label\na,up\nb,down\n", ("--target-metric", "f1=0.5"), 2, "no metric 'f1'"),
        ("text,label\na,up\nb,down\n", ("--target-metric", "accuracy=9"), 2, "between 0 and 1"),
        ("text,label\na,up\nb,down\n", ("--patch", "p.csv"), 2, "name one with --graph"),
        ("text,label\na,up\nb,down\n", ("--group-column", "x"), 1, "no column 'x' to group by"),
    ],
)  # fmt: skip
def test_what_cannot_be_assessed_is_refused(
    kgml: Run, tmp_path: Path, content: str, more: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    done = kgml("assess", "t.csv", *more)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert words in done.stderr
