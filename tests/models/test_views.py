"""The concept view by hand on five entities, and the lexical view beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from kgml.data.corpus import read_corpus
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.features import spread
from kgml.models.lexical import LexicalView, count_terms
from kgml.models.store import load_model
from kgml.resources import examples

COMMON, RARE = np.log(4 / 3) + 1, np.log(4 / 2) + 1
"""idf of a concept in two and in one of three documents."""


@pytest.fixture
def counts(five: KnowledgeGraph) -> sparse.csr_matrix:
    """Fibrillation twice; asthma; fibrillation and cardiomyopathy."""
    own = np.array([[0, 0, 2, 0, 0], [0, 0, 0, 0, 1], [0, 0, 1, 1, 0]], dtype=np.float32)
    return spread(sparse.csr_matrix(own), five)


def dense(matrix: sparse.csr_matrix) -> NDArray[np.float32]:
    return matrix.toarray()


# Concepts


def test_counts_idf_and_length_worked_out_by_hand(counts: sparse.csr_matrix) -> None:
    """ "disease" is above every document and so no feature.

    Row 0: heart disease and fibrillation alike, 1 / sqrt 2. Row 1: asthma alone. Row 2: heart
    disease twice, log2(1 + 2) x 1.2877 = 2.0409; fibrillation log2(1 + 1) x 1.2877; cardiomyopathy
    1 x 1.6931; length 2.9479.
    """
    view = ConceptView().fit(counts)
    np.testing.assert_array_equal(view.columns_, [1, 2, 3, 4])
    np.testing.assert_allclose(view.idf_, [COMMON, COMMON, RARE, RARE], rtol=1e-6)
    known = [
        [0.70711, 0.70711, 0, 0],
        [0, 0, 0, 1],
        [2.0409 / 2.9479, 1.2877 / 2.9479, 1.6931 / 2.9479, 0],
    ]
    np.testing.assert_allclose(dense(view.transform(counts)), known, atol=1e-4)


def test_weights_and_gate_worked_out_by_hand(counts: sparse.csr_matrix) -> None:
    """Document 2 with cardiomyopathy weighed 2 and heart disease 0: (0, 1.2877, 3.3863) / 3.6228.

    The gates are .5, 1, 0.
    """
    view = ConceptView().fit(counts)
    weights = np.ones(counts.nnz, dtype=np.float32)
    row, column = np.repeat(np.arange(3), np.diff(counts.indptr)), counts.indices
    weights[(row == 1) & (column == 4)] = 7
    got = dense(view.transform(counts, weights, np.array([0.5, 1, 0], dtype=np.float32)))
    np.testing.assert_allclose(got[0], [0.35355, 0.35355, 0, 0], atol=1e-5)
    np.testing.assert_allclose(got[1:], [[0, 0, 0, 1], [0, 0, 0, 0]])

    weights[(row == 2) & (column == 1)] = 0
    weights[(row == 2) & (column == 3)] = 2
    got = dense(view.transform(counts, weights))
    np.testing.assert_allclose(got[2], [0, 0.35545, 0.93470, 0], atol=1e-4)


def test_the_counts_given_are_left_as_they_are(counts: sparse.csr_matrix) -> None:
    before = counts.toarray()
    view = ConceptView().fit(counts)
    view.transform(counts, np.full(counts.nnz, 3, np.float32), np.zeros(3, np.float32))
    np.testing.assert_array_equal(counts.toarray(), before)


def test_concepts_of_test_rows_get_no_column(counts: sparse.csr_matrix) -> None:
    view = ConceptView().fit(counts[[0, 1]])
    np.testing.assert_array_equal(view.columns_, [1, 2, 4])
    assert view.place(5).tolist() == [-1, 0, 1, -1, 2]
    assert view.transform(counts[[2]]).shape == (1, 3)


def test_other_test_rows_change_nothing_in_the_fitted_view(counts: sparse.csr_matrix) -> None:
    other = sparse.csr_matrix(np.full((1, 5), 9, dtype=np.float32))
    for test_row in (counts[[2]], other):
        whole = sparse.csr_matrix(sparse.vstack([counts[[0, 1]], test_row], format="csr"))
        view = ConceptView().fit(whole[[0, 1]])
        np.testing.assert_allclose(view.idf_, np.log(3 / 2) + 1, rtol=1e-6)
        np.testing.assert_array_equal(view.columns_, [1, 2, 4])


@pytest.mark.parametrize("rows", [0, 3])
def test_no_concepts_at_all_give_no_columns(rows: int) -> None:
    nothing = sparse.csr_matrix((rows, 5), dtype=np.float32)
    assert ConceptView().fit(nothing).transform(nothing).shape == (rows, 0)


# Words


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The shipped finance examples, 528 of them."""
    path = examples("fin")
    assert path is not None
    return read_corpus(path).texts


