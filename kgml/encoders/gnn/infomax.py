"""Deep Graph Infomax: an entity's vector belongs to its graph, one made from other texts does not."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.objective import Objective, Task
from kgml.encoders.gnn.pieces import Piece
from kgml.encoders.rows import Integers


class Infomax(Objective):
    """Deep Graph Infomax (Veličković et al., ICLR 2019).

    The summary s is the sigmoid of the mean vector; z W s tells the entities' vectors from those of
    the same graph with the texts permuted among them. On hidden concepts of DOID it was worse than
    the text alone (README).
    """

    def __init__(self, d: int, relations: int) -> None:
        super().__init__(d, relations)
        self.weight = nn.Parameter(torch.empty(d, d))
        nn.init.xavier_uniform_(self.weight)

    def ask(self, task: Task, hidden: Integers, rng: np.random.Generator) -> Integers:
        """All entities (e,)."""
        return rng.permutation(len(task))

    def seeds(self, asked: Integers) -> Integers:
        """They themselves."""
        return np.sort(asked)

    def loss(
        self, network: GraphNetwork, piece: Piece, asked: Integers, rng: np.random.Generator
    ) -> Tensor:
        """Binary cross-entropy of true and permuted, half of each."""
        text = network.text(piece.x)
        z = network.vectors(text, piece.outer, piece.inner)
        order = torch.from_numpy(rng.permutation(len(text)))
        false = network.vectors(text.index_select(0, order), piece.outer, piece.inner)
        direction = self.weight @ torch.sigmoid(z.mean(dim=0))
        return (softplus(-(z @ direction)).mean() + softplus(false @ direction).mean()) / 2
