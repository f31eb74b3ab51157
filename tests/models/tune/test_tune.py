"""Whole studies on texts in which only the ontology tells the classes apart."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.config import Config
from kgml.data.corpus import read_corpus
from kgml.errors import ArtifactError, CorpusError, MissingExtraError, UsageError
from kgml.evaluation.metrics import scores
from kgml.models import parallel
from kgml.models.evidence import out_of_fold
from kgml.models.targets.single import SingleTarget
from kgml.models.train import find_graph, make_classifier, train
from kgml.models.tune.ask import Tuning
from kgml.models.tune.run import tune_options

HEAD = """\
@prefix : <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
KINDS = ("metal", "bird")
SENTENCES = ("They had brought {} from the north.", "The notes mention {} twice.",
             "Nobody knew how much {} there was.", "We paid for {} in the spring.")  # fmt: skip
WORDS = np.random.default_rng(1).permutation(
    ["".join(p) for p in product(("bru", "dok", "glim", "sna"), ("va", "xo", "mi"), "klrtzn")]
).tolist()[:60]  # fmt: skip
TRAIN = 40
QUICK = Tuning(trials=6, folds=3, outer_folds=2)
CONFIG = Config(seed=3).override("train", folds=2)
TEXT_ALONE = CONFIG.override("fusion", name="none")
"""Defaults that cannot tell the classes apart: a search has something to find."""


