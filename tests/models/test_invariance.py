"""What must change nothing: the order of rows and classes, other rows, batches, and test rows.

Rows are put in an order of their own before anything is drawn or summed, so that the order of the
table changes not a bit. Names of classes decide in which order they are counted: sums over classes
and the draws of LIBLINEAR then differ, probabilities by less than a thousandth. What is computed in
batches of another size differs in the last digits.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from kgml.config import Config
from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.models import assembly
from kgml.models.assembly import Assembly, Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import out_of_fold
from kgml.models.features import Documents, EntityVectors, permutation, relabelled
from kgml.models.folds import assign_folds, row_order
from kgml.models.learn import some_rows
from kgml.models.targets.single import SingleTarget
from kgml.models.train import train
from kgml.registry import names

Fitted = Callable[[str, str], KGTextClassifier]
ROWS = np.random.default_rng(3).permutation(36)
HEADS = ("blend", "boosting", "centroid", "logistic", "ridge", "svm")
fusions = pytest.mark.parametrize("fusion", names("fusion"))
knowing = pytest.mark.parametrize("fusion", [name for name in names("fusion") if name != "none"])
every = pytest.mark.parametrize(
    ("fusion", "head"),
    [*((name, "logistic") for name in names("fusion")), *(("concat", name) for name in HEADS)],
)


def made(kinds: KnowledgeGraph, **options: Any) -> KGTextClassifier:
    return KGTextClassifier(kinds, **{"folds": 2, "knowledge": "always", **options})


def contents(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def learned(folder: Path) -> dict[str, bytes]:
    """All files of a model but the manifest, which says of which table and command it is."""
    return {name: held for name, held in contents(folder).items() if name != "manifest.json"}


@pytest.fixture(scope="module")
def vectors(kinds: KnowledgeGraph, encoder: TextEncoder) -> EntityVectors:
    return EntityVectors(kinds, encoder, "text")


@pytest.fixture(scope="module")
def fitted_with(kinds: KnowledgeGraph, words: Any, documents: Documents) -> Fitted:
    """A model of the first 36 rows by fusion and head."""

    @cache
    def model(fusion: str, head: str) -> KGTextClassifier:
        learn = documents.take(np.arange(36))
        return made(kinds, fusion=fusion, head=head).fit_documents(learn, words.labels[:36])

    return model


# The order of rows


@every
def test_the_order_of_the_training_rows_changes_no_byte(
    kinds, words, documents: Documents, fitted_with: Fitted, tmp_path: Path, fusion: str, head: str
) -> None:
    labels = np.array(words.labels)
    model, other = fitted_with(fusion, head), made(kinds, fusion=fusion, head=head)
    other.fit_documents(documents.take(ROWS), labels[ROWS])
    model.save(tmp_path / "as given")
    other.save(tmp_path / "shuffled")
    assert contents(tmp_path / "as given") == contents(tmp_path / "shuffled")
    found = other.evidence_.decisions[np.argsort(ROWS)]
    np.testing.assert_array_equal(model.evidence_.decisions, found)


@pytest.mark.parametrize(
    ("target", "head"), [("multi", "svm"), ("ordinal", "logistic"), ("regression", "ridge")]
)
def test_nor_does_it_with_another_target(
    kinds, words, documents: Documents, tmp_path: Path, target: str, head: str
) -> None:
    y: list[Any] = [2 * k + i % 2 for i, k in enumerate(words.codes)]
    if target == "multi":
        y = [[name, f"row {i % 3}"] for i, name in enumerate(words.labels)]
    for name, rows in (("as given", np.arange(36)), ("shuffled", ROWS)):
        model = made(kinds, target=target, head=head)
        model.fit_documents(documents.take(rows), model.make_target().check([y[i] for i in rows]))
        model.save(tmp_path / name)
    assert contents(tmp_path / "as given") == contents(tmp_path / "shuffled")


def test_equal_texts_with_other_labels_are_in_one_order_too() -> None:
    texts, y = ["a", "b", "a", "a"], np.array([1, 0, 0, 2])
    for rows in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]):
        order = row_order([texts[i] for i in rows], y[rows])
        found = [(texts[rows[i]], int(y[rows[i]])) for i in order]
        assert [pair for pair in found if pair[0] == "a"] == [("a", 0), ("a", 1), ("a", 2)]
        assert found[0] == ("b", 0) or found[-1] == ("b", 0)


# The order of classes


@pytest.mark.parametrize("seed", range(3))
def test_folds_and_rows_to_learn_from_do_not_know_what_classes_are_called(seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 4, 61)
    other = np.array([2, 0, 3, 1])[y]
    np.testing.assert_array_equal(assign_folds(y, 5, seed), assign_folds(other, 5, seed))
    np.testing.assert_array_equal(some_rows(y, 20, seed), some_rows(other, 20, seed))


@every
def test_classes_that_sort_otherwise_get_the_same_probabilities(
    kinds, words, documents: Documents, fitted_with: Fitted, fusion: str, head: str
) -> None:
    learn, held = documents.take(np.arange(36)), documents.take(np.arange(36, 40))
    names_ = {"metal": "a", "bird": "b"}  # bird, metal becomes metal, bird
    y = words.labels[:36]
    model = fitted_with(fusion, head)
    other = made(kinds, fusion=fusion, head=head).fit_documents(learn, [names_[k] for k in y])
    turned = other.proba_documents(held)[:, ::-1]
    np.testing.assert_allclose(turned, model.proba_documents(held), atol=1e-3)


# Other rows, and batches


@fusions
def test_a_prediction_does_not_depend_on_the_other_rows(
    fitted_with: Fitted, documents: Documents, fusion: str
) -> None:
    model, rows = fitted_with(fusion, "logistic"), np.arange(30, 40)
    together = model.proba_documents(documents.take(rows))
    alone = [model.proba_documents(documents.take(rows[i : i + 1]))[0] for i in range(10)]
    np.testing.assert_allclose(alone, together, atol=1e-6)
    turned = model.proba_documents(documents.take(rows[::-1]))[::-1]
    np.testing.assert_allclose(turned, together, atol=1e-6)


@fusions
def test_the_size_of_batches_changes_nothing(
    fitted_with: Fitted, documents: Documents, fusion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = fitted_with(fusion, "logistic").assembly_
    whole = stack.features(documents).toarray()
    monkeypatch.setattr(assembly, "BATCH", 3)
    np.testing.assert_allclose(stack.features(documents).toarray(), whole, atol=1e-6)


def test_nor_does_that_of_the_text_encoder(words) -> None:
    small, large = (
        TextEncoder(cache=False, batch_tokens=tokens).encode(words.texts[:12])
        for tokens in (20, 900)
    )
    np.testing.assert_allclose(small, large, atol=1e-6)


# Test rows


def test_no_test_row_touches_vocabulary_idf_thresholds_or_weights(
    kinds, words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other texts and labels in the test part, also of another number, and nothing encoded before:
    all that is learned has the same bytes. What differs are the table's hash and the scores."""
    graph = tmp_path / "kinds.kg"
    kinds.save(graph)
    rows = list(zip(words.texts, words.labels, ["train"] * 30 + ["test"] * 10, strict=True))
    other = [(f"Quite another text on {text} {i * 'and more '}", ["bird", "metal"][i % 2], part)
             for i, (text, _, part) in enumerate(rows[30:37])]  # fmt: skip
    for name, table in (("one", rows), ("two", [*other, *rows[:30]])):
        monkeypatch.setenv("KGML_CACHE", str(tmp_path / f"cache {name}"))
        data = tmp_path / f"{name}.csv"
        with data.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "label", "split"), *table])
        config = Config().override("fusion", name="attention").override("train", folds=3)
        train(graph=graph, data=data, output=tmp_path / name, config=config)
    one, two = learned(tmp_path / "one"), learned(tmp_path / "two")
    assert one.keys() == two.keys() >= {"model.json", "arrays.safetensors", "fusion.safetensors"}
    assert [name for name in one if one[name] != two[name]] == []
    assert {"lexical.idf", "view.idf", "head.coef"} <= set(
        safetensors.numpy.load(one["arrays.safetensors"])
    )
    assert (
        contents(tmp_path / "one")["manifest.json"] != contents(tmp_path / "two")["manifest.json"]
    )


