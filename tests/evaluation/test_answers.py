"""The sentences of a comparison agree with its numbers."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from kgml.evaluation.answers import answers
from kgml.evaluation.report import as_csv, as_markdown

YES = {"difference": 0.05, "interval": [0.03, 0.07], "p_holm": 0.004, "p": 0.001}
NO = {"difference": 0.001, "interval": [-0.005, 0.006], "p_holm": 1.0, "p": 0.8}
UNCLEAR = {"difference": 0.01, "interval": [-0.01, 0.03], "p_holm": 0.6, "p": 0.3}
HARMS = {"difference": -0.05, "interval": [-0.07, -0.03], "p_holm": 0.004, "p": 0.001}


def system(used: int = 0) -> dict[str, Any]:
    score = {"mean": 0.6, "sd": 0.01, "interval": [0.55, 0.65], "draws": [0.6, 0.6]}
    error = {"mean": 0.1, "sd": 0.01}
    calibration = {"ece": error, "brier": error, "curve": [[0.6, 0.5, 4], [0.9, 0.95, 4]]}
    return {"accuracy": score, "macro_f1": score, "used": used, "calibration": calibration}


def size(per_class: str, plain: Any, permuted: Any = YES, rewired: Any = YES) -> dict[str, Any]:
    mcnemar = {"p": 0.5, "p_holm": 1.0, "only_against": [1, 2], "only_system": [1, 2]}
    pairs = [("concat", "text_tfidf", plain), ("shipped", "text_tfidf", plain),
             ("concat", "permuted", permuted), ("concat", "rewired", rewired)]  # fmt: skip
    return {
        "per_class": per_class, "rows": 16, "draws": 2,
        "systems": {name: system(2 * (name == "shipped"))
                    for name in ("text", "text_tfidf", "concat", "shipped", "permuted", "rewired")},
        "comparisons": [
            {"system": a, "against": b, "macro_f1": found, "accuracy": found, "mcnemar": mcnemar}
            for a, b, found in pairs
        ],
        "per_class_f1": [{"label": "a|b", "rows": 4, "f1": 0.5, **YES}],
        "without": [{"kind": "branch", "id": "X:1", "label": "heart", "documents": 9, **YES},
                    {"kind": "branch", "id": "X:2", "label": "lung", "documents": 8, **NO}],
    }  # fmt: skip


def results(*sizes: dict[str, Any], saved: Any = 120, doubts: Any = ()) -> dict[str, Any]:
    curve = {"points": [[16, 0.5], [64, 0.6]], "c": 0.8, "a": 1.0, "b": 0.5, "worst": 0.001,
             "labels_for_a_point": 40, "interval": [30, None], "doubts": list(doubts)}  # fmt: skip
    found = {
        "fusion": "concat", "fusions": ["concat"], "graphs": ["g"], "seed": 0, "seeds": 2,
        "rows": {"train": 100, "test": 50}, "classes": 2, "coverage": 0.9, "bins": 15,
        "sizes": list(sizes), "curves": {"text_tfidf": curve, "concat": curve},
        "saved": [{"per_class": s["per_class"], "rows": 16, "labels": saved, "most": 84,
                   "interval": [100, None]} for s in sizes[:-1]],
    }  # fmt: skip
    return {**found, "answers": answers(found)}


@pytest.mark.parametrize(
    ("kinds", "verdict", "opening"),
    [
        ([YES, UNCLEAR], "yes", "Yes: "),
        ([NO, NO], "no", "No: "),
        ([NO, UNCLEAR], "unclear", "That cannot be told: "),
        ([UNCLEAR, HARMS], "harms", "No, it harms: "),
        ([YES, HARMS], "mixed", "It depends on how many labels there are: "),
    ],
)
def test_does_it_help(kinds: list[Any], verdict: str, opening: str) -> None:
    found = results(*(size(n, kind) for n, kind in zip(("8", "full"), kinds, strict=True)))
    said = found["answers"]["help"]
    assert said["verdict"] == verdict
    assert said["sentence"].startswith(opening)
    assert "at 8 labels per class" in said["sentence"]
    assert "with all labels" in said["sentence"]
    assert said["sentence"].endswith("(uses it in 2 of 2).")


@pytest.mark.parametrize(
    ("permuted", "rewired", "verdict"),
    [(YES, YES, "yes"), (YES, NO, "partly"), (NO, NO, "no"), (UNCLEAR, NO, "unclear")],
)
def test_is_it_the_knowledge(permuted: Any, rewired: Any, verdict: str) -> None:
    said = results(size("8", YES, permuted, rewired))["answers"]["knowledge"]
    assert said["verdict"] == verdict
    assert "over permuted entities" in said["sentence"]
    assert "over rewired is-a edges" in said["sentence"]


def test_without_a_gain_nothing_is_explained_and_nothing_saved() -> None:
    found = results(size("8", NO), size("full", NO))["answers"]
    assert found["knowledge"]["sentence"].startswith("There is no sure gain to ask this of")
    assert found["worth"]["verdict"] == "no"


def test_is_it_worth_it_says_how_many_labels_are_saved_and_what_a_point_costs() -> None:
    sentence = results(size("8", YES), size("full", YES))["answers"]["worth"]["sentence"]
    assert "at 8 labels per class (16) about 120 more labels [100, over 84]" in sentence
    assert "after 64 labels about 40 more [30, no end] buy text + TF-IDF one point" in sentence


def test_more_labels_than_there_are_is_said_so() -> None:
    sentence = results(size("8", YES), size("full", YES), saved=None)["answers"]["worth"][
        "sentence"
    ]
    assert "more than the 84 further labels there are" in sentence


def test_a_doubted_curve_is_not_used() -> None:
    found = results(size("8", YES), size("full", YES), doubts=["2 sizes"])
    assert "not to be believed: 2 sizes" in found["answers"]["worth"]["sentence"]
    assert "buy text" not in found["answers"]["worth"]["sentence"]
    assert "| - | 2 sizes |" in as_markdown(found)


def test_the_branch_that_carries_is_named() -> None:
    said = results(size("8", YES))["answers"]["source"]
    assert "the branch 'heart' carries most, +5.0 points [+3.0, +7.0]" in said["sentence"]
    assert said["sizes"] == {"8": ["X:1"]}


def test_the_page_has_every_answer_and_cells_do_not_break_its_tables() -> None:
    found = results(size("8", YES), size("full", UNCLEAR))
    page = as_markdown(found)
    for answer in found["answers"].values():
        assert answer["sentence"] in page
    assert "a\\|b" in page
    for block in page.split("\n\n"):
        if block.startswith("|"):
            bars = {line.replace("\\|", "").count("|") for line in block.splitlines()}
            assert len(bars) == 1


def test_the_table_has_one_number_a_row() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(results(size("8", YES), size("full", NO))))))
    assert {row["what"] for row in rows} == {
        "score", "calibration", "reliability", "difference", "class", "without", "saved", "curve",
    }  # fmt: skip
    (one,) = [
        r for r in rows
        if (r["what"], r["system"], r["against"], r["metric"], r["per_class"])
        == ("difference", "concat", "permuted", "macro_f1", "8")
    ]  # fmt: skip
    assert (one["value"], one["low"], one["p_holm"]) == ("0.05", "0.03", "0.004")


def test_a_model_that_never_uses_knowledge_is_said_so_in_the_table() -> None:
    one = size("8", NO)
    one["systems"]["shipped"]["used"] = 0
    row = next(r for r in as_markdown(results(one)).splitlines() if r.startswith("| kgml as"))
    assert row.endswith("| 0 of 2 |")


def test_names_of_other_people_break_neither_a_row_nor_the_page() -> None:
    one = size("8", YES)
    one["per_class_f1"][0]["label"] = "two\nlines \\| <script>"
    one["without"][0]["label"] = "of\n\n<b>heart"
    page = as_markdown(results(one))
    assert "| two lines \\\\\\| &lt;script> |" in page
    assert "the branch 'of &lt;b>heart' carries most" in page
    assert "| < .001 |" in as_markdown(results(size("8", {**YES, "p_holm": 0.0001})))


def test_the_reliability_curve_and_what_a_point_costs_are_in_the_table() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(results(size("8", YES), size("full", NO))))))
    curve = [(r["metric"], r["value"]) for r in rows
             if (r["what"], r["system"], r["per_class"]) == ("reliability", "concat", "8")]  # fmt: skip
    assert curve == [("confidence 1", "0.6"), ("accuracy 1", "0.5"), ("rows 1", "4"),
                     ("confidence 2", "0.9"), ("accuracy 2", "0.95"), ("rows 2", "4")]  # fmt: skip
    (cost,) = [r for r in rows if (r["system"], r["metric"]) == ("concat", "labels_for_a_point")]
    assert (cost["value"], cost["low"], cost["high"]) == ("40", "30", "")


def test_a_cost_without_a_lower_end_is_said_too() -> None:
    found = results(size("8", YES), size("full", YES))
    found["curves"]["text_tfidf"]["interval"] = [None, None]
    assert "about 40 more [no end, no end] buy" in answers(found)["worth"]["sentence"]
