"""Forms near in meaning, with the text encoder that comes with kgml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kgml.config import EncoderConfig, LinkingConfig
from kgml.errors import ArtifactError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.dense import free
from kgml.linking.fold import fold
from kgml.linking.linker import EntityLinker

LABELS = ["Heart attack", "High blood pressure", "Hair loss", "Kidney stone", "CAST", "Lymphoma"]
TEXT = "He had baldness, hypertension and – since 2019 – a kidney stone; the group saw none."
CONFIG = LinkingConfig(encoder="all-MiniLM-L6-v2", similar=0.6, threshold=0.6)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path = tmp_path_factory.mktemp("dense") / "tiny.obo"
    terms = "\n".join(
        f"[Term]\nid: T:{number}\nname: {label}\n" for number, label in enumerate(LABELS, 1)
    )
    path.write_text(f"format-version: 1.2\nontology: tiny\n\n{terms}", encoding="utf-8")
    return load_graph(path)


@pytest.fixture(scope="module")
def linker(graph: KnowledgeGraph) -> EntityLinker:
    return EntityLinker.from_graph(graph, CONFIG)


def test_what_no_form_covers_links_to_the_nearest_one_and_says_how_near(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    found = {m.text: m.candidates[0] for m in linker.link_one(TEXT)}
    assert {text: graph.labels[c.entity] for text, c in found.items()} == {
        "baldness": "Hair loss",
        "hypertension": "High blood pressure",
        "kidney stone": "Kidney stone",
    }
    near = found["hypertension"]
    assert near.method == f"label, near 'High blood pressure' (cosine {near.score:.2f})"
    assert found["kidney stone"].method == "label"


def test_an_abbreviation_and_what_a_prefix_turns_round_are_left_alone(
    linker: EntityLinker,
) -> None:
    assert linker.link_one("His arm was in a cast, with a non-lymphoma.") == []


def test_without_an_encoder_nothing_is_compared(graph: KnowledgeGraph) -> None:
    found = EntityLinker.from_graph(graph).link_one(TEXT)
    assert [m.text for m in found] == ["kidney stone"]


@pytest.mark.parametrize("variants", [True, False])
def test_the_least_cosine_decides(graph: KnowledgeGraph, variants: bool) -> None:
    config = replace(CONFIG, similar=0.99, variants=variants)
    found = EntityLinker.from_graph(graph, config).link_one(TEXT)
    assert [m.text for m in found] == ["kidney stone"]


def test_a_text_is_linked_alike_alone_and_in_a_batch(graph: KnowledgeGraph) -> None:
    texts = [
        TEXT,
        "",
        "A hypertonic boy lost his hair.",
        "e\u0301 İ \ud800 \x00 hypertension",
        TEXT,
    ]
    together = EntityLinker.from_graph(graph, CONFIG).link(texts)
    for text, mentions in zip(texts, together, strict=True):
        assert EntityLinker.from_graph(graph, CONFIG).link_one(text) == mentions
        assert all(m.text == text[m.start : m.end] for m in mentions)


def test_spans_are_runs_of_words_of_which_one_says_something() -> None:
    text = "The group saw cysts of the liver, no ascites"
    folded = fold(text)
    covered = bytearray(len(text))
    covered[text.index("ascites") :] = b"\1" * len("ascites")
    assert [text[a:b] for a, b in free(folded, covered)] == [
        "group saw cysts", "saw cysts", "saw cysts of the liver", "cysts", "cysts of the liver",
        "liver",
    ]  # fmt: skip


def test_an_encoder_that_is_not_there_is_named(graph: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no-such-encoder"):
        EntityLinker.from_graph(graph, replace(CONFIG, encoder=str(tmp_path / "no-such-encoder")))


def test_precision_and_device_are_those_of_the_other_encoder(
    graph: KnowledgeGraph, linker: EntityLinker
) -> None:
    half = EntityLinker.from_graph(graph, CONFIG, encoder=EncoderConfig(precision="bf16"))
    text = f"{TEXT} High pressure of the blood, losing hair, stones in a kidney, a cardiac infarct."
    found, wanted = (
        {m.text: (m.candidates[0].entity, m.candidates[0].score) for m in one.link_one(text)}
        for one in (half, linker)
    )
    assert {name: entity for name, (entity, _) in found.items()} == {
        name: entity for name, (entity, _) in wanted.items()
    }
    apart = [abs(found[name][1] - wanted[name][1]) for name in wanted]
    assert 0 < max(apart) < 0.01
    with pytest.raises(UsageError, match="no device 'cuda:99' here"):
        EntityLinker.from_graph(graph, CONFIG, encoder=EncoderConfig(device="cuda:99"))


def test_a_table_of_word_vectors_links_whatever_the_precision_of_the_other_encoder(
    graph: KnowledgeGraph, tiny_encoder: Path
) -> None:
    config = replace(CONFIG, encoder=f"static:{tiny_encoder}")
    plain = EntityLinker.from_graph(graph, config)
    half = EntityLinker.from_graph(graph, config, encoder=EncoderConfig(precision="bf16"))
    assert half.link_one(TEXT) == plain.link_one(TEXT)


def test_spans_of_texts_do_not_drive_the_corpus_from_the_cache(
    graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path))
    linker = EntityLinker.from_graph(graph, CONFIG)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert before
    linker.link_one(TEXT)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
