"""R-GCN: a weight for each relation and direction."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges, mix
from kgml.encoders.gnn.network import Layer

BASES = 4


class RGCNLayer(Layer):
    """Sum over relations of the mean of their neighbours times W_r, W_r a mixture of four bases.

    What torch-geometric's RGCNConv computes; neighbours are mixed before the bases are applied, so
    that there are four products with a dense matrix however many relations there are.
    """

    def __init__(self, d: int, relations: int) -> None:
        super().__init__()
        self.bases = nn.Parameter(torch.empty(BASES, d, d))
        self.coefficients = nn.Parameter(torch.empty(2 * relations, BASES))
        nn.init.xavier_uniform_(self.bases)
        nn.init.xavier_uniform_(self.coefficients)
        self.own = nn.Linear(d, d)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        mixed = mix(x, self.coefficients[:, :, None], edges.by_relation, edges.targets)
        passed: Tensor = self.own(x[: edges.targets])
        for each, basis in zip(mixed, self.bases, strict=True):
            passed = passed.addmm_(each, basis)
        return passed


class RGCNEncoder(GNNEncoder):
    """R-GCN with basis decomposition (Schlichtkrull et al., ESWC 2018): (e, d_text) to (e, d)."""

    relational: ClassVar[bool] = True

    def _layer(self, d: int, relations: int) -> Layer:
        return RGCNLayer(d, relations)
