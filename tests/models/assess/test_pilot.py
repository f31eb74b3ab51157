"""Fine-tuning tried on a part of the rows: what it reads, what follows, and what is refused."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kgml.config import Config
from kgml.errors import UsageError
from kgml.models.assess.pilot import _times, told
from kgml.models.assess.run import assess

COLOURS = ["red", "blue", "green", "white", "black", "grey", "pink", "amber"]
ORGANS = ["heart", "liver", "lung"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """192 rows of three classes that one word tells, each row another."""
    file = tmp_path_factory.mktemp("pilot") / "t.csv"
    rows = [
        (f"{one} {organ} {word} {other} {end}", organ)
        for one, organ, word, (other, end) in product(
            COLOURS, ORGANS, ["illness", "disease"], [(c, e) for c in COLOURS[:2] for e in ("an", "disorder")]
        )
    ]  # fmt: skip
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    return file


def test_both_are_asked_the_same_rows_and_an_expectation_follows(
    table: Path, tiny_encoder: Path
) -> None:
    config = Config().override("encoder", model=str(tiny_encoder)).override("train", folds=2)
    result = assess(table, target="accuracy=0.9", pilot_minutes=5, config=config)
    found = result["volume"]["pilot"]
    assert (found["labels"], found["held_out"]) == (144, 48)
    gain = found["fine_tuned"] - found["light"]
    assert found["difference"]["value"] == pytest.approx(gain, abs=1e-6)
    low, high = found["curve"]["now"]["interval"]
    assert low <= found["curve"]["now"]["value"] <= high
    assert found["curve"]["points"] == []  # nothing of it was measured
    chosen = result["verdict"]
    assert (chosen["regime"] == "fine-tune") == (gain > 0)
    assert chosen["expected"]["of"] == chosen["regime"]
    assert "held-out rows" in told(found, "accuracy")


def test_errors_are_compared_on_the_same_draws_of_rows() -> None:
    truth = ["a", "b"] * 50
    light = ["a"] * 100
    assert set(_times(truth, light, light, "accuracy", 0).tolist()) == {1.0}
    halved = [label if i % 4 == 1 else "a" for i, label in enumerate(truth)]
    assert np.median(_times(truth, light, halved, "accuracy", 0)) == pytest.approx(0.5, abs=0.05)


def test_what_no_transformer_is_made_of_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    config = Config().override("train", tune_encoder=True)
    with pytest.raises(
        UsageError, match="--head transformer and --tune-encoder exclude each other"
    ):
        assess(tmp_path / "missing.csv", pilot_minutes=5, config=config)


def test_a_way_that_the_options_refuse_is_not_chosen_and_why_is_said(
    table: Path, tiny_encoder: Path
) -> None:
    config = Config().override("encoder", model=str(tiny_encoder))
    config = config.override("train", folds=2, tune_encoder=True)
    result = assess(table, config=config)
    assert result["costs"]["fine-tune"] is None
    assert result["verdict"]["regime"] == "embeddings"
    assert "--tune-encoder exclude each other" in result["verdict"]["reasons"][0]
