"""Text-structure contrast: the neighbours of an entity say which text is its own."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.objective import Objective, Task
from kgml.encoders.gnn.pieces import Piece
from kgml.encoders.rows import Integers

TEMPERATURE = 0.1
MASKED_SHARE = 0.3
AT_ONCE = 1024
"""Entities told apart from each other: one matrix of so many rows and columns."""
MOST = 8 * AT_ONCE


class Contrast(Objective):
    """InfoNCE, both ways, between the text of an entity and what its neighbourhood says of it.

    The two views and the symmetric loss are those of ConGraT (Brannon et al., 2023), within one
    network: the projection of the text, and what the layers make of the neighbourhood with the
    entity's own text put to zero, so that only the neighbours can tell. The loss sees directions;
    a small term makes both parts equally long, so that their sum is of both. On hidden concepts of
    DOID it was worse than the text alone (README).
    """

    masked_share: ClassVar[float] = MASKED_SHARE

    def ask(self, task: Task, hidden: Integers, rng: np.random.Generator) -> Integers:
        """Some entities that have neighbours; all, where there is but a handful."""
        linked = rng.permutation(np.flatnonzero(task.edges.degree))
        return linked[: min(MOST, max(2, int(self.masked_share * len(linked))))]

    def seeds(self, asked: Integers) -> Integers:
        """They themselves."""
        return np.sort(asked)

    def loss(
        self, network: GraphNetwork, piece: Piece, asked: Integers, rng: np.random.Generator
    ) -> Tensor:
        """Cross-entropy of the own text among the others', and of the own neighbourhood."""
        rows = piece.rows(asked)
        text = network.text(piece.x)
        wanted = text.index_select(0, rows)
        masked = text.index_fill(0, rows, 0)
        found = network.gain * network.structure(masked, piece.outer, piece.inner)
        found = found.index_select(0, rows)
        total = (found.norm(dim=1) - wanted.norm(dim=1)).square().sum()
        for first in range(0, len(asked), AT_ONCE):
            one, other = (part[first : first + AT_ONCE] for part in (found, wanted))
            alike = normalize(one, dim=1) @ normalize(other, dim=1).T / TEMPERATURE
            own = torch.arange(len(alike))
            there = cross_entropy(alike, own, reduction="sum")
            back = cross_entropy(alike.T, own, reduction="sum")
            total = total + (there + back) / 2
        mean: Tensor = total / len(asked)
        return mean
