"""One step of tuning: contrast the pairs of a batch, keep general texts where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from kgml.config import AdaptConfig
from kgml.encoders.rows import Floats
from kgml.encoders.tuning.pairs import Batch, PairStream
from kgml.encoders.tuning.trainee import Trainee

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LENGTH = 64
"""Tokens read of a text in training: names have 9 on average, and steps must be short."""
_STREAM = 1_000_005
"""Keeps the draws of general texts apart from those of the pairs."""


class Tuner(Trainee):
    """A trainee of a graph's words, and the frozen original.

    Args:
        model: is changed.
        frozen: the same model again; is not changed.
        general: texts whose vectors are to stay; none are needed.
        steps: the last step, for the learning rate; may be set later.
    """

    def __init__(
        self, model: SentenceTransformer, frozen: SentenceTransformer, pairs: PairStream,
        general: Sequence[str], config: AdaptConfig, *, seed: int, steps: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(model, config.learning_rate, steps=steps, length=LENGTH)
        self.frozen = frozen.eval().requires_grad_(False)
        self.pairs, self.general, self.config, self.seed = pairs, general, config, seed

    def loss(self, number: int) -> Tensor:
        """Of step ``number``: `contrast`, and how far its general texts went."""
        batch = self.pairs.batch(number, self.config.batch_size)
        rng = np.random.default_rng([self.seed, number, _STREAM])
        size = min(self.config.general_size, len(self.general))
        drawn = [self.general[i] for i in rng.integers(max(1, len(self.general)), size=size)]
        vectors, kept = self._vectors([*batch.left, *batch.right], drawn)
        left, right = vectors[: len(batch.left)], vectors[len(batch.left) :]
        loss = contrast(left, right, batch, self.config.temperature)
        return loss if kept is None else loss + self.config.general_weight * kept

    def encode_frozen(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) by the original."""
        with torch.no_grad():
            rows: Floats = self.rows(self.frozen, texts).numpy()
        return rows

    def _vectors(self, texts: list[str], general: list[str]) -> tuple[Tensor, Tensor | None]:
        """Vectors of ``texts`` (n, d); the mean of 1 - cosine to the original of ``general``."""
        rows = self.rows(self.model, [*texts, *general])
        if not general:
            return rows, None
        with torch.no_grad():
            before = self.rows(self.frozen, general)
        moved = 1 - (rows[len(texts) :] * before).sum(dim=1)
        return rows[: len(texts)], moved.mean()


def contrast(left: Tensor, right: Tensor, batch: Batch, temperature: float) -> Tensor:
    """InfoNCE (van den Oord et al. 2018) from left to right and back, by the weights of the pairs.

    ``left`` and ``right`` are (b, d) unit rows; what ``batch.masked`` names is no negative.
    """
    logits = left @ right.T / temperature
    logits = logits.masked_fill(torch.from_numpy(batch.masked), float("-inf"))
    target = torch.arange(len(logits))
    forth = cross_entropy(logits, target, reduction="none")
    back = cross_entropy(logits.T, target, reduction="none")
    weights = torch.from_numpy(batch.weights)
    return ((forth + back) / 2 * weights).sum() / weights.sum()
