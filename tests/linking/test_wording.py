"""Accents, Greek letters, contractions, generic words, order and coordination, on small ontologies."""

from __future__ import annotations

import time

import pytest

from kgml import load_graph
from kgml.config import LinkingConfig
from kgml.kg.graph import KnowledgeGraph
from kgml.linking import words
from kgml.linking.fold import fold
from kgml.linking.greek import respelled
from kgml.linking.information import Information
from kgml.linking.linker import EntityLinker, mention_to_json
from kgml.linking.words import EVERYDAY

TERMS = {
    "Guillain-Barre syndrome": [], "Ménière's disease": [], "beta 2-microglobulin": [],
    "Tumor Necrosis Factor-alpha": ["TNF-alpha"], "interleukin-1β": ["IL-1β"], "NF-kappa B": [],
    "Acute": [], "Acute pancreatitis": [], "Chronic pancreatitis": [],
    "Intellectual disability, mild": [], "Intellectual disability, severe": [],
    "stock market": ["share market"], "safe-haven asset": ["haven"], "South Korean won": ["won"],
    "testis": [], "collecting addiction": ["collecting"], "kidney abnormality": [],
    "risk": [], "credit risk": [], "market risk": [], "año": [], "ano": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path = tmp_path_factory.mktemp("w") / "w.obo"
    stanzas = [
        "\n".join([f"[Term]\nid: W:{n}\nname: {name}",
                   *(f'synonym: "{other}" EXACT []' for other in others)])
        for n, (name, others) in enumerate(TERMS.items(), 1)
    ]  # fmt: skip
    path.write_text("ontology: w\n\n" + "\n\n".join(stanzas) + "\n", encoding="utf-8")
    return load_graph(path)


@pytest.fixture(scope="module")
def linked(graph: KnowledgeGraph):  # type: ignore[no-untyped-def]
    linker = EntityLinker.from_graph(graph)

    def say(text: str) -> list[tuple[str, str]]:
        mentions = linker.link_one(text)
        assert all(m.text == text[m.start : m.end] for m in mentions)
        return [(m.text, graph.labels[m.candidates[0].entity]) for m in mentions]

    return say


@pytest.mark.parametrize(
    ("text", "surface", "label"),
    [
        ("a Guillain-Barré syndrome", "Guillain-Barré syndrome", "Guillain-Barre syndrome"),
        (
            "Guillain-Barre\u0301 syndrome",
            "Guillain-Barre\u0301 syndrome",
            "Guillain-Barre syndrome",
        ),
        ("Meniere's disease", "Meniere's disease", "Ménière's disease"),
        ("in MÉNIÈRE'S DISEASE", "MÉNIÈRE'S DISEASE", "Ménière's disease"),
        ("β2-microglobulin rose", "β2-microglobulin", "beta 2-microglobulin"),
        ("beta2 microglobulin", "beta2 microglobulin", "beta 2-microglobulin"),
        ("TNF-α was high", "TNF-α", "Tumor Necrosis Factor-alpha"),
        ("TNFα was high", "TNFα", "Tumor Necrosis Factor-alpha"),
        ("tumour necrosis factor-α", "tumour necrosis factor-α", "Tumor Necrosis Factor-alpha"),
        ("interleukin-1beta", "interleukin-1beta", "interleukin-1β"),
        ("IL-1 beta", "IL-1 beta", "interleukin-1β"),
        ("NF-κB", "NF-κB", "NF-kappa B"),
        ("the testis", "testis", "testis"),
        ("abnormal kidneys", "abnormal kidneys", "kidney abnormality"),
    ],
)
def test_accents_and_greek_letters_part_nothing(
    linked, text: str, surface: str, label: str
) -> None:  # type: ignore[no-untyped-def]
    assert linked(text) == [(surface, label)]


def test_what_is_written_as_the_form_is_comes_first(linked) -> None:  # type: ignore[no-untyped-def]
    assert linked("un año") == [("año", "año")]
    assert linked("el ano") == [("ano", "ano")]


@pytest.mark.parametrize(
    "text",
    ["I haven't, and it won't.", "I haven’t; it won’t.", "Its market share rose.",
     "They were collecting data.", "It won a prize."],
)  # fmt: skip
def test_words_of_plain_english_are_no_mentions(linked, text: str) -> None:  # type: ignore[no-untyped-def]
    assert linked(text) == []


def test_a_coordination_takes_up_its_single_words(linked) -> None:  # type: ignore[no-untyped-def]
    assert linked("acute and chronic pancreatitis") == [
        ("acute and chronic pancreatitis", "Acute pancreatitis"),
        ("chronic pancreatitis", "Chronic pancreatitis"),
    ]
    assert linked("acute pain") == [("acute", "Acute")]
    assert linked("credit and market risk")[0] == ("credit and market risk", "credit risk")
    assert (
        linked("mild and severe intellectual disability")[0][1] == "Intellectual disability, mild"
    )


def test_nothing_below_the_threshold_is_a_mention(graph: KnowledgeGraph) -> None:
    text = (
        "Tumour necrosis factor-α in acute and chronic pancreatitis, severe intellectual disability"
    )
    for threshold in (0.0, 0.7, 0.95, 0.985, 1.0):
        linker = EntityLinker.from_graph(graph, LinkingConfig(threshold=threshold))
        scores = [c.score for m in linker.link_one(text) for c in m.candidates]
        assert min(scores, default=1) >= threshold
        assert bool(scores) == (threshold < 1)


def test_every_way_to_write_a_greek_letter_is_one_form() -> None:
    assert "IL 1β" in respelled("IL 1 beta")
    assert "β2 microglobulin" in respelled("beta 2 microglobulin")
    assert respelled("alphabet") == respelled("betaine") == respelled("plain") == []
    assert len(respelled("alpha beta gamma delta")) < 64


def test_accents_of_other_scripts_stay() -> None:
    assert fold("Ångström É Øre").lower == "angstrom e ore"
    for text in ("й ё", "각", "क़"):
        assert fold(text).lower == fold(text).plain.lower()


def test_a_word_is_everyday_itself_and_not_by_its_stem() -> None:
    assert {"test", "tests", "collecting", "increased", "policies"} <= EVERYDAY
    assert not {"testis", "factoring", "communism", "populus"} & EVERYDAY
    assert not {"bank", "banking", "currency", "currencies", "taxes", "pain", "housing"} & EVERYDAY
    assert Information([]).factor("testis") == 1.0 > Information([]).factor("tests")


def test_no_word_is_listed_as_everyday_and_as_a_term() -> None:
    everyday = {*words._EVERYDAY_WORDS.split(), *words._EVERYDAY_OTHERS.split()}
    assert everyday.isdisjoint(words._TERMS.split())


def test_one_word_of_megabytes_takes_no_time(linked) -> None:  # type: ignore[no-untyped-def]
    started = time.process_time()
    for piece in ("ACGT", "e\u0301", "ß", "字"):
        assert linked("testis " + piece * 500_000) == [("testis", "testis")]
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "text", ["Acute and chronic pancreatitis.", "\ufb01x: acute and  chronic\npancreatitis"]
)
def test_a_coordination_says_which_pieces_of_the_text_it_is(
    graph: KnowledgeGraph, text: str
) -> None:
    acute, chronic = EntityLinker.from_graph(graph).link_one(text)
    assert [text[start:end].lower() for start, end in acute.pieces] == ["acute", "pancreatitis"]
    assert (acute.pieces[0][0], acute.pieces[-1][1]) == (acute.start, acute.end)
    assert chronic.pieces == ()
    assert mention_to_json(acute, graph)["pieces"] == [list(piece) for piece in acute.pieces]
    assert "pieces" not in mention_to_json(chronic, graph)
