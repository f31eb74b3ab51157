"""Supervised contrast (Khosla et al., NeurIPS 2020): texts of one class together, others apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgml.config import FewShotConfig
from kgml.encoders.rows import Integers
from kgml.encoders.tuning.trainee import Trainee

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SIBLING = 2.0
"""What a negative of a sibling class counts, any other being 1."""
Siblings = NDArray[np.bool_]


class ClassTuner(Trainee):
    """A trainee of labelled rows.

    A step draws its rows by its number alone (`rows_of_step`): no list of pairs is made, of which
    there are as many as the square of the rows. Other than a graph's thousands of names, few rows
    come again in every step, so dropout is on: without it the same run on 80 rows of banking77 was
    2 to 3 points lower. Its draws come from seed and number too.

    Args:
        model: is changed.
        texts: n of them.
        y: class numbers (n,).
        steps: the last step, for the learning rate.
        siblings: (c, c): which classes are siblings in an ontology; None: that is not known.
        vectors: of some of the texts by number (b,), (b, d) rows of length 1 by the weights as they
            are, where there is a shorter way to them than from the texts.
    """

    def __init__(
        self, model: SentenceTransformer, texts: Sequence[str], y: Integers, config: FewShotConfig,
        *, seed: int, steps: int, siblings: Siblings | None = None,
        vectors: Callable[[Integers], Tensor] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, config.learning_rate, steps=steps, top=config.layers)
        self.texts, self.y, self.config, self.seed = texts, y, config, seed
        self.siblings, self.vectors = siblings, vectors

    def step(self, number: int) -> float:
        """Do step ``number`` (from 1), with dropout, and return its loss."""
        self.model.train()
        try:
            return super().step(number)
        finally:
            self.model.eval()

    def loss(self, number: int) -> Tensor:
        """Of step ``number``."""
        rows = rows_of_step(self.y, self.config.batch_size, number, self.seed)
        with torch.random.fork_rng():
            torch.manual_seed(int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0]))
            device = self.model.device.type
            with torch.autocast(device, torch.bfloat16, enabled=multiplies_bfloat16(device)):
                vectors = self._vectors(rows).float()
        y = self.y[rows]
        harder = None if self.siblings is None else torch.from_numpy(self.siblings[np.ix_(y, y)])
        return supervised_contrast(vectors, torch.from_numpy(y), self.config.temperature, harder)

    def _vectors(self, rows: Integers) -> Tensor:
        if self.vectors is not None:
            return self.vectors(rows)
        return self.rows(self.model, [self.texts[i] for i in rows.tolist()])


def multiplies_bfloat16(device: str) -> bool:
    """Whether ``device``, such as "cpu", multiplies bfloat16 faster than float32.

    Steps are computed in it then: a quarter less time, and held-out training rows told as well (mean
    accuracy of four draws, 8 per class: financial_phrasebank .557 and .556, fomc .407 both).
    """
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # there is no public way
    return device == "cpu" and known is not None and bool(known())


def rows_of_step(y: Integers, size: int, number: int, seed: int) -> Integers:
    """Rows of one step, at most ``size`` and none twice, classes as even as they can be.

    Each class deals its rows in an order of its own, and the classes take turns, so that one that
    has a place has two where it can: a row alone in its class is no one's positive.

    >>> y = np.array([0, 0, 0, 0, 1, 1, 2])
    >>> y[rows_of_step(y, 6, number=1, seed=0)].tolist()
    [0, 0, 0, 1, 1, 2]
    """
    if size >= len(y):
        return np.arange(len(y))
    rng = np.random.default_rng([seed, number])
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    counts = np.bincount(y)
    turn = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = rng.permutation(len(counts))[y[order]]  # which class begins
    dealt = order[np.lexsort((turn, first, turn // 2))]
    rows: Integers = np.sort(dealt[:size])
    return rows


def supervised_contrast(
    vectors: Tensor, y: Tensor, temperature: float, harder: Tensor | None = None
) -> Tensor:
    """``L_out`` of the paper, the mean over rows that have a positive; 0 where none has.

    Args:
        vectors: (b, d) rows of length 1.
        y: (b,) class numbers.
        harder: (b, b) pairs whose negative counts `SIBLING` times in the denominator.
    """
    logits = vectors @ vectors.T / temperature
    if harder is not None:
        logits = logits + harder * float(np.log(SIBLING))
    itself = torch.eye(len(y), dtype=torch.bool)
    log_shares = logits - logits.masked_fill(itself, float("-inf")).logsumexp(dim=1, keepdim=True)
    positive = (y[:, None] == y[None, :]) & ~itself
    count = positive.sum(dim=1)
    anchors = count > 0
    if not anchors.any():
        return vectors.sum() * 0
    own = (log_shares * positive).sum(dim=1)[anchors] / count[anchors]
    return -own.mean()
