"""What every node encoder of the registry owes, and what each one claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kgml import registry
from kgml.encoders.links import area_under_curve, corrupt, pair_codes, split_links
from kgml.encoders.node import (
    NodeEncoder,
    PropagationEncoder,
    TextNodeEncoder,
    entity_sentences,
    label_texts,
    normalized_adjacency,
)
from kgml.errors import InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

NAMES = registry.names("node_encoder")
INDUCTIVE = [n for n in NAMES if registry.resolve("node_encoder", n).inductive]
"""The others, which know no entity but those they were trained on: test_kge.py."""
TRAINED = [n for n in NAMES if registry.resolve("node_encoder", n).has_objective]
"""More of these, and of what they are trained for: gnn/."""
MakeGraph = Callable[..., KnowledgeGraph]


def new(name: str, **options: Any) -> NodeEncoder:
    made: NodeEncoder = registry.resolve("node_encoder", name)(**options)
    return made


@pytest.fixture(scope="module", params=INDUCTIVE)
def fitted(
    request: pytest.FixtureRequest, clusters: KnowledgeGraph, cluster_features: np.ndarray
) -> tuple[str, NodeEncoder, np.ndarray]:
    encoder = new(request.param, seed=0)
    return request.param, encoder, encoder.encode(clusters, cluster_features)


def test_every_encoder_gives_one_finite_unit_row_per_entity(fitted, clusters) -> None:
    _, _, vectors = fitted
    assert vectors.shape[0] == len(clusters)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_same_seed_gives_the_same_numbers_and_the_global_seed_has_no_part(
    fitted, clusters, cluster_features
) -> None:
    import torch

    name, _, vectors = fitted
    torch.manual_seed(99)
    np.random.seed(99)
    state = torch.random.get_rng_state()
    again = new(name, seed=0).encode(clusters, cluster_features)
    assert np.array_equal(vectors, again)
    assert torch.equal(state, torch.random.get_rng_state())


def test_other_links_give_other_vectors_to_all_but_the_text_encoder(
    fitted, clusters, cluster_features, make_graph
) -> None:
    name, encoder, vectors = fitted
    numbers = np.random.default_rng(5).permutation(61)
    names = ["part_of" if "part_of" in r else "is_a" for r in clusters.relations]
    moved = [(int(numbers[h]), names[r], int(numbers[t])) for h, r, t in clusters.triples.tolist()]
    other = make_graph(clusters.labels, moved)
    assert len(other.triples) == len(clusters.triples)
    same = np.allclose(encoder.transform(other, cluster_features), vectors, atol=1e-3)
    assert same == (name == "text")


def test_an_entity_without_links_keeps_a_vector_of_its_own(fitted, cluster_features) -> None:
    _, _, vectors = fitted
    assert np.isfinite(vectors[60]).all()
    assert (vectors[:60] @ vectors[60]).max() < 0.999


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_entities_hidden_from_training_get_vectors_near_their_own_tree(
    fitted, clusters, cluster_features, make_graph
) -> None:
    name, _, _ = fitted
    hidden = np.random.default_rng(2).permutation(60)[:6]
    seen = np.setdiff1d(np.arange(61), hidden)
    number = {int(old): new_ for new_, old in enumerate(seen)}
    links = [
        (number[h], "is_a", number[t])
        for h, _, t in clusters.triples.tolist()
        if h in number and t in number
    ]
    part = make_graph([clusters.labels[i] for i in seen], links)
    encoder = new(name, seed=0).fit(part, cluster_features[seen])
    vectors = encoder.transform(clusters, cluster_features)
    assert vectors.shape[0] == 61
    tree = np.arange(60) // 12
    cosines = vectors[hidden] @ vectors[:60].T
    own = tree[hidden][:, None] == tree
    own[np.arange(6), hidden] = False
    other = tree[hidden][:, None] != tree
    assert cosines[own].mean() > cosines[other].mean() + 0.1


def test_a_graph_without_links_gives_the_meaning_of_the_texts(fitted, make_graph) -> None:
    name, _, _ = fitted
    graph = make_graph(["alpha", "beta", "gamma"])
    features = np.eye(3, 24, dtype=np.float32)
    if name in TRAINED:
        with pytest.warns(KGMLWarning, match="no links"):
            vectors = new(name).encode(graph, features)
    else:
        vectors = new(name).encode(graph, features)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=0.5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_two_linked_entities_are_enough(name, make_graph) -> None:
    graph = make_graph(["alpha", "beta"], [(1, "is_a", 0)])
    vectors = new(name).encode(graph, np.eye(2, 8, dtype=np.float32))
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("name", NAMES)
def test_features_of_another_graph_are_refused(name, clusters, cluster_features) -> None:
    with pytest.raises(InputError, match=r"\(60, 24\).*61 entities"):
        new(name).encode(clusters, cluster_features[:60])


@pytest.mark.parametrize("name", NAMES)
def test_features_that_are_not_finite_are_refused(name, clusters, cluster_features) -> None:
    broken = cluster_features.copy()
    broken[7, 3] = np.nan
    with pytest.raises(InputError, match=r"NaN or infinity; the first is entity 7"):
        new(name).encode(clusters, broken)


def test_propagation_of_two_linked_entities_by_hand(make_graph) -> None:
    # S = [[1/2, 1/2], [1/2, 1/2]], so SX = SSX = (1/2, 1/2) and the mean of the three steps is
    # (1 + 1/2 + 1/2, 0 + 1/2 + 1/2) / 3 = (2, 1) / 3; divided by its length (2, 1) / sqrt(5).
    graph = make_graph(["alpha", "beta", "alone"], [(1, "is_a", 0)])
    vectors = PropagationEncoder().encode(graph, np.array([[1, 0], [0, 1], [0, 3.0]]))
    expected = np.array([[2, 1], [1, 2], [0, np.sqrt(5)]]) / np.sqrt(5)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_two_triples_between_the_same_entities_are_one_link() -> None:
    once = normalized_adjacency(2, np.array([[0, 0, 1]]))
    twice = normalized_adjacency(2, np.array([[0, 0, 1], [1, 1, 0], [1, 1, 1]]))
    np.testing.assert_array_equal(once.toarray(), twice.toarray())


def test_a_zero_row_stays_zero_and_a_warning_counts_it(make_graph) -> None:
    graph = make_graph(["alpha", "beta"])
    features = np.array([[0, 2.0], [0, 0]])
    for encoder in (TextNodeEncoder(), PropagationEncoder()):
        with pytest.warns(KGMLWarning, match="1 of 2 entities have a zero vector"):
            vectors = encoder.encode(graph, features)
        np.testing.assert_array_equal(vectors, [[0, 1], [0, 0]])


@pytest.mark.parametrize("name", INDUCTIVE)
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_an_entity_without_a_text_is_known_by_its_neighbours(
    name, clusters, cluster_features
) -> None:
    features = cluster_features.copy()
    features[[5, 60]] = 0
    vectors = new(name).encode(clusters, features)
    assert np.isfinite(vectors).all()
    assert vectors[5].any() == (name != "text")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
@pytest.mark.parametrize("terms", [[], ["alone"]])
def test_no_entity_and_one_entity_have_as_many_vectors(name, terms, make_graph) -> None:
    graph = make_graph(terms) if terms else KnowledgeGraph.empty()
    vectors = new(name).encode(graph, np.ones((len(terms), 8), dtype=np.float32))
    assert vectors.shape[0] == len(terms)
    assert vectors.dtype == np.float32
    if name in INDUCTIVE:
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", INDUCTIVE)
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_a_trained_encoder_takes_an_empty_graph_too(name, clusters, cluster_features) -> None:
    encoder = new(name).fit(clusters, cluster_features)
    assert len(encoder.transform(KnowledgeGraph.empty(), np.zeros((0, 24)))) == 0


def test_a_million_names_of_one_entity_leave_its_sentence_short(make_graph) -> None:
    names = "\n".join(f'synonym: "name {i}" EXACT []' for i in range(1_000_000))
    graph = make_graph([f'x\ndef: "y" []\n{names}'])
    assert len(graph.forms) == 1_000_001
    assert entity_sentences(graph) == ["x (name 0; name 1; name 10; name 100; name 1000): y"]


def test_only_the_text_encoder_can_do_without_the_others() -> None:
    assert [n for n in NAMES if not registry.resolve("node_encoder", n).needs_all] == ["text"]


def test_a_sentence_holds_label_synonyms_and_definition(make_graph) -> None:
    graph = make_graph(
        [
            'Seizure\nsynonym: "fit" EXACT []\nsynonym: "attack" RELATED []\n'
            'def: "A burst of activity." []',
            "Plain",
            "Many\n" + "\n".join(f'synonym: "name {i}" EXACT []' for i in range(9)),
        ]
    )
    sentences = entity_sentences(graph)
    assert sentences[0] == "Seizure (fit; attack): A burst of activity."
    assert sentences[1] == "Plain"
    assert sentences[2].count(";") == 4
    assert label_texts(graph) == ["Seizure", "Plain", "Many"]


def test_links_between_the_same_entities_stay_on_one_side_of_the_split() -> None:
    links = np.array([(i, r, i + 1) for i in range(40) for r in (0, 1)])
    train, valid = split_links(links, np.random.default_rng(0))
    assert (len(train), len(valid)) == (72, 8)
    assert not set(pair_codes(train, 41)) & set(pair_codes(valid, 41))


def test_a_negative_is_never_a_true_link() -> None:
    # A star: 0 is joined to all, so negatives must join two of the others.
    links = np.array([(0, 0, i) for i in range(1, 6)])
    known = np.unique(pair_codes(links, 6))
    false = corrupt(np.repeat(links, 20, axis=0), 6, known, np.random.default_rng(0))
    assert len(false) > 0
    assert not np.isin(pair_codes(false, 6), known).any()
    assert (false[:, 0] != false[:, 2]).all()


def test_a_complete_graph_has_no_negatives() -> None:
    links = np.array([(0, 0, 1), (0, 0, 2), (1, 0, 2)])
    known = np.unique(pair_codes(links, 3))
    assert len(corrupt(links, 3, known, np.random.default_rng(0))) == 0


def test_area_under_the_curve_by_hand() -> None:
    # Pairs (3, 2), (3, 1), (1, 2), (1, 1): right, right, wrong, tie.
    assert area_under_curve(np.array([3.0, 1.0]), np.array([2.0, 1.0])) == 2.5 / 4
