"""Words beside the text vector: counted less where they tell the classes less apart."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from kgml.models.balance import SCALES, balance
from kgml.models.classifier import KGTextClassifier
from kgml.models.lexical import LexicalView, count_terms


def rows(rng: np.random.Generator, y: np.ndarray, signal: float) -> np.ndarray:
    """(n, 30) unit rows, nearer within a class by ``signal``."""
    made = signal * np.eye(30)[y] + rng.normal(size=(len(y), 30)) / np.sqrt(30)
    unit: np.ndarray = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_words_that_say_nothing_count_least_and_words_that_say_all_count_fully() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    hot = np.eye(3, dtype=np.float32)[y]
    told, noise = rows(rng, y, 1.0), rows(rng, y, 0.0)
    assert balance(told, sparse.csr_matrix(noise), hot) == min(SCALES)
    assert balance(noise, sparse.csr_matrix(told), hot) == max(SCALES)


def test_without_words_the_scale_is_that_of_before() -> None:
    y = np.arange(12) % 2
    text = rows(np.random.default_rng(1), y, 1.0)
    none = sparse.csr_matrix(np.zeros((12, 0), dtype=np.float32))
    assert balance(text, none, np.eye(2, dtype=np.float32)[y]) == 1.0


def test_a_row_of_the_lexical_view_is_as_long_as_its_scale() -> None:
    counts = count_terms(["oil fell", "gold rose", "bonds and oil"])
    view = LexicalView().fit(counts)
    whole = view.transform(counts)
    view.scale_ = 0.5
    half = view.transform(counts)
    np.testing.assert_allclose(half.toarray(), whole.toarray() / 2)
    np.testing.assert_allclose(np.linalg.norm(half.toarray(), axis=1), 0.5, rtol=1e-6)


def test_auto_takes_another_head_where_there_are_no_words() -> None:
    with_words = KGTextClassifier().recipe(60)
    assert (with_words.head, with_words.text.head) == ("blend", "svm")
    assert KGTextClassifier(lexical=False).recipe(60).head == "svm"
    asked = KGTextClassifier(head="blend", lexical=False).recipe(60)
    assert asked.head == "blend"
