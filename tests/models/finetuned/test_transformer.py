"""A classifier whose text encoder, fusion and head were trained together.

The encoder is small and random, so that a text is its words and no more; the class is in one word of
three.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.base import clone

from kgml.config import Config, TransformerConfig
from kgml.encoders.text import TextEncoder
from kgml.errors import CorpusError, InputError, MissingExtraError, UsageError
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import explain
from kgml.models.finetuned import run
from kgml.models.finetuned.fit import fit_transformer
from kgml.models.finetuned.joint import Joint
from kgml.models.finetuned.layers import add_lora, merge_lora
from kgml.models.finetuned.task import FineTuning, held_out
from kgml.models.folds import row_order

COLOURS = ["red", "blue", "green", "white", "black", "grey", "pink", "amber"]
ORGANS = ["heart", "liver", "lung", "skin", "bone"]
WORDS = ["disease", "disorder", "illness"]
TEXTS = [" ".join(parts) for parts in product(COLOURS, ORGANS, WORDS)]
LABELS = ["dark" if COLOURS.index(text.split()[0]) % 2 else "light" for text in TEXTS]
ORDER = np.random.default_rng(0).permutation(len(TEXTS))
LEARN, ASK = ORDER[:72], ORDER[72:]
HOW = TransformerConfig(epochs=8, learning_rate=0.01)
QUICK = TransformerConfig(epochs=3, learning_rate=0.01)


def of(rows: np.ndarray, column: list[Any]) -> list[Any]:
    return [column[i] for i in rows.tolist()]


@pytest.fixture(scope="module")
def make(tiny_encoder: Path) -> Any:
    def classifier(**options: Any) -> KGTextClassifier:
        given = {"encoder": str(tiny_encoder), "transformer": HOW, "lexical": False, "folds": 3}
        graph = options.pop("graph", None)
        given |= {"fusion": "none"} if graph is None else {}
        return KGTextClassifier(graph, head="transformer", **{**given, **options})

    return classifier


@pytest.fixture(scope="module")
def learned(make: Any) -> KGTextClassifier:
    return make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))


def contents(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def quiet() -> Any:
    return warnings.catch_warnings(action="ignore")


def tensors(model: KGTextClassifier) -> dict[str, np.ndarray]:
    assert model.tuned_ is not None
    (file,) = model.tuned_.checkpoint.folder.rglob("model.safetensors")
    return dict(load_file(file))


def test_it_learns_what_the_frozen_encoder_does_not_tell(
    make: Any, learned: KGTextClassifier
) -> None:
    light = make().set_params(head="auto").fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    asked, truth = of(ASK, TEXTS), of(ASK, LABELS)
    assert learned.score(asked, truth) > light.score(asked, truth) + 0.05
    assert learned.fine_tuning_ is not None
    told = learned.fine_tuning_.to_json()
    assert told["rows"] == {"learned_from": 52, "held_out": 20}
    assert told["steps"]["best"] > 0
    assert told["learning_rate"] == 0.01


def test_two_fits_are_saved_as_the_same_bytes_and_predict_the_same_when_loaded(
    make: Any, learned: KGTextClassifier, tmp_path: Path
) -> None:
    again = make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    for name, model in {"one": learned, "two": again}.items():
        model.save(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    (tmp_path / "two").rename(tmp_path / "moved")
    loaded = KGTextClassifier.load(tmp_path / "moved")
    asked = of(ASK, TEXTS)
    np.testing.assert_array_equal(loaded.predict_proba(asked), learned.predict_proba(asked))
    assert loaded.transformer == HOW
    loaded.save(tmp_path / "moved")  # over itself
    assert contents(tmp_path / "moved") == contents(tmp_path / "one")


def test_neither_row_order_nor_what_else_is_asked_changes_a_prediction(
    learned: KGTextClassifier,
) -> None:
    asked = of(ASK, TEXTS)
    together = learned.predict_proba(asked)
    alone = np.vstack([learned.predict_proba([text]) for text in asked])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    np.testing.assert_allclose(learned.predict_proba(asked[::-1])[::-1], together, atol=1e-6)


def test_shuffled_labels_are_chance_and_it_knows(make: Any) -> None:
    shuffled = np.random.default_rng(1).permutation(of(LEARN, LABELS)).tolist()
    with quiet():
        model = make().fit(of(LEARN, TEXTS), shuffled)
    asked, truth = of(ASK, TEXTS), of(ASK, LABELS)
    assert 0.25 < model.score(asked, truth) < 0.75
    assert model.predict_proba(asked).max(axis=1).mean() < 0.8


def test_with_top_layers_alone_the_bytes_of_the_others_stay(make: Any, tiny_encoder: Path) -> None:
    with quiet():
        model = make(transformer=replace(HOW, layers="top:1", epochs=20)).fit(
            of(LEARN, TEXTS), of(LEARN, LABELS)
        )
    (file,) = tiny_encoder.rglob("model.safetensors")
    before, after = dict(load_file(file)), tensors(model)
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    top = {name for name in before if ".1." in name}
    assert changed <= top
    assert {name for name in top if name.endswith("value.weight")} <= changed


def test_all_layers_leave_the_table_of_words_alone(
    learned: KGTextClassifier, tiny_encoder: Path
) -> None:
    (file,) = tiny_encoder.rglob("model.safetensors")
    before, after = dict(load_file(file)), tensors(learned)
    same = {name for name in before if before[name].tobytes() == after[name].tobytes()}
    assert {name for name in before if name.endswith("_embeddings.weight")} <= same
    assert not {name for name in same if "attention" in name}


def test_low_rank_changes_give_the_same_vectors_once_they_are_merged(tiny_encoder: Path) -> None:
    pytest.importorskip("peft", reason="needs the extra lora")
    import torch

    model = TextEncoder(str(tiny_encoder)).load()
    plain = model.encode(TEXTS[:9])
    add_lora(model, replace(QUICK, dropout=0.0))
    names = {name for name, p in model.named_parameters() if p.requires_grad}
    assert names
    assert all("lora_" in name for name in names)
    np.testing.assert_allclose(model.encode(TEXTS[:9]), plain, atol=1e-6)  # they begin as nothing
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_B" in name:
                p.normal_(generator=torch.Generator().manual_seed(0))
    apart = model.encode(TEXTS[:9])
    merge_lora(model)
    assert not [name for name, _ in model.named_parameters() if "lora" in name]
    np.testing.assert_allclose(model.encode(TEXTS[:9]), apart, atol=1e-5)
    assert np.abs(apart - plain).max() > 0.1


def test_low_rank_changes_without_their_extra_are_refused_before_any_work(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"layers lora needs .* pip install 'kgml\[lora\]'"):
        make(transformer=TransformerConfig(layers="lora")).check_options()


def test_a_model_trained_by_low_rank_changes_is_saved_without_them(
    make: Any, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("peft", reason="needs the extra lora")
    how = TransformerConfig(layers="lora", epochs=4, learning_rate=0.02)
    with quiet():
        model = make(transformer=how).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    (file,) = tiny_encoder.rglob("model.safetensors")
    assert tensors(model).keys() == load_file(file).keys()
    model.save(tmp_path / "m")
    asked = of(ASK, TEXTS)
    loaded = KGTextClassifier.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(asked), model.predict_proba(asked))


@pytest.mark.parametrize("fusion", ["concat", "weighted", "attention", "gated"])
def test_the_module_that_is_trained_and_the_stack_that_is_kept_decide_alike(
    make: Any, named_obo: Path, fusion: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every fusion, words and concepts; 1e-4 of decisions about 10."""
    last: list[FineTuning] = []
    monkeypatch.setattr(run, "_finish", _before(run._finish, lambda *given: last.append(given[1])))
    graph = load_graph(named_obo)
    options = {"graph": graph, "fusion": fusion, "lexical": True, "knowledge": "always"}
    with quiet():
        model = make(transformer=QUICK, **options).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    (task,) = last
    assert isinstance(task.module, Joint)
    texts = of(LEARN, TEXTS)
    order = row_order(texts, np.unique(of(LEARN, LABELS), return_inverse=True)[1])
    documents = model.featurizer().documents([texts[i] for i in order], lead=False)
    rows = np.arange(len(LEARN))
    decided = model.assembly_.decision(documents)
    np.testing.assert_allclose(task.decisions(rows), decided, atol=1e-4)
    without = model.proba_documents(documents.without_links())
    assert np.abs(without - model.proba_documents(documents)).max() > 0.001
    model.save(tmp_path / "m")
    loaded = KGTextClassifier.load(tmp_path / "m")
    asked = of(ASK[:9], TEXTS)
    np.testing.assert_array_equal(loaded.predict_proba(asked), model.predict_proba(asked))


