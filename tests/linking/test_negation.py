from __future__ import annotations

import pytest

from kgml.linking.fold import fold
from kgml.linking.negation import contexts, negated


def denied(text: str, *mentions: str) -> list[bool]:
    spans = [(text.index(m), text.index(m) + len(m)) for m in mentions]
    return negated(fold(text), spans)


@pytest.mark.parametrize(
    "text",
    [
        "No fever.",
        "The patient denies any fever.",
        "There was no evidence of recurrent fever.",
        "Tests were negative for malaria and fever.",
        "Without fever",
        "A fever was ruled out.",
        "A fever has been ruled out.",
        "The fever is absent.",
        "Malaria or fever were not seen.",
        "She did not have fever.",
        "no headache, cough, chills, pain or fever",
        "neither headache nor fever",
    ],
)
def test_a_trigger_denies_what_it_reaches(text: str) -> None:
    assert denied(text, "fever") == [True]


@pytest.mark.parametrize(
    "text",
    [
        "A fever.",
        "No cough. Then fever.",
        "No cough; fever.",
        "No cough but fever.",
        "No cough, however fever.",
        "No one two three four five six seven fever.",
        "no increase in fever",
        "not only fever",
        "no change in fever",
        "Malaria cannot be excluded, fever persists.",
        "A fever could not be ruled out.",
        "with or without fever",
        "fever, while cough was ruled out",
        "noted fever, knot, fever",
        "The fever. Malaria was ruled out.",
        "No\n\nfever",
        "fever, absent language",
        "presence or absence of fever",
    ],
)
def test_scope_ends_and_what_only_looks_like_a_trigger_is_none(text: str) -> None:
    assert denied(text, "fever") == [False]


def test_each_mention_has_its_own_answer() -> None:
    text = "No fever or cough, but pain; malaria was ruled out."
    assert denied(text, "fever", "cough", "pain", "malaria") == [True, True, False, True]


def test_a_trigger_inside_a_mention_is_part_of_its_name() -> None:
    assert denied("absence of radius, cough", "absence of radius", "cough") == [False, False]


def test_offsets_count_in_the_original_text() -> None:
    text = "ﬁne  ﬁne  ﬁne: no  fever.  İ cough"
    assert denied(text, "fever", "cough") == [True, False]


def test_without_mentions_there_is_no_answer() -> None:
    assert negated(fold("no"), []) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is a family history of fever.", [(False, True)]),
        ("His mother had fever.", [(False, True)]),
        ("a brother with severe fever", [(False, True)]),
        ("fever in her father", [(False, True)]),
        ("No family history of fever", [(True, True)]),
        ("The mother is well. Fever", [(False, False)]),
        ("His mother had cough. He has fever.", [(False, False)]),
        ("a familial fever", [(False, False)]),
    ],
)
def test_what_a_relative_has_is_flagged(text: str, expected: list[tuple[bool, bool]]) -> None:
    start = text.lower().index("fever")
    assert contexts(fold(text), [(start, start + 5)]) == expected


def test_overlapping_mentions_each_have_their_answer() -> None:
    text = "no short and broad fingers, but a cough"
    spans = [(3, 26), (13, 26), (34, 39)]
    assert [context.negated for context in contexts(fold(text), spans)] == [True, True, False]