# The graph


BY_EVIDENCE: dict[str, Any] = {"knowledge": "auto", "folds": 3}


@pytest.fixture(scope="module")
def unknowing(kinds: KnowledgeGraph, words: Any, documents: Documents) -> KGTextClassifier:
    return made(kinds, fusion="none", **BY_EVIDENCE).fit_documents(documents, words.labels)


@knowing
def test_a_permuted_graph_is_left_out_and_one_that_knows_is_not(
    kinds, words, documents: Documents, unknowing: KGTextClassifier, fusion: str
) -> None:
    """Words that only the graph understands: permuted, it says of them what is not so. One in ten is
    let in by chance (`kgml.models.evidence.SURE`), and then it is not said to help."""
    real = made(kinds, fusion=fusion, **BY_EVIDENCE).fit_documents(documents, words.labels)
    assert (real.strength_, real.evidence_.helps) == (1, True)
    let_in = 0
    for draw in range(2):
        moved = relabelled(documents, permutation(documents, draw), kinds)
        permuted = made(kinds, fusion=fusion, **BY_EVIDENCE).fit_documents(moved, words.labels)
        assert not permuted.evidence_.helps
        let_in += permuted.strength_ > 0
        if not permuted.strength_:
            found, wanted = permuted.proba_documents(moved), unknowing.proba_documents(documents)
            np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert let_in <= 1


@knowing
def test_where_the_text_says_it_all_neither_graph_raises_what_is_right(
    kinds, documents: Documents, vectors: EntityVectors, fusion: str
) -> None:
    """The sentence around the word decides: nothing is left for an ontology to add."""
    y = (np.arange(40) // 2 % 5 < 2).astype(int)
    moved = relabelled(documents, permutation(documents, 5), kinds)
    recipes = {
        "plain": Recipe("none", "logistic", lexical=1.0),
        "knowledge": Recipe(fusion, "logistic", lexical=1.0),
    }
    for rows in (documents, moved):
        vectors.prepare(rows, fusion=fusion)
        held = out_of_fold(rows, y, recipes, vectors, 3, SingleTarget())
        right = {name: np.mean(found.argmax(axis=1) == y) for name, found in held.items()}
        assert right["knowledge"] <= right["plain"] == 1


@fusions
def test_turned_down_to_nothing_a_fusion_is_text_and_words(
    words, documents: Documents, vectors: EntityVectors, fusion: str
) -> None:
    found = [
        Assembly(Recipe(name, "logistic"), vectors, 2).fit(documents, words.codes, strength)
        for name, strength in ((fusion, 0.0), ("none", 1.0))
    ]
    decisions = [stack.decision(documents) for stack in found]
    np.testing.assert_allclose(*decisions, atol=1e-9)
