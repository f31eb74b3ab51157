"""The index: order, ties, zero rows, kinds, changes, and the folder it is kept in."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from kgml.encoders.index import EntityIndex, choose
from kgml.encoders.nearest import ivf
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


KINDS = ["flat", "hnsw", "ivf-sq8"]


@pytest.fixture
def few(monkeypatch) -> None:
    """Groups are learned from 300 rows on."""
    monkeypatch.setattr(ivf, "MANY", 300)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mapped", [False, True])
def test_saved_and_loaded_it_finds_the_same(tmp_path, kind, mapped, few) -> None:
    vectors = unit(np.random.default_rng(3), 400)
    index = EntityIndex.build(
        vectors, np.arange(400) // 2, kind=kind, graph_fingerprint="g", encoder_fingerprint="e"
    )
    index.remove([5])
    index.save(tmp_path / "i")
    again = EntityIndex.load(tmp_path / "i", mapped=mapped)
    for one, other in zip(again.nearest(vectors, 3), index.nearest(vectors, 3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (again.kind, len(again)) == (kind, 200)
    assert again.recall == (None if kind == "ivf-sq8" else pytest.approx(index.recall, abs=1e-4))
    assert (again.graph_fingerprint, again.encoder_fingerprint) == ("g", "e")
    index.save(tmp_path / "j")
    files = ("vectors.faiss", "rows.safetensors", "manifest.json")
    assert all(
        (tmp_path / "i" / f).read_bytes() == (tmp_path / "j" / f).read_bytes() for f in files
    )


@pytest.mark.parametrize("file", ["vectors.faiss", "rows.safetensors", "manifest.json"])
def test_a_damaged_file_is_refused(tmp_path, file) -> None:
    EntityIndex.build(np.eye(8)).save(tmp_path / "i")
    data = bytearray((tmp_path / "i" / file).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "i" / file).write_bytes(data)
    with pytest.raises(ArtifactError, match=r"changed since it was saved|damaged"):
        EntityIndex.load(tmp_path / "i")


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 100])
def test_vectors_that_are_no_index_are_refused_also_unverified(tmp_path, data) -> None:
    EntityIndex.build(np.eye(8)).save(tmp_path / "i")
    (tmp_path / "i" / "vectors.faiss").write_bytes(data)
    with pytest.raises(ArtifactError, match=r"vectors.faiss: cannot be read.*Make it again"):
        EntityIndex.load(tmp_path / "i", verify=False)


def test_an_index_of_another_kind_is_refused(tmp_path) -> None:
    EntityIndex.build(np.eye(8)).save(tmp_path / "i")
    faiss.write_index(faiss.IndexFlatL2(4), str(tmp_path / "i" / "vectors.faiss"))
    with pytest.raises(ArtifactError, match="IndexFlatL2; wanted IndexFlatIP"):
        EntityIndex.load(tmp_path / "i", verify=False)


def test_another_graph_or_encoder_is_refused() -> None:
    index = EntityIndex.build(np.eye(3), graph_fingerprint="g1", encoder_fingerprint="e1")
    index.check("g1", "e1")
    with pytest.raises(ArtifactError, match=r"another graph \(fingerprint g1, this graph has g2\)"):
        index.check("g2", "e1")
    with pytest.raises(ArtifactError, match="another encoder"):
        index.check("g1", "e2")


def test_the_kind_is_chosen_by_size_and_an_unknown_one_is_refused() -> None:
    assert EntityIndex.build(np.eye(4)).kind == "flat"
    assert [choose(n) for n in (0, 200_000, 200_001)] == ["flat", "flat", "hnsw"]
    with pytest.raises(UsageError, match=r"no index named 'hsnw'.*Did you mean 'hnsw'"):
        EntityIndex.build(np.eye(4), kind="hsnw")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 2])
def test_an_index_of_no_row_or_of_one_is_searched(kind, size) -> None:
    index = EntityIndex.build(np.eye(4)[:size], kind=kind)
    scores, numbers = index.search(np.eye(4)[:1], 10)
    assert scores.shape == (1, size)
    assert numbers.tolist() == [list(range(size))]
    np.testing.assert_allclose(scores[0, :1], np.ones(min(size, 1)), atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_approximate_kinds_say_what_they_find_of_the_exact_ten(kind, few) -> None:
    vectors = unit(np.random.default_rng(0), 3000)
    index = EntityIndex.build(vectors, kind=kind)
    exact, found = (i.search(vectors[:50], 10)[1] for i in (EntityIndex.build(vectors), index))
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, found, strict=True)])
    assert index.recall == pytest.approx(share, abs=0.1)
    assert (index.recall < 1) == (kind == "ivf-sq8")


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_entities_allowed_are_found_and_all_of_them(kind) -> None:
    vectors = unit(np.random.default_rng(0), 900)
    index = EntityIndex.build(vectors, kind=kind)
    for few in (5, 700):
        only = np.zeros(900, dtype=bool)
        only[:few] = True
        _, numbers = index.search(vectors[800:810], 5, only)
        assert (numbers >= 0).all()
        assert (numbers < few).all()
    only[:] = False
    assert index.search(vectors[:1], 5, only)[1].shape == (1, 0)


def test_the_nearest_of_an_entitys_rows_counts() -> None:
    rows = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], dtype=np.float32)
    hits = EntityIndex.build(rows, [7, 4, 4, 9]).nearest(np.array([[0.6, 0.8]]), 5)
    np.testing.assert_array_equal(hits.entities, [[4, 7, 9]])
    np.testing.assert_array_equal(hits.rows, [[2, 0, 3]])
    np.testing.assert_allclose(hits.scores, [[1, 0.6, 0]], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_added_and_removed_without_a_new_index(kind) -> None:
    vectors = unit(np.random.default_rng(0), 600)
    index = EntityIndex.build(vectors[:500], kind=kind)
    index.add(vectors[500:], np.arange(500, 600))
    assert len(index) == 600
    assert index.search(vectors[550:551], 1)[1][0, 0] == 550
    index.remove(np.arange(600) == 550)
    assert len(index) == 599
    _, numbers = index.search(vectors[550:551], 599)
    assert 550 not in numbers[0]


@pytest.mark.parametrize("start", [0, 5, 300])
def test_groups_are_learned_when_there_are_rows_enough(tmp_path, few, start) -> None:
    vectors = unit(np.random.default_rng(0), 2000)
    index = EntityIndex.build(vectors[:start], kind="ivf-sq8")
    index.add(vectors[start : start + 200][: 300 - start], np.arange(start, min(start + 200, 300)))
    assert index.recall == 1
    np.testing.assert_array_equal(index.search(vectors[:start], 1)[1][:, 0], np.arange(start))
    index.add(vectors[len(index) :], np.arange(len(index), 2000))
    assert index.recall is None
    scores, numbers = index.search(vectors, 1)
    assert (numbers[:, 0] == np.arange(2000)).mean() > 0.99
    np.testing.assert_allclose(scores[:, 0], 1, atol=0.02)
    index.save(tmp_path / "i")
    assert EntityIndex.load(tmp_path / "i").recall is None


def test_recall_is_measured_again_after_a_change() -> None:
    vectors = unit(np.random.default_rng(0), 3000)
    index = EntityIndex.build(vectors[:20], kind="hnsw")
    assert index.recall == 1
    index.add(vectors[20:], np.arange(20, 3000))
    index.remove(np.arange(0, 3000, 3))
    exact = EntityIndex.build(vectors)
    exact.remove(np.arange(0, 3000, 3))
    found, wanted = (one.search(vectors[1:300:3], 10)[1] for one in (index, exact))
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)])
    assert index.recall == pytest.approx(share, abs=0.05)
    assert index.recall < 1


@pytest.mark.parametrize("kind", KINDS)
def test_entities_are_removed_with_all_their_rows(kind) -> None:
    index = EntityIndex.build(np.eye(4), [7, 4, 4, 9], kind=kind)
    index.remove_entities([4, 9])
    assert (len(index), index.search(np.eye(4), 4)[1].tolist()) == (1, [[7]] * 4)
    with pytest.raises(InputError, match="1 of 2 entities have no row, the first is 4"):
        index.remove_entities([7, 4])


@pytest.mark.parametrize("rows", [[99], [-1], [0.5], np.ones(3, dtype=bool), [[0]]])
def test_rows_that_are_not_there_cannot_be_removed(rows) -> None:
    index = EntityIndex.build(np.eye(5))
    with pytest.raises(InputError, match=r"wanted numbers from 0 to 4, or a mask of 5"):
        index.remove(np.array(rows))
    index.remove([])
    assert len(index) == 5


def test_a_short_numbering_or_mask_is_refused_and_changes_nothing() -> None:
    index = EntityIndex.build(np.eye(5), graph_fingerprint="old")
    with pytest.raises(InputError, match=r"shape \(3,\); wanted the new number of each of 5"):
        index.renumber(np.arange(3), "new")
    with pytest.raises(InputError, match=r"owners of shape \(3,\).*each of 5 rows"):
        index.assign(np.arange(3), np.arange(5), "new")
    for only in (np.ones(3, dtype=bool), np.ones(5)):
        with pytest.raises(InputError, match="wanted True or False for each of 5 entities"):
            index.search(np.eye(5), 1, only)
    assert (len(index), index.graph_fingerprint) == (5, "old")


def test_rows_keep_the_names_they_were_assigned_also_on_disk(tmp_path) -> None:
    index = EntityIndex.build(np.eye(4), texts=["a", "b", "c", "d"])
    index.remove([3])
    index.assign([-1, 2, 0, 1], [-1, 5, 0, 3], "new")  # row 3 is found again
    index.save(tmp_path / "i")
    again = EntityIndex.load(tmp_path / "i")
    assert again.search(np.eye(4), 1)[1][1:].tolist() == [[2], [0], [1]]
    assert again.columns.names.tolist() == [-1, 5, 0, 3]
    np.testing.assert_array_equal(again.columns.keys, index.columns.keys)
    with pytest.raises(InputError, match="2 texts: wanted one for each of 4 vectors"):
        EntityIndex.build(np.eye(4), texts=["a", "b"])


def test_of_equally_near_names_the_first_counts_whatever_its_row() -> None:
    index = EntityIndex.build(np.array([[1.0, 0], [1, 0]]), [0, 0])
    index.assign([0, 0], [1, 0], "")
    assert index.nearest(np.array([[1.0, 0]]), 1).rows.tolist() == [[1]]


def test_entities_may_get_the_numbers_of_another_graph() -> None:
    index = EntityIndex.build(np.eye(3), graph_fingerprint="old")
    index.renumber([1, -1, 0], "new")
    assert (len(index), index.graph_fingerprint) == (2, "new")
    np.testing.assert_array_equal(index.search(np.eye(3)[:1], 3)[1], [[1, 0]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapped_index_takes_no_rows(tmp_path, kind) -> None:
    EntityIndex.build(unit(np.random.default_rng(0), 100), kind=kind).save(tmp_path / "i")
    index = EntityIndex.load(tmp_path / "i", mapped=True)
    with pytest.raises(UsageError, match="Load it with mapped=False"):
        index.add(np.ones((1, 16)), [100])


def test_owners_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"owners of shape \(2,\).*each of 3 vectors"):
        EntityIndex.build(np.eye(3), [0, 1])
    with pytest.raises(InputError, match="owners"):
        EntityIndex.build(np.eye(3), [0, 1, -1])


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
