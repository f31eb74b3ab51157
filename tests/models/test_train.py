"""train, predict and evaluate as functions, on the shipped finance example and on small tables."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.artifacts import read_manifest, sha256
from kgml.config import Config
from kgml.data.corpus import read_held_out, read_table
from kgml.errors import CorpusError, InputError, UsageError
from kgml.evaluation.metrics import Difference, measure
from kgml.models import train as commands
from kgml.models.evidence import Evidence
from kgml.models.train import evaluate, find_graph, predict, train, verdict
from kgml.progress import KGMLWarning
from kgml.resources import examples, folder, ontology

FIN = ontology("fin") or Path()
EXAMPLES = examples("fin") or Path()
FEW = Config().override("train", per_class=6, folds=2)
TEXTS = [
    "Gilts rallied after the Bank of England held Bank Rate.",
    "The weather was fine all week.",
    "The ECB raised its deposit rate; bund yields climbed.",
]


@dataclass(frozen=True)
class Trained:
    result: dict[str, Any]
    path: Path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The shipped finance ontology and examples, six rows per class, attention."""
    path = tmp_path_factory.mktemp("fin") / "m"
    config = FEW.override("fusion", name="attention")
    return Trained(train(graph=FIN, data=EXAMPLES, output=path, config=config), path)


Write = Callable[[Sequence[Sequence[str]]], Path]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    """Write rows of text, label and, where there are three, split."""

    def write(rows: Sequence[Sequence[str]]) -> Path:
        path = tmp_path / "t.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "label", "split")[: len(rows[0])], *rows])
        return path

    return write


def rows_of(words: Any) -> list[tuple[str, str, str]]:
    parts = ["train"] * 30 + ["test"] * 10
    return list(zip(words.texts, words.labels, parts, strict=True))


# What train returns


def test_train_returns_the_keys_that_stay(trained: Trained) -> None:
    result = trained.result
    assert set(result) >= {
        "metrics", "baselines", "placebo", "knowledge", "rows", "coverage", "seconds", "path",
    }  # fmt: skip
    assert set(result["baselines"]) == {"text", "text_tfidf"}
    for scores in (result["metrics"], result["placebo"], *result["baselines"].values()):
        assert set(scores) == {"accuracy", "macro_f1", "interval"}
        for name in ("accuracy", "macro_f1"):
            low, high = scores["interval"][name]
            assert 0 <= low <= scores[name] <= high <= 1
    knowledge = result["knowledge"]
    assert set(knowledge) >= {"helps", "difference", "interval", "sentence"}
    assert knowledge["helps"] in (True, False, None)
    low, high = knowledge["interval"]
    assert low <= knowledge["difference"] <= high
    assert knowledge["sentence"].endswith(".")


def test_train_counts_its_rows_and_links(trained: Trained) -> None:
    held = read_table(EXAMPLES)["split"].count("test")
    assert trained.result["rows"] == {"train": 48, "test": held}
    assert 0.7 < trained.result["coverage"] <= 1
    assert trained.result["seconds"] > 0
    assert trained.result["path"] == str(trained.path)


def test_the_manifest_says_from_what_the_model_was_made(trained: Trained) -> None:
    manifest = read_manifest(trained.path, "model")
    assert manifest.made_from["data"] == sha256(EXAMPLES)
    assert Config.from_dict(manifest.config).train.per_class == 6
    assert manifest.config["fusion"] == {"name": "attention"}
    assert manifest.summary["metrics"] == trained.result["metrics"]


def test_the_sentence_agrees_with_the_numbers(trained: Trained) -> None:
    knowledge = trained.result["knowledge"]
    opening = {True: "The ontology helps here", False: "No gain from the ontology here"}
    if knowledge["helps"] is not None:
        assert knowledge["sentence"].startswith(opening[knowledge["helps"]])
    assert f"{100 * knowledge['difference']:+.1f} points" in knowledge["sentence"]
    assert knowledge["used"] or "leaves it out" in knowledge["sentence"]


