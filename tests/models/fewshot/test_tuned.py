"""A classifier whose text encoder is tuned: what it gains, what is saved, what is refused; no leak.

The encoder is small and random, so that a text is its words and no more; the class is in one word of
three.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.config import Config, FewShotConfig
from kgml.encoders.text import TextEncoder
from kgml.errors import CorpusError, KGMLError, UsageError
from kgml.kg.load import load_graph
from kgml.models import features, train
from kgml.models.assembly import Assembly
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import Evidence
from kgml.models.features import Documents, EntityVectors
from kgml.models.fewshot import honest, tuning
from kgml.models.fewshot.beside import FROZEN, Beside
from kgml.models.fewshot.honest import in_halves

COLOURS = ["red", "blue", "green", "white", "black", "grey", "pink", "amber"]
ORGANS = ["heart", "liver", "lung", "skin", "bone"]
WORDS = ["disease", "disorder", "illness"]
TEXTS = [" ".join(parts) for parts in product(COLOURS, ORGANS, WORDS)]
LABELS = ["dark" if COLOURS.index(text.split()[0]) % 2 else "light" for text in TEXTS]
ORDER = np.random.default_rng(0).permutation(len(TEXTS))
LEARN, ASK = ORDER[:32], ORDER[32:]
HOW = FewShotConfig(steps=25, learning_rate=0.01)


def of(rows: np.ndarray, column: list[str]) -> list[str]:
    return [column[i] for i in rows.tolist()]


@pytest.fixture(scope="module")
def make(tiny_encoder: Path) -> Any:
    def classifier(**options: Any) -> KGTextClassifier:
        given = {"encoder": str(tiny_encoder), "tune": HOW, "lexical": False, **options}
        return KGTextClassifier(None, fusion="none", **given)

    return classifier


@pytest.fixture(scope="module")
def tuned(make: Any) -> KGTextClassifier:
    return make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))


def contents(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


@pytest.mark.parametrize("seed", [2, 3])
def test_tuning_separates_classes_that_the_frozen_encoder_cannot(make: Any, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(TEXTS))
    learn, ask = order[:32], order[32:]
    frozen, tuned = (
        make(random_state=seed, **how).fit(of(learn, TEXTS), of(learn, LABELS))
        for how in ({"tune": False}, {})
    )
    scores = [model.score(of(ask, TEXTS), of(ask, LABELS)) for model in (frozen, tuned)]
    assert scores[1] > scores[0] + 0.3  # .36 both
    assert tuned.worth_.tuned > tuned.worth_.frozen + 0.2  # .25 both


def test_shuffled_labels_are_chance_out_of_halves_and_certain_on_rows_tuned_on(make: Any) -> None:
    """The second is the leak that halves are there for."""
    rng = np.random.default_rng(1)
    shuffled = rng.permutation(np.repeat(["a", "b"], 12)).tolist()
    texts = of(ORDER[:24], TEXTS)
    with _quiet():
        how = FewShotConfig(steps=120, learning_rate=0.003)
        model = make(tune=how, random_state=3).fit(texts, shuffled)
    codes = np.array([name == "b" for name in shuffled])
    held = model.evidence_.decisions.argmax(axis=1) == codes
    assert 0.25 < held.mean() < 0.75
    assert np.mean(model.predict(texts) == np.array(shuffled)) > 0.85
    sure = model.predict_proba(of(ORDER[24:], TEXTS)).max(axis=1)
    assert sure.mean() < 0.65  # the temperature knows that nothing was learned


def _quiet() -> Any:
    return warnings.catch_warnings(action="ignore")


def test_no_half_sees_a_row_that_it_is_asked_for(make: Any) -> None:
    model = make(tune=False).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    documents = model.featurizer().documents(of(LEARN, TEXTS))
    codes = np.array([label == "light" for label in of(LEARN, LABELS)]).astype(np.int64)
    seen: list[set[int]] = []

    def tune(rows: np.ndarray) -> TextEncoder:
        seen.append(set(rows.tolist()))
        return model.featurizer().encoder

    in_halves(
        documents, codes, {"plain": model.recipe_.plain}, model.vectors_, model.target_, tune
    )  # fmt: skip
    assert len(seen) == 2
    assert seen[0] & seen[1] == set()
    assert seen[0] | seen[1] == set(range(len(codes)))


def test_each_row_is_read_apart_by_the_encoder_that_was_not_tuned_on_it(make: Any) -> None:
    model = make(tune=False).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    documents = model.featurizer().documents(of(LEARN, TEXTS))
    codes = np.array([label == "light" for label in of(LEARN, LABELS)]).astype(np.int64)
    runs = tuning.Tuning(model.featurizer().encoder, documents.texts, codes, HOW, seed=0)
    made: list[tuple[set[int], TextEncoder]] = []

    def tune(rows: np.ndarray) -> TextEncoder:
        runs.run(rows, "")
        made.append((set(rows.tolist()), runs.reader()))
        return made[-1][1]

    apart = in_halves(
        documents, codes, {"plain": model.recipe_.plain}, model.vectors_, model.target_, tune
    ).documents  # fmt: skip
    for rows, encoder in made:
        others = [i for i in range(len(codes)) if i not in rows]
        read = documents.read_by(encoder)
        np.testing.assert_array_equal(apart.text[others], read.text[others])
        np.testing.assert_array_equal(apart.lead.text[others], read.lead.text[others])
        assert not np.allclose(apart.text[sorted(rows)], read.text[sorted(rows)])


@pytest.mark.parametrize("knowledge", ["always", "auto"])
def test_the_head_learns_from_rows_read_apart_where_knowledge_enters(
    tiny_encoder: Path, named_obo: Path, knowledge: str
) -> None:
    """Labels are of colours, so that the organs that the graph knows have no say unless they must."""
    model = KGTextClassifier(
        load_graph(named_obo), encoder=str(tiny_encoder), tune=HOW, knowledge=knowledge, folds=2
    ).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert model.strength_ == (knowledge == "always")
    assert model.apart_ is not None
    assert model.apart_.texts == of(LEARN, TEXTS)
    learn = model.apart_ if model.strength_ else model.read(model.apart_)
    codes = np.searchsorted(model.classes_, of(LEARN, LABELS))
    again = Assembly(model.recipe_, model.vectors_, 2).fit(learn, codes, model.strength_)
    asked = model.featurizer().documents(of(ASK, TEXTS))
    np.testing.assert_allclose(
        again.decision(asked), model.assembly_.decision(asked), atol=1e-3
    )  # fmt: skip


def test_the_placebo_learns_from_the_rows_that_the_model_does(
    tiny_encoder: Path, named_obo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = KGTextClassifier(
        load_graph(named_obo), encoder=str(tiny_encoder), tune=HOW, knowledge="always", folds=2
    )
    learn, held = (model.featurizer().documents(of(rows, TEXTS)) for rows in (LEARN, ASK))
    y = np.array(of(LEARN, LABELS), dtype=object)
    model.fit_documents(learn, y)
    read: list[str] = []

    def relabelled(documents: Documents, *more: Any) -> Documents:
        read.append(documents.encoder)
        return features.relabelled(documents, *more)

    monkeypatch.setattr(train, "relabelled", relabelled)
    train._report(model, learn, held, y, of(ASK, LABELS), seed=0)
    assert model.apart_ is not None
    assert model.tuned_ is not None
    assert set(read[::2]) == {model.apart_.encoder}
    assert set(read[1::2]) == {model.tuned_.fingerprint}


@pytest.mark.parametrize("wrong", [2, 12])
def test_knowledge_that_helps_the_frozen_encoder_alone_is_vetoed(
    make: Any, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    """Out of halves ``plain`` errs in 7 of 32 rows, knowledge in 2 or in 12."""
    model = make(tune=False).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    codes = np.array([label == "light" for label in of(LEARN, LABELS)]).astype(np.int64)

    def decisions(errors: int) -> np.ndarray:
        return np.eye(2)[np.where(np.arange(len(codes)) < errors, 1 - codes, codes)]

    held = {"plain": decisions(7), "knowledge": decisions(wrong)}
    documents = model.featurizer().documents(of(LEARN, TEXTS))
    monkeypatch.setattr(honest, "in_halves", lambda *_: honest.Halves(held, documents))
    frozen = Evidence(decisions(1), None, None, 1.0, True, held={"knowledge": decisions(1)})
    with _quiet():
        found, worth, _ = honest.weigh_tuned(
            frozen, documents, codes, model.recipe_, model.vectors_, model.target_, lambda *_: None
        )  # fmt: skip
    assert worth.tuned == 25 / 32
    assert (found.ship, found.helps) == ((True, True) if wrong == 2 else (False, None))
    assert found.decisions is held["knowledge" if wrong == 2 else "plain"]
    assert found.reason == ("" if wrong == 2 else honest.VETO)


def test_test_texts_are_read_by_the_tuned_encoder_whoever_read_them_first(
    make: Any, tuned: KGTextClassifier
) -> None:
    asked = of(ASK[:9], TEXTS)
    frozen = make(tune=False).featurizer().documents(asked)
    np.testing.assert_array_equal(tuned.proba_documents(frozen), tuned.predict_proba(asked))
    one = np.vstack([tuned.predict_proba([text]) for text in asked])
    np.testing.assert_allclose(one, tuned.predict_proba(asked), atol=1e-6)


def test_two_fits_are_saved_as_the_same_bytes_and_predict_the_same_when_loaded(
    make: Any, tuned: KGTextClassifier, tmp_path: Path
) -> None:
    again = make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    for name, model in {"one": tuned, "two": again}.items():
        model.save(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "encoder/model.safetensors" in contents(tmp_path / "one")
    (tmp_path / "two").rename(tmp_path / "moved")
    loaded = KGTextClassifier.load(tmp_path / "moved")
    np.testing.assert_array_equal(
        loaded.predict_proba(of(ASK, TEXTS)), tuned.predict_proba(of(ASK, TEXTS))
    )
    assert loaded.tune == HOW
    loaded.save(tmp_path / "moved")  # over itself
    assert contents(tmp_path / "moved") == contents(tmp_path / "one")


def test_a_loaded_model_wants_the_encoder_it_was_made_from_too(
    make: Any, tiny_encoder: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_encoder, base)
    model = make(encoder=str(base)).fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert model.featurizer().encoder.dimension == 64
    model.save(tmp_path / "m")
    shutil.rmtree(base)
    with pytest.raises(KGMLError, match="base"):
        KGTextClassifier.load(tmp_path / "m")


def test_cosines_are_weighted_means_of_those_by_the_frozen_and_by_the_tuned_encoder(
    tuned: KGTextClassifier, tiny_encoder: Path
) -> None:
    both = tuned.tuned_
    assert isinstance(both, Beside)
    vectors = both.encode(TEXTS)
    frozen, own = both.frozen.encode(TEXTS), both.tuned.encode(TEXTS)
    cosines = FROZEN * frozen @ frozen.T + (1 - FROZEN) * own @ own.T
    np.testing.assert_allclose(vectors @ vectors.T, cosines, atol=1e-5)
    np.testing.assert_array_equal(frozen, TextEncoder(str(tiny_encoder)).encode(TEXTS))
    np.testing.assert_allclose(both.encode_query(TEXTS[0]), vectors[0], atol=1e-5)


@pytest.mark.parametrize("node_encoder", ["text", "propagate"])
def test_with_a_graph_labels_are_read_by_the_tuned_encoder_and_the_model_loads(
    tuned: KGTextClassifier, tiny_encoder: Path, named_obo: Path, tmp_path: Path, node_encoder: str
) -> None:
    """What a node encoder made of the whole graph stays as it was."""
    graph = load_graph(named_obo)
    before = EntityVectors(graph, TextEncoder(str(tiny_encoder)), node_encoder)
    assert tuned.tuned_ is not None
    after, ids = before.read_by(tuned.tuned_), np.arange(len(graph))
    np.testing.assert_array_equal(after.keys(ids), tuned.tuned_.encode(graph.labels))
    stays = np.array_equal(before.values(ids), after.values(ids))
    assert stays == (node_encoder == "propagate")

    model = KGTextClassifier(
        graph, fusion="attention", node_encoder=node_encoder, encoder=str(tiny_encoder), tune=HOW,
        knowledge="always", folds=2,
    )  # fmt: skip
    model.fit(of(LEARN, TEXTS), of(LEARN, LABELS)).save(tmp_path / "m")
    assert model.strength_ == 1
    np.testing.assert_array_equal(
        KGTextClassifier.load(tmp_path / "m").predict_proba(of(ASK[:9], TEXTS)),
        model.predict_proba(of(ASK[:9], TEXTS)),
    )


def test_a_stopped_tuning_leaves_nothing(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*items: Any, **more: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tuning, "track", stop)
    with pytest.raises(KeyboardInterrupt):
        make().fit(of(LEARN, TEXTS), of(LEARN, LABELS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "multi"}, "tune-encoder and target multi exclude each other"),
        ({"target": "regression"}, "tune-encoder and target regression exclude"),
        ({"precision": "int8"}, "tune-encoder and precision int8 exclude"),
        ({"encoder": "static"}, "a table of word vectors has no layers to tune"),
        ({"tune": "yes"}, "wanted True, False or a FewShotConfig"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused(
    make: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make(**options).check_options()


def test_a_class_of_one_row_is_refused_with_its_name(make: Any) -> None:
    labels = ["a", "a", "b", "b", "alone"]
    with pytest.raises(CorpusError, match=r"'alone' has one training row; .*two or more"):
        make().fit(TEXTS[:5], labels)


def test_two_rows_of_each_class_are_enough(make: Any) -> None:
    with _quiet():
        model = make().fit([TEXTS[0], TEXTS[1], TEXTS[15], TEXTS[16]], ["a", "a", "b", "b"])
    assert model.predict([TEXTS[0]]).tolist() == ["a"]
    assert model.apart_ is None  # a half of one row each says nothing of the encoder that is kept


def test_the_table_in_kgml_toml_is_read_and_its_ranges_kept(tmp_path: Path) -> None:
    file = tmp_path / "kgml.toml"
    file.write_text("[few_shot]\nsteps = 7\nbatch_size = 16\n[train]\ntune_encoder = true\n")
    config = Config.from_toml(file)
    assert config.few_shot == FewShotConfig(steps=7, batch_size=16)
    assert config.train.tune_encoder
    with pytest.raises(UsageError, match=r"\[few_shot\] batch_size = 1: wanted 2 or more"):
        Config.from_dict({"few_shot": {"batch_size": 1}})


def test_neither_the_order_of_rows_nor_the_names_of_classes_change_a_weight(
    make: Any, tmp_path: Path
) -> None:
    """Batches are smaller than the rows, so that they are drawn."""
    names = {"dark": "a", "light": "b"}, {"dark": "b", "light": "a"}
    how = FewShotConfig(steps=3, batch_size=10)
    for i, rows in enumerate((LEARN, LEARN[::-1])):
        labels = [names[i][label] for label in of(rows, LABELS)]
        make(tune=how).fit(of(rows, TEXTS), labels).save(tmp_path / str(i))
    one, two = (contents(tmp_path / str(i) / "encoder") for i in (0, 1))
    assert one == two
    assert any(name.endswith(".safetensors") for name in one)
