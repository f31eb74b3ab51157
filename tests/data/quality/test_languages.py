"""Languages: sentences in five of them beside English are told, and English ones are left alone."""

from __future__ import annotations

import pytest

from kgml.data.quality import languages
from kgml.data.quality.languages import language_mix, language_of

ENGLISH = [
    "The card did not arrive yesterday.", "Sales grew by twelve percent in the third quarter.",
    "The patient has had a headache for three days.", "The court dismissed the claim of the bank.",
    "The bank cuts its rate for the second time this year.", "how do i get a pin for my card",
    "JAPAN MONEY SUPPLY RISES 11.1 PCT YEAR ON YEAR", "Shr 72 cts vs 56 cts, qtly div 18 cts",
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Warum wurde meine Überweisung abgelehnt?"),
        ("fr", "Le patient se plaint de maux de tête depuis trois jours."),
        ("es", "El paciente tiene dolor de cabeza desde hace tres días."),
        ("it", "La banca abbassa il tasso per la seconda volta quest'anno."),
        ("nl", "De omzet steeg in het derde kwartaal met twaalf procent."),
        ("en", "Why was the second transfer of this week declined by the bank?"),
    ],
)
def test_a_sentence_is_told_by_its_code(code: str, text: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text", ["", "EUR 4.8 mn", "12 13 14", "ok", "\udcff \udcfe", "x1 y2 z3 k4"]
)
def test_what_has_too_few_words_has_no_language(text: str) -> None:
    assert language_of(text) is None


def test_rows_in_another_language_are_counted_named_and_shown() -> None:
    texts = [*ENGLISH * 5, "Die Karte ist gestern nicht angekommen.", *ENGLISH,
             "Comment puis-je changer le code de ma carte ?"]  # fmt: skip
    found = language_mix(texts)
    assert (found.count, found.rows, found.weight) == (2, (41, 50), "look")
    assert "row 41 is de: Die Karte ist gestern" in found.evidence
    assert "row 50 is fr: Comment puis-je" in found.evidence
    assert found.evidence.startswith("en 9")


def test_english_headlines_and_short_questions_are_no_mix() -> None:
    found = language_mix(ENGLISH)
    assert (found.count, found.weight, found.step) == (0, "fine", "")


def test_the_main_language_need_not_be_english() -> None:
    german = ["Die Karte ist gestern nicht angekommen.", "Das Gericht hat die Klage abgewiesen."]
    found = language_mix([*german * 3, ENGLISH[1]])
    assert (found.count, found.rows) == (1, (7,))
    assert "row 7 is en" in found.evidence


def test_texts_without_words_have_no_mix() -> None:
    found = language_mix(["", "12", "?!"])
    assert (found.count, found.evidence) == (0, "no text is long enough to tell")


def test_of_very_many_texts_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "LOOKED_AT", 20)
    found = language_mix(ENGLISH * 10, seed=1)
    assert "of 20 that were drawn" in found.what
