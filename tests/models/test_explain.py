"""What an explanation says is lost is what the model really loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from kgml.errors import CorpusError
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.mentions import Mention
from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import Explanation, explain, standing
from kgml.models.features import Featurizer, bag_of
from kgml.models.lexical import count_terms
from kgml.registry import names

from .conftest import WORDS, Graph, Table

TWO = f"Here {WORDS[0]} was weighed, {WORDS[2]} and {WORDS[1]} too, then {WORDS[0]} again."
"""Three metals, one of them twice, and a bird."""


class Fixed:
    """A linker that finds what it was given."""

    def __init__(self, mentions: list[Mention]) -> None:
        self.mentions = mentions

    def link(self, texts: Sequence[str]) -> list[list[Mention]]:
        return [self.mentions for _ in texts]


def probability(model: KGTextClassifier, text: str, mentions: list[Mention], label: str) -> float:
    """Of ``label`` for ``text``, encoded and counted as ever, but linked as ``mentions``."""
    maker = model.featurizer()
    linked: Any = Fixed(mentions)
    documents = Featurizer(maker.graph, linked, maker.encoder).documents([text])
    shares = model.proba_documents(documents)[0]
    return float(shares[[str(c) for c in model.classes_].index(label)])


def fit(graph: KnowledgeGraph | None, words: Table, **options: Any) -> KGTextClassifier:
    model = KGTextClassifier(graph, folds=2, knowledge="always", head="logistic", **options)
    model = model.fit(words.texts[:36], words.labels[:36])
    model.assembly_.head_.temperature = 1.0  # so few texts calibrate to certainty
    return model


@pytest.fixture(scope="module")
def concat(kinds: KnowledgeGraph, words: Table) -> KGTextClassifier:
    return fit(kinds, words)


@pytest.fixture(scope="module")
def attention(kinds: KnowledgeGraph, words: Table) -> KGTextClassifier:
    model = fit(kinds, words, fusion="attention")
    model.assembly_.fusion_.sharpness.fill_(2.0)  # type: ignore[operator,union-attr]
    return model


@pytest.fixture(scope="module")
def told(concat: KGTextClassifier) -> Explanation:
    return explain(concat, [TWO])[0]


@pytest.mark.parametrize("fusion", sorted(set(names("fusion")) - {"none"}))
def test_what_a_mention_loses_is_the_prediction_without_its_link(kinds, words, fusion) -> None:
    model = fit(kinds, words, fusion=fusion)
    one = explain(model, [TWO])[0]
    assert len(one.mentions) == 4
    assert one.probability == pytest.approx(model.predict_proba([TWO]).max(), abs=1e-6)
    for place, loss in enumerate(one.mention_losses):
        left = one.mentions[:place] + one.mentions[place + 1 :]
        lost = one.probability - probability(model, TWO, left, one.label)
        assert loss.lost == pytest.approx(lost, abs=2e-6)
    lost = one.probability - probability(model, TWO, [], one.label)
    assert one.without_knowledge.lost == pytest.approx(lost, abs=2e-6)


def test_a_concept_is_removed_in_all_its_mentions(concat, told) -> None:
    twice = next(concept for concept in told.concepts if len(concept.mentions) == 2)
    assert concat.graph.labels[twice.entity] == WORDS[0]
    left = [m for place, m in enumerate(told.mentions) if place not in twice.mentions]
    lost = told.probability - probability(concat, TWO, left, told.label)
    assert twice.loss.lost == pytest.approx(lost, abs=2e-6)


def test_a_word_is_removed_from_what_is_counted_and_the_text_vector_stays(concat) -> None:
    text = "Nobody could say how much we had brought from the north."
    one = explain(concat, [text])[0]
    assert {word.word for word in one.words} >= {"brought", "north"}
    documents = concat.featurizer().documents([text])
    label = concat.classes_.tolist().index(one.label)
    for word in one.words:
        counted = replace(documents, terms=count_terms([text.replace(word.word, "")]))
        share = concat.proba_documents(counted)[0, label]
        assert word.loss.lost == pytest.approx(one.probability - share, abs=2e-6)
    nothing = replace(documents, terms=count_terms(["of"]))
    lost = one.probability - concat.proba_documents(nothing)[0, label]
    assert one.without_words.lost == pytest.approx(lost, abs=2e-6)


def test_a_bird_among_metals_speaks_against_and_two_of_them_turn_the_label(concat, told) -> None:
    assert told.label == "metal"
    by_word = {concat.graph.labels[c.entity]: c.loss.lost for c in told.concepts}
    assert by_word[WORDS[1]] < 0 < by_word[WORDS[0]]
    flat = f"{WORDS[0]} and {WORDS[1]}."
    one = explain(concat, [flat])[0]
    turned = [loss.becomes for loss in one.mention_losses]
    assert set(turned) == {None, {"metal": "bird", "bird": "metal"}[one.label]}


def test_log_odds_tell_apart_what_probabilities_near_1_do_not(fitted) -> None:
    one = explain(fitted, [f"{WORDS[0]}, {WORDS[2]}, {WORDS[4]} and {WORDS[6]}."])[0]
    assert one.probability > 0.99
    assert all(loss.log_odds > 0 for loss in one.mention_losses)


def test_offsets_are_slices(told) -> None:
    assert [TWO[m.start : m.end] for m in told.mentions] == [m.text for m in told.mentions]
    assert [m.text for m in told.mentions] == [WORDS[0], WORDS[2], WORDS[1], WORDS[0]]


def test_the_way_leads_to_the_ancestor_that_weighs_most(concat, told) -> None:
    graph = concat.graph
    concept = next(c for c in told.concepts if graph.labels[c.entity] == WORDS[2])
    best = max(concept.way.carriers, key=lambda carrier: carrier.log_odds)
    assert graph.labels[best.entity] == "any metal"
    assert concept.way.words.startswith(f"{WORDS[2]} is a kind of ")
    assert concept.way.words.endswith(" metal, a kind of any metal")
    assert [entity for _, entity in concept.way.steps][-1] == best.entity
    assert best.lost > 0


def test_a_carrier_loses_what_the_head_says_without_its_column(concat, told) -> None:
    stack = concat.assembly_
    row = stack.features(concat.featurizer().documents([TWO])).toarray()
    entities = stack.of_columns()
    carriers = {c.entity: c for concept in told.concepts for c in concept.way.carriers}
    assert len(carriers) > 3
    for entity, carrier in carriers.items():
        without = row.copy()
        without[0, entities == entity] = 0
        shares = stack.head_.probabilities(stack.head_.decision(without))
        assert carrier.lost == pytest.approx(told.probability - shares.max(), abs=2e-6)


def test_weights_and_gate_of_attention_come_out(attention: KGTextClassifier) -> None:
    one = explain(attention, [TWO])[0]
    documents = attention.featurizer().documents([TWO])
    bag = bag_of(documents, attention.vectors_, keys=True)
    cosine = torch.einsum("nd,nmd->nm", torch.from_numpy(documents.text), bag.keys)
    by_hand = torch.softmax(2.0 * cosine, dim=1)[0] * len(cosine[0])
    weight = dict(zip(bag.ids[0].tolist(), by_hand.tolist(), strict=True))
    assert {c.entity for c in one.concepts} <= set(weight)
    for concept in one.concepts:
        assert concept.weight == pytest.approx(weight[concept.entity], abs=1e-5)
        assert concept.weight != 1
    assert 0 < one.gate < 1


def test_a_text_gets_the_same_explanation_alone_and_in_a_batch_and_twice(concat, words) -> None:
    texts = [TWO, *words.texts[36:], "Nothing of it."]
    first = explain(concat, texts)
    assert explain(concat, texts) == first
    assert [explain(concat, [text])[0] for text in texts] == first
    graph = concat.graph
    assert first[0].to_json(graph) == explain(concat, [TWO])[0].to_json(graph)


def test_a_text_without_mentions_has_words_only(concat) -> None:
    one = explain(concat, ["They had brought it from the north."])[0]
    assert (one.mentions, one.concepts, one.gate) == ([], [], 0)
    assert one.without_knowledge.lost == 0
    assert one.words


@pytest.mark.parametrize("text", ["...", "of the", "\U0001f600"])
def test_a_text_without_words_is_explained_too(concat, text: str) -> None:
    one = explain(concat, [text])[0]
    assert (one.mentions, one.words) == ([], [])
    assert (one.without_words.lost, one.without_knowledge.becomes) == (0, None)


def test_no_texts_have_no_explanations_and_an_empty_one_is_named(concat) -> None:
    assert explain(concat, []) == []
    with pytest.raises(CorpusError, match="empty text in row 2"):
        explain(concat, ["a text", " "])


def test_a_model_without_knowledge_says_so_and_links_lose_nothing(kinds, words) -> None:
    shuffled = np.random.default_rng(0).permutation(words.labels[:36]).tolist()
    model = KGTextClassifier(kinds, folds=2).fit(words.texts[:36], shuffled)
    assert model.strength_ == 0
    assert "shipped without knowledge" in (standing(model) or "")
    one = explain(model, [TWO])[0]
    assert len(one.mentions) == 4
    assert {loss.lost for loss in one.mention_losses} == {0}
    assert all(not concept.way.carriers for concept in one.concepts)
    assert (one.gate, one.without_knowledge.lost) == (0, 0)


@pytest.mark.parametrize(
    ("graph", "options", "reason"),
    [
        (None, {}, "no ontology"),
        (KnowledgeGraph.empty(), {}, "without knowledge"),
        (KnowledgeGraph.empty(), {"fusion": "none"}, "fusion none"),
    ],
)
def test_no_graph_and_one_without_entities_are_explained(words, graph, options, reason) -> None:
    model = fit(graph, words, **options)
    one = explain(model, [words.texts[0]])[0]
    assert reason in (standing(model) or "")
    assert (one.mentions, one.concepts) == ([], [])
    assert one.words


def test_a_model_without_a_lexical_view_has_no_words(kinds, words) -> None:
    one = explain(fit(kinds, words, lexical=False), [TWO])[0]
    assert one.words == []
    assert one.mentions


ODD = """\
:metal a owl:Class ; rdfs:label "metal"@en .
:bird a owl:Class ; rdfs:label "bird"@en .
:m1 a owl:Class ; rdfs:label "crane"@en ; rdfs:subClassOf :metal .
:b1 a owl:Class ; rdfs:label "crane"@en ; rdfs:subClassOf :bird .
:m2 a owl:Class ; rdfs:label "glimmer"@en ; rdfs:subClassOf :metal .
:b2 a owl:Class ; rdfs:label "plover"@en ; rdfs:subClassOf :bird .
<http://other.example.net/x/1> a owl:Class ; rdfs:label "plover"@en .
"""


@pytest.fixture(scope="module")
def odd(graph: Graph) -> KGTextClassifier:
    """Metals and birds with a word for both, and a second vocabulary."""
    texts = ["a glimmer", "the glimmer there", "a plover", "the plover there"] * 2
    return fit(graph(ODD), Table(texts, ["metal", "metal", "bird", "bird"] * 2))


def test_a_homonym_without_one_of_its_meanings_keeps_the_other(odd: KGTextClassifier) -> None:
    text = "Here is a crane."
    one = explain(odd, [text])[0]
    (mention,) = one.mentions
    assert len(mention.candidates) == len(one.concepts) == 2
    for concept in one.concepts:
        kept = tuple(c for c in mention.candidates if c.entity != concept.entity)
        without = probability(odd, text, [replace(mention, candidates=kept)], one.label)
        assert concept.loss.lost == pytest.approx(one.probability - without, abs=2e-6)
    up = {odd.graph.iris[c.entity][-2:]: c.way.words for c in one.concepts}
    assert set(up) == {"m1", "b1"}


def test_a_word_of_two_vocabularies_is_one_mention_with_a_concept_of_each(odd) -> None:
    text = "Here is a plover, a crane with it."
    one = explain(odd, [text])[0]
    plover, crane = one.mentions
    assert {odd.graph.iris[c.entity] for c in plover.candidates} == {
        "https://example.org/b2", "http://other.example.net/x/1",
    }  # fmt: skip
    for concept in one.concepts:
        left = [
            replace(m, candidates=tuple(c for c in m.candidates if c.entity != concept.entity))
            for m in (plover, crane)
        ]
        without = probability(odd, text, left, one.label)
        assert concept.loss.lost == pytest.approx(one.probability - without, abs=2e-6)


def test_as_json_numbers_become_ids_and_labels(concat, told) -> None:
    result = told.to_json(concat.graph)
    assert result["label"] == "metal"
    assert result["probability"] == result["probabilities"]["metal"]
    first = result["concepts"][0]
    assert first["id"] in concat.graph.ids
    assert {"label", "lost", "log_odds", "becomes", "mentions", "weight", "path"} <= set(first)
    assert result["mentions"][0]["candidates"][0]["label"] == WORDS[0]
    assert first["steps"] == [] or set(first["steps"][0]) == {"relation", "id", "label"}
