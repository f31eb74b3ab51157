"""The network that all graph neural encoders share; they differ in the layer."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from kgml.encoders.gnn.edges import Edges

SHORTEST = 1e-12
"""Rows are divided by no less; a zero row stays one."""


class Layer(nn.Module):
    """One round of message passing, d to d."""

    @abstractmethod
    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Rows of the sources (sources, d) to rows of the targets (targets, d)."""


class GraphNetwork(nn.Module):
    """``z = t + gain * second(relu(first(t)))``, divided by its length; ``t = text(x)``.

    The skip keeps the meaning of the text in an entity without neighbours; the projection starts
    orthogonal and the learned gain small, so that before training cosines are roughly those of the
    texts. Features are narrowed before anything is passed on. No parameter belongs to an entity.
    """

    def __init__(self, first: Layer, second: Layer, d_text: int, d: int) -> None:
        super().__init__()
        self.projection = nn.Linear(d_text, d, bias=False)
        nn.init.orthogonal_(self.projection.weight)
        self.first, self.second = first, second
        self.gain = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor, outer: Edges, inner: Edges) -> Tensor:
        """Unit rows of the inner targets: (sources, d_text) to (inner targets, d).

        Args:
            outer: edges into the sources of ``inner``; the same edges where ``x`` is of all
                entities.
        """
        return self.vectors(self.text(x), outer, inner)

    def text(self, x: Tensor) -> Tensor:
        """What the text says: (s, d_text) to (s, d)."""
        projected: Tensor = self.projection(x)
        return projected

    def structure(self, text: Tensor, outer: Edges, inner: Edges) -> Tensor:
        """What the neighbourhood says, an entity itself among it: (sources, d) to (targets, d)."""
        hidden = relu(self.first(text, outer), inplace=True)
        passed: Tensor = self.second(hidden, inner)
        return passed

    def vectors(self, text: Tensor, outer: Edges, inner: Edges) -> Tensor:
        """Both together, from what `text` gave."""
        return self.join(text[: inner.targets], self.structure(text, outer, inner))

    def join(self, text: Tensor, structure: Tensor) -> Tensor:
        """Their sum, rows of length 1."""
        rows: Tensor = _Unit.apply(torch.addcmul(text, structure, self.gain))  # type: ignore[no-untyped-call]
        return rows


class _Unit(torch.autograd.Function):
    """Rows divided by their length: two matrices fewer than by torch's own ``normalize``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        length = x.norm(dim=1, keepdim=True).clamp_min(SHORTEST)
        rows: Tensor = x / length
        ctx.save_for_backward(rows, length)
        return rows

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        rows, length = ctx.saved_tensors
        along = torch.einsum("ij,ij->i", rows, gradients[0])[:, None]
        found: Tensor = torch.addcmul(gradients[0], rows, along, value=-1).div_(length)
        return found
