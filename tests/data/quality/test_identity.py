"""Identity words swapped for others of their kind, and other words as often: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.data.quality.identity import AXES, Frequencies, swap

GENDER, RELIGION, ORIGIN, AGE = AXES


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("He gave his wife HIS card.", "She gave her husband HER card."),
        ("She saw her doctor, and he saw her.", "He saw his doctor, and she saw him."),
        ("Mr Smith, a 40-year-old male", "Mrs Smith, a 40-year-old female"),
        ("The theme of the shelter", "The theme of the shelter"),
    ],
)
def test_words_of_gender_become_those_of_the_other(text: str, swapped: str) -> None:
    assert swap(text, GENDER, 5)[0] == swapped


def test_of_several_words_the_turn_says_which_and_none_becomes_itself() -> None:
    said = [swap("Muslims went.", RELIGION, turn)[0] for turn in range(5)]
    assert said == [
        f"{w} went." for w in ("Christians", "Jews", "Hindus", "Buddhists", "Christians")
    ]
    assert swap("Muslims went.", RELIGION, 1)[1] == {"muslims": "jews"}


@pytest.mark.parametrize(
    "text", ["The black market in German bonds", "a white blood cell", "my old card", "2 years old"]
)
def test_words_that_mean_other_things_stay(text: str) -> None:
    for axis in AXES:
        assert swap(text, axis, 0) == (text, {})


def test_before_people_they_are_swapped() -> None:
    assert swap("old patients and German workers", AGE, 0)[0] == "young patients and German workers"
    assert swap("German workers", ORIGIN, 0)[0] == "Mexican workers"


def test_the_control_swaps_as_many_other_words_as_frequent() -> None:
    common, rare = ["the", "one", "of"], [f"rare{c}" for c in "abcdefghijklmnopqrstuvwxyz"]
    texts = [f"{' '.join(common)} he {'she ' * (i % 2)}{rare[i % 26]}" for i in range(52)]
    frequencies = Frequencies(texts)
    assert "he" not in frequencies.words
    text, became = swap(texts[0], GENDER, 0)
    control = frequencies.like(texts[0], became, np.random.default_rng(0))
    before, after = texts[0].split(), control.split()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0][0] in common  # "he" stands in every text, and so do they
    assert text != control
    assert control == frequencies.like(texts[0], became, np.random.default_rng(0))


def test_a_text_of_identity_words_alone_has_no_control() -> None:
    frequencies = Frequencies(["he", "she"])
    assert frequencies.like("he", {"he": "she"}, np.random.default_rng(0)) == "he"
