"""``kgml encode`` as its users meet it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.encoders.vectors import load_vectors
from kgml.errors import ArtifactError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph

Run = Callable[..., subprocess.CompletedProcess[str]]
SETS = ("--triples", "train.tsv", "--valid", "valid.tsv", "--test", "test.tsv")


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A circle of twelve: next, and its inverse; three of these are to be found."""
    rows = [f"e{i:02}\tnext\te{(i + 1) % 12:02}" for i in range(12)]
    back = [f"e{(i + 1) % 12:02}\tback\te{i:02}" for i in range(12)]
    for name, lines in (("train", rows + back[3:]), ("valid", back[:1]), ("test", back[1:3])):
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Three linked terms, saved."""
    file = tmp_path / "x.obo"
    file.write_text(
        "format-version: 1.2\n\n[Term]\nid: X:1\nname: a\n\n[Term]\nid: X:2\nname: b\n"
        "is_a: X:1\n\n[Term]\nid: X:3\nname: c\nis_a: X:1\n",
        encoding="utf-8",
    )
    load_graph(file).save(tmp_path / "x.kg")
    return tmp_path / "x.kg"


def test_a_set_of_triples_gives_one_json_document(kgml_in: Run, links: Path) -> None:
    done = kgml_in(
        links, "encode", *SETS, "--node-encoder", "complex", "--epochs", 40, "--dimension", 16,
        "-o", "v", "--checkpoint", "state", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert 0 < result["mrr"] <= 1
    assert set(result["hits"]) == {"1", "3", "10"} == set(result["interval"]["hits"])
    low, high = result["interval"]["mrr"]
    assert low <= result["mrr"] <= high
    assert result["triples"]["test"] == 2
    assert result["leakage"] == {"duplicate": 0, "inverse": 2, "seen": 0, "removed": 0}
    saved = load_vectors(links / "v")
    assert saved.vectors.shape == (12, 16)
    assert saved.entities[0] == "e00"
    assert saved.tables["relation"].shape == (4, 16)
    again = kgml_in(
        links, "encode", *SETS, "--node-encoder", "complex", "--epochs", 40, "--dimension", 16,
        "-o", "w", "--json", "--quiet",
    )  # fmt: skip
    assert again.stderr == ""
    assert json.loads(again.stdout)["mrr"] == result["mrr"]
    one, other = (links / n / "vectors.safetensors" for n in "vw")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*SETS, "--node-encoder", "sage"), 2, "use complex, distmult, rotate or transe"),
        (SETS, 2, "'text' learns from texts"),
        (SETS[:2], 2, "--valid and --test missing: give --triples, --valid, --test together"),
        ((), 2, "nothing to encode: give GRAPH, or --triples"),
        (("x.kg", *SETS), 2, "GRAPH and --triples exclude each other"),
        (("x.kg", "--remove-leakage"), 2, "GRAPH and --remove-leakage exclude each other"),
        (("x.kg", "--epochs", "3"), 2, "--epochs is for compgcn, complex, distmult, gat, gcn"),
        (("x.kg", "--checkpoint", "c"), 2, "--checkpoint is for compgcn, complex"),
        (
            ("x.kg", "--node-encoder", "complex", "--objective", "infomax"),
            2,
            "--objective is for compgcn, gat, gcn, hgt, rgcn or sage; 'complex' takes none",
        ),
        (("x.kg", "--node-encoder", "sage", "--objective", "contrst"), 2, "mean 'contrast'?"),
        (("x.kg", "--node-encoder", "complx"), 2, "Did you mean 'complex'?"),
        (("none.kg", "--node-encoder", "complex"), 1, "none.kg: no such folder"),
        ((*SETS[:5], "x", "--node-encoder", "complex"), 1, "x: no such file"),
        ((*SETS, "--node-encoder", "complex", "--dimension", "3"), 1, "wanted an even number"),
        ((*SETS, "--node-encoder", "complex", "-o", "."), 1, "already holds something"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    kgml_in: Run, links: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = kgml_in(links, "encode", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_network_is_trained_by_the_objective_asked_for_and_resumed(
    kgml_in: Run, graph: Path, tmp_path: Path
) -> None:
    command = [
        "encode", "x.kg", "--node-encoder", "sage", "--objective", "contrast", "--epochs", 4,
        "--dimension", 8, "--checkpoint", "state", "--json", "--quiet",
    ]  # fmt: skip
    first, again = (kgml_in(tmp_path, *command, "-o", name) for name in "vw")
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    result = json.loads(first.stdout)
    assert (result["objective"], result["dimension"], result["zero"]) == ("contrast", 8, 0)
    assert len(result["history"]) == 4
    one, other = (tmp_path / n / "vectors.safetensors" for n in "vw")
    assert one.read_bytes() == other.read_bytes()
    refused = kgml_in(tmp_path, *command, "--seed", 7)
    assert refused.returncode == 1
    assert "a checkpoint of other triples, options or another seed" in refused.stderr


def test_a_network_may_be_described_in_the_configuration(
    kgml_in: Run, graph: Path, tmp_path: Path
) -> None:
    (tmp_path / "kgml.toml").write_text(
        '[encoder]\nnode_encoder = "gcn"\nobjective = "infomax"\n', encoding="utf-8"
    )
    done = kgml_in(tmp_path, "encode", "x.kg", "--epochs", 2)
    assert done.returncode == 0, done.stderr
    assert "infomax" in done.stdout


def test_a_graph_gives_a_folder_that_knows_its_graph(
    kgml_in: Run, graph: Path, tmp_path: Path
) -> None:
    done = kgml_in(
        tmp_path, "encode", "x.kg", "--node-encoder", "transe", "--epochs", 3, "--dimension", 8,
        "--json", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["entities"], result["dimension"], result["zero"]) == (3, 8, 0)
    assert result["path"] == "artifacts/x-transe.vectors"
    loaded = KnowledgeGraph.load(graph)
    assert load_vectors(tmp_path / result["path"], loaded).entities == list(loaded.ids)
    (tmp_path / "y.obo").write_text("[Term]\nid: Y:1\nname: y\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match="made from another graph"):
        load_vectors(tmp_path / result["path"], load_graph(tmp_path / "y.obo"))
