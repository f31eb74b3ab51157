"""The text encoder tuned on a graph: what comes out, what is kept, what is refused."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.artifacts import read_manifest
from kgml.config import AdaptConfig, Config, EncoderConfig
from kgml.encoders.adapt import adapt
from kgml.encoders.text import TextEncoder
from kgml.encoders.tuning import run
from kgml.encoders.tuning.alone import alone
from kgml.encoders.tuning.card import base_licence, plain
from kgml.encoders.tuning.held_out import hold_out, ranks, scores_of
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.progress import KGMLWarning

MakeGraph = Callable[..., KnowledgeGraph]
STEPS = 20


@pytest.fixture(scope="module")
def named(named_obo: Path) -> KnowledgeGraph:
    return load_graph(named_obo)


@pytest.fixture(scope="module")
def config(tiny_encoder: Path) -> Config:
    return Config(
        encoder=EncoderConfig(str(tiny_encoder)),
        adapt=AdaptConfig(steps=STEPS, batch_size=16, learning_rate=0.01),
    )


@pytest.fixture(scope="module")
def adapted(
    named: KnowledgeGraph, config: Config, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """A folder, and what was returned."""
    folder = tmp_path_factory.mktemp("adapted") / "enc"
    return folder, adapt(named, folder, config=config, command="kgml adapt")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_held_out_names_find_their_label_more_often(adapted) -> None:
    _, result = adapted
    valid = result["held_out"]["valid"]
    assert valid["after"]["mrr"] > valid["before"]["mrr"]
    assert result["steps"]["planned"] == STEPS
    assert 0 < result["steps"]["best"] <= result["steps"]["done"] <= STEPS
    assert result["pairs"]["parent"] == {"pairs": 45, "weight": 0.3}


def test_the_folder_is_a_sentence_transformers_model_and_a_kgml_encoder(adapted) -> None:
    from sentence_transformers import SentenceTransformer

    folder, result = adapted
    texts = ["red heart illness", "a bone"]
    ours = TextEncoder(str(folder), cache=False)
    assert ours.fingerprint == result["fingerprint"]
    assert ours.checkpoint.max_length == 32
    loaded = SentenceTransformer(str(folder), device="cpu")
    theirs = loaded.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode(texts), theirs, atol=1e-5)
    assert read_manifest(folder, "encoder").made_from["base"] == result["base"]["fingerprint"]
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in folder.glob("*.*"))
    assert not folder.with_name("enc.unfinished").exists()


def test_embedding_tables_stay_and_layers_move(adapted, tiny_encoder: Path) -> None:
    from safetensors.torch import load_file

    before = load_file(tiny_encoder / "model.safetensors")
    after = load_file(adapted[0] / "model.safetensors")
    assert before.keys() == after.keys()
    same = {name for name in before if before[name].equal(after[name])}
    assert "embeddings.word_embeddings.weight" in same
    assert not any("attention.self.query" in name for name in same)


def test_the_card_names_base_graph_and_scores(adapted, named: KnowledgeGraph) -> None:
    folder, result = adapted
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert result["base"]["weights"]["model.safetensors"] in card
    assert named.fingerprint in card
    assert "| name and definition | 116 | 1.0 |" in card
    test = result["held_out"]["test"]
    assert f"| test | 5 | {test['before']['mrr']:.3f} | {test['after']['mrr']:.3f} |" in card
    assert str(folder.parent) not in card


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    adapted, named, config, tmp_path
) -> None:
    again = adapt(named, tmp_path / "enc", config=config, command="kgml adapt")
    assert contents(tmp_path / "enc") == contents(adapted[0])
    assert again["held_out"] == adapted[1]["held_out"]
    other = replace(config, seed=1)
    adapt(named, tmp_path / "enc", config=other, command="kgml adapt")  # replaces an encoder
    assert contents(tmp_path / "enc") != contents(adapted[0])


@pytest.mark.parametrize("stop", [4, 17])
def test_a_run_stopped_at_any_step_ends_with_the_bytes_of_one_that_was_not(
    adapted, named, config, tmp_path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    def stopping(items: Iterable[int], *_: object, **more: object) -> Iterator[int]:
        for number in items:
            if number == stop:
                raise KeyboardInterrupt
            yield number

    monkeypatch.setattr(run, "SAVE_SECONDS", 0)
    with monkeypatch.context() as patch:
        patch.setattr(run, "track", stopping)
        with pytest.raises(KeyboardInterrupt):
            adapt(named, tmp_path / "enc", config=config, command="kgml adapt")
    assert not (tmp_path / "enc").exists()
    unfinished = tmp_path / "enc.unfinished"
    state = json.loads((unfinished / "state.json").read_text(encoding="utf-8"))
    assert state["progress"]["step"] == stop - 1
    assert len(list(unfinished.iterdir())) == len(state["files"]) + 1

    adapt(named, tmp_path / "enc", config=config, command="kgml adapt")
    assert contents(tmp_path / "enc") == contents(adapted[0])
    assert not unfinished.exists()


@pytest.fixture
def stopped(named, config, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that was stopped after its third step."""

    def stopping(items: Iterable[int], *_: object, **more: object) -> Iterator[int]:
        yield from list(items)[:3]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "SAVE_SECONDS", 0)
        patch.setattr(run, "track", stopping)
        with pytest.raises(KeyboardInterrupt):
            adapt(named, tmp_path / "enc", config=config)
    return tmp_path / "enc.unfinished"


