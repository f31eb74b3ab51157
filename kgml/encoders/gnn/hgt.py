"""Heterogeneous graph transformer: attention with keys and values of each relation's own."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.gat import HEADS, check_heads
from kgml.encoders.gnn.network import Layer

TYPE = "entity"


class HGTLayer(Layer):
    """torch-geometric's HGTConv: one type of node, ``2 * relations`` types of edge.

    It makes keys and values of every entity for every type of edge: the most memory of all layers.
    """

    def __init__(self, d: int, relations: int) -> None:
        super().__init__()
        from torch_geometric.nn import HGTConv

        self.types = [(TYPE, str(r), TYPE) for r in range(2 * relations)]
        self.convolution = HGTConv(d, d, ([TYPE], self.types), heads=HEADS)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        order = torch.argsort(relation := torch.from_numpy(edges.relation), stable=True)
        counts = torch.bincount(relation, minlength=len(self.types)).tolist()
        parts = torch.split(edges.edge_index[:, order], counts, dim=1)
        passed = self.convolution({TYPE: x}, dict(zip(self.types, parts, strict=True)))
        rows: Tensor = passed[TYPE][: edges.targets]
        return rows


class HGTEncoder(GNNEncoder):
    """HGT (Hu et al., WWW 2020), four heads, all entities of one type: (e, d_text) to (e, d)."""

    relational: ClassVar[bool] = True

    def _layer(self, d: int, relations: int) -> Layer:
        return HGTLayer(check_heads(d), relations)
