"""GCN: neighbours and the entity itself, weighted by their degrees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import Layer


class GCNLayer(Layer):
    """D^-1/2 (A + I) D^-1/2 x W + b; what torch-geometric's GCNConv computes."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.weight = nn.Linear(d, d, bias=False)
        nn.init.xavier_uniform_(self.weight.weight)
        self.bias = nn.Parameter(torch.zeros(d))

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        projected: Tensor = self.weight(x)
        return (edges.normalized @ projected).add_(self.bias)


class GCNEncoder(GNNEncoder):
    """GCN (Kipf and Welling, ICLR 2017) over all relations alike: (e, d_text) to (e, d).

    On hidden concepts of DOID it was worse than the text alone (README).
    """

    def _layer(self, d: int, relations: int) -> Layer:
        return GCNLayer(d)
