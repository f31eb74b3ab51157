"""CompGCN: a vector for each relation, multiplied into what it brings."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges, mix
from kgml.encoders.gnn.network import Layer


class CompGCNLayer(Layer):
    """(W_in sum x_u * z_r + W_out sum x_u * z_r' + W_self x * z_self) / 3 + b.

    The sums are means over all neighbours. Of the paper's compositions this is the product, the one
    that DistMult scores links with: it is linear in x, so neighbours are added up by relation before
    anything is multiplied; circular correlation would need a transform for each, and subtraction
    leaves of a relation only how often it occurs. Each layer has relation vectors of its own, where
    the paper projects the first layer's.
    """

    def __init__(self, d: int, relations: int) -> None:
        super().__init__()
        self.relation = nn.Parameter(torch.ones(2 * relations, 1, d))
        self.loop = nn.Parameter(torch.ones(d))
        self.inward, self.outward = (nn.Linear(d, d, bias=False) for _ in range(2))
        self.own = nn.Linear(d, d)
        # Around 1: at first, relations count alike and nothing is lost.
        nn.init.normal_(self.relation, 1.0, 0.1)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        passed: Tensor = self.own(x[: edges.targets] * self.loop)
        for weight, inverse in ((self.inward, False), (self.outward, True)):
            parts = [p for p in edges.shares if (p.relation >= edges.relations) == inverse]
            passed = passed.add_(weight(mix(x, self.relation, parts, edges.targets)[0]))
        return passed.div_(3)


class CompGCNEncoder(GNNEncoder):
    """CompGCN (Vashishth et al., ICLR 2020): (e, d_text) to (e, d).

    torch-geometric has no such layer.
    """

    relational: ClassVar[bool] = True

    def _layer(self, d: int, relations: int) -> Layer:
        return CompGCNLayer(d, relations)
