"""Heterogeneous graph transformer: attention with keys and values of each relation's own."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.gat import HEADS, PER_EDGE, check_heads
from kgml.encoders.gnn.network import Layer
from kgml.encoders.gnn.training import Training


class HGTLayer(Layer):
    """Softmax over all edges into an entity of q (K_r k) p_r / sqrt(d / heads), times V_r v.

    What torch-geometric's HGTConv computes for one type of node and ``2 * relations`` of edge; that
    one makes keys and values of every entity for every relation, and without its compiled companion
    copies all of them for each: 100 processor seconds a step on 20,000 entities and 12 relations.
    Here they are made of the sources that a relation has.
    """

    def __init__(self, d: int, relations: int) -> None:
        super().__init__()
        self.keys, self.queries, self.values = (nn.Linear(d, d) for _ in range(3))
        self.out = nn.Linear(d, d)
        wide = d // HEADS
        self.key = nn.Parameter(torch.empty(2 * relations, HEADS, wide, wide))
        self.value = nn.Parameter(torch.empty(2 * relations, HEADS, wide, wide))
        self.prior = nn.Parameter(torch.ones(2 * relations, HEADS))
        self.skip = nn.Parameter(torch.ones(()))
        for weights in (self.key, self.value):
            nn.init.uniform_(weights, -1 / math.sqrt(wide), 1 / math.sqrt(wide))

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """(sources, d) to (targets, d)."""
        own = x[: edges.targets]
        shape = (-1, *self.key.shape[1:3])
        keys, values = (made(x).view(shape) for made in (self.keys, self.values))
        queries = self.queries(own).view(shape)
        scores, messages, into = [], [], []
        for relation, source, target in edges.grouped:
            there, place = torch.unique(source, return_inverse=True)
            key = torch.einsum("nhi,hij->nhj", keys.index_select(0, there), self.key[relation])
            value = torch.einsum(
                "nhi,hij->nhj", values.index_select(0, there), self.value[relation]
            )
            asked = queries.index_select(0, target)
            score = torch.einsum("mhi,mhi->mh", asked, key.index_select(0, place))
            scores.append(score * self.prior[relation] / math.sqrt(queries.shape[2]))
            messages.append(value.index_select(0, place))
            into.append(target)
        passed = torch.zeros_like(queries)
        if scores:
            target = torch.cat(into)
            weight = _softmax(torch.cat(scores), target, len(own))
            passed = passed.index_add(0, target, torch.cat(messages) * weight[:, :, None])
        share = torch.sigmoid(self.skip)
        out: Tensor = share * self.out(gelu(passed.flatten(1))) + (1 - share) * own
        return out


def _softmax(scores: Tensor, target: Tensor, size: int) -> Tensor:
    """Of ``scores`` (m, heads), over the edges into each target."""
    index = target[:, None].expand_as(scores)
    most = scores.new_full((size, scores.shape[1]), -math.inf)
    most = most.scatter_reduce(0, index, scores.detach(), "amax")
    raised = (scores - most.index_select(0, target)).exp()
    total = torch.zeros_like(most).index_add(0, target, raised)
    return raised / total.index_select(0, target)


class HGTEncoder(GNNEncoder):
    """HGT (Hu et al., WWW 2020), four heads, all entities of one type: (e, d_text) to (e, d)."""

    relational: ClassVar[bool] = True
    defaults: ClassVar[Training] = PER_EDGE

    def _layer(self, d: int, relations: int) -> Layer:
        return HGTLayer(check_heads(d), relations)
