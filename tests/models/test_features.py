"""Mentions become rows of numbers: by hand on five entities, aligned, and in the order of texts."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.encoders.node import entity_sentences
from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import EntityLinker
from kgml.linking.mentions import Candidate, Mention
from kgml.models.features import (
    Documents,
    EntityVectors,
    Featurizer,
    bag_of,
    link_matrix,
    permutation,
    relabelled,
    spread,
)

TEXTS = [
    "Atrial fibrillation with cardiomyopathy; the atrial fibrillation was new.",
    "A broken arm.",
    "Asthma.",
    "Heart disease, then cardiomyopathy.",
    "Nothing at all.",
]
OWN = [[0, 0, 2, 1, 0], [0] * 5, [0, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0] * 5]


@pytest.fixture(scope="module")
def maker(five: KnowledgeGraph, encoder: TextEncoder) -> Featurizer:
    return Featurizer(five, EntityLinker.from_graph(five), encoder)


@pytest.fixture(scope="module")
def made(maker: Featurizer) -> Documents:
    return maker.documents(TEXTS)


def mention(*candidates: tuple[int, float]) -> Mention:
    return Mention(0, 2, "MI", tuple(Candidate(e, s, "label") for e, s in candidates), False)


ONE = np.zeros(5, dtype=np.int64)
"""Five entities of one vocabulary."""


def test_a_homonym_is_shared_among_its_candidates_by_score() -> None:
    """.9 and .3: three quarters and a quarter; entity 1 is also mentioned without doubt."""
    both = mention((1, 0.9), (3, 0.3))
    matrix = link_matrix([[], [both, mention((1, 0.5))], [both]], ONE)
    known = [[0, 0, 0, 0, 0], [0, 1.75, 0, 0.25, 0], [0, 0.75, 0, 0.25, 0]]
    np.testing.assert_allclose(matrix.toarray(), known)
    assert matrix.dtype == np.float32


def test_vocabularies_that_share_a_word_take_nothing_from_each_other() -> None:
    both = mention((1, 0.9), (3, 0.3), (4, 0.5))
    matrix = link_matrix([[both]], np.array([0, 0, 0, 0, 1]))
    np.testing.assert_allclose(matrix.toarray(), [[0, 0.75, 0, 0.25, 1]])


def test_a_mention_without_candidates_adds_nothing() -> None:
    assert link_matrix([[mention()]], ONE).nnz == 0


def test_no_documents_and_no_entities_give_empty_matrices() -> None:
    assert link_matrix([], ONE).shape == (0, 5)
    assert link_matrix([[], []], ONE[:0]).shape == (2, 0)


def test_spread_counts_an_entity_for_each_of_its_ancestors(
    made: Documents, five: KnowledgeGraph
) -> None:
    """Document 0: fibrillation 2, cardiomyopathy 1, so heart disease 3 and disease 3."""
    np.testing.assert_array_equal(made.own.toarray(), OWN)
    known = [[3, 3, 2, 1, 0], [0] * 5, [1, 0, 0, 0, 1], [2, 2, 0, 1, 0], [0] * 5]
    np.testing.assert_array_equal(made.counts.toarray(), known)
    assert made.coverage == 0.6
    np.testing.assert_array_equal(spread(made.own, five).toarray(), known)


def test_documents_without_links_keep_their_rows(made: Documents, encoder: TextEncoder) -> None:
    assert len(made) == 5
    np.testing.assert_array_equal(made.text, encoder.encode(TEXTS))
    assert [bool(m) for m in made.mentions] == [True, False, True, True, False]
    assert made.terms.matrix.shape[0] == 5


def test_taking_rows_takes_the_same_rows_of_every_part(made: Documents) -> None:
    some = made.take(np.array([3, 1]))
    np.testing.assert_array_equal(some.text, made.text[[3, 1]])
    np.testing.assert_array_equal(some.own.toarray(), made.own.toarray()[[3, 1]])
    np.testing.assert_array_equal(some.counts.toarray(), made.counts.toarray()[[3, 1]])
    np.testing.assert_array_equal(some.terms.matrix.toarray(), made.terms.matrix.toarray()[[3, 1]])
    assert some.mentions == [made.mentions[3], []]


# The bag


def test_the_bag_holds_each_concept_in_the_order_of_the_counts(
    made: Documents, five_vectors: EntityVectors
) -> None:
    bag = bag_of(made, five_vectors, keys=False)
    np.testing.assert_array_equal(bag.mask.sum(dim=1), [4, 0, 2, 3, 0])
    np.testing.assert_array_equal(bag.counts[bag.mask], made.counts.data)
    np.testing.assert_array_equal(bag.ids[bag.mask], made.counts.indices)
    own = made.own.toarray()
    for row in range(5):
        np.testing.assert_array_equal(
            bag.own[row][bag.mask[row]], own[row][bag.ids[row][bag.mask[row]]]
        )
    for part in (bag.counts, bag.own, bag.ids, bag.values):
        assert not part[~bag.mask].any()
    assert bag.keys.shape == (5, 4, 0)


def test_values_are_those_of_linked_entities_and_keys_those_of_all(
    made: Documents, five: KnowledgeGraph, five_vectors: EntityVectors, encoder: TextEncoder
) -> None:
    bag = bag_of(made, five_vectors, keys=True)
    keys = encoder.encode(five.labels)[bag.ids] * bag.mask.numpy()[:, :, None]
    np.testing.assert_array_equal(bag.keys, keys)
    linked = (bag.own > 0).numpy()
    values = encoder.encode(entity_sentences(five))[bag.ids] * linked[:, :, None]
    np.testing.assert_array_equal(bag.values, values)
    assert linked.sum() == np.count_nonzero(OWN)


def test_a_bag_without_any_concept_has_no_places(
    made: Documents, five_vectors: EntityVectors
) -> None:
    bag = bag_of(made.take(np.array([1, 4])), five_vectors, keys=True)
    assert bag.mask.shape == (2, 0)
    assert bag.values.shape == (2, 0, five_vectors.d_node)


@pytest.mark.parametrize("node_encoder", ["text", "propagate"])
def test_entity_vectors_are_the_same_whichever_are_asked_first(
    five: KnowledgeGraph, encoder: TextEncoder, node_encoder: str
) -> None:
    one, other = (EntityVectors(five, encoder, node_encoder) for _ in range(2))
    forward = one.values(np.arange(5))
    backward = np.concatenate([other.values(np.array([i])) for i in (4, 3, 2, 1, 0)])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-6)
    assert forward.shape == (5, one.d_node)


# The placebo


def test_the_placebo_changes_places_among_linked_entities_only(made: Documents) -> None:
    """0 is a mere ancestor: it is not linked itself and stays."""
    for seed in range(20):
        target = permutation(made, seed)
        assert target[0] == 0
        assert sorted(target[1:].tolist()) == [1, 2, 3, 4]
    several = {tuple(permutation(made, seed)) for seed in range(20)}
    assert len(several) > 5
    np.testing.assert_array_equal(permutation(made, 3), permutation(made, 3))


def test_the_placebo_keeps_an_entity_in_its_vocabulary(made: Documents) -> None:
    of = np.array([0, 0, 1, 1, 0])
    moved = [permutation(made, seed, of) for seed in range(20)]
    assert all((of[target] == of).all() for target in moved)
    assert {tuple(target[[2, 3]]) for target in moved} == {(2, 3), (3, 2)}


def test_relabelled_documents_keep_counts_but_not_what_they_are_counts_of(
    made: Documents, five: KnowledgeGraph
) -> None:
    """2 and 4 change places: document 0 now has asthma twice, whose only ancestor is disease."""
    target = np.array([0, 1, 4, 3, 2])
    other = relabelled(made, target, five)
    np.testing.assert_array_equal(other.own.toarray()[:, target], made.own.toarray())
    np.testing.assert_array_equal(other.counts.toarray()[0], [3, 1, 0, 1, 2])
    assert other.own.has_sorted_indices
    assert made.own.toarray().tolist() == OWN, "the documents given were changed"


def test_relabelled_by_itself_is_the_same(made: Documents, five: KnowledgeGraph) -> None:
    same = relabelled(made, np.arange(5), five)
    assert (same.counts != made.counts).nnz == 0
