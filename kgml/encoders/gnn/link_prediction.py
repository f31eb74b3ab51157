"""Link prediction: the vectors of two entities say whether they are linked."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.objective import Objective, Task
from kgml.encoders.gnn.pieces import Piece
from kgml.encoders.links import corrupt
from kgml.encoders.rows import Integers


class LinkPrediction(Objective):
    """Cross-entropy of links that were taken out of the graph against as many false ones.

    They must be taken out, else they answer themselves. Links are scored by DistMult (Yang et al.,
    ICLR 2015), one diagonal per relation; a single relation's is fixed at 1: the cosine. Negatives
    are uniform and no true links.
    """

    hidden_share: ClassVar[float] = 0.3

    def __init__(self, d: int, relations: int) -> None:
        super().__init__(d, relations)
        self.relation = nn.Parameter(torch.ones(relations, d), requires_grad=relations > 1)
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.offset = nn.Parameter(torch.tensor(0.0))

    def ask(self, task: Task, hidden: Integers, rng: np.random.Generator) -> Integers:
        """Links and negatives (a, 4): head, relation, tail, 1 for true."""
        false = corrupt(hidden, len(task), task.known, rng)
        truth = np.repeat([1, 0], [len(hidden), len(false)])
        asked: Integers = np.column_stack([np.concatenate([hidden, false]), truth])
        return rng.permutation(asked)

    def seeds(self, asked: Integers) -> Integers:
        """The ends of the links."""
        return np.unique(asked[:, [0, 2]])

    def loss(
        self, network: GraphNetwork, piece: Piece, asked: Integers, rng: np.random.Generator
    ) -> Tensor:
        """Binary cross-entropy."""
        z = piece.vectors(network)
        # Not z[head]: with several threads its gradient adds up in an order of its own each time.
        heads, tails = (z.index_select(0, piece.rows(asked[:, side])) for side in (0, 2))
        logits = self.score(heads, torch.from_numpy(asked[:, 1]), tails)
        truth = torch.from_numpy(asked[:, 3].astype(np.float32))
        return binary_cross_entropy_with_logits(logits, truth)

    def score(self, heads: Tensor, relation: Tensor, tails: Tensor) -> Tensor:
        """Logits (v,)."""
        product = heads * tails
        if len(self.relation) > 1:
            product = product * self.relation.index_select(0, relation)
        return self.scale * product.sum(dim=1) + self.offset
