"""First sentences are features of their own; whatever is done to a text's links is done to theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kgml.kg.graph import KnowledgeGraph
from kgml.models import assembly
from kgml.models.assembly import Assembly, Recipe, has_leads
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.explaining.removal import Cut, cut, one_document
from kgml.models.features import (
    Documents,
    EntityVectors,
    Featurizer,
    bag_of,
    permutation,
    relabelled,
    with_mentions,
)
from kgml.models.lead import MOST, lead_ends
from kgml.models.learn import kernel
from kgml.models.store import load_model
from kgml.registry import names

Y = np.arange(40) % 2
learned = pytest.mark.parametrize("name", [n for n in names("fusion") if n != "none"])


@pytest.fixture(scope="module")
def misled(words) -> list[str]:
    """The first sentence has a word of the class, the two after it one each of the other."""
    others = words.texts[1:] + words.texts[:1]
    more = words.texts[3:] + words.texts[:3]
    return [" ".join(three) for three in zip(words.texts, others, more, strict=True)]


@pytest.fixture(scope="module")
def maker(kinds: KnowledgeGraph) -> Featurizer:
    return KGTextClassifier(kinds).featurizer()


@pytest.fixture(scope="module")
def two(maker: Featurizer, misled: list[str]) -> Documents:
    return maker.documents(misled)


@pytest.fixture(scope="module")
def vectors(kinds, encoder) -> EntityVectors:
    return EntityVectors(kinds, encoder, "text")


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("A stroke in the young. He lived.", "A stroke in the young."),
        ("Is it (still) a stroke?) Yes.", "Is it (still) a stroke?)"),
        ("Dr. Smith of St. Paul had it. He lived.", "Dr. Smith of St. Paul had it."),
        ("Ejection fraction was 3.5 of 10. Low.", "Ejection fraction was 3.5 of 10."),
        ("The title of an abstract\nIts first sentence.", "The title of an abstract"),
        ("No end", "No end"),
        ("Short. And so on it goes. More.", "Short. And so on it goes."),
        ("word " * 200, ("word " * 200)[:MOST]),
        ("", ""),
    ],
)
def test_the_lead_is_the_first_sentence(text: str, lead: str) -> None:
    assert text[: lead_ends([text])[0]] == lead


def test_leads_hold_what_the_first_sentences_hold(two, maker, words) -> None:
    alone = maker.documents(words.texts)
    np.testing.assert_allclose(two.lead.text, alone.text, atol=1e-6)
    assert (two.lead.own != alone.own).nnz == 0
    assert (two.lead.counts != alone.counts).nnz == 0
    assert [len(found) for found in two.mentions] == [3] * 40
    assert two.lead.mentions == alone.mentions
    assert two.lead.terms.terms == alone.terms.terms


def test_what_happens_to_links_happens_to_those_of_leads(two, kinds) -> None:
    rows = np.array([7, 3])
    np.testing.assert_array_equal(two.take(rows).lead.text, two.lead.text[rows])
    assert two.without_links().lead.counts.nnz == 0
    target = permutation(two, 0)
    moved = relabelled(two, target, kinds)
    for row in range(40):
        assert moved.lead.own[row].indices.tolist() == [target[two.lead.own[row].indices[0]]]
    gone = with_mentions(two, [found[1:] for found in two.mentions], kinds)
    assert gone.lead.counts.nnz == 0
    assert [len(found) for found in gone.mentions] == [2] * 40


@learned
def test_features_of_leads_stand_beside_those_of_texts(name, two, vectors) -> None:
    vectors.prepare(two, fusion=name)
    stack = Assembly(Recipe(name, "logistic"), vectors, 2).fit(two, Y)
    rows = stack.features(two)
    plain = Assembly(Recipe(name, "logistic", lead=False), vectors, 2).fit(two, Y)
    columns, before = stack.of_columns(), len(plain.of_columns())
    assert rows.shape == (40, len(columns))
    lead = rows[:, before:].toarray()
    d_text = two.text.shape[1]
    np.testing.assert_allclose(lead[:, :d_text], assembly.LEAD * two.lead.text, atol=1e-6)
    weights, gate = stack.attention(two)
    view = ConceptView().fit(two.lead.counts, vectors.graph.vocabularies)
    inside = weights.toarray()[two.lead.counts.nonzero()]
    wanted = view.transform(two.lead.counts, inside, assembly.LEAD * gate).toarray()
    np.testing.assert_allclose(lead[:, d_text:], wanted, atol=1e-6)
    assert wanted.any() == (name != "text-serialised")  # which gives no concept any weight
    np.testing.assert_array_equal(columns[before + d_text :], view.columns_)


@learned
def test_the_kernel_of_leave_one_out_is_that_of_the_features(
    name, two, vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(assembly, "fit_fusion", lambda fusion, batch: seen.append((fusion, batch)))
    vectors.prepare(two, fusion=name)
    stack = Assembly(Recipe(name, "logistic"), vectors, 2).fit(two, Y)
    [(fusion, batch)] = seen
    with torch.no_grad():
        bag = bag_of(two, vectors, fusion.needs_keys, fusion.needs_values, fusion.needs_names)
        found = kernel(fusion(batch.text, bag), batch)
    rows = stack.features(two).toarray()
    np.testing.assert_allclose(found.numpy(), rows @ rows.T, atol=1e-4)


def test_texts_of_one_sentence_are_learned_from_as_before(documents, vectors) -> None:
    assert not has_leads(documents)
    with_lead, without = (
        Assembly(Recipe("concat", "logistic", lead=lead), vectors, 2).fit(documents, Y)
        for lead in (True, False)
    )
    assert with_lead.lead_ is None
    np.testing.assert_array_equal(with_lead.decision(documents), without.decision(documents))


def test_a_lead_tells_what_the_rest_of_the_text_hides(kinds, words, misled) -> None:
    scores = [
        KGTextClassifier(
            kinds, folds=3, lead=lead, knowledge="always", head="logistic", lexical=1.0
        )
        .fit(misled[:30], words.labels[:30])
        .score(misled[30:], words.labels[30:])
        for lead in (True, False)
    ]
    assert scores[0] == 1 > scores[1] + 0.2


def test_a_saved_model_has_what_it_learned_of_leads(kinds, words, misled, tmp_path: Path) -> None:
    model = KGTextClassifier(kinds, folds=3, knowledge="always").fit(misled, words.labels)
    assert model.assembly_.lead_ is not None
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(misled), model.predict_proba(misled))
    short = loaded.predict_proba(misled[:1])
    np.testing.assert_allclose(short, model.predict_proba(misled)[:1], atol=1e-9)


def test_a_model_that_learned_of_leads_wants_them(two, vectors) -> None:
    stack = Assembly(Recipe("concat", "logistic"), vectors, 2).fit(two, Y)
    with pytest.raises(ValueError, match="documents without leads; make them with"):
        stack.decision(replace(two, lead=None))


def test_what_an_explanation_takes_out_is_out_of_the_lead_too(two, kinds) -> None:
    one = one_document(two, 4)
    rows = cut(one, [Cut(), Cut(mentions=frozenset([0])), Cut(mentions=frozenset([1]))], kinds)
    assert np.diff(rows.lead.own.indptr).tolist() == [1, 0, 1]
