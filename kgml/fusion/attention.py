"""The document attends over its concepts, with a slot for "none of these"."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgml.fusion.base import EntityBag, Fusion, similarity

CLOSED = -1e4


class AttentionFusion(Fusion):
    """Concepts weighed by ``exp(sharpness * cosine(text, label))``, mean weight 1.

    ``sharpness`` is 1 / temperature of scaled dot-product attention (Vaswani et al. 2017); at 0
    all concepts count alike, which is concat. The slot ``none`` competes with the linked entities:
    its share is what the document does not take from the graph, so ``gate`` = 1 - share.
    """

    needs_keys = True

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__(d_text, d_node)
        self.sharpness = nn.Parameter(torch.zeros(()))
        self.none = nn.Parameter(torch.tensor(-3.0))

    def score(self, text: Tensor, bag: EntityBag) -> Tensor:
        """What concepts are weighed by, (n, m)."""
        return similarity(text, bag)

    def attend(self, text: Tensor, bag: EntityBag) -> Tensor:
        score = self.sharpness * self.score(text, bag)
        # finite, since a row of -inf only (no concepts at all) would give nan and nan gradients
        score = score.masked_fill(~bag.mask, CLOSED)
        return torch.softmax(score, dim=1) * bag.mask.sum(dim=1, keepdim=True)

    def open(self, text: Tensor, bag: EntityBag, pooled: Tensor) -> Tensor:
        score = self.sharpness * self.score(text, bag)
        score = score.masked_fill(bag.own <= 0, CLOSED)
        taken = torch.cat([score, self.none.expand(len(text), 1)], dim=1)
        return self.level.sigmoid() * (1 - torch.softmax(taken, dim=1)[:, -1])

    def penalty(self) -> Tensor:
        return super().penalty() + self.sharpness.square() / 10 + (self.none + 3).square() / 10
