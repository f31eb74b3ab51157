"""``kgml encode`` as its users meet it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kgml.artifacts import read_manifest
from kgml.config import NodeTrainingConfig
from kgml.encoders.making import make_node_encoder
from kgml.encoders.node import entity_sentences
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import load_encoder, load_vectors
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
    assert load_encoder(links / "v").encoder.relation_.shape == (4, 16)
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
        (
            ("x.kg", "--node-encoder", "rotate", "--encoder", "static"),
            2,
            "--encoder is for compgcn, gat, gcn, hgt, propagate, rgcn, sage or text; 'rotate' takes",
        ),
        ((*SETS, "--node-encoder", "complex", "--precision", "bf16"), 2, "--precision is for comp"),
        ((*SETS, "--node-encoder", "complex", "--device", "cpu"), 2, "'complex' takes none. Leave"),
        (("x.kg", "--precision", "bf17"), 2, "no precision named 'bf17'; "),
        (("x.kg", "--device", "gpu"), 2, "no device named 'gpu'; "),
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


def test_how_the_texts_are_encoded_is_asked_for_as_elsewhere_and_written_down(
    kgml_in: Run, graph: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    how = ["--precision", "bf16", "--long-texts", "chunks", "--device", "cpu"]
    done = kgml_in(tmp_path, "encode", "x.kg", "--encoder", tiny_encoder, *how, "-o", "v")
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(tmp_path / "v", "vectors")
    text = TextEncoder(str(tiny_encoder), precision="bf16", long_texts="chunks")
    assert manifest.made_from["encoder"] == text.fingerprint
    assert manifest.config["encoder"]["device"] == "cpu"
    assert "or static" in " ".join(kgml_in(tmp_path, "encode", "--help").stdout.split())


def test_how_an_encoder_is_trained_may_stand_in_the_configuration_and_flags_win(
    kgml_in: Run, links: Path
) -> None:
    (links / "kgml.toml").write_text(
        '[encoder]\nnode_encoder = "complex"\n[node_training]\ndimension = 16\nepochs = 7\n'
        "learning_rate = 0.02\nbatch = 5\npatience = 2\ncheck_every = 1\nregularization = 0.125\n",
        encoding="utf-8",
    )
    done = kgml_in(links, "encode", *SETS, "--epochs", 2, "-o", "v", "--json")
    assert done.returncode == 0, done.stderr
    training = json.loads(done.stdout)["training"]
    assert training == {
        "dimension": 16, "epochs": 2, "learning_rate": 0.02, "batch": 5, "patience": 2,
        "check_every": 1, "regularization": 0.125, "dropout": 0.1, "scale": 1.0,
    }  # fmt: skip
    config = read_manifest(links / "v", "vectors").config["node_training"]
    assert (config["epochs"], config["batch"], config["dropout"]) == (2, 5, None)


def test_an_option_of_training_that_an_encoder_does_not_have_is_refused_by_its_name(
    kgml_in: Run, graph: Path, tmp_path: Path
) -> None:
    (tmp_path / "kgml.toml").write_text("[node_training]\nregularization = 0.1\n", encoding="utf-8")
    for name in ("sage", "text"):
        done = kgml_in(tmp_path, "encode", "x.kg", "--node-encoder", name)
        assert done.returncode == 2, done.stderr
        assert (
            "[node_training] regularization is for complex, distmult, rotate or transe; "
            f"'{name}' takes none. Leave it out." in done.stderr
        )


@pytest.fixture(scope="module")
def hidden(
    kgml_in: Run, named_obo: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """``part.kg`` without a tenth of the concepts of ``whole.kg``; ``v`` and ``r``, GraphSAGE's and
    RotatE's vectors of it."""
    folder = tmp_path_factory.mktemp("hidden")
    head, *terms = named_obo.read_text(encoding="utf-8").split("[Term]")
    gone = ("X:203", "X:216", "X:230", "X:247")
    part = [term for term in terms if term.split()[1] not in gone]
    assert len(part) == len(terms) - len(gone)
    for name, chosen in (("part", part), ("whole", terms)):
        (folder / f"{name}.obo").write_text("[Term]".join([head, *chosen]), encoding="utf-8")
        load_graph(folder / f"{name}.obo").save(folder / f"{name}.kg")
    common = ["encode", "part.kg", "--epochs", 6, "--dimension", 16]
    for name, options in (
        ("v", ["--node-encoder", "sage", "--encoder", tiny_encoder]),
        ("r", ["--node-encoder", "rotate"]),
    ):
        done = kgml_in(folder, *common, *options, "-o", name)
        assert done.returncode == 0, done.stderr
    return folder