def test_the_same_command_twice_gives_identical_numbers_predictions_and_bytes(
    trained: Trained, tmp_path: Path
) -> None:
    config = FEW.override("fusion", name="attention")
    again = train(graph=FIN, data=EXAMPLES, output=tmp_path / "m", config=config)
    for key in set(again) - {"seconds", "path"}:
        assert again[key] == trained.result[key], key
    for file in read_manifest(trained.path).files:
        assert (tmp_path / "m" / file).read_bytes() == (trained.path / file).read_bytes(), file
    assert predict(tmp_path / "m", TEXTS) == predict(trained.path, TEXTS)


def test_another_seed_draws_other_rows(trained: Trained, tmp_path: Path) -> None:
    config = Config.from_dict({**FEW.to_dict(), "seed": 1})
    other = train(graph=FIN, data=EXAMPLES, output=tmp_path / "m", config=config)
    assert other["rows"] == trained.result["rows"]
    assert other["baselines"] != trained.result["baselines"]


# predict and evaluate


def test_predict_gives_label_probabilities_and_mentions_at_their_offsets(trained: Trained) -> None:
    found = predict(trained.path, TEXTS)
    assert [set(one) for one in found] == [{"label", "probabilities", "mentions"}] * 3
    for text, one in zip(TEXTS, found, strict=True):
        assert one["label"] == max(one["probabilities"], key=one["probabilities"].get)
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert len(one["probabilities"]) == 8
        for mention in one["mentions"]:
            assert text[mention["start"] : mention["end"]] == mention["text"]
            assert set(mention) == {"start", "end", "text", "negated", "family", "candidates"}
            for candidate in mention["candidates"]:
                assert set(candidate) == {"id", "label", "score", "method"}
                assert candidate["id"].startswith("http")
    assert [m["text"] for m in found[0]["mentions"]] == ["Gilts", "Bank of England", "Bank Rate"]
    assert found[1]["mentions"] == []


def test_evaluate_scores_the_test_rows_as_train_did(trained: Trained) -> None:
    result = evaluate(trained.path, EXAMPLES)
    assert result["metrics"] == trained.result["metrics"]
    assert (result["part"], result["unseen_labels"]) == ("test", [])
    texts, labels, _ = read_held_out(EXAMPLES)
    predicted = [one["label"] for one in predict(trained.path, texts)]
    assert result["metrics"] == measure(labels, predicted)


def test_evaluate_counts_unseen_labels_as_wrong_and_names_them(
    trained: Trained, table: Write
) -> None:
    result = evaluate(trained.path, table([(TEXTS[0], "weather"), (TEXTS[2], "weather")]))
    assert (result["metrics"]["accuracy"], result["part"]) == (0.0, "all")
    assert result["unseen_labels"] == ["weather"]


# The verdict


def test_knowledge_that_alone_can_tell_is_reported_as_help(kinds, words, table, tmp_path) -> None:
    kinds.save(tmp_path / "g.kg")
    result = train(graph=tmp_path / "g.kg", data=table(rows_of(words)), output=tmp_path / "m")
    knowledge = result["knowledge"]
    assert (knowledge["helps"], knowledge["used"]) == (True, True)
    assert knowledge["sentence"].startswith("The ontology helps here")
    assert knowledge["interval"][0] > 0
    assert result["metrics"]["accuracy"] == 1
    assert result["placebo"]["accuracy"] < 0.9
    assert result["baselines"]["text_tfidf"]["accuracy"] < 0.9
    assert result["coverage"] == 1


@pytest.mark.parametrize(("strength", "half"), [(0.5, True), (1.0, False)])
def test_the_sentence_says_where_knowledge_counts_half(strength: float, half: bool) -> None:
    gain = Difference("accuracy", 0.01, (-0.02, 0.04), 0.8)
    evidence = Evidence(np.zeros((2, 2)), gain, gain, strength, None)
    said = verdict(evidence, Difference("macro_f1", 0.0, (-0.01, 0.01), 0.5))
    assert said.startswith("The ontology may help here, the evidence is thin")
    assert ("so it counts half" in said) == half


