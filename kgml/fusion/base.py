"""The contract every fusion keeps.

A fusion answers two questions about a batch of documents, each with the concepts linked in it:
which concepts matter (`Fusion.attend`) and how much knowledge counts at all (`Fusion.open`). From
the answers it joins the text vector with the pooled entity vectors (`Fusion.join`). The sparse
concept view of the same documents is weighed by the same two answers.

What each owes, and ``tests/fusion`` checks over the registry: padding changes nothing, a row does
not depend on the other rows, a document without links and any document at ``strength`` 0 gives the
text alone, gradients are finite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

OPEN, DENSE = 2.0, -1.0


@dataclass(frozen=True)
class EntityBag:
    """The concepts of ``n`` documents, padded to ``m``: linked entities and their ancestors.

    ids (n, m) int64 entity numbers · keys (n, m, d_text) label-text vectors, unit length ·
    values (n, m, d_node) graph vectors · counts (n, m) how often the document mentions the entity
    or one below it · own (n, m) how often it mentions the entity itself (0 for a mere ancestor) ·
    mask (n, m) False where padded · named (n, d_text) vectors of the texts with the names of their
    linked entities at the end.
    """

    ids: Tensor
    keys: Tensor
    values: Tensor
    counts: Tensor
    own: Tensor
    mask: Tensor
    named: Tensor = field(default_factory=lambda: torch.zeros(0, 0))


class Fused(NamedTuple):
    """vector (n, d_out) · concept_weights (n, m), 0 where padded · gate (n,) in [0, 1]."""

    vector: Tensor
    concept_weights: Tensor
    gate: Tensor


class Fusion(nn.Module):
    """Base class: subclasses override `attend`, `open` or `join`.

    Args:
        d_text: width of text vectors and keys.
        d_node: width of entity vectors.
    """

    needs_values: ClassVar[bool] = True
    """Whether it reads ``bag.values``; if not, they may be of width 0."""
    needs_keys: ClassVar[bool] = False
    """The same of ``bag.keys``."""
    needs_names: ClassVar[bool] = False
    """The same of ``bag.named``."""
    strength: Tensor

    def __init__(self, d_text: int, d_node: int) -> None:
        super().__init__()
        self.d_text, self.d_node = d_text, d_node
        self.register_buffer("strength", torch.ones(()))
        self.level = nn.Parameter(torch.tensor(OPEN))
        """Knowledge as a whole counts ``sigmoid(level)``."""
        self.dense = nn.Parameter(torch.tensor(DENSE))
        """Log of the weight of the pooled entity vector beside the text vector."""

    @property
    def idle(self) -> bool:
        """Whether knowledge has no part, whatever is linked."""
        reads = self.needs_values or self.needs_keys or self.needs_names
        return not (reads and self.strength)

    @property
    def d_out(self) -> int:
        """Width of the fused vector."""
        return self.d_text + self.d_node

    def forward(self, text: Tensor, bag: EntityBag) -> Fused:
        """``text`` (n, d_text) unit rows, ``bag`` of the same n documents."""
        weights = self.attend(text, bag) * bag.mask
        pooled = pool(weights * bag.own, bag.values)
        linked = (bag.own > 0).any(dim=1)
        gate = self.strength * self.open(text, bag, pooled) * linked
        return Fused(self.join(text, pooled, gate), weights, gate)

    def meet(self, text: Tensor, y: Tensor) -> None:
        """Look at the training rows before parameters are learned on them: ``text`` (n, d_text),
        ``y`` (n, k) what they are. Until `parted` it is these rows that `forward` is given."""

    def parted(self) -> None:
        """Parameters are learned."""

    def attend(self, text: Tensor, bag: EntityBag) -> Tensor:
        """Weight of each concept, (n, m), 1 meaning as counted."""
        return torch.ones_like(bag.counts)

    def open(self, text: Tensor, bag: EntityBag, pooled: Tensor) -> Tensor:
        """How much knowledge counts in each document, (n,) in [0, 1]."""
        return self.level.sigmoid().expand(len(text))

    def join(self, text: Tensor, pooled: Tensor, gate: Tensor) -> Tensor:
        """``text`` (n, d_text), ``pooled`` (n, d_node) unit rows, ``gate`` (n,) -> (n, d_out)."""
        return torch.cat([text, (gate * self.dense.exp())[:, None] * pooled], dim=1)

    def penalty(self) -> Tensor:
        """Squared distance of the parameters from where they start, scaled by what is usual."""
        return ((self.level - OPEN).square() + (self.dense - DENSE).square()) / 10


def pool(weights: Tensor, values: Tensor) -> Tensor:
    """Weighted mean of ``values`` (n, m, d) by ``weights`` (n, m), rows of unit length or zero."""
    summed = torch.einsum("nm,nmd->nd", weights, values)
    return nn.functional.normalize(summed, dim=1)


def similarity(text: Tensor, bag: EntityBag) -> Tensor:
    """Cosine of each document and each of its concepts' labels, (n, m)."""
    return torch.einsum("nd,nmd->nm", text, bag.keys)
