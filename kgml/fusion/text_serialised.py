"""The names of a document's concepts written behind its text, for the text encoder to read.

What a user does who has a text encoder and no fusion: a baseline, without sparse or dense view.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kgml.fusion.base import EntityBag, Fused, Fusion


class TextSerialisedFusion(Fusion):
    """The vector of the text with names in the place of that without, moved there by the gate.

    Names are told apart by what they say and not by what the graph says of them, so concepts weigh
    nothing as such.
    """

    needs_values = False
    needs_names = True

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__(d_text, d_node)
        self.dense.requires_grad_(False)

    @property
    def d_out(self) -> int:
        """Width of the fused vector: that of the text."""
        return self.d_text

    def attend(self, text: Tensor, bag: EntityBag) -> Tensor:
        """No concept counts: (n, m) zeros."""
        return torch.zeros_like(bag.counts)

    def forward(self, text: Tensor, bag: EntityBag) -> Fused:
        """From the text to the text with names, as far as the gate is open."""
        fused = super().forward(text, bag)
        return fused._replace(vector=text + fused.gate[:, None] * (bag.named - text))

    def join(self, text: Tensor, pooled: Tensor, gate: Tensor) -> Tensor:
        return text
