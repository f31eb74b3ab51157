"""A GPT and its training loop in plain PyTorch, as nanoGPT has them: what kgml's speed is beside."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kgml.lm.sizes import Shape


class Block(nn.Module):
    """Attention and feed-forward, each after a layer norm, added to what comes in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, width = x.shape
        q, k, v = (
            part.view(n, t, self.heads, width // self.heads).transpose(1, 2)
            for part in self.attend(self.first(x)).split(width, dim=2)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(mixed.transpose(1, 2).contiguous().view(n, t, width))
        return x + self.narrow(functional.gelu(self.widen(self.second(x))))


class GPT(nn.Module):
    """Tokens (n, t) to the mean loss of those after them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape.width, shape.heads) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        self.head.weight = self.words.weight
        for name, p in self.named_parameters():
            if p.ndim > 1:
                deep = name.endswith(("project.weight", "narrow.weight"))
                nn.init.normal_(p, std=0.02 / (2 * shape.depth) ** 0.5 if deep else 0.02)

    def forward(self, tokens: Tensor, wanted: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), wanted.view(-1))


def run(
    model: GPT, stream: NDArray[np.uint16], shape: Shape, given: argparse.Namespace, parts: int
) -> None:
    """``given.steps`` steps: ``parts`` micro batches of ``given.batch`` rows, clipping, AdamW."""
    groups: list[dict[str, Any]] = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    model.train()
    for _ in range(given.steps):
        for _ in range(parts):
            places = torch.randint(len(stream) - shape.context - 1, (given.batch,)).tolist()
            windows = np.stack([stream[i : i + shape.context + 1] for i in places]).astype(np.int64)
            tokens = torch.from_numpy(windows)
            with torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16"):
                loss = model(tokens[:, :-1], tokens[:, 1:].contiguous()) / parts
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
