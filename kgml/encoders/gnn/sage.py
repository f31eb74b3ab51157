"""GraphSAGE: the mean of the neighbours beside the entity itself."""

from __future__ import annotations

from torch import Tensor, nn

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import Layer


class SAGELayer(Layer):
    """mean over neighbours of x W + x V + b; what torch-geometric's SAGEConv computes.

    The mean of what is projected is the projection of the mean, and keeps one matrix less for the
    gradient.
    """

    def __init__(self, d: int) -> None:
        super().__init__()
        self.neighbours = nn.Linear(d, d, bias=False)
        self.own = nn.Linear(d, d)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        passed: Tensor = self.own(x[: edges.targets])
        return passed.add_(edges.mean @ self.neighbours(x))


class SAGEEncoder(GNNEncoder):
    """GraphSAGE, mean of the neighbours (Hamilton et al., NeurIPS 2017): (e, d_text) to (e, d)."""

    def _layer(self, d: int, relations: int) -> Layer:
        return SAGELayer(d)