def write_table(path: Path, labels: list[Any], texts: list[str] | None = None) -> Path:
    texts = texts or [SENTENCES[i // 2 % 4].format(word) for i, word in enumerate(WORDS)]
    parts = ["train" if i < TRAIN else "test" for i in range(len(texts))]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(
            [("text", "label", "split"), *zip(texts, labels, parts, strict=True)]
        )
    return path


LABELS = [KINDS[i % 2] for i in range(len(WORDS))]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table ``t.csv`` and a graph ``g.ttl`` that has every word below its class."""
    folder = tmp_path_factory.mktemp("tune")
    write_table(folder / "t.csv", LABELS)
    lines = [HEAD]
    for kind in KINDS:
        lines.append(f':{kind} a owl:Class ; rdfs:label "any {kind}"@en .')
    for i, (word, kind) in enumerate(zip(WORDS, LABELS, strict=True)):
        lines.append(f':w{i} a owl:Class ; rdfs:label "{word}"@en ; rdfs:subClassOf :{kind} .')
    (folder / "g.ttl").write_text("\n".join(lines), encoding="utf-8")
    return folder


Tune = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def tune(box: Path) -> Tune:
    def run(
        name: str, config: Config = CONFIG, data: str = "t.csv", **given: Any
    ) -> dict[str, Any]:
        return tune_options(
            output=box / name, graph=box / "g.ttl", data=box / data,
            tuning=replace(QUICK, **given), config=config,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def found(tune: Tune) -> dict[str, Any]:
    """From defaults that know no ontology."""
    return tune("found", TEXT_ALONE)


def kept(path: Path) -> dict[str, Any]:
    """All that a study wrote but for processor seconds, and the model's manifest apart."""
    files: dict[str, Any] = {}
    for file in sorted(path.rglob("*")):
        if not file.is_file() or file.name == "manifest.json":
            continue
        content: Any = file.read_bytes()
        if file.parts[-3] == "trials":
            content = {
                k: v for k, v in json.loads(content).items() if k not in ("seconds", "sha256")
            }
        files[str(file.relative_to(path))] = content
    return files


def trials(path: Path) -> dict[str, Any]:
    return {name: one for name, one in kept(path).items() if name.startswith("trials")}


# What is found


def test_a_fusion_that_knows_the_words_is_found_and_worth_it(
    found: dict[str, Any], box: Path
) -> None:
    assert found["kept"] == "tuned"
    assert found["best"]["options"]["fusion"] != "none"
    assert found["outer"]["interval"][0] > 0.1
    assert found["outer"]["tuned"]["macro_f1"] > found["outer"]["defaults"]["macro_f1"]
    assert found["sentence"].startswith("Tuning adds +")
    assert found["sentence"].endswith("worth it; the tuned options are kept.")
    assert found["test"]["tuned"]["macro_f1"] > 0.9 > found["test"]["defaults"]["macro_f1"]
    assert found["test"]["difference"] == pytest.approx(
        found["test"]["tuned"]["macro_f1"] - found["test"]["defaults"]["macro_f1"], abs=1e-5
    )
    written = json.loads((box / "found" / "results.json").read_text(encoding="utf-8"))
    assert written == {k: v for k, v in json.loads(json.dumps(found)).items() if k in written}


def test_where_there_is_nothing_to_gain_the_defaults_are_kept(tune: Tune, box: Path) -> None:
    """Concat has every row right already."""
    result = tune("nothing", trials=4)
    assert (result["kept"], result["best"]["number"]) == ("defaults", 0)
    assert result["defaults"] == 1.0
    assert "no trial did better than the defaults" in result["sentence"]
    assert Config.from_toml(box / "nothing" / "kgml.toml") == CONFIG
    assert set(result["test"]) == {"defaults"}


def test_the_first_trial_is_what_train_would_do(found: dict[str, Any], box: Path) -> None:
    first = json.loads((box / "found" / "trials" / "all" / "0000.json").read_text("utf-8"))
    assert first["params"] == {"fusion": "none", "head": "logistic", "class_weight": "none",
                               "regularization of logistic": 10.0, "lexical": "auto"}  # fmt: skip
    corpus = read_corpus(box / "t.csv", seed=3)
    texts, labels = corpus.part(corpus.train)
    model = make_classifier(find_graph(box / "g.ttl")[1], TEXT_ALONE)
    documents, y = model.featurizer().documents(texts), np.unique(labels, return_inverse=True)[1]
    decisions = out_of_fold(documents, y, {"plain": model.recipe(20)}, model.entity_vectors(), 3,
                            SingleTarget())["plain"]  # fmt: skip
    guess = [KINDS[::-1][k] for k in decisions.argmax(axis=1)]
    assert first["value"] == pytest.approx(scores(labels, guess)["macro_f1"], abs=1e-6)
    assert found["defaults"] == first["value"] <= found["best"]["value"]


def test_what_is_left_out_is_said_with_its_reason(found: dict[str, Any]) -> None:
    left = found["not_searched"]
    assert left["lead"] == "few training texts go on after their first sentence"
    assert left["threshold"].startswith("all texts are linked anew")
    assert {one["option"] for one in found["space"]} == {
        "fusion", "head", "class_weight", "lexical", "regularization of logistic",
        "regularization of svm", "regularization of blend", "regularization of ridge",
    }  # fmt: skip


def test_a_log_loss_is_made_smaller(tune: Tune) -> None:
    result = tune("loss", TEXT_ALONE, metric="log_loss", trials=3)
    assert result["best"]["value"] < result["defaults"]
    values = [one["value"] for one in result["trials"] if not one["pruned"]]
    assert values == sorted(values)
    assert result["outer"]["tuned"]["log_loss"] < result["outer"]["defaults"]["log_loss"]
    assert result["outer"]["difference"] > 0


def test_the_table_has_every_trial_and_the_page_the_answer(
    found: dict[str, Any], box: Path
) -> None:
    with (box / "found" / "trials.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(int(row["trial"]) for row in rows) == list(range(6))
    assert int(rows[0]["trial"]) == found["best"]["number"]
    assert rows[0]["fusion"] == found["best"]["options"]["fusion"]
    page = (box / "found" / "report.md").read_text(encoding="utf-8")
    assert found["sentence"] in page
    assert "| lexical | train.lexical | auto, 0.3, 1.0, 2.0 |" in page


# What does not change it


def test_test_rows_take_no_part(found: dict[str, Any], tune: Tune, box: Path) -> None:
    """Other texts and turned labels in the test part: the same trials, answers and choice."""
    labels = LABELS[:TRAIN] + LABELS[TRAIN:][::-1]
    texts = [SENTENCES[i // 2 % 4].format(word) for i, word in enumerate(WORDS)]
    texts[TRAIN:] = [f"{WORDS[i % 7]} and {WORDS[-i]}, as ever" for i in range(len(WORDS) - TRAIN)]
    write_table(box / "other.csv", labels, texts)
    other = tune("other", TEXT_ALONE, data="other.csv")
    assert trials(box / "other") == trials(box / "found")
    for name in ("outer", "kept", "best", "sentence", "importances", "trials"):
        assert other[name] == found[name]
    assert other["test"] != found["test"]
    toml = [(box / name / "kgml.toml").read_text("utf-8").split("\n", 1)[1]
            for name in ("other", "found")]  # fmt: skip
    assert toml[0] == toml[1]


def test_the_number_of_cores_changes_nothing(
    found: dict[str, Any], tune: Tune, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 5)
    tune("cores", TEXT_ALONE)
    mine, other = kept(box / "cores"), kept(box / "found")
    assert {k: v for k, v in mine.items() if k != "kgml.toml"} == {
        k: v for k, v in other.items() if k != "kgml.toml"
    }


def test_more_trials_go_on_from_those_there_are(
    found: dict[str, Any], tune: Tune, box: Path
) -> None:
    assert tune("more", TEXT_ALONE, trials=4)["trained"] == 12
    assert tune("more", TEXT_ALONE)["trained"] == 6
    assert trials(box / "more") == trials(box / "found")


def test_the_time_stops_a_search_after_its_first_trials(tune: Tune) -> None:
    result = tune("minutes", TEXT_ALONE, minutes=1e-6, outer_folds=0)
    assert [one["number"] for one in result["trials"]] == [0]
    assert "Stopped by --minutes" in result["sentence"]


def test_kgml_train_makes_the_same_model_of_the_written_options(box: Path, found: Any) -> None:
    """In a cache of its own, so that no vector comes from the search."""
    config = Config.from_toml(box / "found" / "kgml.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGML_CACHE", str(box / "cache"))
        train(graph=box / "g.ttl", data=box / "t.csv", output=box / "again", config=config)
    same = [file for file in (box / "found" / "model").rglob("*") if file.is_file()]
    for file in same:
        other = box / "again" / file.relative_to(box / "found" / "model")
        if file == box / "found" / "model" / "manifest.json":
            a, b = (json.loads(one.read_text("utf-8")) for one in (file, other))
            told = {name for name in a if a[name] != b[name]}
            assert told == {"command", "sha256"}
            assert a["command"].startswith("kgml train --graph")
        else:
            assert file.read_bytes() == other.read_bytes(), file.name


# Other targets and spaces


@pytest.mark.parametrize(
    ("labels", "options", "metric"),
    [
        ([f"{kind}|{'odd' if i % 3 else 'even'}" for i, kind in enumerate(LABELS)],
         {"label_separator": "|"}, "macro_f1"),
        ([("low", "high")[i % 2] for i in range(60)], {"order": ("low", "high")}, "kappa"),
        ([float(i % 2) + i / 100 for i in range(60)], {"target": "regression"}, "r2"),
    ],
)  # fmt: skip
def test_every_target_is_tuned_by_its_own_metric(
    tune: Tune, box: Path, labels: list[Any], options: dict[str, Any], metric: str
) -> None:
    write_table(box / f"{metric}.csv", labels)
    config = CONFIG.override("train", **options).override("fusion", name="none")
    result = tune(f"of-{metric}", config, data=f"{metric}.csv", trials=3)
    assert result["metric"] == metric
    assert result["best"]["value"] >= result["defaults"]
    assert (box / f"of-{metric}" / "model" / "manifest.json").exists()


def test_a_file_of_options_is_searched_dear_ones_too(tune: Tune, box: Path) -> None:
    file = box / "space.toml"
    file.write_text("[linking]\nvariants = [true, false]\n[train]\nregularization = [1.0, 4.0]\n")
    result = tune("space", space=file, trials=4, outer_folds=0)
    assert [one["option"] for one in result["space"]] == [
        "regularization", "regularization", "regularization", "variants"
    ]  # fmt: skip
    assert {one["options"]["regularization"] for one in result["trials"]} <= {1.0, 4.0, 10.0}
    assert result["not_searched"]["fusion"] == "not in space.toml"


def test_what_was_given_is_not_searched(tune: Tune) -> None:
    result = tune("given", fixed=("fusion", "head"), trials=2, outer_folds=0)
    assert result["not_searched"]["fusion"] == "given"
    assert not any(one["option"] in ("fusion", "head") for one in result["space"])


# Refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "macro_f2"}, "no metric named 'macro_f2' for target single.*Did you mean 'macro_f1'"),
        ({"only": ("fusoin",)}, "--only fusoin: no such option.*Did you mean 'fusion'"),
        ({"only": ("head",), "space": Path("s.toml")}, "--only and --space exclude each other"),
        ({"only": ("head",), "fixed": ("head",)}, "--head and a search of head exclude each other"),
        ({"outer_folds": 1}, "--outer-folds 1: wanted 2 or more, or 0"),
        ({"trials": 1}, "--trials 1: wanted at least 2"),
    ],
)  # fmt: skip
def test_wrong_questions_are_refused(tune: Tune, box: Path, given: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tune("refused", **given)
    assert not (box / "refused").exists()


def test_another_question_in_the_same_folder_is_refused(found: Any, tune: Tune, box: Path) -> None:
    before = kept(box / "found")
    with pytest.raises(UsageError, match=r"found: holds another study \(folds: 3, now 4\)"):
        tune("found", TEXT_ALONE, folds=4)
    with pytest.raises(UsageError, match=r"holds another study .*fusion: none, now concat"):
        tune("found")
    write_table(box / "fewer.csv", LABELS[:50], [f"{word} it is" for word in WORDS[:50]])
    with pytest.raises(UsageError, match=r"holds another study .*data: "):
        tune("found", TEXT_ALONE, data="fewer.csv")
    assert kept(box / "found") == before


def test_a_changed_trial_is_refused(tune: Tune, box: Path) -> None:
    tune("damaged", trials=2, outer_folds=0)
    file = box / "damaged" / "trials" / "all" / "0001.json"
    file.write_text(file.read_text("utf-8").replace('"number": 1', '"number": 2'))
    with pytest.raises(ArtifactError, match=r"0001.json: damaged \(changed since"):
        tune("damaged", trials=2, outer_folds=0)


def test_too_few_rows_for_the_outer_folds_are_refused(tune: Tune, box: Path) -> None:
    labels = [("rare" if i < 2 else kind) for i, kind in enumerate(LABELS)]
    write_table(box / "rare.csv", labels)
    with pytest.raises(
        CorpusError, match=r"class 'rare' has 2 training rows, too few.*--outer-folds 0"
    ):
        tune("rare", data="rare.csv")


def test_without_optuna_the_extra_is_named(tune: Tune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kgml\[tune\]'"):
        tune("missing")


def test_a_tuned_encoder_is_not_searched_under(tune: Tune) -> None:
    with pytest.raises(UsageError, match="tune_encoder = true"):
        tune("encoder", CONFIG.override("train", tune_encoder=True))
