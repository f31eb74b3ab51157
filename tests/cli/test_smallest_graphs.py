"""Graphs of nothing, of one entity, of no edge: commands that encode answer or refuse in a line."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph

Run = Callable[..., subprocess.CompletedProcess[str]]
TERM = '[Term]\nid: X:{0}\nname: thing {0}\nsynonym: "item {0}" EXACT []\n\n'
SIZES = {"none": 0, "one": 1, "edgeless": 3}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``none.kg``, ``one.kg`` and ``edgeless.kg``."""
    folder = tmp_path_factory.mktemp("smallest")
    for name, size in SIZES.items():
        graph = KnowledgeGraph.empty()
        if size:
            (folder / "x.obo").write_text(
                "format-version: 1.2\nontology: x\n\n" + "".join(map(TERM.format, range(size))),
                encoding="utf-8",
            )
            graph = load_graph(folder / "x.obo")
        graph.save(folder / f"{name}.kg")
    return folder


@pytest.fixture(scope="module")
def static(tiny_encoder: Path) -> str:
    """An encoder that needs no torch once it is distilled."""
    return f"static:{tiny_encoder}"


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("how", [[], ["--method", "dense", "--index", "ivf-sq8"]])
def test_a_search_finds_what_there_is(kgml: Run, graphs: Path, name, how, static) -> None:
    done = kgml("search", graphs / f"{name}.kg", "thing 0", "--encoder", static, "--json", *how)
    assert done.returncode == 0, done.stderr
    found = [hit["id"] for hit in json.loads(done.stdout)]
    assert found[:1] == ["X:0"] * bool(SIZES[name])
    assert len(found) <= SIZES[name]


@pytest.mark.parametrize("name", SIZES)
def test_every_entity_gets_its_row(kgml: Run, graphs: Path, name, static) -> None:
    done = kgml(
        "encode", graphs / f"{name}.kg", "--encoder", static, "-o", "v", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entities"] == SIZES[name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", "the graph has no entities; wanted one with labels and synonyms"),
        ("one", "the graph has one entity; wanted one with labels and synonyms"),
        ("edgeless", "the graph has 3 synonyms that name one labelled entity only, 3 entities"),
    ],
)
def test_there_is_too_little_to_tune_on(kgml: Run, graphs: Path, tmp_path, name, words) -> None:
    done = kgml("adapt", graphs / f"{name}.kg", "-o", "enc")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {words}")
    assert not list(tmp_path.iterdir())


def test_an_encoder_of_no_numbers_is_refused_by_every_command(
    kgml: Run, graphs: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_encoder, tmp_path / "bad")
    weights = load_file(tmp_path / "bad" / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][0] = float("nan")
    save_file(weights, tmp_path / "bad" / "model.safetensors", metadata={"format": "pt"})
    for command in (["search", "{}", "thing"], ["encode", "{}", "-o", "v"]):
        arguments = [word.format(graphs / "edgeless.kg") for word in command]
        done = kgml(*arguments, "--encoder", "bad")
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "vectors hold NaN or infinity" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "v").exists()
