"""What a language model loses on the tokens it predicts, and the networks that tell it.

The decisions (n, vocabulary) of a batch are the largest thing in a small model's step. Here they are
made a few rows at a time, and their gradient with them, so that they are read while the processor's
cache holds them and are never kept (as in Liger Kernel: Hsu et al. 2024).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

IGNORED = -100
"""In place of a token that is not predicted."""
AT_ONCE = 2**20
"""Decisions made at once: 4 MiB; of a large vocabulary more."""
ROWS = 256
"""Rows at once, at least: for each lot of them all of the table of tokens is read."""


def linear_cross_entropy(hidden: Tensor, weight: Tensor, wanted: Tensor) -> Tensor:
    """The cross entropy of ``hidden @ weight.T`` in nats, summed; matrices are multiplied in autocast's
    kind of number, all else is float32.

    Args:
        hidden: (n, d).
        weight: (v, d).
        wanted: (n,) int64 below v.

    >>> hidden, weight = torch.zeros(3, 2), torch.ones(4, 2)
    >>> round(float(linear_cross_entropy(hidden, weight, torch.tensor([0, 1, 3]))), 4)  # 3 ln 4
    4.1589
    """
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, wanted, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, wanted: Tensor, learns: bool) -> Tensor:
        where = hidden.device.type
        kind = torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else hidden.dtype
        with torch.autocast(where, enabled=False):
            of, loss = weight.to(kind), hidden.new_zeros((), dtype=torch.float32)
            by_hidden = torch.empty_like(hidden) if learns else None
            by_weight = torch.zeros_like(weight) if learns else None
            rows = max(ROWS, AT_ONCE // len(weight))
            for start in range(0, len(hidden), rows):
                some, right = (
                    hidden[start : start + rows].to(kind),
                    wanted[start : start + rows, None],
                )
                decided = (some @ of.T).float()
                most = decided.amax(dim=1, keepdim=True)
                own = decided.gather(1, right)
                share = decided.sub_(most).exp_()
                total = share.sum(dim=1, keepdim=True)
                loss += (total.log() + most - own).sum()
                if by_hidden is None or by_weight is None:
                    continue
                share.div_(total).scatter_add_(1, right, -torch.ones_like(own))
                back = share.to(kind)
                by_hidden[start : start + rows] = back @ of
                by_weight += back.T @ some
        if by_hidden is not None and by_weight is not None:
            ctx.save_for_backward(by_hidden, by_weight)
        return loss

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        by_hidden, by_weight = ctx.saved_tensors
        return by_hidden * given[0], by_weight * given[0], None, None


class CausalLoss(nn.Module):
    """Of a transformers decoder: tokens and those to predict, both (b, context), to the summed loss."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, wanted: Tensor) -> Tensor:
        hidden = self.network.base_model(input_ids=tokens, use_cache=False)[0]
        weight = self.network.get_output_embeddings().weight
        return linear_cross_entropy(hidden.flatten(0, 1), weight, wanted.flatten())


class MaskedLoss(nn.Module):
    """The same of a BERT, whose head is asked of the tokens alone that are not `IGNORED`."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, wanted: Tensor) -> Tensor:
        hidden = self.network.base_model(input_ids=tokens)[0]
        told = wanted != IGNORED
        return cross_entropy(self.network.cls(hidden[told]).float(), wanted[told], reduction="sum")
