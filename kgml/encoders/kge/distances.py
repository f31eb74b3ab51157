"""TransE and RotatE: a relation moves or turns the head to where the tail should be."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kgml.encoders.kge.base import KGEEncoder
from kgml.encoders.kge.products import complex_product
from kgml.encoders.kge.training import Training

START = 0.1


class TransEEncoder(KGEEncoder):
    """-||h + r - t||: (Bordes et al., Translating Embeddings, NeurIPS 2013), Euclidean.

    Entities (e, d), relations (2r, d). The Euclidean distance to all entities is one matrix
    product; the city-block distance of the paper is none.
    """

    defaults = Training(scale=4.0)

    def _start(self, entities: int, relations: int, d: int) -> tuple[Tensor, Tensor]:
        return START * torch.randn(entities, d), START * torch.randn(2 * relations, d)

    def _compose(self, head: Tensor, relation: Tensor) -> Tensor:
        return head + relation

    def _score(self, wanted: Tensor, entity: Tensor) -> Tensor:
        squared = wanted.square().sum(dim=1, keepdim=True) + entity.square().sum(dim=1)
        # The floor keeps the gradient of the root finite where two vectors are equal.
        return -(squared - 2 * wanted @ entity.T).clamp_min(1e-9).sqrt()


class RotatEEncoder(TransEEncoder):
    """-||h * exp(i r) - t||: (Sun et al., RotatE, ICLR 2019), Euclidean over all numbers.

    Entities (e, d) are d / 2 complex numbers, real halves first; relations (2r, d / 2) are angles.
    The paper adds up the distances of the single numbers, which is no matrix product.
    """

    defaults = Training(scale=4.0)

    def _start(self, entities: int, relations: int, d: int) -> tuple[Tensor, Tensor]:
        angles = math.pi * (2 * torch.rand(2 * relations, d // 2) - 1)
        return START * torch.randn(entities, d), angles

    def _compose(self, head: Tensor, relation: Tensor) -> Tensor:
        return complex_product(head, torch.cat([relation.cos(), relation.sin()], dim=1))
