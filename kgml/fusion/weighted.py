"""One vector: a weighted sum of text and knowledge."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgml.fusion.base import Fusion


class WeightedFusion(Fusion):
    """``(1 - a) * text + a * P pooled``, one learned share ``a`` in [0, 1/2] for the data set.

    Knowledge never outweighs the text. ``P`` (d_node, d_text) is fixed: the identity where both
    spaces are of one width, else orthogonal, drawn once; a learned one would have more parameters
    than a few hundred labels can carry.
    """

    projection: Tensor

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__(d_text, d_node)
        self.dense.requires_grad_(False)
        matrix = torch.eye(d_text)
        if d_node != d_text:
            generator = torch.Generator().manual_seed(0)
            matrix = nn.init.orthogonal_(torch.empty(d_node, d_text), generator=generator)
        self.register_buffer("projection", matrix)

    @property
    def d_out(self) -> int:
        """Width of the fused vector: that of the text."""
        return self.d_text

    def join(self, text: Tensor, pooled: Tensor, gate: Tensor) -> Tensor:
        """Move each text vector towards its knowledge by half its gate."""
        share = (gate / 2)[:, None]
        return (1 - share) * text + share * (pooled @ self.projection)