def _before(call: Any, first: Any) -> Any:
    def both(*given: Any) -> Any:
        first(*given)
        return call(*given)

    return both


def test_without_evidence_knowledge_is_left_out_and_the_model_is_that_of_text(
    make: Any, named_obo: Path
) -> None:
    """Colours are the classes, and the text says them."""
    graph, asked = load_graph(named_obo), of(ASK, TEXTS)
    given = {"transformer": QUICK, "lexical": True}
    with quiet():
        known = make(graph=graph, **given).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
        text = make(**given).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert known.strength_ == 0
    np.testing.assert_allclose(known.predict_proba(asked), text.predict_proba(asked), atol=1e-6)


def test_knowledge_that_the_light_stack_counts_half_is_told_to_count_fully_in_the_transformer(
    make: Any, named_obo: Path, tmp_path: Path
) -> None:
    model = make(graph=load_graph(named_obo), fusion="concat").set_params(head="auto")
    texts, labels = of(LEARN, TEXTS), of(LEARN, LABELS)
    model.fit(texts, labels)
    codes = np.unique(labels, return_inverse=True)[1]
    order = row_order(texts, codes)
    documents = model.featurizer().documents(texts).take(order)
    thin = replace(model.evidence_, strength=0.5)
    with quiet():
        found = fit_transformer(
            model.base_encoder, model.vectors_, documents, codes[order], model.target_,
            model.recipe_, thin, QUICK, tmp_path, always=True, checkpoint=None,
        )  # fmt: skip
    assert found.knowledge
    assert found.evidence.strength == float(found.kept.stack.fusion_.strength) == 1


