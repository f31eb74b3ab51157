"""Texts with the names of their concepts: which names, in which order, and how many."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.encoders.text import TextEncoder
from kgml.linking.linker import EntityLinker
from kgml.models.assembly import Assembly, Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import explain
from kgml.models.features import EntityVectors, Featurizer, relabelled
from kgml.models.serialised import NamedTexts, by_mention

TEXTS = [
    "Asthma, then AF and atrial fibrillation, then asthma.",
    "Nothing of the kind.",
    "A cardiomyopathy.",
]


@pytest.fixture(scope="module")
def maker(five, encoder: TextEncoder) -> Featurizer:
    return Featurizer(five, EntityLinker.from_graph(five), encoder)


class Reading(TextEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.read: list[str] = []

    def encode(self, texts, **options):
        self.read += texts
        return super().encode(texts, **options)


def test_names_come_in_the_order_of_mention_each_once_with_its_parents(five, maker) -> None:
    documents, encoder = maker.documents(TEXTS), Reading()
    NamedTexts(five, encoder).vectors(documents)
    assert encoder.read == [
        f"{TEXTS[0]}\nasthma (disease), atrial fibrillation (heart disease)",
        f"{TEXTS[2]}\ncardiomyopathy (heart disease)",
    ]


def test_a_text_without_links_keeps_its_vector_to_the_bit(five, maker) -> None:
    documents = maker.documents(TEXTS)
    named = NamedTexts(five, maker.encoder).vectors(documents)
    np.testing.assert_array_equal(named[1], documents.text[1])
    assert (named[[0, 2]] != documents.text[[0, 2]]).any(axis=1).all()
    alone = NamedTexts(five, maker.encoder).vectors(documents.take(np.array([2])))
    np.testing.assert_allclose(alone[0], named[2], atol=1e-6)


def test_permuted_entities_have_the_names_of_others_in_the_places_of_the_mentions(
    five, maker
) -> None:
    """Asthma (4) and atrial fibrillation (2) change places, and once more."""
    documents = maker.documents(TEXTS)
    target = np.array([0, 1, 4, 3, 2])
    moved = relabelled(documents, target, five)
    assert by_mention(documents) == [[4, 2], [], [3]]
    assert by_mention(moved) == [[2, 4], [], [3]]
    assert by_mention(relabelled(moved, target, five)) == by_mention(documents)
    assert by_mention(moved.without_links()) == [[], [], []]


def test_names_never_cut_the_text_and_end_where_the_encoder_stops_reading(five, maker) -> None:
    """256 tokens are read, two of them marks. 250 words leave room for four tokens more, and the
    first name takes 5: a mark before it, "asthma", "(", "disease", ")"."""
    short, full = ("asthma " * 249 + "AF", "asthma " * 252 + "AF")
    fits = "asthma " * 248 + "AF"
    documents = maker.documents([short, full, fits])
    encoder = Reading()
    NamedTexts(five, encoder).vectors(documents)
    assert encoder.read == [f"{fits}\nasthma (disease)"]


def test_all_names_are_read_where_all_of_a_text_is(five, maker) -> None:
    encoder = Reading(long_texts="chunks")
    documents = Featurizer(five, maker.linker, encoder).documents(["asthma " * 300 + "AF"])
    NamedTexts(five, encoder).vectors(documents)
    assert encoder.read[-1].endswith("asthma (disease), atrial fibrillation (heart disease)")


def test_a_text_is_encoded_once(five, maker) -> None:
    documents, encoder = maker.documents(TEXTS), Reading(cache=False)
    named = NamedTexts(five, encoder)
    first = named.vectors(documents)
    read = len(encoder.read)
    np.testing.assert_array_equal(named.vectors(documents), first)
    assert len(encoder.read) == read == 2


def test_no_concept_is_a_feature_and_a_mention_is_explained_by_its_name(kinds, words) -> None:
    model = KGTextClassifier(kinds, fusion="text-serialised", knowledge="always", folds=2)
    model.fit(words.texts, words.labels)
    documents = model.featurizer().documents(words.texts[:3])
    columns = model.assembly_.of_columns() >= 0
    assert not model.assembly_.features(documents)[:, columns].count_nonzero()
    told = explain(model, words.texts[:1])[0]
    assert told.concepts[0].weight == 0
    assert told.mention_losses[0].lost != 0
    assert told.mention_losses[0] == told.concepts[0].loss == told.without_knowledge


def test_the_gate_says_how_far_names_move_a_text(documents, words, kinds, encoder) -> None:
    vectors = EntityVectors(kinds, encoder, "text")
    stack = Assembly(Recipe("text-serialised", "logistic", lexical=False), vectors, 2)
    stack.fit(documents, words.codes)
    gate = float(stack.fusion_.level.sigmoid())
    found = stack.features(documents)[:, : documents.text.shape[1]].toarray()
    moved = documents.text + gate * (vectors.named(documents) - documents.text)
    np.testing.assert_allclose(found, moved, atol=1e-6)