def test_an_unfinished_run_with_other_options_is_not_gone_on_with(
    stopped: Path, named, config
) -> None:
    other = replace(config, adapt=replace(config.adapt, batch_size=8))
    with pytest.raises(UsageError, match=r"other options \(batch_size 16, now 8\).*remove"):
        adapt(named, stopped.with_name("enc"), config=other)


def test_a_damaged_unfinished_run_is_refused_and_left_there(stopped: Path, named, config) -> None:
    weights = stopped / "state-3.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"state-3\.safetensors: damaged \(changed .*begin ag"):
        adapt(named, stopped.with_name("enc"), config=config)
    (stopped / "state.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"state\.json: damaged"):
        adapt(named, stopped.with_name("enc"), config=config)
    assert weights.exists()


def test_nothing_is_written_where_nothing_gets_better(named, config, tmp_path) -> None:
    still = replace(config, adapt=replace(config.adapt, learning_rate=1e-9))
    with pytest.raises(InputError, match=r"nothing was written: .*MRR (0\.\d+) at the start, \1"):
        adapt(named, tmp_path / "enc", config=still)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_whose_vectors_are_no_numbers_is_refused(
    named, config, tiny_encoder: Path, tmp_path
) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_encoder, tmp_path / "bad")
    weights = load_file(tmp_path / "bad" / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][0] = float("nan")
    save_file(weights, tmp_path / "bad" / "model.safetensors", metadata={"format": "pt"})
    bad = replace(config, encoder=EncoderConfig(str(tmp_path / "bad")))
    with pytest.raises(InputError, match=r"NaN or infinity.*another --encoder"):
        adapt(named, tmp_path / "enc", config=bad)


def test_minutes_choose_the_steps_once_and_the_rest_is_the_run_with_that_many(
    named, config, tmp_path
) -> None:
    timed = replace(config, adapt=replace(config.adapt, steps=None))
    first = adapt(named, tmp_path / "a", config=timed, minutes=0.001)
    assert first["steps"]["planned"] == 10
    fixed = replace(config, adapt=replace(config.adapt, steps=10))
    adapt(named, tmp_path / "b", config=fixed)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert a.pop("manifest.json") != b.pop("manifest.json")
    assert a == b


def test_general_texts_move_less_when_they_are_held(named, config, tmp_path) -> None:
    texts = ["an organ is amber", "a liver, a lung and a bone", "grey is a colour of skin"]
    cosines = []
    for weight in (0.0, 20.0):
        held = replace(config, adapt=replace(config.adapt, general_weight=weight))
        result = adapt(named, tmp_path / "enc", texts=texts, config=held)
        assert result["general"]["source"] == "given"
        cosines.append(result["general"]["cosine"])
    assert cosines[0] < cosines[1] <= 1


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ([], "the graph has no entities; wanted one with labels and synonyms"),
        (["fever"], "the graph has one entity"),
        (["fever", "cough"], "the graph has no synonyms that name one labelled entity only"),
        (['fever\nsynonym: "pyrexia" EXACT []', "cough"], "1 synonyms .*2 entities; .*at least 20"),
    ],
)
def test_a_graph_without_enough_names_is_refused(
    make_graph: MakeGraph, config, tmp_path, terms: list[str], words: str
) -> None:
    graph = make_graph(terms) if terms else KnowledgeGraph.empty()
    with pytest.raises(InputError, match=words):
        adapt(graph, tmp_path / "enc", config=config)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_without_definitions_is_tuned_with_a_warning(
    make_graph: MakeGraph, config, tmp_path
) -> None:
    terms = [
        f'{c} bone disease\nsynonym: "{c} bone illness" EXACT []' for c in "abcdefghijklmnopqrst"
    ]
    with pytest.warns(KGMLWarning, match="no general texts"):
        result = adapt(make_graph(terms), tmp_path / "enc", config=config)
    assert (result["general"]["texts"], result["general"]["cosine"]) == (0, None)
    assert result["pairs"]["parent"]["pairs"] == 0


