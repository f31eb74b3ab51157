"""What a step of training looks at: the whole graph, or the surroundings of some entities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import relu

from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.sampling import rows_at_once, sample
from kgml.encoders.rows import Integers

EDGES_AT_ONCE = 500_000
"""Of a large graph, when vectors are made; some 250 MB of messages where a layer writes them."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Features and edges of two layers; the network's output rows are of ``seeds``.

    Attributes:
        x: (sources, d_text), the seeds first.
        outer, inner: edges of the first and of the second layer.
        seeds: (s,) entities, sorted.
    """

    x: Tensor
    outer: Edges
    inner: Edges
    seeds: Integers

    def rows(self, entities: Integers) -> Tensor:
        """Where ``entities`` are among the output rows."""
        return torch.from_numpy(np.searchsorted(self.seeds, entities))

    def vectors(self, network: GraphNetwork) -> Tensor:
        """Unit rows of the seeds (s, d)."""
        z: Tensor = network(self.x, self.outer, self.inner)
        return z


def whole(x: Tensor, edges: Edges) -> Piece:
    """All entities and all ``edges``."""
    return Piece(x, edges, edges, np.arange(len(x)))


def around(
    x: Tensor, edges: Edges, seeds: Integers, fan_out: tuple[int, int], rng: np.random.Generator
) -> Piece:
    """Some neighbours of ``seeds`` (sorted, distinct), and some of theirs."""
    near, inner = sample(edges, seeds, fan_out[0], rng)
    far, outer = sample(edges, near, fan_out[1], rng)
    return Piece(x.index_select(0, torch.from_numpy(far)), outer, inner, seeds)


def encode_all(network: GraphNetwork, x: Tensor, edges: Edges) -> Tensor:
    """Unit rows of all entities from all of their neighbours, layer by layer and in pieces.

    A layer of a few rows after the other gives what the whole gives at once, and its messages need
    not all be there at once.
    """
    rng = np.random.default_rng(0)  # nothing is drawn: all edges are taken
    text = hidden = network.text(x)
    for layer in (network.first, network.second):
        passed = torch.empty_like(hidden)
        for rows in rows_at_once(edges, EDGES_AT_ONCE):
            nodes, block = sample(edges, rows, None, rng)
            part = layer(hidden.index_select(0, torch.from_numpy(nodes)), block)
            passed[rows[0] : rows[-1] + 1] = part
        hidden = relu(passed) if layer is network.first else passed
    return network.join(text, hidden)
