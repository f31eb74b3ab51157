"""Near duplicates: found by what is alike, the first of each group named, always the same."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.data.near import SIZE, first_of_each, near_groups, signature

WORDS = np.array([f"w{i}" for i in range(2_000)])


def text(seed: int, length: int = 200) -> list[str]:
    return list(np.random.default_rng(seed).choice(WORDS, length))


def changed(words: list[str], places: list[int]) -> list[str]:
    return ["other" if i in places else word for i, word in enumerate(words)]


def groups(*texts: list[str], similar: float = 0.8) -> list[int]:
    signatures = np.stack([signature(" ".join(words)) for words in texts])
    return first_of_each(signatures, similar).tolist()


def test_a_changed_word_is_near_and_another_text_is_not() -> None:
    one = text(0)
    assert groups(text(1), one, changed(one, [50]), text(2), one) == [0, 1, 1, 3, 1]


def test_a_text_with_half_of_its_words_changed_is_no_duplicate() -> None:
    one = text(0)
    assert groups(one, changed(one, list(range(0, 200, 8)))) == [0, 1]


def test_near_of_near_is_one_group_named_by_the_first() -> None:
    one = text(0)
    two = changed(one, [20, 60])
    assert groups(one, two, changed(two, [100, 140])) == [0, 0, 0]


def test_the_share_of_equal_minima_estimates_the_jaccard_index() -> None:
    """Of 196 runs of five words each changed word takes five: J = 146/246 for ten."""
    found = []
    for seed in range(20):
        one = text(seed)
        other = changed(one, list(range(10, 190, 18)))
        pair = [signature(" ".join(words)) for words in (one, other)]
        found.append(float((pair[0] == pair[1]).mean()))
    assert np.mean(found) == pytest.approx(146 / 246, abs=0.03)


def test_short_texts_and_signs_alone_are_compared_too() -> None:
    texts = ["one two", "One, two!", "one", "...", "...", "!"]
    signatures = np.stack([signature(one) for one in texts])
    assert first_of_each(signatures).tolist() == [0, 0, 2, 3, 3, 5]


def test_nothing_is_near_at_zero_and_a_thousand_copies_are_one_group() -> None:
    copies = np.tile(signature("the same words again and again"), (10_000, 1))
    assert set(first_of_each(copies).tolist()) == {0}
    assert first_of_each(copies, 0).tolist() == list(range(10_000))


def test_a_signature_is_the_same_in_every_process() -> None:
    found = signature("the quick brown fox jumps over the lazy dog")
    assert (found.shape, found.dtype) == ((SIZE,), np.uint32)
    assert found[:3].tolist() == PINNED


PINNED = [46807440, 184567147, 653517102]


def test_groups_do_not_depend_on_the_order_of_the_texts() -> None:
    one, other = text(0), text(1)
    texts = [
        " ".join(t) for t in (one, other, changed(one, [50]), text(2), changed(other, [9]), one)
    ]
    found = near_groups(texts)
    assert found.tolist() == [0, 1, 0, 3, 1, 0]
    order = np.random.default_rng(3).permutation(len(texts))
    moved = near_groups([texts[i] for i in order])
    same = found[order][:, None] == found[order][None, :]
    assert ((moved[:, None] == moved[None, :]) == same).all()
