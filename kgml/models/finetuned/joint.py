"""Text encoder, fusion and classifier as one module: what `Assembly` computes, with gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, normalize

from kgml.fusion.base import EntityBag
from kgml.models.assembly import Assembly
from kgml.models.features import Documents, bag_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MOST_LOGIT = 10.0
"""A start of plus or minus infinity, for a label of none or all rows, is this much."""


@dataclass(frozen=True)
class Rows:
    """b documents as `Joint` reads them: tokens of the text encoder, the padded concepts, TF-IDF
    (b, words), and of each concept in the bag its column in the concept view (-1: none), idf and
    vocabulary (b, m)."""

    tokens: dict[str, Any]
    bag: EntityBag
    words: Tensor
    column: Tensor
    idf: Tensor
    block: Tensor

    def to(self, device: torch.device) -> Rows:
        """The same there."""
        moved = EntityBag(**{name: value.to(device) for name, value in vars(self.bag).items()})
        tokens = {n: v.to(device) if isinstance(v, Tensor) else v for n, v in self.tokens.items()}
        rest = (one.to(device) for one in (self.words, self.column, self.idf, self.block))
        return Rows(tokens, moved, *rest)


class Joint(nn.Module):
    """Rows to decisions (b, k), the sum of what text vector, words and concepts say.

    Args:
        encoder: is changed by training.
        start: a stack fitted on the frozen encoder's vectors, without leads: fusion and coefficients
            begin as it has them (linear probing, then fine-tuning: Kumar et al. 2022), so that what
            the first steps do to the encoder is not noise of a classifier that knows nothing.
        classes: number of columns of decisions.
    """

    def __init__(self, encoder: SentenceTransformer, start: Assembly, columns: int) -> None:
        super().__init__()
        self.encoder, self.fusion = encoder, start.fusion_
        self.fusion.requires_grad_(not self.fusion.idle)
        coef, intercept = _start(start, columns)
        wide = self.fusion.d_out
        words = 0 if start.lexical_ is None else len(start.lexical_.terms_)
        self.vector = nn.Parameter(coef[:, :wide].clone())
        self.words = nn.Parameter(coef[:, wide : wide + words].clone())
        self.concepts = nn.Parameter(coef[:, wide + words :].T.clone(), not self.fusion.idle)
        self.offset = nn.Parameter(intercept)

    def forward(self, rows: Rows) -> Tensor:
        """(b, k) in float32."""
        text = normalize(self.encoder(dict(rows.tokens))["sentence_embedding"].float(), dim=1)
        with torch.autocast(text.device.type, enabled=False):
            fused = self.fusion(text, rows.bag)
            decided: Tensor = fused.vector @ self.vector.T + self.offset
            if self.words.shape[1]:
                decided = decided + rows.words @ self.words.T
            if not self.fusion.idle and len(self.concepts):
                decided = decided + self._concepts(rows, fused.concept_weights, fused.gate)
        return decided

    def _concepts(self, rows: Rows, weights: Tensor, gate: Tensor) -> Tensor:
        """What `ConceptView.transform` gives, times its coefficients: (b, k)."""
        value = (1 + rows.bag.counts).log2() * weights * rows.idf
        blocks = int(rows.block.max()) + 1 if rows.block.numel() else 1
        square = value.new_zeros(len(value), blocks).scatter_add(1, rows.block, value.square())
        value = value / square.gather(1, rows.block).clamp_min(1e-12).sqrt() * gate[:, None]
        there = rows.column >= 0
        return embedding_bag(
            rows.column.clamp_min(0), self.concepts, per_sample_weights=value * there, mode="sum"
        )

    def coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(k, d) in the order of `Assembly.features`, and the intercept (k,)."""
        parts = [self.vector, self.words, self.concepts.T]
        coef = torch.cat([part.detach().cpu() for part in parts], dim=1)
        return coef.double().numpy(), self.offset.detach().cpu().double().numpy()


def rows_of(documents: Documents, tokens: dict[str, Any], stack: Assembly) -> Rows:
    """``documents`` (b) and their ``tokens`` as rows for `Joint`, by the views of ``stack``."""
    if stack.fusion_.idle:
        documents = documents.without_links()
    bag = bag_of(documents, stack.vectors, stack.fusion_.needs_keys)
    view = stack.view_
    column = torch.from_numpy(view.place(len(stack.vectors.graph)))[bag.ids]
    column = column.masked_fill(~bag.mask, -1)
    words = stack.words(documents).toarray()
    return Rows(
        tokens, bag, torch.from_numpy(words), column,
        torch.from_numpy(np.append(view.idf_, np.float32(0)))[column],
        torch.from_numpy(np.append(view.block_, 0))[column],
    )  # fmt: skip


def _start(stack: Assembly, columns: int) -> tuple[Tensor, Tensor]:
    """Coefficients (k, d) and intercept (k,) of the head of ``stack``, finite, for every column."""
    head = stack.head_
    coef, intercept = np.zeros((columns, head.coef_.shape[1])), np.zeros(columns)
    coef[head.seen_] = head.coef_
    intercept[head.seen_] = np.clip(head.intercept_, -MOST_LOGIT, MOST_LOGIT)
    return torch.from_numpy(coef).float(), torch.from_numpy(intercept).float()
