"""The index: order, ties, zero rows, bytes; and the search behind ``kgml search``."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from kgml.encoders.index import EntityIndex, search_graph
from kgml.errors import ArtifactError, InputError, UsageError


def unit(rng: np.random.Generator, n: int, d: int = 16) -> np.ndarray:
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_nearest_row_comes_first_with_its_cosine() -> None:
    index = EntityIndex.build(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    scores, numbers = index.search(np.array([[1.0, 0.0], [0.0, 1.0]]), 3)
    np.testing.assert_array_equal(numbers, [[0, 2, 1], [1, 2, 0]])
    np.testing.assert_allclose(scores, [[1, 0.6, 0], [1, 0.8, 0]], atol=1e-6)
    assert (scores.dtype, numbers.dtype) == (np.float32, np.int64)


def test_row_i_finds_entity_i_among_two_thousand() -> None:
    vectors = unit(np.random.default_rng(0), 2000)
    _, numbers = EntityIndex.build(vectors).search(vectors, 1)
    np.testing.assert_array_equal(numbers[:, 0], np.arange(2000))


def test_equal_scores_come_in_the_order_of_entity_numbers_also_at_the_cut() -> None:
    vectors = np.tile(unit(np.random.default_rng(0), 1), (300, 1))
    vectors[:100] = -vectors[0]
    _, numbers = EntityIndex.build(vectors).search(vectors[200:201], 5)
    np.testing.assert_array_equal(numbers, [[100, 101, 102, 103, 104]])


def test_many_queries_at_once_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng, 500)
    vectors[250:] = vectors[:250]  # every score occurs twice
    index, queries = EntityIndex.build(vectors), unit(rng, 64)
    scores, numbers = index.search(queries, 7)
    for i, query in enumerate(queries):
        alone_scores, alone_numbers = index.search(query[None], 7)
        np.testing.assert_array_equal(alone_numbers[0], numbers[i])
        np.testing.assert_array_equal(alone_scores[0], scores[i])


def test_k_is_cut_to_the_number_of_entities() -> None:
    scores, numbers = EntityIndex.build(np.eye(3)).search(np.eye(3)[:2], 10)
    assert scores.shape == numbers.shape == (2, 3)


def test_an_empty_index_finds_nothing() -> None:
    scores, numbers = EntityIndex.build(np.zeros((0, 4))).search(np.ones((2, 4)), 5)
    assert scores.shape == numbers.shape == (2, 0)


def test_no_queries_give_no_rows() -> None:
    assert EntityIndex.build(np.eye(3)).search(np.zeros((0, 3)), 2)[1].shape == (0, 2)


def test_a_zero_row_comes_after_entities_that_point_the_other_way() -> None:
    vectors = np.zeros((50, 2))
    vectors[7], vectors[9] = [-1, 0], [0, 1]
    scores, numbers = EntityIndex.build(vectors).search(np.array([[1.0, 0.0]]), 3)
    np.testing.assert_array_equal(numbers, [[9, 7, 0]])
    np.testing.assert_array_equal(scores, [[0, -1, 0]])


def test_bytes_and_back_find_the_same() -> None:
    vectors = unit(np.random.default_rng(3), 20)
    index = EntityIndex.build(vectors, graph_fingerprint="g", encoder_fingerprint="e")
    again = EntityIndex.from_bytes(index.to_bytes(), graph_fingerprint="g", encoder_fingerprint="e")
    np.testing.assert_array_equal(again.vectors, vectors)
    np.testing.assert_array_equal(again.search(vectors, 3)[1], index.search(vectors, 3)[1])
    assert (again.graph_fingerprint, again.encoder_fingerprint) == ("g", "e")
    assert again.to_bytes() == index.to_bytes()


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 100])
def test_bytes_that_are_no_index_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"cannot be read.*Make it again"):
        EntityIndex.from_bytes(data)


def test_a_truncated_index_is_refused() -> None:
    data = EntityIndex.build(np.eye(8)).to_bytes()
    with pytest.raises(ArtifactError, match="cannot be read"):
        EntityIndex.from_bytes(data[:-5])


def test_an_index_of_another_kind_is_refused() -> None:
    other = faiss.IndexFlatL2(4)
    with pytest.raises(ArtifactError, match="IndexFlatL2; wanted IndexFlatIP"):
        EntityIndex.from_bytes(faiss.serialize_index(other).tobytes())


def test_values_that_are_not_finite_are_refused() -> None:
    vectors = np.eye(4)
    vectors[2, 1] = np.inf
    with pytest.raises(InputError, match=r"1 of 4 rows hold NaN or infinity, the first is row 2"):
        EntityIndex.build(vectors)
    with pytest.raises(InputError, match="queries: 1 of 4"):
        EntityIndex.build(np.eye(4)).search(vectors, 1)


def test_queries_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match=r"length 3; the index holds vectors of length 4"):
        EntityIndex.build(np.eye(4)).search(np.eye(3), 1)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="k = 0"):
        EntityIndex.build(np.eye(4)).search(np.eye(4), 0)


@pytest.fixture(scope="module")
def hearts(make_graph):
    return make_graph(
        [
            'Myocardial infarction\nsynonym: "heart attack" EXACT []',
            "Bone fracture",
            'Panic disorder\nsynonym: "ATTACK" RELATED []',
            "Cardiac arrhythmia",
        ]
    )


def test_a_synonym_as_spelled_comes_first_whatever_its_case(hearts, encoder) -> None:
    found = search_graph(hearts, " Heart Attack ", 2, encoder)
    assert found[0] == {"id": "X:0000000", "label": "Myocardial infarction", "score": 1.0}
    assert len(found) == 2


def test_meaning_finds_what_spelling_does_not(hearts, encoder) -> None:
    found = search_graph(hearts, "irregular heartbeat", 4, encoder)
    assert found[0]["label"] == "Cardiac arrhythmia"
    assert sorted(row["id"] for row in found) == [f"X:{i:07d}" for i in range(4)]
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True)


def test_the_best_name_of_an_entity_counts(hearts, encoder) -> None:
    found = search_graph(hearts, "heart attacks", 1, encoder)
    wanted = encoder.encode(["heart attacks"]) @ encoder.encode(["heart attack"]).T
    assert found[0]["id"] == "X:0000000"
    assert found[0]["score"] == pytest.approx(wanted.item(), abs=1e-5)


def test_an_empty_query_is_refused(hearts, encoder) -> None:
    with pytest.raises(UsageError, match="query is empty"):
        search_graph(hearts, "  ", 3, encoder)
