"""`KGTextClassifier` as scikit-learn and a user meet it."""

from __future__ import annotations

import shutil
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from kgml.config import LinkingConfig, NodeTrainingConfig
from kgml.encoders.making import make_node_encoder
from kgml.encoders.vectors import save_vectors
from kgml.errors import ArtifactError, CorpusError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.registry import names

QUICK: dict[str, Any] = {"folds": 2, "lexical": False}


@pytest.fixture(scope="module")
def held(words) -> tuple[list[str], list[str]]:
    """Four texts with words that no training text has."""
    return words.texts[36:], words.labels[36:]


# scikit-learn's contract


def test_fit_returns_itself_and_learns_sorted_classes(fitted, words, held) -> None:
    assert fitted.classes_.tolist() == ["bird", "metal"]
    assert fitted.predict(held[0]).tolist() == held[1]
    assert fitted.score(words.texts, words.labels) > 0.95


def test_probabilities_are_rows_that_sum_to_1_and_agree_with_predict(fitted, words) -> None:
    shares = fitted.predict_proba(words.texts)
    assert shares.shape == (40, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert ((shares >= 0) & (shares <= 1)).all()
    best = fitted.classes_[shares.argmax(axis=1)]
    np.testing.assert_array_equal(best, fitted.predict(words.texts))


def test_what_the_constructor_gets_is_stored_as_it_is() -> None:
    model = KGTextClassifier(fusion="no such", folds=-3)
    assert (model.fusion, model.folds) == ("no such", -3)
    assert set(model.get_params()) == {
        "graph", "fusion", "node_encoder", "objective", "head", "encoder", "precision",
        "long_texts", "device", "lexical", "knowledge", "folds", "linking", "random_state",
        "node_training", "vectors",
        "regularization", "class_weight", "target", "order", "lead", "tune",
        "transformer", "checkpoint",
    }  # fmt: skip


def test_clone_keeps_the_options_and_the_graph_and_forgets_the_fit(fitted) -> None:
    copy = clone(fitted)
    assert copy.graph is fitted.graph
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(["a text"])


@pytest.mark.parametrize("call", ["predict", "predict_proba", "explain", "save"])
def test_a_model_not_fitted_says_so(call: str, tmp_path) -> None:
    argument: Any = tmp_path / "m" if call == "save" else ["a text"]
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(KGTextClassifier(), call)(argument)


def test_cross_val_score_runs_and_finds_what_the_graph_knows(kinds, words) -> None:
    scores = cross_val_score(KGTextClassifier(kinds, folds=2), words.texts, words.labels, cv=4)
    assert scores.mean() > 0.9


def test_grid_search_over_fusions_runs_and_prefers_one_that_uses_the_graph(kinds, words) -> None:
    search = GridSearchCV(
        KGTextClassifier(kinds, **QUICK), {"fusion": ["none", "concat", "attention"]}, cv=2
    ).fit(words.texts, words.labels)
    assert search.best_params_["fusion"] != "none"
    none, *knowing = search.cv_results_["mean_test_score"]
    assert none < 0.75
    assert min(knowing) > 0.85  # of 20 training rows a fold, knowledge counts half at most


def test_options_set_after_a_fit_count_at_the_next(kinds, words) -> None:
    model = KGTextClassifier(kinds, **QUICK).fit(words.texts, words.labels)
    assert model.strength_ == 1
    model.set_params(graph=None).fit(words.texts, words.labels)
    assert model.strength_ == 0
    assert model.explain(words.texts[:1])[0].mentions == []


@pytest.mark.parametrize("wrap", [list, tuple, np.array], ids=["list", "tuple", "array"])
def test_texts_may_come_in_any_sequence(fitted, words, wrap) -> None:
    np.testing.assert_array_equal(
        fitted.predict(wrap(words.texts[:4])), fitted.predict(words.texts[:4])
    )


# Labels


@pytest.mark.parametrize(
    ("names_", "kind"), [((3, 10), np.integer), ((False, True), np.bool_)], ids=["int", "bool"]
)
def test_labels_that_are_no_strings_come_back_as_they_were(
    kinds, words, tmp_path, names_, kind
) -> None:
    y = np.array(names_)[words.codes]
    model = KGTextClassifier(kinds, **QUICK).fit(words.texts, y)
    predicted = model.predict(words.texts)
    assert isinstance(predicted[0], kind)
    assert np.mean(predicted == y) > 0.95
    assert model.explain(words.texts[:1])[0].label == str(names_[1])

    model.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert again.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(again.predict(words.texts), predicted)


def test_renaming_the_classes_renames_the_predictions(kinds, words, fitted) -> None:
    """Also where the new names sort the other way round."""
    renamed = [{"metal": "a", "bird": "b"}[name] for name in words.labels]
    model = KGTextClassifier(kinds, folds=3).fit(words.texts[:36], renamed[:36])
    back = [{"a": "metal", "b": "bird"}[name] for name in model.predict(words.texts)]
    assert back == fitted.predict(words.texts).tolist()


def test_a_class_with_a_single_row_can_be_fitted(kinds, words) -> None:
    labels = ["metal", "bird", "other", *words.labels[3:]]
    model = KGTextClassifier(kinds, **QUICK).fit(words.texts, labels)
    assert model.classes_.tolist() == ["bird", "metal", "other"]
    two = KGTextClassifier(kinds, **QUICK).fit(["one text", "another"], ["x", "y"])
    np.testing.assert_allclose(two.predict_proba(["a third"]).sum(), 1)


# One row at a time


def test_a_prediction_does_not_depend_on_the_other_rows_nor_on_their_order(fitted, words) -> None:
    texts = [*words.texts[30:], "Nothing known here.", "x", words.texts[0] + words.texts[1]]
    together = fitted.predict_proba(texts)
    alone = np.concatenate([fitted.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    np.testing.assert_allclose(fitted.predict_proba(texts[::-1])[::-1], together, atol=1e-6)


def test_no_texts_give_no_predictions(fitted) -> None:
    assert fitted.predict([]).shape == (0,)
    assert fitted.predict_proba([]).shape == (0, 2)
    assert fitted.explain([]) == []


def test_a_text_of_signs_or_of_unknown_words_is_predicted_too(fitted) -> None:
    shares = fitted.predict_proba(["?!", "\N{GRINNING FACE}", "qzx " * 50])
    assert np.isfinite(shares).all()


def test_predicting_leaves_the_model_as_it_was(fitted, words) -> None:
    before = fitted.predict_proba(words.texts[:3])
    fitted.explain(["something else with bruvak"])
    np.testing.assert_array_equal(fitted.predict_proba(words.texts[:3]), before)


# The graph


@pytest.mark.parametrize("fusion", [name for name in names("fusion") if name != "none"])
def test_knowledge_changes_the_output(kinds, words, held, fusion: str) -> None:
    y = np.arange(40) // 4 % 2
    options = {**QUICK, "fusion": fusion}
    with_graph = KGTextClassifier(kinds, knowledge="always", **options).fit(words.texts, y)
    without = KGTextClassifier(None, knowledge="always", **options).fit(words.texts, y)
    assert (with_graph.strength_, without.strength_) == (1, 0)
    away = np.abs(with_graph.predict_proba(held[0]) - without.predict_proba(held[0])).max()
    assert away > 1e-3


def test_knowledge_without_evidence_leaves_the_model_of_the_text_alone(kinds, words) -> None:
    """The sentence around the word decides: the text alone is right every time."""
    y = np.arange(40) // 2 % 5 < 2
    auto = KGTextClassifier(kinds, folds=2).fit(words.texts, y)
    plain = KGTextClassifier(kinds, fusion="none", folds=2).fit(words.texts, y)
    assert (auto.strength_, auto.evidence_.ship) == (0, False)
    np.testing.assert_allclose(
        auto.predict_proba(words.texts), plain.predict_proba(words.texts), atol=1e-9
    )


@pytest.mark.parametrize("graph", [None, KnowledgeGraph.empty()], ids=["none", "empty"])
def test_a_model_without_a_graph_is_a_text_model(graph, tmp_path) -> None:
    texts = ["Bond yields rose.", "The bund sold off.", "A heavy cold.", "Fever and a cough."] * 3
    labels = ["money", "money", "health", "health"] * 3
    model = KGTextClassifier(graph, folds=2).fit(texts, labels)
    new = ["Investors sold Treasuries.", "The patient had pneumonia."]
    assert model.predict(new).tolist() == ["money", "health"]
    assert (model.strength_, model.evidence_.helps) == (0, None)
    model.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert (again.graph is None) == (graph is None)
    np.testing.assert_array_equal(again.predict_proba(new), model.predict_proba(new))


@pytest.mark.parametrize("knowledge", ["auto", "always"])
def test_a_graph_in_which_nothing_links_gives_a_text_model(five, words, knowledge: str) -> None:
    model = KGTextClassifier(five, knowledge=knowledge, folds=2).fit(words.texts, words.labels)
    assert (model.strength_, model.evidence_.helps) == (0, None)
    without = KGTextClassifier(None, folds=2).fit(words.texts, words.labels)
    np.testing.assert_allclose(
        model.predict_proba(words.texts), without.predict_proba(words.texts), atol=1e-9
    )


@pytest.mark.parametrize("node_encoder", ["propagate", "sage"])
def test_a_node_encoder_that_needs_the_whole_graph_is_saved_with_the_model(
    kinds, words, held, tmp_path, node_encoder: str
) -> None:
    options = {**QUICK, "node_encoder": node_encoder, "fusion": "weighted"}
    model = KGTextClassifier(kinds, **options).fit(words.texts[:36], words.labels[:36])
    model.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    np.testing.assert_array_equal(again.vectors_.values_, model.vectors_.values_)
    np.testing.assert_array_equal(again.predict_proba(held[0]), model.predict_proba(held[0]))
    assert again.predict(held[0]).tolist() == held[1]


def test_how_a_node_encoder_is_trained_is_an_option_and_saved(kinds, words, tmp_path) -> None:
    training = NodeTrainingConfig(dimension=12, epochs=2, full_batch=5, fan_out=(3, 2))
    options = {**QUICK, "node_encoder": "sage", "fusion": "weighted", "node_training": training}
    model = KGTextClassifier(kinds, **options).fit(words.texts, words.labels)
    assert model.vectors_.values_.shape == (len(kinds), 12)
    model.save(tmp_path / "m")
    assert KGTextClassifier.load(tmp_path / "m").node_training == training
    wrong = {**options, "node_training": NodeTrainingConfig(regularization=0.1)}
    with pytest.raises(UsageError, match=r"\[node_training\] regularization is for complex, distm"):
        KGTextClassifier(kinds, **wrong).fit(words.texts, words.labels)


def test_saved_vectors_take_the_place_of_a_node_encoder_and_are_kept_in_the_model(
    kinds, words, held, tmp_path
) -> None:
    made = make_node_encoder(
        "sage", objective="infomax", training=NodeTrainingConfig(dimension=12, epochs=2)
    )
    values = made.encode(kinds, np.eye(len(kinds), dtype=np.float32))
    save_vectors(tmp_path / "v", values, kinds.ids, "sage", made,
                 made_from={"graph": kinds.fingerprint})  # fmt: skip
    options = {**QUICK, "fusion": "weighted", "vectors": tmp_path / "v"}
    model = KGTextClassifier(kinds, **options).fit(words.texts[:36], words.labels[:36])
    np.testing.assert_array_equal(model.vectors_.values_, values)
    model.save(tmp_path / "m")
    shutil.rmtree(tmp_path / "v")
    again = KGTextClassifier.load(tmp_path / "m")
    assert (again.vectors, again.node_encoder, again.objective) == ("", "sage", "infomax")
    np.testing.assert_array_equal(again.vectors_.values_, values)
    np.testing.assert_array_equal(again.predict_proba(held[0]), model.predict_proba(held[0]))
    again.save(tmp_path / "n")
    for name in ("model.json", "arrays.safetensors"):
        assert (tmp_path / "n" / name).read_bytes() == (tmp_path / "m" / name).read_bytes()


def test_vectors_of_the_texts_alone_are_taken_as_they_are(kinds, words, tmp_path) -> None:
    values = np.eye(len(kinds), 9, dtype=np.float32)
    save_vectors(tmp_path / "v", values, kinds.ids, "text", make_node_encoder("text"),
                 made_from={"graph": kinds.fingerprint})  # fmt: skip
    options = {**QUICK, "fusion": "weighted", "vectors": str(tmp_path / "v")}
    model = KGTextClassifier(kinds, **options).fit(words.texts, words.labels)
    assert model.vectors_.d_node == 9
    model.save(tmp_path / "m")
    assert KGTextClassifier.load(tmp_path / "m").vectors_.d_node == 9


def test_linking_options_reach_the_linker(kinds, words) -> None:
    text = "They had bruvak."
    model = KGTextClassifier(kinds, linking=LinkingConfig(min_length=20), **QUICK)
    model.fit(words.texts, words.labels)
    assert [m.text for m in model.explain([text])[0].mentions] == ["bruvak"]
    assert model.explain([text.upper()])[0].mentions == []


def test_explain_shows_the_concepts_where_the_text_has_them(fitted, kinds) -> None:
    text = "Some dokvar; and bruvak, too."
    (one,) = fitted.explain([text])
    assert one.label in one.probabilities
    assert one.label == max(one.probabilities, key=lambda name: one.probabilities[name])
    assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert [m.text for m in one.mentions] == ["dokvar", "bruvak"]
    shown = one.to_json(kinds)
    assert set(shown) == {"label", "probabilities", "mentions"}
    first = shown["mentions"][0]
    assert text[first["start"] : first["end"]] == first["text"] == "dokvar"
    assert first["candidates"][0]["id"] == "https://example.org/dokvar"


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusion": "atention"}, r"no fusion named 'atention'.*Did you mean 'attention'\?"),
        ({"node_encoder": "propagat"}, r"no node encoder named.*Did you mean 'propagate'\?"),
        ({"head": "logistc"}, r"no head named 'logistc'.*Did you mean 'logistic'\?"),
        ({"knowledge": "alway"}, r"no knowledge option 'alway'.*Did you mean 'always'\?"),
        ({"folds": 1}, r"folds = 1: wanted at least 2"),
        ({"node_training": NodeTrainingConfig(epochs=3)}, r"epochs is for .*'text' takes none"),
        ({"random_state": -1}, r"seed -1: wanted a number from 0"),
    ],
)
def test_an_unknown_option_is_answered_at_fit(words, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        KGTextClassifier(**options).fit(words.texts, words.labels)


def test_an_encoder_that_is_not_there_says_so(words, tmp_path) -> None:
    with pytest.raises(ArtifactError, match="none"):
        KGTextClassifier(encoder=str(tmp_path / "none")).fit(words.texts, words.labels)


def test_one_class_only_says_so(words) -> None:
    with pytest.raises(CorpusError, match=r"one class only \('metal'\) in 40 rows.*at least two"):
        KGTextClassifier().fit(words.texts, ["metal"] * 40)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", " ", "b", ""], "empty text in rows 2, 4"),
        (["a", "b", None, "d"], "not a string but NoneType in row 3"),
        (["a", 3.5, b"c", "d"], "not a string but float in rows 2, 3"),
        ("abcd", r"one string, wanted a list of texts\. Write \[text\]"),
        (["a", "b", "c"], "3 texts but 4 labels"),
        ([], "0 texts but 4 labels"),
    ],
)
def test_texts_that_cannot_be_used_are_named_at_fit(texts: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        KGTextClassifier().fit(texts, ["x", "y", "x", "y"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["x", None, "y", "x"], "no label in row 2"),
        ([1.0, 2.0, float("nan"), float("nan")], "no label in rows 3, 4"),
        (["x", "y", "x", " "], "no label in row 4"),
        (np.eye(4), r"shape \(4, 4\); wanted one label for each text"),
    ],
)
def test_labels_that_cannot_be_used_are_named(labels: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        KGTextClassifier().fit(["a", "b", "c", "d"], labels)


@pytest.mark.parametrize("call", ["predict", "predict_proba", "explain"])
def test_texts_that_cannot_be_used_are_named_at_prediction(fitted, call: str) -> None:
    with pytest.raises(CorpusError, match="one string, wanted a list"):
        getattr(fitted, call)("bruvak")
    with pytest.raises(CorpusError, match="empty text in row 2"):
        getattr(fitted, call)(["bruvak", ""])
    with pytest.raises(CorpusError, match="not a string but int in row 1"):
        getattr(fitted, call)([7])


def test_a_plain_fit_gives_no_warning(kinds, words) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KGTextClassifier(kinds, **QUICK).fit(words.texts, words.labels).predict(words.texts)
