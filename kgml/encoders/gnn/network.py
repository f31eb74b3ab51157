"""The network that all graph neural encoders share; they differ in the layer."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from kgml.encoders.gnn.edges import Edges


class Layer(nn.Module):
    """One round of message passing, d to d."""

    @abstractmethod
    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Rows of the sources (sources, d) to rows of the targets (targets, d)."""


class GraphNetwork(nn.Module):
    """``z = skip(x) + gain * second(relu(first(input(x))))``, divided by its length.

    The skip keeps the meaning of the text in an entity without neighbours; it starts orthogonal
    and the learned gain starts small, so that before training cosines are roughly those of the
    texts. The input narrows the features before anything is passed on. No parameter belongs to an
    entity.
    """

    def __init__(self, first: Layer, second: Layer, d_text: int, d: int) -> None:
        super().__init__()
        self.input = nn.Linear(d_text, d)
        self.first, self.second = first, second
        self.skip = nn.Linear(d_text, d, bias=False)
        nn.init.orthogonal_(self.skip.weight)
        self.gain = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor, outer: Edges, inner: Edges) -> Tensor:
        """Unit rows of the inner targets: (sources, d_text) to (inner targets, d).

        Args:
            outer: edges into the sources of ``inner``; the same edges where ``x`` is of all
                entities.
        """
        return self.join(self.text(x[: inner.targets]), self.structure(x, outer, inner))

    def text(self, x: Tensor) -> Tensor:
        """What the text says: (s, d_text) to (s, d)."""
        projected: Tensor = self.skip(x)
        return projected

    def structure(self, x: Tensor, outer: Edges, inner: Edges) -> Tensor:
        """What the neighbourhood says, an entity itself among it, times the gain."""
        hidden = relu(self.first(self.input(x), outer))
        passed: Tensor = self.gain * self.second(hidden, inner)
        return passed

    def join(self, text: Tensor, structure: Tensor) -> Tensor:
        """Their sum, rows of length 1."""
        return normalize(text + structure, dim=1)
