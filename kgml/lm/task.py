"""The steps of pretraining: which windows each has and what is predicted of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgml.lm.loss import IGNORED, CausalLoss, MaskedLoss
from kgml.lm.packed import Mixture, Packed, Tokens
from kgml.lm.tokenizer import CLS, MASK, SEP, Tokenizer

SCORED = 65_536
"""Tokens validated on while training, at most: windows from all over the held-out part."""


class Rows(NamedTuple):
    """``tokens`` (b, context) and what each should be predicted as, or `IGNORED`; both int64."""

    tokens: NDArray[np.int64]
    wanted: NDArray[np.int64]


class Pretraining(ABC):
    """A `kgml.training.task.Task`.

    Args:
        network: a transformers model with random weights.
        rate: the highest learning rate.
        rows_a_step: windows of a step, over all processes; ``rows_a_part`` are read at once.
    """

    def __init__(
        self, network: Any, mixture: Mixture, held_out: Packed, *, rows_a_step: int,
        rows_a_part: int, rate: float, seed: int,
    ) -> None:  # fmt: skip
        self.network = network
        self.module: nn.Module = self.losing(network)
        self.mixture, self.held_out, self.seed = mixture, held_out, seed
        self.rows_a_step, self.rows_a_part, self.highest = rows_a_step, rows_a_part, rate

    @abstractmethod
    def losing(self, network: Any) -> nn.Module:
        """What gives the loss, in nats and summed, of tokens and what is wanted of them."""

    @abstractmethod
    def made(self, windows: Tokens, draw: int) -> Rows:
        """Rows of windows (b, size), of which the first is draw ``draw``."""

    def parts(self, step: int) -> Sequence[tuple[Rows, float]]:
        """Rows of step ``step`` (from 1), each part with the number of tokens it predicts."""
        first, found = (step - 1) * self.rows_a_step, []
        for start in range(first, first + self.rows_a_step, self.rows_a_part):
            end = min(start + self.rows_a_part, first + self.rows_a_step)
            windows = np.stack([self.mixture.row(draw) for draw in range(start, end)])
            rows = self.made(windows, start)
            found.append((rows, float((rows.wanted != IGNORED).sum())))
        return found

    def loss(self, module: nn.Module, part: Rows) -> Tensor:
        """In nats, summed over the tokens predicted."""
        device = next(self.module.parameters()).device
        tokens, wanted = (torch.from_numpy(array).to(device) for array in part)
        lost: Tensor = module(tokens, wanted)
        return lost

    def rate(self, name: str) -> float:
        """One for all."""
        return self.highest

    def score(self) -> float:
        """Minus the mean loss over held-out windows, in nats."""
        return -self.held_out_loss(SCORED)

    def held_out_loss(self, tokens: int) -> float:
        """The mean loss over held-out windows of about so many tokens at most, in nats."""
        rows = self.held_out
        wanted = max(1, min(len(rows), tokens // rows.size))
        numbers = (np.arange(wanted) * len(rows) / wanted).astype(np.int64).tolist()
        lost = count = 0.0
        with torch.no_grad():
            for start in range(0, wanted, self.rows_a_part):
                some = numbers[start : start + self.rows_a_part]
                part = self.made(np.stack([rows.window(i) for i in some]), -1 - some[0])
                lost += float(self.loss(self.module, part))
                count += float((part.wanted != IGNORED).sum())
        return lost / count


class Causal(Pretraining):
    """Each token is predicted from those before."""

    def losing(self, network: Any) -> nn.Module:
        return CausalLoss(network)

    def made(self, windows: Tokens, draw: int) -> Rows:
        """Windows have a token more than the network reads."""
        return Rows(windows[:, :-1].copy(), windows[:, 1:].copy())


class Masked(Pretraining):
    """Hidden tokens are predicted from all others (Devlin et al. 2019): of those chosen, eight of
    ten are ``[MASK]``, one is another token and one is left."""

    def __init__(
        self, *given: Any, tokenizer: Tokenizer, masking: float, vocabulary: int, **more: Any
    ) -> None:
        super().__init__(*given, **more)
        self.masking, self.vocabulary = masking, vocabulary
        self.special = [tokenizer.number(token) for token in (CLS, SEP, MASK)]

    def losing(self, network: Any) -> nn.Module:
        return MaskedLoss(network)

    def made(self, windows: Tokens, draw: int) -> Rows:
        """Windows are two tokens short: ``[CLS]`` and ``[SEP]`` come around them."""
        rng = np.random.default_rng([self.seed, draw < 0, abs(draw)])
        first, last, hidden = self.special
        tokens = np.pad(windows, ((0, 0), (1, 1)), constant_values=first)
        tokens[:, -1] = last
        drawn = rng.random(tokens.shape)
        chosen = (drawn < self.masking) & ~np.isin(tokens, self.special)
        if not chosen.any():
            chosen[0, 1] = True
        wanted = np.where(chosen, tokens, IGNORED)
        share = drawn / self.masking
        tokens = np.where(chosen & (share < 0.8), hidden, tokens)
        other = rng.integers(len(self.special), self.vocabulary, tokens.shape)
        return Rows(np.where(chosen & (share >= 0.9), other, tokens), wanted)
