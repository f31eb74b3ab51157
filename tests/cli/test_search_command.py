"""``kgml search``: what it prints, filters, keeps and refuses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.kg.graph import KnowledgeGraph

Run = Callable[..., subprocess.CompletedProcess[str]]
TERMS = """\
format-version: 1.2
ontology: x

[Term]
id: X:1
name: Myocardial infarction
def: "Death of cardiac muscle." []
synonym: "heart attack" EXACT []
is_a: X:2

[Term]
id: X:2
name: Heart disease

[Term]
id: Y:1
name: Heart rate
def: "{}." []
"""


@pytest.fixture
def graph(kgml: Run, tmp_path: Path) -> Path:
    """A graph of its own for each test, so that nothing is kept of it yet."""
    (tmp_path / "x.obo").write_text(TERMS.format(tmp_path.name), encoding="utf-8")
    assert kgml("build-graph", "x.obo", "-o", "x.kg", "--quiet").returncode == 0
    return tmp_path / "x.kg"


def hits(kgml: Run, *arguments: object) -> list[dict]:
    done = kgml("search", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_hit_says_why_it_was_found(kgml: Run, graph: Path) -> None:
    first, second, third = hits(kgml, graph, "Heart attacks")
    assert (first["id"], first["label"]) == ("X:1", "Myocardial infarction")
    assert (first["form"], first["scope"], first["spelled"]) == ("heart attack", "exact", False)
    assert first["words"] == ["heart", "attacks"]
    assert (first["bm25"]["rank"], first["cosine"]["rank"], first["score"]) == (1, 1, 1)
    assert {second["id"], third["id"]} == {"X:2", "Y:1"}
    shown = kgml("search", graph, "HEART ATTACK", "-k", 1)
    assert "exact 'heart attack', spelled so; words heart, attack: " in shown.stdout
    assert "(rank 1); meaning: 1.000 (rank 1)" in shown.stdout


def test_branches_and_vocabularies_are_searched_alone(kgml: Run, graph: Path) -> None:
    assert [hit["id"] for hit in hits(kgml, graph, "heart", "--vocabulary", "y")] == ["Y:1"]
    below = hits(kgml, graph, "heart", "--root", "X:2", "--root", "Y:1", "--vocabulary", "X")
    assert {hit["id"] for hit in below} == {"X:1", "X:2"}


def kept(cache: Path, graph: Path) -> list[Path]:
    """Folders in the cache that belong to a graph."""
    start = KnowledgeGraph.load(graph).fingerprint[:16]
    return sorted(cache.glob(f"search/{start}-*"))


def test_words_alone_keep_no_vectors(kgml: Run, graph: Path, cache: Path) -> None:
    (hit,) = hits(kgml, graph, "muscles", "--method", "bm25")
    assert (hit["id"], hit["cosine"], hit["words"]) == ("X:1", None, ["muscles"])
    assert [folder.name[-7:] for folder in kept(cache, graph)] == ["-words1"]
    assert kgml("search", graph, "nothing", "--method", "bm25").stdout == "nothing found\n"


@pytest.mark.parametrize("index", ["flat", "hnsw", "ivf-sq8"])
def test_any_kind_of_index_is_built_once_and_says_its_recall(
    kgml: Run, graph: Path, index: str
) -> None:
    source = graph.with_name("x.obo")  # with names that no other graph in the cache has
    source.write_text(source.read_text().replace("name: ", f"name: {index} "))
    assert kgml("build-graph", source, "-o", graph, "--quiet").returncode == 0
    first, again = (kgml("search", graph, "cardiac", "--index", index, "--json") for _ in range(2))
    assert first.stderr == f"note: {index} index of 4 names: recall@10 1.000\n"
    assert again.stderr == ""
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert [hit["cosine"]["recall@10"] for hit in json.loads(again.stdout)] == [1.0] * 3


def test_another_release_takes_the_index_that_is_kept(kgml: Run, graph: Path) -> None:
    hits(kgml, graph, "cardiac")
    source = graph.with_name("x.obo")
    text = source.read_text().replace("name: Heart rate", "name: Pulse rate").replace("X:1", "X:3")
    source.write_text(text)
    assert kgml("build-graph", source, "-o", "y.kg", "--quiet").returncode == 0
    done = kgml("search", graph.with_name("y.kg"), "pulse", "--json")
    assert done.stderr == (
        "note: flat index of 4 names, from that of another release: 1 added, 1 removed; "
        "recall@10 1.000\n"
    )
    assert json.loads(done.stdout)[0]["form"] == "Pulse rate"


def test_a_query_without_a_vector_is_one_warning(
    kgml: Run, graph: Path, tiny_encoder: Path
) -> None:
    static = f"static:{tiny_encoder}"
    done = kgml("search", graph, "☃☃", "--encoder", static, "--method", "dense")
    assert done.stdout == "nothing found\n"
    assert f"warning: {static} has no vector for '☃☃': nothing is found by meaning." in done.stderr
    assert done.stderr.count("warning:") == 1


def test_a_damaged_index_is_built_again_and_said(kgml: Run, graph: Path, cache: Path) -> None:
    wanted = hits(kgml, graph, "cardiac")
    (file,) = (f for folder in kept(cache, graph) for f in folder.glob("vectors.faiss"))
    file.write_bytes(file.read_bytes()[:-9])
    done = kgml("search", graph, "cardiac", "--json")
    assert json.loads(done.stdout) == wanted
    assert done.stderr.startswith(f"warning: {file}: changed since it was saved")
    assert "It is built again." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--method", "bm52"], 2, "no search method named 'bm52'; choose from bm25, dense, hybrid"),
        (["--index", "hsnw"], 2, "no index named 'hsnw'; choose from flat, hnsw, ivf-sq8"),
        (["--precision", "fp16"], 2, "no precision named 'fp16'; choose from bf16, fp32, int8"),
        (["--root", "X:9"], 1, "no entity 'X:9'"),
        (["--vocabulary", "Z"], 1, "no entity of this graph is in a vocabulary 'Z'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    kgml: Run, graph: Path, arguments: list[str], code: int, words: str
) -> None:
    done = kgml("search", graph, "heart", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {words}")
    assert len(done.stderr.splitlines()) == 1


def test_options_may_stand_in_kgml_toml(kgml: Run, graph: Path, tmp_path: Path) -> None:
    (tmp_path / "kgml.toml").write_text('[search]\nmethod = "bm25"\n')
    assert hits(kgml, graph, "heart")[0]["cosine"] is None
    assert hits(kgml, graph, "heart", "--method", "hybrid")[0]["cosine"]
    (tmp_path / "kgml.toml").write_text('[encoder]\nprecision = "bf6"\n')
    assert "Did you mean 'bf16'?" in kgml("search", graph, "heart").stderr
