from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgml.config import LinkingConfig
from kgml.errors import InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.linker import EntityLinker, Mention, link_texts

OBO = """format-version: 1.2
ontology: tiny

[Term]
id: T:1
name: Myocardial infarction
synonym: "MI" EXACT abbreviation []
synonym: "heart attack" RELATED []

[Term]
id: T:2
name: Mitral insufficiency
synonym: "MI" EXACT abbreviation []

[Term]
id: T:3
name: Acute lymphoblastic leukemia
synonym: "ALL" EXACT abbreviation []

[Term]
id: T:4
name: Heart failure
is_a: T:5 ! Heart disease

[Term]
id: T:5
name: Heart disease

[Term]
id: T:6
name: Failure to thrive

[Term]
id: T:7
name: Carotid stenosis

[Term]
id: T:8
name: Biopsy

[Term]
id: T:9
name: Fibrosis

[Term]
id: T:10
name: Exchange traded fund
synonym: "ETF" EXACT abbreviation []

[Term]
id: T:11
name: Left

[Term]
id: T:12
name: other

[Term]
id: T:13
name: Kidney, Polycystic

[Term]
id: T:14
name: Small cell carcinoma

[Term]
id: T:15
name: Rash

[Term]
id: T:16
name: Glycated hemoglobin
synonym: "HbA1c" EXACT abbreviation []

[Term]
id: T:17
name: Government bonds

[Term]
id: T:18
name: bond
synonym: "debt security" BROAD []

[Term]
id: T:19
name: Bond
synonym: "debt security" EXACT []

[Term]
id: T:20
name: stanbul fever
synonym: "İstanbul fever" EXACT []

[Term]
id: T:21
name: 2024

[Term]
id: T:22
name: men and all
synonym: "MEN" EXACT abbreviation []

[Term]
id: T:23
name: Rashes, severe

[Term]
id: T:24
name: rashes

[Term]
id: T:25
name: Crohn disease

[Term]
id: T:26
name: heart f
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path = tmp_path_factory.mktemp("linking") / "tiny.obo"
    path.write_text(OBO, encoding="utf-8")
    return load_graph(path)


@pytest.fixture(scope="module")
def linker(graph: KnowledgeGraph) -> EntityLinker:
    return EntityLinker.from_graph(graph)


@pytest.fixture(scope="module")
def say(graph: KnowledgeGraph, linker: EntityLinker):  # type: ignore[no-untyped-def]
    """Text to a list of (surface, ids of the candidates)."""

    def say(text: str) -> list[tuple[str, list[str]]]:
        return [
            (m.text, [graph.ids[c.entity] for c in m.candidates]) for m in linker.link_one(text)
        ]

    return say


def test_offsets_and_score_of_a_plain_sentence(graph: KnowledgeGraph, linker: EntityLinker) -> None:
    (mention,) = linker.link_one("He has heart failure.")
    assert (mention.start, mention.end, mention.text) == (7, 20, "heart failure")
    (candidate,) = mention.candidates
    assert graph.ids[candidate.entity] == "T:4"
    assert (candidate.score, candidate.method) == (0.99, "label")
    assert linker.link_one("Heart failure")[0].candidates[0].score == 1.0


def test_homonyms_are_several_candidates_of_one_mention(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    (mention,) = linker.link_one("after MI in 2024")
    found = [(graph.ids[c.entity], c.score, c.method) for c in mention.candidates]
    assert found == [("T:1", 0.9, "abbreviation"), ("T:2", 0.9, "abbreviation")]


def test_the_better_scope_comes_first(graph: KnowledgeGraph, linker: EntityLinker) -> None:
    (mention,) = linker.link_one("a debt security")
    found = [(graph.ids[c.entity], c.score, c.method) for c in mention.candidates]
    assert found == [("T:19", 0.95, "exact synonym"), ("T:18", 0.75, "broad synonym")]


def test_the_case_as_written_ranks_the_same_word_of_two_entities(say) -> None:  # type: ignore[no-untyped-def]
    assert say("a bond") == [("bond", ["T:18", "T:19"])]
    assert say("Mr Bond") == [("Bond", ["T:19", "T:18"])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all patients", []),
        ("All patients recovered", []),
        ("patients with ALL relapsed", [("ALL", ["T:3"])]),
        ("ALL", [("ALL", ["T:3"])]),
        ("ALL PATIENTS RECOVERED", []),
        ("RESULTS FOR ALL THE MEN", []),
        ("ALL, AML and CLL", [("ALL", ["T:3"])]),
        ("ACUTE MI IN THE ELDERLY", [("MI", ["T:1", "T:2"])]),
        ("mi casa", []),
        ("two MIs", [("MIs", ["T:1", "T:2"])]),
        ("Mis mistake", []),
        ("ETFs and an ETF", [("ETFs", ["T:10"]), ("ETF", ["T:10"])]),
        ("etf", []),
        ("HbA1c was high, hba1c was not", [("HbA1c", ["T:16"])]),
        ("HEART FAILURE IN THE ELDERLY", [("HEART FAILURE", ["T:4"])]),
    ],
)
def test_abbreviations_match_as_written_and_other_forms_in_any_case(say, text, expected) -> None:  # type: ignore[no-untyped-def]
    assert say(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the left arm and other things", []),
        ("Left ventricle", []),
        ("Left", [("Left", ["T:11"])]),
        ("In 2024, 2024 shares", []),
    ],
)
def test_common_words_and_bare_numbers_are_no_mentions(say, text, expected) -> None:  # type: ignore[no-untyped-def]
    assert say(text) == expected


@pytest.mark.parametrize(
    ("text", "surface", "entity", "method"),
    [
        ("heart failures", "heart failures", "T:4", "label, plural"),
        ("carotid stenoses", "carotid stenoses", "T:7", "label, plural"),
        ("two biopsies", "biopsies", "T:8", "label, plural"),
        ("a government bond", "government bond", "T:17", "label, singular"),
        ("polycystic kidney", "polycystic kidney", "T:13", "label, inverted"),
        ("polycystic kidneys", "polycystic kidneys", "T:13", "label, inverted, plural"),
    ],
)
def test_number_and_order_may_differ(  # type: ignore[no-untyped-def]
    graph: KnowledgeGraph, linker: EntityLinker, text, surface, entity, method
) -> None:
    (mention,) = linker.link_one(text)
    (candidate,) = mention.candidates
    assert (mention.text, graph.ids[candidate.entity], candidate.method) == (
        surface,
        entity,
        method,
    )


def test_a_plural_never_overrides_a_real_form(say) -> None:  # type: ignore[no-untyped-def]
    assert say("rash") == [("rash", ["T:15"])]
    assert say("rashes") == [("rashes", ["T:24"])]


def test_the_longest_match_wins(say) -> None:  # type: ignore[no-untyped-def]
    assert say("heart failure to thrive") == [("failure to thrive", ["T:6"])]
    assert say("acute lymphoblastic leukemia") == [("acute lymphoblastic leukemia", ["T:3"])]


def test_a_longer_match_across_a_word_border_hides_nothing(say) -> None:  # type: ignore[no-untyped-def]
    assert say("heart failures heart f") == [("heart failures", ["T:4"]), ("heart f", ["T:26"])]
    assert say("a government bond, bonded") == [("government bond", ["T:17"])]
    assert say("heart fa") == []


def test_only_whole_words_match(say) -> None:  # type: ignore[no-untyped-def]
    assert say("cystofibrosis, fibrosisx, fibrosis2, bondage, vagabond") == []
    assert say("(fibrosis)/fibrosis, fibrosis's") == [("fibrosis", ["T:9"])] * 3
    assert say("fibrosis\u0301x") == []


def test_a_form_after_a_prefix_that_turns_it_around_is_left_alone(say) -> None:  # type: ignore[no-untyped-def]
    assert say("non-small cell carcinoma") == []
    assert say("a small-cell carcinoma") == [("small-cell carcinoma", ["T:14"])]


def test_characters_of_another_length_in_lower_case_shift_nothing(say) -> None:  # type: ignore[no-untyped-def]
    assert say("İİİ heart failure") == [("heart failure", ["T:4"])]
    assert say("in İSTANBUL FEVER") == [("İSTANBUL FEVER", ["T:20"])]
    assert say("ﬁbrosis of the ﬁnger, ﬁbrosis") == [("ﬁbrosis", ["T:9"])] * 2
    assert say("heart\n   failure, bio\u00adpsy") == [
        ("heart\n   failure", ["T:4"]),
        ("bio\u00adpsy", ["T:8"]),
    ]
    assert say("heart\n\nfailure") == []


def test_an_empty_graph_links_nothing() -> None:
    from kgml.linking.dictionary import Dictionary
    from kgml.linking.stages import Stages

    assert EntityLinker([]).link(["heart failure"]) == [[]]
    linker = EntityLinker([Stages(Dictionary([], [], []))])
    assert linker.link(["heart failure", ""]) == [[], []]


def test_labels_link_to_themselves(graph: KnowledgeGraph, linker: EntityLinker) -> None:
    skipped = {"T:12", "T:21"}  # "other" and "2024"
    text, expected = "", []
    for number, label in enumerate(graph.labels):
        if graph.ids[number] not in skipped:
            expected.append((len(text), label, number))
            text += f"{label}.\n"
    found = [(m.start, m.text, m.candidates[0].entity) for m in linker.link_one(text)]
    assert found == expected


def test_min_length_decides_which_short_forms_match_in_any_case(graph: KnowledgeGraph) -> None:
    strict = EntityLinker.from_graph(graph, LinkingConfig(min_length=5))
    assert strict.link_one("Bond")[0].candidates[0].method == "label"
    assert strict.link_one("BOND and RASH") == []


def test_a_vocabulary_in_capitals_matches_in_any_case() -> None:
    from kgml.linking.dictionary import Dictionary
    from kgml.linking.stages import Stages

    shouted = Dictionary(["HEART", "HEART FAILURE", "LUNG DISEASE"], [0, 1, 2], [0] * 3)
    linker = EntityLinker([Stages(shouted)])
    assert [m.text for m in linker.link_one("the heart")] == ["heart"]


def test_what_is_no_string_is_refused_with_its_row(linker: EntityLinker) -> None:
    with pytest.raises(InputError, match="row 1: found float, wanted a string"):
        linker.link(["fine", float("nan")])  # type: ignore[list-item]
    with pytest.raises(InputError, match="found one string, wanted a list"):
        linker.link("fine")


def test_the_json_carries_ids_and_labels(graph: KnowledgeGraph) -> None:
    first, second = link_texts(graph, ["No MI today.", ""])
    assert second == {"mentions": []}
    (mention,) = first["mentions"]
    assert (mention["start"], mention["end"], mention["text"]) == (3, 5, "MI")
    assert mention["negated"] is True
    assert mention["candidates"][0] == {
        "id": "T:1", "label": "Myocardial infarction", "score": 0.9, "method": "abbreviation",
    }  # fmt: skip


PIECES = [
    "heart failure", "Heart  Failure", "ﬁbrosis", "İ", "ß", "ẞ", "MIs", "ALL", "non-", "no ", " ",
    "\n", "\n\n", "-", ".", "e\u0301", "\u0301", "\u00ad", "\ud800", "\U0001f600", "שלום", "\u202e",
    "\x00", "biopsies", "but ", "was ruled out", "Kidney, Polycystic", "\u2029", "Σ",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=14).map("".join)


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXTS, max_size=4))
def test_a_mention_is_its_slice_and_a_batch_changes_nothing(
    linker: EntityLinker, texts: list[str]
) -> None:
    batch = linker.link(texts)
    assert batch == [linker.link_one(text) for text in texts]
    for text, mentions in zip(texts, batch, strict=True):
        end = 0
        for mention in mentions:
            assert mention.start >= end
            assert mention.end > mention.start
            assert mention.text == text[mention.start : mention.end]
            end = mention.end


def test_a_megabyte_of_odd_text_is_linked_without_a_shift(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    noise = "İ ﬁ\x00\u202eשלום\u202c 👩\u200d⚕️ e\u0301 \ud83d ß no  \r\n\u2028x" * 8
    text = (noise + " heart failure ") * 4000
    assert len(text) > 1_000_000
    mentions: list[Mention] = linker.link_one(text)
    assert len(mentions) == 4000
    assert {m.text for m in mentions} == {"heart failure"}
    assert all(text[m.start : m.end] == m.text for m in mentions)


def test_hpo_labels_link_to_themselves() -> None:
    path = Path(__file__).parents[2].parent / "shared/data/ontologies/hpo/hp.obo"
    if not path.is_file():
        pytest.skip("shared/data/ontologies/hpo is not here")
    graph = load_graph(path)
    linker = EntityLinker.from_graph(graph)
    labels = sorted(set(graph.labels) - {label for label in graph.labels if len(label) < 2})
    number = {label: i for i, label in enumerate(graph.labels)}
    right = 0
    labels = labels[::3]
    for label, mentions in zip(labels, linker.link(labels), strict=True):
        right += (
            len(mentions) == 1
            and mentions[0].text == label
            and mentions[0].candidates[0].entity == number[label]
        )
    assert right >= 0.999 * len(labels)


def test_the_longest_form_of_a_vocabulary_hides_none_of_another(tmp_path: Path) -> None:
    path = tmp_path / "two.obo"
    terms = [("A:1", "lung cancer"), ("A:2", "cancer"), ("B:1", "cancer"), ("B:2", "lung")]
    path.write_text("".join(f"[Term]\nid: {i}\nname: {name}\n\n" for i, name in terms))
    graph = load_graph(path)
    linker = EntityLinker.from_graph(graph)
    (found,) = linker.link(["Lung cancer. Cancer."])
    assert [(m.text, [graph.ids[c.entity] for c in m.candidates]) for m in found] == [
        ("Lung", ["B:2"]), ("Lung cancer", ["A:1"]), ("cancer", ["B:1"]), ("Cancer", ["A:2", "B:1"]),
    ]  # fmt: skip


def test_a_linker_says_why_it_is_not_pickled(linker: EntityLinker) -> None:
    with pytest.raises(TypeError, match=r"Build one in each process, with EntityLinker\.from_gr"):
        pickle.dumps(linker)
