"""Vectors on disk: they know their graph and texts, and their encoder goes on with other graphs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgml import registry
from kgml.artifacts import read_manifest, writing
from kgml.config import NodeTrainingConfig
from kgml.encoders.kge.base import KGEEncoder
from kgml.encoders.making import make_node_encoder
from kgml.encoders.node import NodeEncoder
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import load_encoder, load_vectors, origins, save_vectors
from kgml.errors import ArtifactError, UsageError
from kgml.kg.graph import KnowledgeGraph

NAMES = registry.names("node_encoder")
QUICK = {"dimension": 16, "epochs": 4}
MakeGraph = Callable[..., KnowledgeGraph]


def new(name: str, **options: Any) -> NodeEncoder:
    trained = registry.resolve("node_encoder", name).defaults is not None
    training = NodeTrainingConfig(**(QUICK if trained else {}))
    return make_node_encoder(name, training=training, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def more(make_graph: MakeGraph, clusters: KnowledgeGraph) -> KnowledgeGraph:
    """The clusters and four entities more, two of them with a link to an old one."""
    ids = {name: number for number, name in enumerate(clusters.ids)}
    kinds = ["part_of" if "part_of" in r else "is_a" for r in clusters.relations]
    links = [(int(h), kinds[r], int(t)) for h, r, t in clusters.triples.tolist()]
    assert len(ids) == 61
    labels = [*clusters.labels, *(f"new {i}" for i in range(4))]
    return make_graph(labels, [*links, (61, "is_a", 0), (62, "part_of", 7)])


@pytest.fixture(scope="module")
def more_features(cluster_features: np.ndarray) -> np.ndarray:
    return np.concatenate([cluster_features, cluster_features[[3, 14, 25, 36]] + 0.1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_a_saved_encoder_gives_the_bytes_of_the_fitted_one_for_any_graph(
    name: str, tmp_path: Path, clusters, cluster_features, more, more_features
) -> None:
    encoder = new(name, seed=3)
    vectors = encoder.encode(clusters, cluster_features)
    save_vectors(tmp_path / "v", vectors, clusters.ids, name, encoder)
    state = torch.random.get_rng_state()
    trained = load_encoder(tmp_path / "v")
    assert torch.equal(state, torch.random.get_rng_state())
    assert (trained.name, type(trained.encoder)) == (name, type(encoder))
    for graph, features in ((clusters, cluster_features), (more, more_features)):
        again = trained.encoder.transform(graph, features)
        assert again.tobytes() == encoder.transform(graph, features).tobytes()
    assert again[:61].any()
    assert again[61:].any() == trained.encoder.inductive

    save_vectors(tmp_path / "w", vectors, clusters.ids, name, trained.encoder)
    assert contents(tmp_path / "v") == contents(tmp_path / "w")
    assert {Path(file).suffix for file in contents(tmp_path / "v")} == {".json", ".safetensors"}


@pytest.mark.parametrize(
    "name", [n for n in NAMES if issubclass(registry.resolve("node_encoder", n), KGEEncoder)]
)
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_a_saved_embedding_ranks_as_the_fitted_one_does(
    name: str, tmp_path: Path, clusters, cluster_features
) -> None:
    encoder = new(name)
    vectors = encoder.encode(clusters, cluster_features)
    save_vectors(tmp_path / "v", vectors, clusters.ids, name, encoder)
    trained = load_encoder(tmp_path / "v").encoder
    ranks = [e.ranks(clusters.triples, clusters.triples) for e in (encoder, trained)]
    np.testing.assert_array_equal(*ranks)
    assert trained.relation_names_ == [str(r) for r in clusters.relations]


def test_only_encoders_that_read_texts_are_said_to_be_made_from_them(
    clusters, encoder: TextEncoder
) -> None:
    told = {name: origins(clusters, new(name), encoder) for name in ("text", "sage", "rotate")}
    graph = {"graph": clusters.fingerprint}
    assert told["rotate"] == graph
    assert told["text"] == told["sage"] == graph | {"encoder": encoder.fingerprint}


def test_texts_of_another_encoder_are_refused_unless_they_do_not_count(
    tmp_path: Path, clusters, cluster_features, encoder: TextEncoder
) -> None:
    for name in ("text", "rotate"):
        node = new(name)
        vectors = np.zeros((61, 2), dtype=np.float32)
        if name == "rotate":
            node.fit(clusters, cluster_features)
        save_vectors(tmp_path / name, vectors, clusters.ids, name, node,
                     made_from={"encoder": "0" * 64})  # fmt: skip
    load_encoder(tmp_path / "rotate").check_text(encoder)
    trained = load_encoder(tmp_path / "text")
    with pytest.raises(
        ArtifactError, match=r"another text encoder than 'all-MiniLM.*000000000000…"
    ):
        trained.check_text(encoder)
    own = replace(trained.manifest, made_from={"encoder": encoder.fingerprint})
    replace(trained, manifest=own).check_text(encoder)


def test_vectors_of_another_graph_or_of_none_are_refused(
    tmp_path: Path, clusters, cluster_features, more
) -> None:
    made_from = {"a": {"graph": clusters.fingerprint}, "b": {"triples": "0" * 64}}
    for folder, origin in made_from.items():
        save_vectors(tmp_path / folder, cluster_features, clusters.ids, "text", new("text"),
                     made_from=origin)  # fmt: skip
    found = load_vectors(tmp_path / "a", clusters)
    assert found.vectors.tobytes() == cluster_features.tobytes()
    assert (found.entities, found.node_encoder, found.objective) == (
        list(clusters.ids), "text", None,
    )  # fmt: skip
    with pytest.raises(ArtifactError, match=r"made from another graph \(sha256 .*Run kgml encode"):
        load_vectors(tmp_path / "a", more)
    with pytest.raises(ArtifactError, match=r"made from no graph \(wanted sha256 \w{12}…\)"):
        load_vectors(tmp_path / "b", clusters)


def rewritten(folder: Path, to: Path, **changed: Any) -> Path:
    """A copy, its manifest in order, with other values in ``encoder.json``."""
    manifest = read_manifest(folder)
    with writing(to, "vectors", made_from=manifest.made_from) as inner:
        shutil.copytree(folder, inner, dirs_exist_ok=True)
        (inner / "manifest.json").unlink()
        table = json.loads((inner / "encoder.json").read_text(encoding="utf-8")) | changed
        (inner / "encoder.json").write_text(json.dumps(table), encoding="utf-8")
    return to


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"options": {}}, ArtifactError, "damaged"),
        ({"options": None}, ArtifactError, "damaged"),
        ({"learned": {}}, ArtifactError, "damaged"),
        ({"node_encoder": "gcn"}, ArtifactError, "damaged"),
        ({"node_encoder": "text"}, ArtifactError, "damaged"),
        ({"node_encoder": "stranger"}, UsageError, "no node encoder named 'stranger'"),
    ],
    ids=str,
)
def test_an_encoder_that_makes_no_sense_is_refused(
    tmp_path: Path, clusters, cluster_features, changed: Any, error: Any, message: str
) -> None:
    encoder = new("sage")
    vectors = encoder.encode(clusters, cluster_features)
    save_vectors(tmp_path / "v", vectors, clusters.ids, "sage", encoder)
    with pytest.raises(error, match=message):
        load_encoder(rewritten(tmp_path / "v", tmp_path / "w", **changed))
