"""What every graph neural encoder owes, under every objective: learning, repeating, resuming."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgml import registry
from kgml.encoders.gnn.base import MAX_RELATIONS, GNNEncoder
from kgml.encoders.gnn.objective import Objective
from kgml.encoders.gnn.training import Training, some_links
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

NAMES = [
    n for n in registry.names("node_encoder") if registry.resolve("node_encoder", n).has_objective
]
OBJECTIVES = registry.names("objective")
QUICK = Training(dimension=16, epochs=8, check_every=2, full_batch=1_000_000)
SAMPLED = replace(QUICK, full_batch=1, batch=16, steps=3, fan_out=(4, 3))
MakeGraph = Callable[..., KnowledgeGraph]


def new(name: str, **options: Any) -> GNNEncoder:
    made: GNNEncoder = registry.resolve("node_encoder", name)(**options)
    return made


def test_there_are_six_and_three_objectives() -> None:
    assert NAMES == ["compgcn", "gat", "gcn", "hgt", "rgcn", "sage"]
    assert OBJECTIVES == ("contrast", "infomax", "link-prediction")


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", NAMES)
def test_training_learns_to_tell_true_links_from_false_ones(
    name, objective, clusters, cluster_features
) -> None:
    encoder = new(name, objective=objective).fit(clusters, cluster_features)
    assert encoder.valid_auc_ is not None
    assert encoder.valid_auc_ > 0.7
    losses = [row["loss"] for row in encoder.history_]
    assert min(losses[1:]) < losses[0]
    checked = [row["valid_auc"] for row in encoder.history_ if row["valid_auc"] is not None]
    assert encoder.valid_auc_ == max(checked)


@pytest.mark.parametrize("training", [QUICK, SAMPLED], ids=["full", "sampled"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_same_seed_gives_the_same_bytes_and_another_others(
    objective, training, clusters, cluster_features
) -> None:
    state = torch.random.get_rng_state()
    first, again, other = (
        new("sage", seed=seed, objective=objective, training=training).encode(
            clusters, cluster_features
        )
        for seed in (0, 0, 1)
    )
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("name", NAMES)
def test_two_threads_give_the_same_numbers_each_time(name, make_graph) -> None:
    rng = np.random.default_rng(0)
    size = 2000
    links = [(i, "is_a", int(rng.integers(i))) for i in range(1, size)]
    graph = make_graph([f"term {i}" for i in range(size)], links)
    features = rng.normal(size=(size, 64)).astype(np.float32)
    training = Training(epochs=2)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        first, second = (
            new(name, training=training).encode(graph, features) for _ in range(2)
        )  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(first, second)


def read_epoch(folder: Path) -> int:
    epoch: int = json.loads((folder / "state.json").read_text(encoding="utf-8"))["epoch"]
    return epoch


def resume(
    name: str, objective: str, training: Training, folder: Path, monkeypatch: Any, *data: Any
) -> tuple[GNNEncoder, GNNEncoder]:
    """A run that nothing stopped, and one that was stopped in epoch 6 and taken up again."""
    options: dict[str, Any] = {"objective": objective, "training": training}
    uncut = new(name, **options).fit(*data)
    monkeypatch.setattr("kgml.encoders.resume.SAVE_SECONDS", 0.0)
    made = registry.resolve("objective", objective)
    loss = made.loss

    def interrupted(self: Objective, *arguments: Any) -> torch.Tensor:
        if (folder / "state.json").exists() and read_epoch(folder) == 5:
            raise KeyboardInterrupt
        found: torch.Tensor = loss(self, *arguments)
        return found

    monkeypatch.setattr(made, "loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        new(name, checkpoint=folder, **options).fit(*data)
    monkeypatch.setattr(made, "loss", loss)
    assert read_epoch(folder) == 5
    return uncut, new(name, checkpoint=folder, **options).fit(*data)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_was_cut_ends_with_the_bytes_of_one_that_was_not(
    name, tmp_path, monkeypatch, clusters, cluster_features
) -> None:
    uncut, resumed = resume(
        name, "link-prediction", QUICK, tmp_path / "s", monkeypatch, clusters, cluster_features
    )
    vectors = [e.transform(clusters, cluster_features).tobytes() for e in (uncut, resumed)]
    assert vectors[0] == vectors[1]
    assert uncut.history_ == resumed.history_
    assert uncut.valid_auc_ == resumed.valid_auc_


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_so_does_a_sampled_one_whatever_it_is_trained_for(
    objective, tmp_path, monkeypatch, clusters, cluster_features
) -> None:
    uncut, resumed = resume(
        "sage", objective, SAMPLED, tmp_path / "s", monkeypatch, clusters, cluster_features
    )
    vectors = [e.transform(clusters, cluster_features).tobytes() for e in (uncut, resumed)]
    assert vectors[0] == vectors[1]


@pytest.mark.parametrize("change", ["seed", "option", "objective", "texts", "graph"])
def test_a_checkpoint_of_another_run_is_refused(
    change, tmp_path, clusters, cluster_features, make_graph
) -> None:
    kept: dict[str, Any] = {"checkpoint": tmp_path / "s"}
    new("sage", training=QUICK, **kept).fit(clusters, cluster_features)
    other = new(
        "sage", seed=int(change == "seed"),
        objective="infomax" if change == "objective" else "link-prediction",
        training=replace(QUICK, patience=9) if change == "option" else QUICK, **kept,
    )  # fmt: skip
    graph = make_graph(clusters.labels, [(1, "is_a", 0)]) if change == "graph" else clusters
    features = -cluster_features if change == "texts" else cluster_features
    with pytest.raises(ArtifactError, match="a checkpoint of other triples, options or another"):
        other.fit(graph, features)


def test_so_it_is_where_the_graph_has_no_links_to_train_on(
    tmp_path, clusters, cluster_features, make_graph
) -> None:
    kept: dict[str, Any] = {"training": QUICK, "checkpoint": tmp_path / "s"}
    new("sage", **kept).fit(clusters, cluster_features)
    before = (tmp_path / "s" / "manifest.json").read_bytes()
    with pytest.raises(ArtifactError, match="a checkpoint of other triples, options or another"):
        new("sage", **kept).fit(make_graph(["a", "b"]), cluster_features[:2])
    assert (tmp_path / "s" / "manifest.json").read_bytes() == before


def test_a_graph_of_many_links_is_trained_on_samples_as_well(clusters, cluster_features) -> None:
    full, sampled = (
        new("sage", training=replace(t, epochs=40, dimension=32)).fit(clusters, cluster_features)
        for t in (QUICK, replace(SAMPLED, steps=10))
    )
    assert full.valid_auc_ is not None
    assert sampled.valid_auc_ is not None
    assert sampled.valid_auc_ > full.valid_auc_ - 0.1


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", NAMES)
def test_a_tenth_of_the_concepts_is_hidden_and_still_found_near_their_parents(
    name, objective, clusters, cluster_features, make_graph
) -> None:
    """Their texts and edges come after training; parents are nearer than other entities are."""
    hidden = np.random.default_rng(3).permutation(np.arange(60))[:6]
    seen = np.setdiff1d(np.arange(61), hidden)
    number = {int(old): new_ for new_, old in enumerate(seen)}
    links = [
        (number[h], "is_a", number[t])
        for h, _, t in clusters.triples.tolist()
        if h in number and t in number
    ]
    part = make_graph([clusters.labels[i] for i in seen], links)
    encoder = new(name, objective=objective).fit(part, cluster_features[seen])
    vectors = encoder.transform(clusters, cluster_features)
    cosines = vectors @ vectors.T
    pairs = [(h, t) for h, _, t in clusters.triples.tolist() if h in hidden and h != t]
    assert len(pairs) >= 4
    near = np.mean([cosines[h, t] for h, t in pairs])
    assert near > cosines[hidden].mean() + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_belongs_to_an_entity(name, clusters, cluster_features) -> None:
    encoder = new(name, training=Training(epochs=1)).fit(clusters, cluster_features)
    assert all(61 not in p.shape for p in encoder.network_.parameters())


@pytest.mark.parametrize("name", ["compgcn", "hgt", "rgcn"])
def test_links_of_a_relation_that_training_never_saw_count_as_absent(
    name, clusters, cluster_features, make_graph
) -> None:
    first = make_graph(clusters.labels, [(1, "is_a", 0), (2, "is_a", 0), (3, "is_a", 1)])
    encoder = new(name, training=QUICK).fit(first, cluster_features)
    assert encoder.relations_ == 2
    part_of = sum("part_of" in clusters.relations[r] for _, r, _ in clusters.triples.tolist())
    kept = [(h, "is_a", t) for h, r, t in clusters.triples.tolist()
            if "part_of" not in clusters.relations[r]]  # fmt: skip
    told = rf"1 of 2 relations were not .*part_of': their {part_of} of {len(clusters.triples)} "
    with pytest.warns(KGMLWarning, match=told):
        vectors = encoder.transform(clusters, cluster_features)
    same = encoder.transform(make_graph(clusters.labels, kept), cluster_features)
    assert vectors.tobytes() == same.tobytes()


def test_relations_beyond_the_most_frequent_share_one_number(monkeypatch, clusters) -> None:
    monkeypatch.setattr("kgml.encoders.gnn.base.MAX_RELATIONS", 1)
    features = np.eye(61, dtype=np.float32)
    encoder = new("rgcn", training=QUICK).fit(clusters, features)
    numbers = {name.rpartition("/")[2]: n for name, n in encoder.relation_numbers_.items()}
    assert sorted(numbers.values()) == [0, 1]
    assert encoder.relations_ == 2
    assert {r for _, r, _ in encoder._links(clusters).tolist()} == {0, 1}


def test_features_of_another_width_than_in_training_are_refused(clusters, cluster_features) -> None:
    encoder = new("sage", training=QUICK).fit(clusters, cluster_features)
    with pytest.raises(InputError, match="node features of 23 numbers: training had 24"):
        encoder.transform(clusters, cluster_features[:, :23])


def test_relations_are_known_by_their_name_whatever_their_number(
    clusters, cluster_features, make_graph
) -> None:
    encoder = new("rgcn", training=QUICK).fit(clusters, cluster_features)
    assert len(encoder.relation_numbers_) == 2 <= MAX_RELATIONS
    only = make_graph(clusters.labels, [(1, "part_of", 0)])
    number = encoder._links(only)[0, 1]
    assert number == next(n for r, n in encoder.relation_numbers_.items() if "part_of" in r)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimension": 1}, "dimension 1: wanted 2 or more"),
        ({"epochs": 0}, "epochs 0: wanted 1 or more"),
        ({"fan_out": (0, 3)}, r"fan_out \(0, 3\): wanted two numbers of 1 or more"),
        ({"dimension": 6}, "dimension 6: wanted a multiple of 4"),
        ({"learning_rate": 1e30}, r"diverged in epoch \d.*Lower the learning rate"),
    ],
)
def test_numbers_that_cannot_be_trained_with_are_refused(
    options, message, clusters, cluster_features
) -> None:
    encoder = new("gat", training=replace(QUICK, **options))
    with pytest.raises(InputError, match=message):
        encoder.fit(clusters, cluster_features)


def test_an_objective_that_is_not_known_is_answered(clusters, cluster_features) -> None:
    with pytest.raises(UsageError, match=r"no objective named 'infomx'.*mean 'infomax'"):
        new("sage", objective="infomx").fit(clusters, cluster_features)


def test_links_that_are_looked_at_are_drawn_from_all_of_them() -> None:
    links = np.repeat(np.arange(2_000)[:, None], 3, axis=1)
    some = some_links(links, 100, seed=1)
    assert len(np.unique(some, axis=0)) == 100
    assert some[:, 0].max() > 1_800
    assert (some == some_links(links, 100, seed=1)).all()
    assert (some != some_links(links, 100, seed=2)).any()
    assert some_links(links[:100], 100, seed=1).tolist() == links[:100].tolist()
