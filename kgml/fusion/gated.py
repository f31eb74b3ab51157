"""A gate per document decides how much knowledge enters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgml.fusion.base import EntityBag, Fusion, similarity


class GatedFusion(Fusion):
    """``[text ; g * pooled]`` with ``g = sigmoid(level + w . [evidence ; text ; pooled])``.

    The gate of a gated multimodal unit (Arevalo et al. 2017), one number per document. The three
    pieces of evidence are the log count of linked entities and the best and mean cosine of the
    text with their labels. All of ``w`` is held near zero, where the fusion is concat.
    """

    needs_keys = True

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__(d_text, d_node)
        self.weight = nn.Parameter(torch.zeros(3 + d_text + d_node))

    def open(self, text: Tensor, bag: EntityBag, pooled: Tensor) -> Tensor:
        """``g`` of each document."""
        linked = bag.own > 0
        count = linked.sum(dim=1)
        cosine = similarity(text, bag) * linked
        best = cosine.amax(dim=1) if cosine.shape[1] else cosine.sum(dim=1)
        mean = cosine.sum(dim=1) / count.clamp_min(1)
        evidence = torch.stack([count.to(text.dtype).log1p(), best, mean], dim=1)
        logit = torch.cat([evidence, text, pooled], dim=1) @ self.weight
        return (self.level + logit).sigmoid()

    def penalty(self) -> Tensor:
        """The level's, and the squared length of ``w``."""
        return super().penalty() + self.weight.square().sum()
