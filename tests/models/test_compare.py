"""A comparison on planted graphs: one that carries the labels, the same permuted, two at once."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.config import Config
from kgml.errors import ArtifactError, UsageError
from kgml.models.compare import fits
from kgml.models.compare import run as module
from kgml.models.compare.question import PLACEBOS, Cell, Question, cells, read_fusions, read_sizes
from kgml.models.compare.run import compare
from kgml.models.compare.store import Folder, Outcome
from kgml.progress import KGMLWarning

HEAD = """\
@prefix : <https://example.org/{space}/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:thing a owl:Class ; rdfs:label "any thing"@en .
"""
SENTENCES = ("They had brought {} from the north.", "The notes mention {} twice.",
             "Nobody knew how much {} there was.", "We paid for {} in the spring.")  # fmt: skip
KINDS = ("metal", "bird")
WORDS = np.random.default_rng(0).permutation(
    ["".join(p) for p in product(("bru", "dok", "glim", "sna", "pel"), ("va", "xo", "mi"), "klrtzn",
                                 ("da", "un"))]
).tolist()[:160]  # fmt: skip
TRAIN = 40
QUICK = Config().override("train", folds=2)


def write_graph(path: Path, kinds: list[str], words: list[str], space: str = "x") -> Path:
    """Each word below one of four kinds, two of each class."""
    lines = [HEAD.format(space=space)]
    for name in KINDS:
        lines.append(f':{name} a owl:Class ; rdfs:label "any {name}"@en ; rdfs:subClassOf :thing .')
        for i in range(2):
            lines.append(f":{name}{i} a owl:Class ; rdfs:subClassOf :{name} ;")
            lines.append(f'  rdfs:label "{name} of sort {i}"@en .')
    for i, (word, kind) in enumerate(zip(words, kinds, strict=True)):
        lines.append(f":w{i} a owl:Class ; rdfs:subClassOf :{kind}{i % 4 // 2} ;")
        lines.append(f'  rdfs:label "{word}"@en .')
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_table(path: Path, labels: list[str], texts: list[str] | None = None) -> Path:
    texts = texts or [SENTENCES[i // 2 % 4].format(word) for i, word in enumerate(WORDS)]
    parts = ["train" if i < TRAIN else "test" for i in range(len(WORDS))]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(
            [("text", "label", "split"), *zip(texts, labels, parts, strict=True)]
        )
    return path


LABELS = [KINDS[i % 2] for i in range(len(WORDS))]


def ask(data: Path, *graphs: Path, **options: Any) -> Question:
    given = {"per_class": ["8", "full"], "seeds": 2, "fusions": ["concat"], "config": QUICK}
    return Question.of(data, graphs, **{**given, **options})


@dataclass(frozen=True)
class Compared:
    results: dict[str, Any]
    path: Path
    question: Question


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    write_table(folder / "t.csv", LABELS)
    write_graph(folder / "g.ttl", LABELS, WORDS)
    return folder


@pytest.fixture(scope="module")
def compared(box: Path) -> Compared:
    """The graph that carries the labels."""
    question = ask(box / "t.csv", box / "g.ttl")
    return Compared(compare(question, box / "out"), box / "out", question)


def of(results: dict[str, Any], per_class: str) -> dict[str, Any]:
    return next(size for size in results["sizes"] if size["per_class"] == per_class)


def files(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


# What is said


def test_a_graph_that_carries_the_labels_helps_and_it_is_the_knowledge(compared: Compared) -> None:
    found = compared.results["answers"]
    assert found["help"]["verdict"] == "yes"
    assert found["knowledge"]["verdict"] == "yes"
    full = of(compared.results, "full")
    assert full["systems"]["concat"]["macro_f1"]["mean"] > 0.95
    for other in ("text", "text_tfidf", *PLACEBOS):
        assert full["systems"][other]["macro_f1"]["mean"] < 0.75
    assert full["systems"]["shipped"]["used"] == 1
    assert found["worth"]["sentence"].startswith("Yes: ")


def test_a_permuted_graph_is_not_said_to_help(box: Path, tmp_path: Path) -> None:
    shuffled = np.random.default_rng(5).permutation(LABELS).tolist()
    graph = write_graph(tmp_path / "g.ttl", shuffled, WORDS)
    found = compare(ask(box / "t.csv", graph, per_class=["full"]), tmp_path / "out")
    assert found["answers"]["help"]["verdict"] in ("no", "unclear", "harms")
    assert of(found, "full")["systems"]["shipped"]["used"] == 0


def test_both_branches_carry_what_they_say(compared: Compared) -> None:
    """Either branch alone tells the two classes apart, in part; the words below are equal."""
    parts = of(compared.results, "full")["without"]
    assert {part["label"] for part in parts} == {"any metal", "any bird"}
    assert [part["documents"] for part in parts] == [20, 20]
    for part in parts:
        assert part["interval"][0] <= part["difference"] <= part["interval"][1]


def test_of_two_ontologies_the_one_that_knows_is_named(box: Path, tmp_path: Path) -> None:
    other = write_graph(tmp_path / "empty.ttl", ["metal"] * 160, SENTENCED, space="y")
    question = ask(box / "t.csv", box / "g.ttl", other, per_class=["full"])
    found = compare(question, tmp_path / "out")
    parts = [p for p in of(found, "full")["without"] if p["kind"] == "ontology"]
    assert [part["id"] for part in parts] == ["g", "empty"]
    assert parts[0]["interval"][0] > 0
    assert abs(parts[1]["difference"]) < 0.05
    assert "the ontology 'g' carries most" in found["answers"]["source"]["sentence"]


SENTENCED = [f"{word} of old" for word in WORDS]
"""Never said in a text: an ontology that links nothing."""


def test_a_graph_in_which_nothing_links_is_compared_and_said_to_give_nothing(
    box: Path, tmp_path: Path
) -> None:
    graph = write_graph(tmp_path / "g.ttl", LABELS, SENTENCED)
    with pytest.warns(KGMLWarning, match="no text mentions a concept of the graph"):
        found = compare(ask(box / "t.csv", graph, per_class=["8"], seeds=1), tmp_path / "out")
    assert (found["coverage"], found["answers"]["help"]["verdict"]) == (0, "no")
    assert "nothing to leave out" in found["answers"]["source"]["sentence"]


# The numbers


def test_every_system_is_scored_on_every_test_row(compared: Compared) -> None:
    results = compared.results
    assert results["rows"] == {"train": TRAIN, "test": 120}
    few, full = results["sizes"]
    assert (few["per_class"], few["rows"], few["draws"]) == ("8", 16, 2)
    assert (full["per_class"], full["rows"], full["draws"]) == ("full", TRAIN, 1)
    wanted = ["text", "text_tfidf", "concat", "shipped", "permuted", "rewired"]
    assert list(full["systems"]) == wanted
    assert len(full["systems"]["permuted"]["macro_f1"]["draws"]) == 2
    for system in ("text", "text_tfidf", "concat", "shipped"):
        calibration = full["systems"][system]["calibration"]
        assert sum(rows for *_, rows in calibration["curve"]) == 120
        assert 0 <= calibration["ece"]["mean"] <= 1
        assert 0 <= calibration["brier"]["mean"] <= 2
    assert {pair["against"] for pair in full["comparisons"]} == {"text_tfidf", *PLACEBOS}
    for pair in full["comparisons"]:
        for test in ("accuracy", "macro_f1", "mcnemar"):
            assert pair[test]["p"] <= pair[test]["p_holm"] <= 1


def test_results_are_written_as_json_csv_and_markdown(compared: Compared) -> None:
    written = json.loads((compared.path / "results.json").read_text(encoding="utf-8"))
    assert written == {k: v for k, v in compared.results.items()
                       if k not in ("path", "seconds", "trained")}  # fmt: skip
    assert compared.results["answers"]["help"]["sentence"] in (
        compared.path / "report.md"
    ).read_text(encoding="utf-8")
    assert (compared.path / "results.csv").read_text(encoding="utf-8").count("\n") > 50
    assert str(compared.path.parent) not in (compared.path / "report.md").read_text("utf-8")


def test_no_test_row_touches_what_is_trained(compared: Compared, box: Path, tmp_path: Path) -> None:
    """Other labels in the test part, and another text in one row: all other rows are as before."""
    labels = LABELS[:TRAIN] + np.random.default_rng(1).permutation(LABELS[TRAIN:]).tolist()
    texts = [SENTENCES[i // 2 % 4].format(word) for i, word in enumerate(WORDS)]
    texts[-1] = "Quite another text, on metal of sort 0, bird of sort 1 and any thing."
    question = ask(write_table(tmp_path / "t.csv", labels, texts), box / "g.ttl")
    found = compare(question, tmp_path / "out")
    assert found["sizes"] != compared.results["sizes"]
    before, after = (Folder(p, {}) for p in (compared.path, tmp_path / "out"))
    plans = before.plan(), after.plan()
    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[0].parts == plans[1].parts
    for cell in cells(question, plans[0].parts):
        a, b = before.read(cell, 120), after.read(cell, 120)
        assert (a.predicted[:-1] == b.predicted[:-1]).all(), cell
        assert (a.confidence[:-1] == b.confidence[:-1]).all(), cell
        assert a.used == b.used


def test_as_shipped_is_the_model_that_train_would_ship(compared: Compared) -> None:
    """With the evidence for it, kgml ships the forced fusion: the same labels on every row."""
    folder = Folder(compared.path, {})
    shipped, forced = (folder.read(Cell("full", 0, s), 120) for s in ("shipped", "concat"))
    assert (shipped.predicted == forced.predicted).all()


# Stopping and going on


def test_the_same_call_again_trains_nothing_and_writes_the_same(compared: Compared) -> None:
    before = files(compared.path)
    again = compare(compared.question, compared.path)
    assert again["trained"] == 0
    assert files(compared.path) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_is_finished_is_kept_and_the_rest_gives_the_same_bytes(
    compared: Compared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    done: list[Cell] = []

    def stops(cell: Cell, *rest: Any) -> Outcome:
        if len(done) >= 7:
            raise error("stop")
        done.append(cell)
        return fits.run_cell(cell, *rest)

    monkeypatch.setattr(module, "run_cell", stops)
    with pytest.raises(error):
        compare(compared.question, tmp_path / "out")
    monkeypatch.undo()
    kept = [cell for cell in done if (tmp_path / "out" / cell.path).exists()]
    assert 7 <= len(kept) < 20
    assert not (tmp_path / "out" / "results.json").exists()
    (tmp_path / "out" / "cells" / ".half.safetensors.1.tmp").write_bytes(b"cut")
    assert compare(compared.question, tmp_path / "out")["trained"] == len(all_of(compared)) - len(
        kept
    )
    assert files(tmp_path / "out") == files(compared.path)


def all_of(compared: Compared) -> list[Cell]:
    plan = Folder(compared.path, {}).plan()
    assert plan is not None
    return list(cells(compared.question, plan.parts))


@pytest.mark.parametrize(
    ("options", "said"),
    [({"seeds": 3}, "seeds: 2, now 3"), ({"per_class": ["8"]}, "per_class: 8 full, now 8"),
     ({"config": Config().override("train", folds=3)}, "train: folds 2, now 3")],
)  # fmt: skip
def test_the_folder_of_another_question_is_refused(
    compared: Compared, options: dict[str, Any], said: str
) -> None:
    before = files(compared.path)
    question = ask(compared.question.data, *compared.question.graphs, **options)
    with pytest.raises(UsageError, match=rf"answers another question \(.*{said}"):
        compare(question, compared.path)
    assert files(compared.path) == before


def test_a_folder_with_something_else_in_it_is_left_alone(
    compared: Compared, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="not a comparison; it is left alone"):
        compare(compared.question, tmp_path)
    assert list(files(tmp_path)) == ["mine.txt"]


def test_a_kill_before_the_first_file_was_whole_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / ".question.json.1.tmp").write_text("{")
    Folder(tmp_path, {"seed": 0}).open()
    assert list(files(tmp_path)) == ["question.json"]


def test_a_changed_plan_and_a_damaged_question_are_named_with_a_step_that_works(
    compared: Compared, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "out"
    shutil.copytree(compared.path, copy)
    plan, question = copy / "plan.json", copy / "question.json"
    plan.write_text(plan.read_text("utf-8").replace("any metal", "any petal"), "utf-8")
    with pytest.raises(ArtifactError, match=r"plan.json: damaged \(changed.*Remove this file"):
        compare(compared.question, copy)
    plan.unlink()
    assert compare(compared.question, copy)["trained"] == 0
    assert files(copy) == files(compared.path)
    question.write_text(question.read_text("utf-8")[:-9], "utf-8")
    with pytest.raises(ArtifactError, match=r"question.json: damaged .*Remove the folder"):
        compare(compared.question, copy)


def test_another_encoder_at_the_same_place_is_another_question(
    box: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    import shutil

    from kgml.kg.load import load_graph

    place = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, place)
    for room, option in (("encoder", "model"), ("linking", "encoder")):
        question = ask(
            box / "t.csv", box / "g.ttl", config=QUICK.override(room, **{option: str(place)})
        )
        before = question.key([load_graph(box / "g.ttl")])
        assert str(place) not in json.dumps(before)
        tokenizer = place / "tokenizer.json"
        tokenizer.write_text(tokenizer.read_text("utf-8") + "\n", "utf-8")
        after = question.key([load_graph(box / "g.ttl")])
        assert [name for name in before if before[name] != after[name]] == [room]


def test_one_graph_by_two_names_is_refused(box: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.ttl").write_bytes((box / "g.ttl").read_bytes())
    with pytest.raises(UsageError, match=r"copy.ttl: the same graph as .*g.ttl; name each graph"):
        compare(ask(box / "t.csv", box / "g.ttl", tmp_path / "copy.ttl"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_changed_cell_is_named(compared: Compared, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "out"
    shutil.copytree(compared.path, copy)
    path = copy / Cell("8", 1, "concat").path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ArtifactError, match=r"8/1/concat.safetensors: damaged \(changed since"):
        compare(compared.question, copy)
    path.unlink()
    assert compare(compared.question, copy)["trained"] == 1
    assert files(copy) == files(compared.path)


# Options


def test_sizes_are_sorted_and_checked() -> None:
    assert read_sizes(["full", "16", "8", "16"]) == ("8", "16", "full")
    for wrong in ("1", "0", "all", "-3", "8.5"):
        with pytest.raises(UsageError, match=f"--per-class {wrong}: wanted numbers of 2 or more"):
            read_sizes([wrong])


def test_all_fusions_are_compared_the_configured_one_first() -> None:
    found = read_fusions([], "gated")
    assert found[0] == "gated"
    assert {"attention", "concat", "gated", "weighted"} <= set(found)
    assert "none" not in found
    assert read_fusions(["attention", "concat", "attention"], "gated") == ("attention", "concat")
    with pytest.raises(UsageError, match="no fusion named 'concta'"):
        read_fusions(["concta"], "concat")
    with pytest.raises(UsageError, match=r"always compared; leave it out"):
        read_fusions(["none"], "concat")


Refused = Callable[[], Question]


@pytest.mark.parametrize(
    ("graphs", "options", "message"),
    [
        ([], {}, "no graph to compare with"),
        (["a.ttl"], {"seeds": 0}, "--seeds 0: wanted at least 1"),
        (
            ["a.ttl"],
            {"config": QUICK.override("train", target="multi")},
            "target = 'multi': a comparison is of texts with one label each",
        ),
    ],
)
def test_calls_that_make_no_sense_are_refused(
    graphs: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ask(Path("t.csv"), *map(Path, graphs), **options)


def test_graphs_of_one_name_are_told_apart() -> None:
    question = ask(Path("t.csv"), Path("a/g.ttl"), Path("b/g.ttl"), Path("hp.kg"))
    assert question.graph_names == ["g (1)", "g (2)", "hp"]


def test_an_attention_fusion_is_rewired_too(box: Path, tmp_path: Path) -> None:
    """Its keys are those of the ancestors that the rewired graph gives."""
    question = ask(box / "t.csv", box / "g.ttl", fusions=["attention"], seeds=1, per_class=["8"])
    found = compare(question, tmp_path / "out")
    assert of(found, "8")["systems"]["rewired"]["used"] == 1


def test_a_trained_node_encoder_is_trained_on_the_rewired_graph(box: Path, tmp_path: Path) -> None:
    config = QUICK.override("encoder", node_encoder="propagate")
    question = ask(box / "t.csv", box / "g.ttl", seeds=1, per_class=["8"], config=config)
    found = compare(question, tmp_path / "out")
    assert of(found, "8")["systems"]["rewired"]["used"] == 1


def test_the_permuted_placebo_moves_concepts_of_test_texts_too(box: Path) -> None:
    """Or a chance agreement of a few training words would be applied to words that kept theirs."""
    from kgml.data.corpus import read_corpus
    from kgml.kg.load import load_graph
    from kgml.models.compare.knowledge import Knowledge

    graph = load_graph(box / "g.ttl")
    question = ask(box / "t.csv", box / "g.ttl", seeds=1)
    knowledge = Knowledge(question, read_corpus(box / "t.csv"), [graph], graph)
    before, after = knowledge.documents, knowledge.permuted(knowledge.documents, 0)
    assert (after.own.data == before.own.data).all()
    stayed = np.asarray((after.own != before.own).sum(axis=1)).ravel() == 0
    assert stayed[TRAIN:].mean() < 0.05
    known, moved = (set(d.own[:TRAIN].indices.tolist()) for d in (before, after))
    assert known == moved


def test_entities_of_two_ontologies_are_permuted_each_within_its_own(
    box: Path, tmp_path: Path
) -> None:
    """Or texts would get concepts of both from words of one."""
    from kgml.data.corpus import read_corpus
    from kgml.kg.load import load_graph
    from kgml.kg.union import union
    from kgml.models.compare.knowledge import Knowledge

    other = write_graph(tmp_path / "y.ttl", LABELS[:80], WORDS[::2], space="y")
    question = ask(box / "t.csv", box / "g.ttl", other, seeds=1)
    graphs = [load_graph(path) for path in question.graphs]
    whole = union(graphs)
    knowledge = Knowledge(question, read_corpus(box / "t.csv"), graphs, whole)
    before, after = knowledge.documents, knowledge.permuted(knowledge.documents, 0)
    of = whole.vocabularies
    assert set(of[before.own.indices].tolist()) == {0, 1}
    for row in range(len(before)):
        one, two = (d.own[row] for d in (before, after))
        assert np.sort(of[one.indices]).tolist() == np.sort(of[two.indices]).tolist()