def test_something_else_at_the_output_is_left_alone(named, config, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="not a kgml encoder"):
        adapt(named, tmp_path, config=config)


def _hold(output: Path, held: Any) -> None:
    with alone(output):
        held.set()
        time.sleep(100)


def test_a_second_process_is_refused_until_the_first_has_ended_however_it_ends(
    named, config, tmp_path
) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "enc", held))
    other.start()
    try:
        assert held.wait(60)
        with pytest.raises(
            ArtifactError, match=r"enc: another process is writing it .*\.enc\.lock"
        ):
            adapt(named, tmp_path / "enc", config=config)
    finally:
        other.kill()
        other.join()
    assert [file.name for file in tmp_path.iterdir()] == [".enc.lock"]
    adapt(named, tmp_path / "enc", config=config)
    assert [file.name for file in tmp_path.iterdir()] == ["enc"]


def test_held_out_names_are_of_one_entity_and_their_labels_are_among_the_labels(named) -> None:
    held = hold_out(named, 0)
    assert (len(held.valid.texts), len(held.test.texts), len(held.labels)) == (5, 5, 46)
    for part in (held.valid, held.test):
        for text, row in zip(part.texts, part.gold.tolist(), strict=True):
            assert held.labels[row].rsplit(" ", 1)[0] == text.rsplit(" ", 1)[0]
    assert set(held.valid.texts).isdisjoint(held.test.texts)


def test_equal_cosines_share_their_mean_place() -> None:
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    labels = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    places = ranks(queries, labels, np.array([0, 3]))
    assert places.tolist() == [1.5, 2]
    assert scores_of(places) == {"mrr": round((1 / 1.5 + 1 / 2) / 2, 6), "hits1": 0}


def test_labels_in_the_card_are_text_and_nothing_else(tmp_path: Path) -> None:
    shown = plain("<script>|\n[x](http://e.org) `a` \u202e\x1b " + "y" * 200)
    assert not set(shown) & set("<>|[]()`\n\x1b\u202e\\*_/:")
    assert "\ufffd" in shown
    (tmp_path / "README.md").write_text(
        "---\nlicense: [mit](http://e.org)\n---\n", encoding="utf-8"
    )
    assert base_licence(tmp_path) is None
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n", encoding="utf-8")
    assert base_licence(tmp_path) == "apache-2.0"
