"""DistMult and ComplEx: a triple scores by a product of its three vectors."""

from __future__ import annotations

import torch
from torch import Tensor

from kgml.encoders.kge.base import KGEEncoder
from kgml.encoders.kge.training import Training

START = 0.05
"""Standard deviation of the first numbers: scores near 0, so no entity is preferred."""


def complex_product(left: Tensor, right: Tensor) -> Tensor:
    """Product, place by place, of complex rows (b, d): real halves, then imaginary halves.

    >>> complex_product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([[-5., 10.]])
    """
    a, b = left.chunk(2, dim=1)
    c, d = right.chunk(2, dim=1)
    return torch.cat([a * c - b * d, a * d + b * c], dim=1)


class DistMultEncoder(KGEEncoder):
    """sum(h * r * t): (Yang et al., Embedding Entities and Relations, ICLR 2015).

    Entities (e, d), relations (2r, d). Only through its inverse does a relation have a direction.
    """

    defaults = Training(regularization=0.01, dropout=0.1)

    def _start(self, entities: int, relations: int, d: int) -> tuple[Tensor, Tensor]:
        return START * torch.randn(entities, d), START * torch.randn(2 * relations, d)

    def _compose(self, head: Tensor, relation: Tensor) -> Tensor:
        return head * relation

    def _score(self, wanted: Tensor, entity: Tensor) -> Tensor:
        return wanted @ entity.T


class ComplExEncoder(DistMultEncoder):
    """Re(sum(h * r * conj(t))): (Trouillon et al., Complex Embeddings, ICML 2016), with N3.

    Entities (e, d) and relations (2r, d) are d / 2 complex numbers, real halves first. The real
    part of a product with a conjugate is the dot product of the 2 x d / 2 real numbers.
    """

    defaults = Training(dimension=2048, regularization=0.01, dropout=0.1)

    def _compose(self, head: Tensor, relation: Tensor) -> Tensor:
        return complex_product(head, relation)

    def _norm(self, rows: Tensor) -> Tensor:
        real, imaginary = rows.chunk(2, dim=1)
        # The small number keeps the gradient finite at 0.
        return (real.square() + imaginary.square() + 1e-12).pow(1.5).sum(dim=1)