def test_predictions_are_explained_by_words_as_those_of_a_light_head(make: Any) -> None:
    with quiet():
        model = make(transformer=QUICK, lexical=True).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    (told,) = explain(model, ["pink heart disease"])
    assert {one.word for one in told.words} == {"pink", "heart", "disease"}
    assert told.words[0].word == "pink"
    assert told.probability == pytest.approx(
        model.predict_proba(["pink heart disease"]).max(), abs=1e-6
    )


@pytest.mark.parametrize("target", ["multi", "ordinal", "regression"])
def test_other_targets_are_learned_too(make: Any, target: str, tmp_path: Path) -> None:
    numbers = [float(COLOURS.index(text.split()[0]) // 2) for text in TEXTS]
    y: list[Any] = numbers if target == "regression" else [int(value) for value in numbers]
    if target == "multi":
        y = [["low"] * (value < 2) + ["odd"] * (value % 2) for value in y]
    with quiet():
        model = make(target=target).fit(of(LEARN, TEXTS), of(LEARN, y))
    assert model.score(of(ASK, TEXTS), of(ASK, y)) > (0.35 if target != "regression" else 0.3)
    model.save(tmp_path / "m")
    loaded, asked = KGTextClassifier.load(tmp_path / "m"), of(ASK, TEXTS)
    if target == "regression":
        np.testing.assert_array_equal(loaded.predict(asked), model.predict(asked))
    else:
        np.testing.assert_array_equal(loaded.predict_proba(asked), model.predict_proba(asked))


def test_balanced_classes_count_alike(make: Any) -> None:
    """Of 40 rows 8 are light: with weights more texts are called so."""
    rows = np.array([i for i in LEARN if LABELS[i] == "dark"][:32]
                    + [i for i in LEARN if LABELS[i] == "light"][:8])  # fmt: skip
    light = {}
    for name in ("none", "balanced"):
        with quiet():
            model = make(class_weight=name, random_state=1)
            model.fit(of(rows, TEXTS), of(rows, LABELS))
        light[name] = model.assembly_.decision(model.featurizer().documents(of(ASK, TEXTS)))
    assert np.mean(light["balanced"][:, 1] - light["none"][:, 1]) > 0.1


def test_an_interrupted_fit_goes_on_to_the_same_bytes(
    make: Any, learned: KGTextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SAVE_SECONDS", 0.0)
    at = tmp_path / "checkpoint"
    parts = FineTuning.parts

    def stop(self: FineTuning, step: int) -> Any:
        if step == 9:
            raise KeyboardInterrupt
        return parts(self, step)

    monkeypatch.setattr(FineTuning, "parts", stop)
    with pytest.raises(KeyboardInterrupt):
        make(checkpoint=at).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert [f.name for f in sorted((at / "text").iterdir())] == ["step-00000007", "step-00000008"]
    monkeypatch.setattr(FineTuning, "parts", parts)
    with pytest.raises(
        UsageError, match=r"unfinished run with other options \(transformer.epochs 8, no"
    ):
        make(checkpoint=at, transformer=replace(HOW, epochs=9)).fit(
            of(LEARN, TEXTS), of(LEARN, LABELS)
        )
    again = make(checkpoint=at).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    again.save(tmp_path / "two")
    learned.save(tmp_path / "one")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_gradients_computed_again_are_the_same_and_bf16_is_near(make: Any) -> None:
    asked, found = of(ASK, TEXTS), []
    for more in ({}, {"gradient_checkpointing": True}, {"precision": "bf16"}):
        with quiet():
            how = replace(HOW, **more)
            model = make(transformer=how).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
        found.append(model.predict_proba(asked))
    np.testing.assert_allclose(found[1], found[0], atol=1e-4)
    np.testing.assert_allclose(found[2], found[0], atol=0.3)
    assert not np.array_equal(found[2], found[0])


def test_texts_are_read_as_long_as_in_training(make: Any) -> None:
    with quiet():
        model = make(transformer=replace(QUICK, max_length=4)).fit(
            of(LEARN, TEXTS), of(LEARN, LABELS)
        )
    assert model.tuned_ is not None
    assert model.tuned_.checkpoint.max_length == 4
    with quiet():
        two = model.predict_proba(["red heart disease", "red heart illness"])
    np.testing.assert_array_equal(two[0], two[1])  # [CLS] red heart [SEP]


def test_it_is_an_estimator_of_scikit_learn(make: Any) -> None:
    model = make()
    other = clone(model)
    assert other.get_params()["transformer"] == HOW
    assert other.get_params()["head"] == "transformer"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int8"}, "transformer and precision int8 exclude each other"),
        ({"encoder": "static"}, "a table of word vectors has no layers to train"),
        ({"tune": True}, "transformer and --tune-encoder exclude each other"),
        ({"long_texts": "chunks"}, "long_texts chunks exclude each other"),
        ({"transformer": "lora"}, "wanted a TransformerConfig"),
        ({"transformer": TransformerConfig(layers="top:0")}, "no layers named 'top:0'"),
        ({"transformer": TransformerConfig(layers="bottom")}, "no layers named 'bottom'"),
        ({"transformer": TransformerConfig(schedule="step")}, "no schedule named 'step'"),
        (
            {"transformer": TransformerConfig(precision="int4")},
            "no training precision named 'int4'",
        ),
        ({"regularization": 1.0}, "regularization is for"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused(
    make: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make(**options).check_options()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"layers": "top:3"}, UsageError, r"top:3: the text encoder has 2 layers"),
        ({"minutes": 1e-9}, UsageError, "minutes do not hold one step"),
        ({"precision": "fp16"}, UsageError, "fp16 and device cpu exclude each other"),
        ({"learning_rate": 1.0, "head_learning_rate": 1e18}, InputError, "no number any more"),
    ],
    ids=str,
)
def test_runs_that_cannot_be_are_refused(
    make: Any, how: dict[str, Any], error: type[Exception], message: str
) -> None:
    with quiet(), pytest.raises(error, match=message):
        make(transformer=replace(QUICK, **how), device="cpu").fit(
            of(LEARN, TEXTS), of(LEARN, LABELS)
        )


def test_too_few_rows_are_refused_with_the_class(make: Any) -> None:
    with pytest.raises(CorpusError, match=r"'alone' has one training row; .*two or more"):
        make().fit(TEXTS[:7], ["a", "a", "a", "b", "b", "b", "alone"])
    with pytest.raises(CorpusError, match="4 training rows; --head transformer holds some"):
        make().fit(TEXTS[:4], ["a", "a", "b", "b"])
    with pytest.raises(CorpusError, match="one class only"):
        make().fit(TEXTS[:9], ["a"] * 9)


def test_nothing_is_left_of_a_fit_that_was_stopped(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: FineTuning, step: int) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(FineTuning, "parts", stop)
    with pytest.raises(KeyboardInterrupt):
        make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert os.listdir(tmp_path) == []


def test_the_table_in_kgml_toml_is_read_and_its_ranges_kept(tmp_path: Path) -> None:
    file = tmp_path / "kgml.toml"
    file.write_text(
        '[transformer]\nlayers = "top:2"\nevaluation = 0.2\n[train]\nhead = "transformer"\n'
    )
    config = Config.from_toml(file)
    assert config.transformer == TransformerConfig(layers="top:2", evaluation=0.2)
    with pytest.raises(UsageError, match=r"\[transformer\] evaluation = 0.9: wanted 0.01 to 0.5"):
        Config.from_dict({"transformer": {"evaluation": 0.9}})


def test_held_out_rows_have_no_near_duplicate_among_those_learned_from() -> None:
    strata, near = np.arange(120) % 2, np.arange(120) // 3
    inside, outside = held_out(strata, 0.1, 0, near)
    assert not set(near[inside].tolist()) & set(near[outside].tolist())
    assert sorted([*inside, *outside]) == list(range(120))
    assert len(outside) == 21
    same = held_out(strata, 0.1, 0, np.arange(120))
    np.testing.assert_array_equal(same[1], held_out(strata, 0.1, 0)[1])


def test_a_class_that_is_one_group_is_learned_from() -> None:
    strata = np.repeat([0, 1], [60, 4])
    near = np.r_[np.arange(60), [60] * 4]
    for seed in range(5):
        inside, _ = held_out(strata, 0.3, seed, near)
        assert (strata[inside] == 1).sum() == 4
