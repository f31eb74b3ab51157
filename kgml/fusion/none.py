"""The text alone: the baseline every fusion is measured against."""

from __future__ import annotations

from torch import Tensor

from kgml.fusion.base import EntityBag, Fusion


class NoFusion(Fusion):
    """Knowledge is left out; ``vector`` is the text vector."""

    needs_values = False

    @property
    def d_out(self) -> int:
        return self.d_text

    def open(self, text: Tensor, bag: EntityBag, pooled: Tensor) -> Tensor:
        return text.new_zeros(len(text))

    def join(self, text: Tensor, pooled: Tensor, gate: Tensor) -> Tensor:
        return text
