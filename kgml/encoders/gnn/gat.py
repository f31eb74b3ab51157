"""Graph attention: how much a neighbour counts depends on both texts."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import Layer
from kgml.encoders.gnn.training import Training
from kgml.errors import InputError

HEADS = 4
PER_EDGE = Training(full_batch=100_000)
"""Attention keeps several vectors of each edge: some 10 KiB a link, 1 GiB in a full batch."""


class GATLayer(Layer):
    """torch-geometric's GATv2Conv. Its weights are of edges, so it goes over ``edge_index``."""

    def __init__(self, d: int) -> None:
        super().__init__()
        from torch_geometric.nn import GATv2Conv

        self.convolution = GATv2Conv(d, d // HEADS, heads=HEADS)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        passed: Tensor = self.convolution((x, x[: edges.targets]), edges.edge_index)
        return passed


class GATEncoder(GNNEncoder):
    """Graph attention, the v2 of Brody et al. (ICLR 2022), four heads: (e, d_text) to (e, d).

    On hidden concepts of DOID it was worse than the text alone (README).
    """

    defaults: ClassVar[Training] = PER_EDGE

    def _layer(self, d: int, relations: int) -> Layer:
        return GATLayer(check_heads(d))


def check_heads(d: int) -> int:
    """``d``, if the heads can share it.

    Raises:
        InputError: it is no multiple of their number.
    """
    if d % HEADS:
        raise InputError(f"dimension {d}: wanted a multiple of {HEADS}, one part for each head.")
    return d