@pytest.mark.parametrize(("training", "min_df"), [(99, 1), (100, 2), (300, 2)])
def test_the_view_equals_scikit_learns_tfidf(texts: list[str], training: int, min_df: int) -> None:
    """Words of a single text are dropped from a hundred texts on."""
    counts = count_terms(texts)
    inside, outside = np.arange(training), np.arange(training, len(texts))
    view = LexicalView().fit(counts.take(inside))
    reference = TfidfVectorizer(
        stop_words="english", sublinear_tf=True, min_df=min_df, dtype=np.float32
    ).fit(texts[:training])
    assert view.terms_ == list(reference.get_feature_names_out())
    np.testing.assert_allclose(view.idf_, reference.idf_, rtol=1e-6)
    for part in (inside, outside):
        found = view.transform(counts.take(part))
        known = reference.transform([texts[i] for i in part])
        assert found.dtype == np.float32
        assert abs(found - known).max() < 1e-6


def test_a_view_reads_texts_counted_apart_from_the_training_texts(texts: list[str]) -> None:
    """As a loaded model does: its terms are not the columns of the new count."""
    together = count_terms(texts)
    view = LexicalView().fit(together.take(np.arange(300)))
    apart = view.transform(count_terms(texts[300:]))
    assert (apart != view.transform(together.take(np.arange(300, len(texts))))).nnz == 0


def test_words_of_test_rows_get_no_column_and_change_no_idf() -> None:
    for test_text in ("gilts zebra", "rose rose rose"):
        counts = count_terms(["gilts fell", "gilts rose", test_text])
        view = LexicalView().fit(counts.take(np.array([0, 1])))
        assert view.terms_ == ["fell", "gilts", "rose"]
        np.testing.assert_allclose(view.idf_, np.log(3 / np.array([2, 3, 2])) + 1, rtol=1e-6)


def test_a_text_without_known_words_is_a_row_of_zeros() -> None:
    view = LexicalView().fit(count_terms(["gilts fell", "brent rose"]))
    rows = view.transform(count_terms(["zebra", "gilts", "!?"]))
    np.testing.assert_allclose(sparse.linalg.norm(rows, axis=1), [0, 1, 0])


def test_texts_without_any_word_give_no_columns() -> None:
    """Signs and stop words only."""
    counts = count_terms(["!", "it is"])
    assert LexicalView().fit(counts).transform(counts).shape == (2, 0)


def test_each_vocabulary_of_a_document_is_of_length_one_whatever_the_others_say() -> None:
    counts = sparse.csr_matrix(np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype="f4"))
    view = ConceptView().fit(counts, np.array([0, 0, 1, 1]))
    rows = view.transform(counts).toarray()
    assert np.linalg.norm(rows[0, :2]) == pytest.approx(1)
    assert rows[0, 2] == pytest.approx(1)
    assert rows[1].tolist() == [1, 0, 0, 0]
    assert rows[2].tolist() == [0, 0, 0, 1]


def test_words_count_what_they_are_told_to_and_a_saved_model_knows(
    kinds: KnowledgeGraph, words: Any, tmp_path: Path
) -> None:
    model = KGTextClassifier(kinds, lexical=0.5, folds=2).fit(words.texts, words.labels)
    full = KGTextClassifier(kinds, folds=2).fit(words.texts, words.labels)
    documents = model.featurizer().documents(words.texts)
    here, there = (dense(m.assembly_.words(documents)) for m in (model, full))
    assert full.assembly_.lexical_ is not None
    np.testing.assert_allclose(here, there / full.assembly_.lexical_.scale_ * 0.5, rtol=1e-6)
    assert here.max() > 0
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.lexical == 0.5
    np.testing.assert_array_equal(
        loaded.predict_proba(words.texts), model.predict_proba(words.texts)
    )
