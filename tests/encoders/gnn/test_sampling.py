"""Some neighbours of some entities: which, how many, and that a layer of them is the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kgml import registry
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.pieces import around, encode_all, whole
from kgml.encoders.gnn.sampling import rows_at_once, sample

NAMES = [
    n for n in registry.names("node_encoder") if registry.resolve("node_encoder", n).has_objective
]
STAR = np.array([(0, 0, i) for i in range(1, 101)])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def graph(size: int = 40) -> Edges:
    links = np.unique(rng().integers(0, [size, 3, size - 4], size=(100, 3)), axis=0)
    return Edges.of(links[links[:, 0] != links[:, 2]], size, 3)


def network(name: str) -> GraphNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [registry.resolve("node_encoder", name)()._layer(8, 3) for _ in range(2)]
        made = GraphNetwork(layers[0], layers[1], 5, 8)
    return made.eval()


def features(size: int = 40) -> torch.Tensor:
    return torch.randn(size, 5, generator=torch.Generator().manual_seed(1))


def test_many_neighbours_are_drawn_from_and_few_are_all_taken() -> None:
    edges = Edges.of(STAR, 101)
    nodes, block = sample(edges, np.array([3, 0]), 10, rng())
    assert nodes[:2].tolist() == [3, 0]
    assert (block.targets, block.sources, len(block)) == (2, len(nodes), 11)
    assert nodes[block.source[0]] == 0  # the only neighbour of 3
    drawn = nodes[block.source[1:]]
    assert set(drawn) <= set(range(1, 101))
    assert block.degree[:2].tolist() == [1, 100]


def test_every_neighbour_is_drawn_equally_often() -> None:
    edges = Edges.of(STAR, 101)
    drawing = rng()
    counts = np.zeros(101)
    for _ in range(2_000):
        nodes, block = sample(edges, np.array([0]), 10, drawing)
        np.add.at(counts, nodes[block.source], 1)
    assert counts[0] == 0
    assert counts[1:].min() > 140  # 200 expected, standard deviation 14
    assert counts[1:].max() < 260


def test_relations_and_degrees_come_along() -> None:
    edges = graph()
    nodes, block = sample(edges, np.arange(40), None, rng())
    assert nodes.tolist() == list(range(40))
    assert np.array_equal(block.source, edges.source)
    assert np.array_equal(block.relation, edges.relation)
    assert np.array_equal(block.degree, edges.degree)


def test_the_weighted_sum_of_a_sample_is_right_on_average() -> None:
    edges = Edges.of(STAR, 101)
    x = torch.arange(101.0)[:, None]
    exact = (edges.normalized @ x)[0].item()
    drawing, found = rng(), []
    for _ in range(500):
        nodes, block = sample(edges, np.array([0]), 10, drawing)
        found.append((block.normalized @ x[torch.from_numpy(nodes)])[0].item())
    assert np.mean(found) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_a_piece_with_all_neighbours_gives_the_rows_of_the_whole(name: str) -> None:
    net, x, edges = network(name), features(), graph()
    seeds = np.array([1, 7, 20, 39])
    piece = around(x, edges, seeds, (1_000, 1_000), rng())
    with torch.no_grad():
        expected = whole(x, edges).vectors(net)[torch.from_numpy(seeds)]
        torch.testing.assert_close(piece.vectors(net), expected, atol=1e-5, rtol=1e-4)
    assert piece.rows(np.array([20, 1])).tolist() == [2, 0]


@pytest.mark.parametrize("name", NAMES)
def test_vectors_made_in_pieces_are_those_made_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgml.encoders.gnn.pieces.EDGES_AT_ONCE", 13)
    net, x, edges = network(name), features(), graph()
    with torch.no_grad():
        torch.testing.assert_close(
            encode_all(net, x, edges), whole(x, edges).vectors(net), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("most", [1, 5, 1_000])
def test_ranges_of_rows_cover_all_and_hold_no_more_edges_than_asked(most: int) -> None:
    edges: Any = graph()
    parts = list(rows_at_once(edges, most))
    assert np.concatenate(parts).tolist() == list(range(40))
    for rows in parts:
        assert edges.counts[rows].sum() <= most or len(rows) == 1
