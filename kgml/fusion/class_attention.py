"""The classes attend over a document's concepts: what no class cares for is turned down."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kgml.fusion.attention import AttentionFusion
from kgml.fusion.base import EntityBag, similarity

HELD = 1.9


class ClassAttentionFusion(AttentionFusion):
    """Attention with one query per class in the place of the document's; concepts are weighed by
    ``exp(sharpness * best cosine of a class and the concept's label)``.

    The query of class k is the direction in which texts differ with it, ``sum over training rows of
    (y - mean y) (text - mean text)``: for classes their mean text minus that of all, up to its length;
    for numbers where they rise, so that there the cosine counts without its sign. While parameters
    are learned each training row is left out of the queries that it is asked with, as it is left out
    of its head: its own words would vouch for its concepts.
    """

    queries: Tensor
    """(k, d_text), of any length."""

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__(d_text, d_node)
        self.register_buffer("queries", torch.zeros(0, d_text))
        self._own: tuple[Tensor, Tensor] | None = None
        self._score: Tensor | None = None

    def meet(self, text: Tensor, y: Tensor) -> None:
        """Make the queries."""
        apart, off = text - text.mean(dim=0), y - y.mean(dim=0)
        self.queries = off.T @ apart
        # what a row takes with it when it goes, the means moving too
        self._own = apart, off * (len(y) / max(len(y) - 1, 1))
        self._score = None

    def parted(self) -> None:
        """Rows to come are in no query."""
        self._own = self._score = None

    def score(self, text: Tensor, bag: EntityBag) -> Tensor:
        """The best cosine of a query and each concept's label, (n, m). No parameter has a part in
        it: while these are learned it is made once."""
        if self._own is None:
            return self._cosine(bag)
        if self._score is None:
            self._score = self._cosine(bag)
        return self._score

    def _cosine(self, bag: EntityBag) -> Tensor:
        product = torch.einsum("kd,nmd->nmk", self.queries, bag.keys)
        square = self.queries.square().sum(dim=1)
        if self._own is not None:
            apart, off = self._own
            product = product - similarity(apart, bag)[:, :, None] * off[:, None, :]
            square = (
                square
                - 2 * off * (apart @ self.queries.T)
                + (off * apart.norm(dim=1, keepdim=True)).square()
            )[:, None, :]
        cosine = product / square.clamp_min(1e-12).sqrt()
        if not cosine.shape[2]:
            return torch.zeros_like(bag.counts)
        return cosine.amax(dim=2) if cosine.shape[2] > 1 else cosine[:, :, 0].abs()

    def penalty(self) -> Tensor:
        """That of attention, the sharpness held closer to 0.

        Ohsumed's training rows, HPO + DOID + MeSH, 32 per class, two draws, macro-F1: concat .512; held
        as in attention the sharpness went to 4.5 and gave .498, ten times as much .501, twenty times
        .5125.
        """
        return super().penalty() + HELD * self.sharpness.square()

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        """The number of queries is that of the classes, which is learned."""
        saved = state.get(f"{prefix}queries")
        if saved is not None and saved.shape[1:] == self.queries.shape[1:]:
            self.queries = torch.empty_like(saved)
        super()._load_from_state_dict(state, prefix, *rest)
