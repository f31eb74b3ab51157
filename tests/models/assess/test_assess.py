"""Scale, verdicts and phrases: numbers worked out by hand, answers that follow from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kgml.data.quality.finding import SERIOUS, Finding
from kgml.errors import CorpusError, UsageError
from kgml.models.assess.measured import target_metric
from kgml.models.assess.phrases import Phrase, as_csv, as_turtle
from kgml.models.assess.scale import count_text, effective, plan
from kgml.models.assess.verdict import Measured, verdict


def counted(tokens: int) -> dict[str, Any]:
    return {"documents": 1, "bytes": 4 * tokens, "tokens": tokens, "bytes_a_token": 4.0}


def curve(
    low: float, value: float, high: float, target: dict[str, Any] | None = None
) -> dict[str, Any]:
    now = {"labels": 400, "value": value, "interval": [low, high]}
    return {"metric": "macro_f1", "title": "macro-F1", "now": now, "target": target}


def wanted(
    score: float, labels: float | None, low: float | None, reached: float = 1.0
) -> dict[str, Any]:
    return {"score": score, "value": labels, "interval": [low, None], "reached": reached}


COSTS = {
    "fine-tune": {"minutes": 30.0, "memory_mib": 900}, "embeddings": {"minutes": 1.0, "memory_mib": 500},
    "from-scratch": None,
}  # fmt: skip
GOOD = Measured(
    curve(0.70, 0.75, 0.80),
    0.2,
    400,
    4,
    [],
    COSTS,
    plan(counted(1_000_000), 1e10),
    None,
    False,
    None,
)


def test_text_read_four_times_is_worth_less_than_four_times_its_tokens() -> None:
    assert effective(1_000, 1) == 1_000
    assert 3_600 < effective(1_000, 4) < 4_000
    assert effective(1_000, 10_000) == pytest.approx(1_000 * 16.387756)


def test_the_largest_model_has_twenty_tokens_a_parameter_and_its_flops() -> None:
    found = plan(counted(100_000_000), flops_a_second=1e10)
    largest = found["largest"]
    assert largest["parameters"] == pytest.approx(found["worth"] / 20, rel=0.1)
    assert largest["flops"] >= 6 * largest["parameters"] * 400_000_000
    assert largest["minutes_here"] == pytest.approx(largest["flops"] / 1e10 / 60, rel=0.01)
    one, eight = (largest["minutes_on"][f"{n} x H100"] for n in (1, 8))
    assert one == pytest.approx(largest["flops"] / (0.4 * 989e12) / 60, rel=0.01)
    assert one == pytest.approx(8 * eight, rel=0.01)


def test_a_few_words_carry_no_language_model() -> None:
    assert plan(counted(1_000), 1e10)["largest"] is None


def test_a_text_that_stands_twice_is_counted_once() -> None:
    once = count_text(["one two three", "four five"])
    assert count_text(["one two three", "four five", "one two three", " "]) == once
    assert once["bytes"] == len("one two threefour five")
    with pytest.raises(CorpusError, match="no text to count tokens in"):
        count_text([" "])


def test_a_target_below_the_interval_is_feasible_and_within_it_is_not_sure() -> None:
    found = verdict(replace(GOOD, curve=curve(0.70, 0.75, 0.80, wanted(0.65, 200, 150))))
    assert (found["verdict"], found["conditions"]) == ("feasible", [])
    found = verdict(replace(GOOD, curve=curve(0.70, 0.75, 0.80, wanted(0.72, 350, 200))))
    assert found["verdict"] == "feasible with conditions"


LIGHT = replace(GOOD, costs=COSTS | {"fine-tune": None}, refused="no layers to train.")
"""Nothing can be fine-tuned."""


def test_a_target_above_asks_for_labels_until_they_are_too_many() -> None:
    found = verdict(replace(LIGHT, curve=curve(0.70, 0.75, 0.80, wanted(0.85, 900, 600))))
    assert found["verdict"] == "feasible with conditions"
    assert found["reasons"][0] == "Fine-tune a pretrained model: no layers to train."
    assert (found["regime"], verdict(GOOD)["regime"]) == ("embeddings", "fine-tune")
    assert "about 900 rows in all (95%: 600 to never), 400 are there" in found["conditions"][0]
    far = curve(0.70, 0.75, 0.80, wanted(0.85, 9_000, 5_000))
    never = curve(0.70, 0.75, 0.80, wanted(0.99, None, None, 0.05))
    for one in (far, never):
        assert verdict(replace(LIGHT, curve=one))["verdict"] == "not with this data"


def pilot(points: float, **more: Any) -> dict[str, Any]:
    by = {"value": points / 100, "interval": [points / 100 - 0.02, points / 100 + 0.02]}
    return {"labels": 150, "held_out": 100, "difference": by, **more}


def test_what_fine_tuning_reaches_is_said_where_it_was_tried() -> None:
    never = curve(0.70, 0.75, 0.80, wanted(0.85, None, None, 0.05))
    untried = verdict(replace(GOOD, curve=never))
    assert (untried["verdict"], untried["expected"]["of"]) == (
        "feasible with conditions",
        "embeddings",
    )
    assert untried["conditions"] == ["Let it be tried on a part of the rows: --pilot MINUTES."]
    left_out = verdict(replace(GOOD, curve=never, pilot={"left_out": "too few rows"}))
    assert left_out["conditions"] == untried["conditions"]
    better = pilot(9, curve=curve(0.86, 0.9, 0.94, wanted(0.85, 300, 200)))
    tried = verdict(replace(GOOD, curve=never, pilot=better))
    assert (tried["verdict"], tried["regime"]) == ("feasible", "fine-tune")
    assert tried["expected"] == {
        "metric": "macro_f1", "of": "fine-tune", "labels": 400, "value": 0.9, "interval": [0.86, 0.94]
    }  # fmt: skip
    assert (
        "tried on 150 rows, +9.0 points [+7.0, +11.0] over the light stack" in tried["reasons"][0]
    )


def test_fine_tuning_that_was_tried_and_is_worse_is_not_chosen_and_better_on_few_rows_is() -> None:
    of = curve(0.70, 0.75, 0.80)
    worse = verdict(replace(GOOD, pilot=pilot(-1, curve=of)))
    assert (worse["regime"], worse["expected"]["of"]) == ("embeddings", "embeddings")
    few = replace(GOOD, rows=120)
    assert verdict(few)["regime"] == "embeddings"
    assert verdict(replace(few, pilot=pilot(1, curve=of)))["regime"] == "fine-tune"


def test_a_score_no_better_than_guessing_is_not_feasible() -> None:
    found = verdict(replace(GOOD, curve=curve(0.15, 0.18, 0.22)))
    assert found["verdict"] == "not with this data"


def test_a_serious_finding_is_a_condition() -> None:
    leak = Finding(
        "leakage", "consistency", SERIOUS, 9, "9 of 100 test texts", step="Take them out."
    )
    found = verdict(replace(GOOD, findings=[leak]))
    assert found["verdict"] == "feasible with conditions"
    assert found["conditions"] == ["leakage: 9 of 100 test texts. Take them out."]


def test_the_way_follows_rows_time_and_text() -> None:
    assert verdict(GOOD)["regime"] == "fine-tune"
    assert verdict(replace(GOOD, budget_hours=0.1))["regime"] == "embeddings"
    assert verdict(replace(GOOD, rows=100))["regime"] == "embeddings"
    much = plan(counted(2_000_000_000), 1e15)
    assert verdict(replace(GOOD, language_model=much))["regime"] == "from-scratch"
    slow = plan(counted(2_000_000_000), 1e10)
    assert verdict(replace(GOOD, language_model=slow, budget_hours=1))["regime"] == "fine-tune"


def test_a_patch_keeps_what_a_phrase_holds() -> None:
    phrases = [Phrase('say "so"', 4, 1.5, "a,b\n")]
    assert as_csv(phrases).splitlines()[1].startswith('"say ""so""",4,1.500000,"a,b')
    turtle = as_turtle(phrases)
    assert 'rdfs:label "say \\"so\\""' in turtle
    assert "<https://example.org/patch#say_%22so%22>" in turtle


@pytest.mark.parametrize(
    "text", ["f1=0.5", "accuracy", "accuracy=high", "macro_f1=1.5", "macro_f1=nan"]
)
def test_a_target_that_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--target-metric"):
        target_metric(text)


def test_missing_phrases_are_those_that_tell_the_classes_apart() -> None:
    from scipy import sparse

    from kgml.models.assess.phrases import _information

    present = sparse.csr_matrix(np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 25, dtype=float))
    told, best = _information(present, np.array([1, 1, 0, 0] * 25), 2)
    assert told[0] > 0.9
    assert told[1] == 0
    assert best[0] == 1
