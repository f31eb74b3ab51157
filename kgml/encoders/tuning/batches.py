"""Tokenized texts through a model, in batches of like length, with the gradient or without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.utils.checkpoint import checkpoint

from kgml.encoders.rows import batches_by_length

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH_TOKENS = 512
KEPT_TOKENS = 8_192
"""Tokens of a step whose inner numbers are kept for its gradient, some 160 KB each in MiniLM's six
blocks. Those of a step with more are computed again: a third more work, the same gradient."""


def in_batches(
    features: Mapping[str, Any], compute: Callable[[Tensor], Tensor], share: float = 1.0
) -> Tensor:
    """(n, d) rows of length 1 of n tokenized texts.

    Args:
        compute: vectors (b, d) of some rows (b,).
        share: of the blocks, those that are computed: as much more can be kept of each.
    """
    lengths = features["attention_mask"].bool().sum(dim=1)
    again = torch.is_grad_enabled() and share * int(lengths.sum()) > KEPT_TOKENS
    batches = batches_by_length(lengths.numpy(), BATCH_TOKENS)
    parts = [
        checkpoint(compute, rows, use_reentrant=False) if again else compute(rows)
        for rows in map(torch.from_numpy, batches)
    ]
    order = np.argsort(np.concatenate(batches), kind="stable")
    return normalize(torch.cat(parts), dim=1).index_select(0, torch.from_numpy(order))


def forward(model: SentenceTransformer, features: Mapping[str, Any], rows: Tensor) -> Tensor:
    """Vectors (b, d) of some ``rows`` of tokenized texts, the padding of the others cut off."""
    read = features["attention_mask"].bool().index_select(0, rows)
    columns = read.any(dim=0).nonzero()[:, 0]
    batch = {
        name: value.index_select(0, rows).index_select(1, columns).to(model.device)
        if isinstance(value, Tensor)
        else value
        for name, value in features.items()
    }
    vectors: Tensor = model(batch)["sentence_embedding"].float().cpu()
    return vectors
