"""What a network can be trained for without labels."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.pieces import Piece
from kgml.encoders.rows import Integers


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained on.

    Attributes:
        x: (e, d_text) features.
        links: (p, 3) head, relation, tail to learn from.
        relations: how many the network tells apart.
        known: `kgml.encoders.links.pair_codes` of all true links, sorted; those held out too.
    """

    x: Tensor
    links: Integers
    relations: int
    known: Integers

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def edges(self) -> Edges:
        """All the links, in both directions."""
        return Edges.of(self.links, len(self), self.relations)


class Objective(nn.Module):
    """A loss without labels. What it asks about in a step are the rows of one integer array.

    Args:
        d: width of the vectors.
        relations: how many the network tells apart.
    """

    hidden_share: ClassVar[float] = 0.0
    """Of the links, taken out of the graph in an epoch and given to `ask`."""

    def __init__(self, d: int, relations: int) -> None:
        super().__init__()

    @abstractmethod
    def ask(self, task: Task, hidden: Integers, rng: np.random.Generator) -> Integers:
        """What an epoch asks about, in random order; ``hidden`` (h, 3) are the links taken out."""

    @abstractmethod
    def seeds(self, asked: Integers) -> Integers:
        """The entities whose vectors that takes, sorted and distinct."""

    @abstractmethod
    def loss(
        self, network: GraphNetwork, piece: Piece, asked: Integers, rng: np.random.Generator
    ) -> Tensor:
        """Its mean over ``asked``; ``piece`` has the seeds of these."""

    def score(self, heads: Tensor, relation: Tensor, tails: Tensor) -> Tensor:
        """How likely links are, (v,), from the vectors (v, d) of their ends: here the cosine.

        Held-out links are ranked by it to know when to stop, whatever was trained for.
        """
        return (heads * tails).sum(dim=1)
