"""Several labels, ordered classes and numbers from texts to a saved model; what the graph adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import cross_val_score

from kgml.errors import CorpusError, UsageError
from kgml.models.assembly import Assembly, Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import out_of_fold, weigh
from kgml.models.explain import explain
from kgml.models.explaining.faithfulness import faithfulness
from kgml.models.explaining.what_if import what_if
from kgml.models.features import Documents, EntityVectors, permutation, relabelled
from kgml.models.folds import row_order
from kgml.models.targets.base import Target
from kgml.registry import resolve

QUICK: dict[str, Any] = {"folds": 3, "lexical": False}
LABELS: dict[str, dict[str, Any]] = {
    "multi": {"metal": ["metal", "hard"], "bird": ["bird"]},
    "ordinal": {"metal": "high", "bird": "low"},
    "regression": {"metal": 3.5, "bird": -1.0},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "multi": {"target": "multi"},
    "ordinal": {"target": "ordinal", "order": ("low", "middle", "high")},
    "regression": {"target": "regression"},
}
targets = pytest.mark.parametrize("name", list(LABELS))


def labels_of(name: str, words: Any) -> list[Any]:
    return [LABELS[name][label] for label in words.labels]


def made(name: str, kinds: Any, **more: Any) -> KGTextClassifier:
    return KGTextClassifier(kinds, **{**QUICK, **OPTIONS[name], **more})


@pytest.fixture(scope="module")
def models(kinds, words) -> dict[str, KGTextClassifier]:
    """Each fitted on all but the last four texts, whose words no other text has."""
    return {
        name: made(name, kinds).fit(words.texts[:36], labels_of(name, words)[:36])
        for name in LABELS
    }


@pytest.fixture(scope="module")
def vectors(kinds, encoder) -> EntityVectors:
    return EntityVectors(kinds, encoder, "text")


@targets
def test_what_only_the_graph_knows_is_predicted_and_helps(models, words, name: str) -> None:
    model = models[name]
    assert (model.strength_, model.evidence_.helps) == (1, True)
    predicted = model.predict(words.texts[36:])
    if name == "regression":
        np.testing.assert_allclose(predicted, labels_of(name, words)[36:], atol=1.2)
    else:
        wanted = [sorted(v) if name == "multi" else v for v in labels_of(name, words)[36:]]
        assert list(predicted) == wanted
    assert model.score(words.texts, labels_of(name, words)) > 0.85


@targets
def test_save_then_load_predicts_the_same_bits_and_saves_the_same_bytes(
    models, words, tmp_path: Path, name: str
) -> None:
    models[name].save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    np.testing.assert_array_equal(
        again.predict_proba(words.texts), models[name].predict_proba(words.texts)
    )
    assert again.explain(words.texts) == models[name].explain(words.texts)
    again.save(tmp_path / "n")
    files = [f.relative_to(tmp_path / "m") for f in (tmp_path / "m").rglob("*") if f.is_file()]
    for file in files:
        assert (tmp_path / "m" / file).read_bytes() == (tmp_path / "n" / file).read_bytes(), file


@pytest.mark.parametrize("head", ["centroid", "boosting", "logistic", "svm"])
@pytest.mark.parametrize("name", ["multi", "ordinal"])
def test_every_head_that_knows_labels_is_saved_and_loaded(
    kinds, words, tmp_path: Path, monkeypatch, head: str, name: str
) -> None:
    monkeypatch.setattr("kgml.models.heads.boosting.BoostingHead.ROUNDS", 5)
    weight = None if head == "centroid" else "balanced"
    model = made(name, kinds, head=head, class_weight=weight, folds=2)
    model.fit(words.texts, labels_of(name, words)).save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert again.get_params()["class_weight"] == weight
    np.testing.assert_array_equal(
        again.predict_proba(words.texts), model.predict_proba(words.texts)
    )


@targets
def test_explain_shows_labels_as_tables_hold_them(models, words, name: str) -> None:
    (one,) = models[name].explain(words.texts[:1])
    wanted = {"multi": ["hard", "metal"], "ordinal": "high"}
    if name == "regression":
        assert isinstance(one.label, float)
        assert one.probabilities == {}
    else:
        assert one.label == wanted[name]
        assert set(one.probabilities) == set(map(str, models[name].classes_))
    if name == "ordinal":
        assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert one.probabilities["middle"] < 0.2
    assert one.mentions


@targets
def test_a_prediction_does_not_depend_on_the_other_rows(models, words, name: str) -> None:
    together = models[name].predict_proba(words.texts)
    alone = np.concatenate([models[name].predict_proba([text]) for text in words.texts])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_rows_with_one_label_are_the_same_as_lists_of_one_and_as_an_indicator(kinds, words) -> None:
    lists = made("multi", kinds).fit(words.texts, [[label] for label in words.labels])
    hot = (np.array(words.labels)[:, None] == lists.classes_).astype(int)
    indicator = made("multi", kinds).fit(words.texts, hot)
    np.testing.assert_array_equal(
        indicator.predict_proba(words.texts), lists.predict_proba(words.texts)
    )
    names = [[str(lists.classes_[k]) for k in np.flatnonzero(row)]
             for row in indicator.predict(words.texts)]  # fmt: skip
    assert names == lists.predict(words.texts)
    assert all(len(row) == 1 for row in names)


def test_rows_without_a_label_are_learned_and_predicted(kinds, words) -> None:
    y = [["metal"] if label == "metal" else [] for label in words.labels]
    with pytest.warns(UserWarning, match="20 rows have no label"):
        model = made("multi", kinds).fit(words.texts, y)
    assert model.classes_.tolist() == ["metal"]
    assert np.mean([p == t for p, t in zip(model.predict(words.texts), y, strict=True)]) > 0.9


def test_the_order_of_labels_in_a_row_changes_nothing(kinds, words, models) -> None:
    y = [row[::-1] for row in labels_of("multi", words)[:36]]
    turned = made("multi", kinds).fit(words.texts[:36], y)
    np.testing.assert_array_equal(
        turned.predict_proba(words.texts), models["multi"].predict_proba(words.texts)
    )


@pytest.mark.parametrize("name", ["single", *LABELS])
def test_a_permuted_graph_does_not_raise_scores(
    documents: Documents, words, vectors: EntityVectors, name: str
) -> None:
    """Placebo and knowledge are told apart out of fold, whatever the target."""
    target: Target = resolve("target", name)(OPTIONS.get(name, {}).get("order", ()))
    y = words.labels if name == "single" else labels_of(name, words)
    codes = target.learn(target.check(y))
    head = "ridge" if name == "regression" else "logistic"
    moved = relabelled(documents, permutation(documents, 5), vectors.graph)
    found = weigh(moved, codes, Recipe("concat", head), vectors, 4, target)
    assert not found.helps
    real = weigh(documents, codes, Recipe("concat", head), vectors, 4, target)
    assert (real.ship, real.helps) == (True, True)
    sure = [target.sure(of.held["knowledge"], codes).mean() for of in (found, real)]
    assert sure[0] < sure[1]


@targets
def test_a_fusion_learns_from_more_than_one_column_of_targets(
    documents: Documents, words, vectors: EntityVectors, name: str
) -> None:
    target: Target = resolve("target", name)(OPTIONS[name].get("order", ()))
    codes = target.learn(target.check(labels_of(name, words)))
    head = "ridge" if name == "regression" else "svm"
    levels = []
    for rows in (documents, relabelled(documents, permutation(documents, 1), vectors.graph)):
        stack = Assembly(Recipe("gated", head), vectors, target.width(codes), target)
        levels.append(float(stack.fit(rows, codes).fusion_.level.detach()))
    assert levels[0] > levels[1]


def test_out_of_fold_margins_have_not_seen_the_row_they_decide(
    documents: Documents, vectors: EntityVectors
) -> None:
    right = []
    for seed in (1, 2, 3):
        drawn = np.random.default_rng(seed).random((40, 2)) < 0.5
        target: Target = resolve("target", "multi")()
        codes = target.learn(target.check(drawn.astype(int)))
        held = out_of_fold(
            documents, codes, {"plain": Recipe("none", "logistic")}, vectors, 5, target
        )
        right.append(np.mean((held["plain"] > 0) == codes))
    assert np.mean(right) < 0.62


def test_scikit_learn_runs_on_an_indicator_and_on_numbers(kinds, words) -> None:
    hot: NDArray[np.int64] = (np.array(words.labels)[:, None] == ["metal", "bird"]).astype(int)
    several = made("multi", kinds, folds=2)
    assert cross_val_score(several, words.texts, hot, cv=2).mean() > 0.85
    numbers = made("regression", kinds, folds=2)
    assert is_regressor(numbers)
    assert is_classifier(several)
    assert cross_val_score(numbers, words.texts, labels_of("regression", words), cv=2).mean() > 0.5
    assert clone(numbers).get_params() == numbers.get_params()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "mutli"}, r"no target named 'mutli'.*Did you mean 'multi'"),
        ({"target": "regression", "head": "svm"}, r"head 'svm' does not learn target regression; choose from auto, ridge"),
        ({"head": "blend", "target": "multi"}, r"head 'blend' does not learn target multi"),
        ({"order": ("a", "b")}, r"order is for target ordinal, not single"),
        ({"target": "ordinal", "order": "low"}, r"order='low': wanted a list of classes"),
        ({"head": "centroid", "class_weight": "balanced"}, r"class_weight is for blend, boosting, logistic, ridge, svm, transformer; 'centroid' takes none"),
        ({"head": "boosting", "regularization": 1.0}, r"regularization is for blend, logistic, ridge, svm; 'boosting' takes none"),
        ({"target": "regression", "class_weight": "none"}, r"class_weight is for .*'auto' takes none with target regression"),
        ({"class_weight": "balancd"}, r"no class weight 'balancd'; .*Did you mean 'balanced'"),
        ({"regularization": 0}, r"regularization 0: wanted a number above 0, or auto"),
        ({"regularization": "atuo"}, r"regularization 'atuo': wanted a number above 0, or auto"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_answered_at_fit(
    words, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        KGTextClassifier(**options).fit(words.texts, words.labels)


def test_labels_of_another_kind_are_named_at_fit(words) -> None:
    with pytest.raises(CorpusError, match=r"not a list but str in rows 1, 2, 3, 4, 5 and 35 more"):
        KGTextClassifier(target="multi").fit(words.texts, words.labels)
    with pytest.raises(CorpusError, match=r"'metal' in rows 1, 2.*wanted a number"):
        KGTextClassifier(target="regression").fit(words.texts, words.labels)
    with pytest.raises(CorpusError, match="3 texts but 2 labels"):
        KGTextClassifier(target="multi").fit(["a", "b", "c"], [["x"], ["y"]])


@targets
def test_no_text_and_one_text_are_answered(models, words, name: str) -> None:
    model = models[name]
    assert len(model.predict([])) == len(model.explain([])) == 0
    assert len(model.predict(words.texts[:1])) == 1
    for labels in ([], labels_of(name, words)[:1]):
        with pytest.raises(CorpusError, match=f"{len(labels)} rows|every row"):
            made(name, None).fit(words.texts[: len(labels)], labels)


@pytest.mark.parametrize("name", ["single", "multi", "ordinal"])
def test_classes_in_another_order_are_decided_alike(
    kinds, words, documents: Documents, name: str
) -> None:
    """By names that sort the other way round, or by an order turned round."""
    orders: list[Any] = [("metal", "bird"), ("bird", "metal")]
    names = [{"metal": "metal", "bird": "bird"}, {"metal": "a metal", "bird": "the bird"}]
    found = []
    for order, called in zip(orders, names, strict=True):
        options: dict[str, Any] = {"target": name, "order": order if name == "ordinal" else ()}
        y = words.labels if name == "ordinal" else [called[label] for label in words.labels]
        model = KGTextClassifier(kinds, head="logistic", **QUICK, **options)
        model.fit(words.texts, [[label] for label in y] if name == "multi" else y)
        found.append(model.assembly_.decision(documents))
    other = -found[1] if name == "ordinal" else found[1][:, ::-1]
    np.testing.assert_allclose(found[0], other, atol=1e-3)


def test_thresholds_and_scales_are_those_of_out_of_fold_decisions_on_the_rows_given(
    models, words
) -> None:
    """What a model settled on is remade from the labels and decisions of its training rows."""
    model = models["multi"]
    other: Target = resolve("target", "multi")()
    codes = other.learn(other.check(labels_of("multi", words)[:36]))
    order = row_order(words.texts[:36], codes)
    held = model.evidence_.held["knowledge"][order]
    other.settle(model.assembly_.head_, held, codes[order])
    assert other.state() == model.target_.state()
    assert len(model.evidence_.held["knowledge"]) == 36


def test_knowledge_used_always_is_calibrated_on_its_own_decisions(kinds, words) -> None:
    y = [["metal"] if i // 2 % 5 < 2 else ["bird"] for i in range(40)]  # the sentence decides
    model = made("multi", kinds, knowledge="always").fit(words.texts, y)
    assert (model.strength_, model.evidence_.ship) == (1, False)
    other: Target = resolve("target", "multi")()
    codes = other.learn(other.check(y))
    order = row_order(words.texts, codes)
    held = model.evidence_.held["knowledge"][order]
    other.settle(model.assembly_.head_, held, codes[order])
    assert other.state() == model.target_.state()


@pytest.mark.parametrize(
    "order", [np.array([1, 2, 3]), [1, 2, 3], ()], ids=["array", "list", "none"]
)
def test_an_order_of_numbers_is_saved(words, tmp_path: Path, order: Any) -> None:
    y = [1 if label == "metal" else 3 for label in words.labels]
    model = KGTextClassifier(None, target="ordinal", order=order, folds=2).fit(words.texts, y)
    model.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert (
        again.classes_.tolist() == model.classes_.tolist() == ([1, 2, 3] if len(order) else [1, 3])
    )
    np.testing.assert_array_equal(again.predict(words.texts), model.predict(words.texts))


def test_c_chosen_inside_is_refitted_in_every_fold_and_saved(kinds, words, tmp_path: Path) -> None:
    model = KGTextClassifier(kinds, folds=2, head="logistic", regularization="auto")
    model.fit(words.texts, words.labels).save(tmp_path / "m")
    assert model.assembly_.head_.C_ in model.assembly_.head_.GRID
    again = KGTextClassifier.load(tmp_path / "m")
    assert again.regularization == "auto"
    np.testing.assert_array_equal(
        again.predict_proba(words.texts), model.predict_proba(words.texts)
    )


@targets
def test_only_one_label_per_text_is_explained(models, words, name: str) -> None:
    asked = (explain, faithfulness, lambda model, texts: what_if(model, texts, drop=["iron"]))
    for ask in asked:
        with pytest.raises(
            UsageError, match=f"the model's target is '{name}': only predictions of"
        ):
            ask(models[name], words.texts[:2])