def test_concepts_hidden_from_training_get_vectors_by_the_encoder_that_was_saved(
    kgml_in: Run, hidden: Path, tiny_encoder: Path
) -> None:
    done = kgml_in(hidden, "encode", "whole.kg", "--from", "v", "-o", "w", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["zero"] == 0
    part, whole = (KnowledgeGraph.load(hidden / f"{n}.kg") for n in ("part", "whole"))
    text = TextEncoder(str(tiny_encoder))
    made = NodeTrainingConfig(epochs=6, dimension=16)
    encoder = make_node_encoder("sage", training=made)
    encoder.fit(part, text.encode(entity_sentences(part)))
    wanted = encoder.transform(whole, text.encode(entity_sentences(whole)))
    saved = load_vectors(hidden / "w", whole)
    np.testing.assert_array_equal(saved.vectors, wanted)
    new = [i for i, name in enumerate(whole.ids) if name not in set(part.ids)]
    assert len(new) == 4
    np.testing.assert_allclose(np.linalg.norm(saved.vectors[new], axis=1), 1, atol=1e-5)
    made_from = read_manifest(hidden / "w").made_from
    assert made_from["vectors"] == read_manifest(hidden / "v").fingerprint
    assert made_from["encoder"] == text.fingerprint

    # the encoder goes along: from w as from v
    again = kgml_in(hidden, "encode", "part.obo", "--from", "w", "-o", "x", "--quiet")
    assert again.returncode == 0, again.stderr
    first, last = (load_vectors(hidden / n, part).vectors for n in "vx")
    np.testing.assert_array_equal(first, last)


def test_an_embedding_that_was_saved_knows_old_concepts_and_counts_the_others(
    kgml_in: Run, hidden: Path
) -> None:
    done = kgml_in(hidden, "encode", "whole.kg", "--from", "r", "-o", "s", "--json")
    assert done.returncode == 0, done.stderr
    assert "warning: 4 of 46 entities have no triple in training" in done.stderr
    assert json.loads(done.stdout)["zero"] == 4
    before, after = load_vectors(hidden / "r"), load_vectors(hidden / "s")
    row = {name: i for i, name in enumerate(after.entities)}
    same = after.vectors[[row[name] for name in before.entities]]
    np.testing.assert_array_equal(same, before.vectors)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("whole.kg", "--from", "v", "--node-encoder", "gcn"), 2, "these vectors are of 'sage'"),
        (("whole.kg", "--from", "v", "--epochs", "3"), 2, "--from and --epochs exclude each other"),
        (("whole.kg", "--from", "v", "--checkpoint", "c"), 2, "--from and --checkpoint exclude"),
        ((*SETS, "--from", "v"), 2, "--from and --triples exclude each other"),
        (("whole.kg", "--from", "v", "--encoder", "all-MiniLM-L6-v2"), 1, "another text encoder"),
        (("whole.kg", "--from", "r", "--encoder", "static"), 2, "--encoder is for compgcn, gat"),
        (("whole.kg", "--from", "none"), 1, "none: no such folder"),
        (("whole.kg", "--from", "part.kg"), 1, "is a kgml graph; wanted a vectors"),
    ],
)
def test_what_an_encoder_that_was_saved_cannot_do_is_refused_in_words(
    kgml_in: Run, hidden: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = kgml_in(hidden, "encode", *arguments, "-o", "none.vectors")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (hidden / "none.vectors").exists()