def test_a_graph_in_which_nothing_links_trains_a_text_model_and_says_so(
    five, words, table, tmp_path
) -> None:
    five.save(tmp_path / "g.kg")
    with pytest.warns(KGMLWarning, match="no text mentions a concept of the graph"):
        result = train(graph=tmp_path / "g.kg", data=table(rows_of(words)), output=tmp_path / "m")
    assert (result["coverage"], result["knowledge"]["helps"]) == (0, None)
    assert result["knowledge"]["sentence"].startswith("Knowledge had no part")
    assert result["metrics"] == result["baselines"]["text_tfidf"]
    assert len(predict(tmp_path / "m", words.texts[:2])) == 2


def test_test_labels_never_seen_are_wrong_and_named_in_a_warning(words, table, tmp_path) -> None:
    rows = [*rows_of(words), ("A rare thing.", "other", "test")]
    with pytest.warns(KGMLWarning, match=r"count as wrong: 'other' \(1\)"):
        result = train(graph=FIN, data=table(rows), output=tmp_path / "m")
    assert result["rows"]["test"] == 11
    assert result["metrics"]["accuracy"] < 1


# Where graph and table come from


def test_the_graph_is_an_artifact_a_file_or_the_shipped_one(
    five, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_graph(None)[0] == str(FIN)
    five.save(tmp_path / "g.kg")
    source, loaded = find_graph(tmp_path / "g.kg")
    assert (source, loaded.fingerprint) == (str(tmp_path / "g.kg"), five.fingerprint)
    assert len(find_graph(folder() / "bio.ttl")[1]) > 300


def test_a_graph_without_examples_asks_for_data(five, tmp_path: Path) -> None:
    five.save(tmp_path / "g.kg")
    with pytest.raises(InputError, match=r"no example texts belong to this graph.*--data FILE"):
        train(graph=tmp_path / "g.kg", output=tmp_path / "m")


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([("a", "x", "train"), ("b", "x", "train"), ("c", "y", "test")], CorpusError, "one class"),
        ([("a", "x", "train"), ("b", "y", "train"), ("c", "y", "test")], CorpusError, "single tra"),
        ([("a", "x", "train"), ("", "y", "train"), ("c", "y", "test")], CorpusError, "in row 2"),
    ],
)
def test_a_table_that_cannot_be_used_leaves_the_earlier_model_as_it_was(
    trained: Trained, table: Write, rows, error, message: str
) -> None:
    before = (trained.path / "manifest.json").read_bytes()
    with pytest.raises(error, match=message):
        train(graph=FIN, data=table(rows), output=trained.path)
    assert (trained.path / "manifest.json").read_bytes() == before
    assert predict(trained.path, TEXTS)


@pytest.mark.parametrize(
    ("section", "option", "message"),
    [
        ("fusion", {"name": "atention"}, "Did you mean 'attention'"),
        ("encoder", {"node_encoder": "sagee"}, "Did you mean 'sage'"),
        ("train", {"head": "svn"}, "Did you mean 'svm'"),
        ("train", {"folds": 1}, "wanted at least 2"),
    ],
)
def test_an_unknown_option_is_answered_before_any_work(
    tmp_path: Path, monkeypatch, section: str, option: dict[str, Any], message: str
) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match=message):
        train(graph=FIN, data=EXAMPLES, output=tmp_path / "m",
              config=FEW.override(section, **option))  # fmt: skip
    assert not list(tmp_path.iterdir()), "texts were encoded first"


def test_nothing_else_warns(kinds, words, table, tmp_path: Path) -> None:
    kinds.save(tmp_path / "g.kg")
    with warnings.catch_warnings():
        warnings.simplefilter("error", KGMLWarning)
        train(graph=tmp_path / "g.kg", data=table(rows_of(words)), output=tmp_path / "m",
              config=Config().override("train", folds=2))  # fmt: skip


def test_points_are_read_as_percent() -> None:
    difference = Difference("accuracy", 0.0123, (-0.004, 0.0289), 0.9)
    assert commands._points(difference) == "+1.2 points [-0.4, +2.9]"
