"""Forms in other wordings, on a graph small enough to check by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgml.config import LinkingConfig
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.fuzzy import Misspellings
from kgml.linking.linker import EntityLinker

TERMS: dict[str, tuple[str, list[str], list[str]]] = {
    "T:1": ("Hypotonia", [], []),
    "T:2": ("Abnormality of the kidney", ["Renal anomaly"], ["T:30"]),
    "T:3": ("Short finger", [], ["T:31"]),
    "T:4": ("Broad finger", [], ["T:31"]),
    "T:5": ("Diabetes mellitus type 2", [], []),
    "T:6": ("Beta thalassemia", [], []),
    "T:7": ("Malformation of the heart", [], ["T:30"]),
    "T:8": ("Malformation of the kidney", [], ["T:2"]),
    "T:9": ("Neurofibromatosis", [], []),
    "T:10": ("Newborn fever", ["NF"], []),
    "T:11": ("Anemia", [], []),
    "T:12": ("Renal cyst", ["Kidney cyst"], ["T:2"]),
    "T:13": ("Renal failure", ["Kidney failure"], ["T:2"]),
    "T:14": ("Renal stone", ["Kidney stone"], ["T:2"]),
    "T:15": ("Renal abscess", [], ["T:2"]),
    "T:16": ("Preauricular pit", [], []),
    "T:17": ("Cafe au lait spot", [], []),
    "T:18": ("Axillary freckling", [], []),
    "T:19": ("Calcification of the falx", [], []),
    "T:20": ("Retinal detachment", [], ["T:32"]),
    "T:21": ("Road dust", ["RD"], []),
    "T:22": ("Retina disease", ["RD"], ["T:32"]),
    "T:23": ("Group", [], []),
    "T:24": ("Hereditary anemia", [], ["T:11"]),
    "T:25": ("Lesch-Nyhan syndrome", [], []),
    "T:26": ("Basal cell nevus", [], ["T:30"]),
    "T:27": ("Nevus", [], []),
    "T:28": ("Numerous freckles", [], []),
    "T:33": ("Abnormality of the skin", [], ["T:30"]),
    "T:34": ("Skin rash", [], ["T:33"]),
    "T:35": ("Increased yield bond", [], []),
    "T:36": ("Back discomfort", [], []),
    "T:37": ("OPEC", [], []),
    "T:38": ("OPEC+", [], []),
    "T:39": ("Ventricular hypertrophy", [], ["T:30"]),
    "T:40": ("Right ventricular hypertrophy", [], ["T:39"]),
    "T:41": ("Left ventricular hypertrophy", [], ["T:39"]),
    "T:42": ("Fracture", [], []),
    "T:43": ("Fracture of the femur", [], ["T:42"]),
    "T:44": ("Decreased back discomfort", [], []),
    "T:30": ("Organ finding", [], []),
    "T:31": ("Digit finding", [], []),
    "T:32": ("Eye finding", [], []),
}

DEFINITIONS = {"T:21": "Particles that vehicles and tyres whirl up from the surface of a road."}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    lines = ["format-version: 1.2", "ontology: tiny", ""]
    for name, (label, synonyms, parents) in TERMS.items():
        lines += ["[Term]", f"id: {name}", f"name: {label}"]
        lines += [f'synonym: "{synonym}" EXACT []' for synonym in synonyms]
        lines += [f"is_a: {parent}" for parent in parents]
        lines += [f'def: "{DEFINITIONS[name]}" []'] if name in DEFINITIONS else []
        lines.append("")
    path = tmp_path_factory.mktemp("variants") / "tiny.obo"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_graph(path)


@pytest.fixture(scope="module")
def linker(graph: KnowledgeGraph) -> EntityLinker:
    return EntityLinker.from_graph(graph)


Say = Callable[[str], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def say(graph: KnowledgeGraph, linker: EntityLinker) -> Say:
    return lambda text: [(m.text, graph.ids[m.candidates[0].entity]) for m in linker.link_one(text)]


@pytest.mark.parametrize(
    ("text", "surface", "entity", "method"),
    [
        ("a hypotonic infant", "hypotonic", "T:1", "label, inflected"),
        ("an anaemic child", "anaemic", "T:11", "label, inflected"),
        ("kidney abnormality", "kidney abnormality", "T:2", "label, other wording"),
        ("abnormal kidneys", "abnormal kidneys", "T:2", "label, plural, inflected, reordered"),
        ("abnormalities of the kidney", "abnormalities of the kidney", "T:2",
         "label, plural, reordered"),
        ("pre-auricular pits", "pre-auricular pits", "T:16", "label, plural"),
        ("type II diabetes mellitus", "type II diabetes mellitus", "T:5", "label, reordered"),
        ("diabetes mellitus type II", "diabetes mellitus type II", "T:5", "label, other wording"),
        ("β-thalassaemia", "β-thalassaemia", "T:6", "label, other wording"),
        ("kidney abscess", "kidney abscess", "T:15", "label, 'kidney' for 'renal'"),
        ("calcified falx", "calcified falx", "T:19", "label, inflected, reordered"),
        ("multiple freckles", "multiple freckles", "T:28", "label, 'multiple' for 'numerous'"),
        ("renal manifestations", "renal manifestations", "T:2",
         "label, 'renal' for 'kidney', 'manifestations' for 'abnormality'"),
        ("neurofibrmatosis", "neurofibrmatosis", "T:9", "label, misspelt 'neurofibromatosis'"),
    ],
)  # fmt: skip
def test_a_form_is_found_in_another_wording_and_the_method_says_which(
    graph: KnowledgeGraph, linker: EntityLinker, text: str, surface: str, entity: str, method: str
) -> None:
    (mention,) = linker.link_one(text)
    candidate = mention.candidates[0]
    assert (mention.text, graph.ids[candidate.entity]) == (surface, entity)
    assert candidate.method == method
    assert candidate.score < 1.0


def test_a_coordination_is_one_mention_for_each_member(say: Say) -> None:
    assert say("short and broad fingers") == [
        ("short and broad fingers", "T:3"),
        ("broad fingers", "T:4"),
    ]
    assert say("malformations of the heart and kidney") == [
        ("malformations of the heart", "T:7"),
        ("malformations of the heart and kidney", "T:8"),
    ]
    assert say("café-au-lait spots and axillary freckling")[-1] == ("axillary freckling", "T:18")


@pytest.mark.parametrize(
    "text",
    [
        "finger, too short",
        "the kidney. Abnormality was suspected",
        "short of the finger",
        "kidney without abnormality",
        "organs, and a finding",
        "non-retinal detachment",
    ],
)
def test_words_of_a_form_that_do_not_belong_together_are_no_mention(say: Say, text: str) -> None:
    assert say(text) == []


def test_an_abbreviation_means_what_the_text_defines(say: Say) -> None:
    text = "Neurofibromatosis (NF) is common. NF was seen."
    assert say(text) == [("Neurofibromatosis", "T:9"), ("NF", "T:9"), ("NF", "T:9")]
    assert say("nuclear factor (NF) was low; NF rose") == []
    assert say("NF was seen") == [("NF", "T:10")]


def test_the_letters_of_an_abbreviation_may_stand_in_another_order(say: Say) -> None:
    text = "Retinal detachment (DR) is seen; DR was treated."
    assert say(text)[1:] == [("DR", "T:20"), ("DR", "T:20")]
    assert say("Retinal detachment (DX) is seen; DX was treated.")[1:] == []


def test_a_homonym_follows_the_entities_that_the_document_names(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    mention = linker.link_one("After retinal detachment, RD is likely.")[1]
    first, second = mention.candidates
    assert (graph.ids[first.entity], graph.ids[second.entity]) == ("T:22", "T:21")
    assert first.method == "exact synonym, near 'Retinal detachment'"
    assert second.score < first.score


def test_an_edit_that_makes_the_opposite_is_no_misspelling() -> None:
    known = Misspellings(["macrocephaly", "adduction", "seizures"])
    assert known.correct("microcephaly") is None
    assert known.correct("abduction") is None
    assert known.correct("seizurfs") is None  # its ending
    assert known.correct("seizares") == "seizures"


def test_a_homonym_follows_its_definition_where_no_entity_supports_it(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    def first(text: str) -> tuple[str, str]:
        candidate = linker.link_one(text)[0].candidates[0]
        return graph.ids[candidate.entity], candidate.method

    reason = "exact synonym, defined by 'particle', 'vehicle'"
    assert first("RD is every particle that a vehicle raises.") == ("T:21", reason)
    ids, method = first("RD was seen by a vehicle.")  # one word is chance
    assert method == "exact synonym"
    assert ids == first("RD")[0]


def test_an_eponym_may_stand_without_its_syndrome(say: Say) -> None:
    assert say("a boy with Lesch-Nyhan") == [("Lesch-Nyhan", "T:25")]
    assert say("a Lesch-Nyhan syndrome") == [("Lesch-Nyhan syndrome", "T:25")]
    assert say("Lesch found it") == []


def test_a_generic_word_needs_to_stand_alone(say: Say) -> None:
    assert say("Group") == [("Group", "T:23")]
    assert say("- Group\n* 'group'") == [("Group", "T:23"), ("group", "T:23")]
    assert say("the group was small") == []


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("signs of skin rash", ["T:34"]),  # of a rash, not of the skin
        ("no sign of skin disease", []),
        ("skin signs", ["T:33"]),
        ("a skin signal, signed skin", []),
        ("reduced back discomfort", ["T:44"]),
        ("reduced back discomfort fracture", ["T:44", "T:42"]),
        ("a high yield bond, a low yield bond", []),
    ],
)
def test_words_of_general_english_stand_for_no_more_than_they_say(
    say: Say, text: str, entities: list[str]
) -> None:
    assert [entity for _, entity in say(text)] == entities


def test_a_form_that_ends_in_a_sign_ends_with_the_text(linker: EntityLinker) -> None:
    for text in ("cuts by OPEC", "OPEC+", "cuts by OPEC+ é", "é OPEC"):
        (mention,) = linker.link_one(text)
        assert mention.end <= len(text)
        assert mention.text == text[mention.start : mention.end]
        assert mention.text == ("OPEC+" if "+" in text else "OPEC")


@pytest.mark.parametrize("variants", [True, False])
def test_nested_mentions_are_kept_on_request_where_the_longer_is_a_kind_of_them(
    graph: KnowledgeGraph, variants: bool
) -> None:
    linker = EntityLinker.from_graph(graph, LinkingConfig(nested=True, variants=variants))
    found = linker.link_one("hereditary anemia, basal cell nevus and a nevus")
    assert [(m.text, m.start) for m in found] == [
        ("hereditary anemia", 0), ("anemia", 11), ("basal cell nevus", 19), ("nevus", 42),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("right and left ventricular hypertrophy", ["ventricular hypertrophy"]),
        ("fracture of the femur", ["fracture"]),
        ("short and broad fingers of hereditary anemia", ["anemia"]),
        ("Lesch-Nyhan syndrome", []),
    ],
)
def test_nested_mentions_are_added_to_the_others(
    graph: KnowledgeGraph, linker: EntityLinker, text: str, inner: list[str]
) -> None:
    nested = EntityLinker.from_graph(graph, LinkingConfig(nested=True)).link_one(text)
    plain = linker.link_one(text)
    assert [m for m in nested if m in plain] == plain
    assert [m.text for m in nested if m not in plain] == inner


def test_a_threshold_of_one_leaves_what_is_written_like_a_label(graph: KnowledgeGraph) -> None:
    linker = EntityLinker.from_graph(graph, replace(LinkingConfig(), threshold=1.0))
    assert linker.link_one("a hypotonic infant") == []


def test_every_label_links_to_its_entity(graph: KnowledgeGraph, linker: EntityLinker) -> None:
    for number, mentions in enumerate(linker.link(graph.labels)):
        assert number in {c.entity for m in mentions for c in m.candidates}, graph.labels[number]


def test_an_empty_graph_links_nothing() -> None:
    linker = EntityLinker.from_graph(KnowledgeGraph.empty())
    assert linker.link(["hypotonic", ""]) == [[], []]


PIECES = [
    "hypotonic", "abnormal kidneys", "short and broad fingers", " of the ", "β-", "type II ", "(NF)",
    "Neurofibromatosis (NF)", "NF ", "ﬁ", "İ", "ß", "no ", ", ", "\n\n", "-", "/", ".", "e\u0301",
    "\u0301", "\u00ad", "\ud800", "\U0001f600", "שלום", "\u202e", "\x00", "\u2029", "Σ", "RD", "'s",
    "malformations of the heart and kidney", "his mother had ",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=14).map("".join)


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXTS, max_size=3))
def test_a_mention_is_its_slice_and_a_batch_changes_nothing(
    linker: EntityLinker, texts: list[str]
) -> None:
    batch = linker.link(texts)
    assert batch == [linker.link_one(text) for text in texts]
    for text, mentions in zip(texts, batch, strict=True):
        assert mentions == sorted(mentions, key=lambda m: (m.start, m.end))
        for mention in mentions:
            assert 0 <= mention.start < mention.end <= len(text)
            assert mention.text == text[mention.start : mention.end]
            assert mention.candidates
            assert all(0 < candidate.score <= 1 for candidate in mention.candidates)


def test_time_grows_with_the_length_of_a_text_and_no_faster(linker: EntityLinker) -> None:
    piece = "Short and broad fingers with hypotonic RD (NF) kidneys and no end of abnormality "
    linker.link_one(piece * 100)
    seconds = []
    for times in (1_000, 8_000):
        started = time.process_time()
        linker.link_one(piece * times)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 8 * 3 * seconds[0]


def test_hpo_labels_link_among_their_candidates() -> None:
    path = Path(__file__).parents[2].parent / "shared/data/ontologies/hpo/hp.obo"
    if not path.is_file():
        pytest.skip("shared/data/ontologies/hpo is not here")
    graph = load_graph(path)
    linker = EntityLinker.from_graph(graph)
    some = range(0, len(graph.labels), 3)
    linked = linker.link([graph.labels[number] for number in some])
    lost = [
        graph.labels[number]
        for number, mentions in zip(some, linked, strict=True)
        if number not in {c.entity for m in mentions for c in m.candidates}
    ]
    assert len(lost) < 0.001 * len(some), lost[:20]
