"""Identity terms: a model that learned to go by them is found out, one that did not is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgml.config import Config
from kgml.data.quality.table import LabelledTable
from kgml.models.assess.identity import identity_terms
from kgml.models.assess.measured import Material
from kgml.models.assess.run import _material

WORDS = ["red", "blue", "green", "white", "black", "grey", "pink", "amber", "an", "bone"]
TOPICS = {"up": ["heart", "liver", "illness"], "down": ["lung", "skin", "disorder"]}
"""All of them words that the encoder knows."""


def rows_of(by_gender: bool, tiny_encoder: Path) -> Material:
    """120 rows: the label goes by "he" and "she", or by words of two topics beside them."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for i in range(120):
        label = ("up", "down")[i % 2]
        she = label == "up" if by_gender else bool(rng.integers(2))
        topic = [] if by_gender else rng.choice(TOPICS[label], 3).tolist()
        texts.append(" ".join(["she" if she else "he", *rng.choice(WORDS, 6), *topic]))
        labels.append(label)
    table = LabelledTable(texts, labels, ["train"] * 120)
    config = Config().override("encoder", model=str(tiny_encoder))
    return _material(Path("t.csv"), table, None, config)


def test_labels_that_go_by_gender_flip_with_it_and_not_with_other_words(tiny_encoder: Path) -> None:
    finding, (gender,) = identity_terms(rows_of(True, tiny_encoder))
    assert (finding.weight, finding.aspect) == ("serious", "bias")
    assert (gender["axis"], gender["rows"]) == ("gender", 100)
    assert gender["flips"] > 60 > 20 > gender["control"]["flips"]
    low, high = gender["more_flips"]["interval"]
    assert 0.3 < low < gender["more_flips"]["value"] < high
    assert finding.count == gender["flips"]
    assert finding.rows == (gender["most"]["row"],)
    assert {gender["most"]["predicted"], gender["most"]["swapped"]} == {"up", "down"}


def test_labels_that_go_by_the_subject_do_not_move_with_gender(tiny_encoder: Path) -> None:
    finding, (gender,) = identity_terms(rows_of(False, tiny_encoder))
    assert (finding.weight, finding.count, finding.step) == ("fine", 0, "")
    assert gender["flips"] < 10
    assert "gender:" in finding.evidence


def test_texts_without_such_words_have_no_numbers(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rows_of(False, tiny_encoder)
    monkeypatch.setattr("kgml.models.assess.identity.LEAST", 121)
    finding, axes = identity_terms(given)
    assert (finding.weight, axes) == ("fine", [])
    assert finding.what.endswith("in 0 of 0 groups")
