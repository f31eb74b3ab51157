"""The steps of fine-tuning: which rows each has, their loss, and how good the held-out rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from kgml.config import TransformerConfig
from kgml.encoders.loading import prompt_of
from kgml.encoders.rows import Integers, batches_by_length
from kgml.models.assembly import Assembly
from kgml.models.features import Documents
from kgml.models.finetuned.joint import Joint, Rows, rows_of
from kgml.models.light import Decisions
from kgml.models.targets.base import Codes, Target

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PART_TOKENS = 1_024
"""Tokens of a part, padding included; a part is never more than ``batch_size`` rows."""
ON_GPU = 32
"""Times as many there."""
LEAST_HELD = 20
"""Rows held out, where these are no more than a third."""


class FineTuning:
    """A `kgml.training.task.Task`.

    Args:
        documents: n training rows, of which ``inside`` are learned from and ``outside`` held out.
        stack: fitted on the rows inside, by the frozen encoder.
        weights: (n,) what each row counts.
        hot: (n, k) what the module's outputs should say.
        scale: mean and spread of decisions whose unit is not that of the outputs.
    """

    def __init__(
        self, encoder: SentenceTransformer, stack: Assembly, documents: Documents, codes: Codes,
        inside: Integers, outside: Integers, target: Target, options: TransformerConfig, *,
        hot: NDArray[np.float32], weights: NDArray[np.float32], seed: int,
        scale: tuple[float, float] = (0.0, 1.0),
    ) -> None:  # fmt: skip
        self.encoder, self.stack, self.documents, self.codes = encoder, stack, documents, codes
        self.inside, self.outside, self.target, self.options = inside, outside, target, options
        self.hot, self.weights, self.seed = torch.from_numpy(hot), weights, seed
        self.mean, self.spread = scale
        self.module: nn.Module = Joint(encoder, stack, hot.shape[1])

    @property
    def rows_a_step(self) -> int:
        """How many rows a step has, the last of an epoch fewer."""
        return self.options.batch_size * self.options.accumulation

    @property
    def steps_an_epoch(self) -> int:
        """Steps in which each row is seen once."""
        return -(-len(self.inside) // self.rows_a_step)

    def parts(self, step: int) -> Sequence[tuple[Any, float]]:
        """Rows of step ``step`` (from 1): each epoch deals all in an order of its own."""
        epoch, place = divmod(step - 1, self.steps_an_epoch)
        order = np.random.default_rng([self.seed, epoch]).permutation(self.inside)
        rows = order[place * self.rows_a_step :][: self.rows_a_step]
        return [(part, float(self.weights[part].sum())) for part in self._cut(rows)]

    def loss(self, module: nn.Module, part: Integers) -> Tensor:
        """Summed over the rows of a part."""
        decided, hot = module(self._read(part)), self.hot[torch.from_numpy(part)]
        weights = torch.from_numpy(self.weights[part]).to(decided.device)
        lost = (loss_of(self.target.link, decided, hot.to(decided.device)) * weights).sum()
        if self.stack.fusion_.idle:
            return lost
        held_back: Tensor = self.module.fusion.penalty()  # type: ignore[operator, union-attr]
        return lost + held_back * weights.sum() / len(self.inside)

    def rate(self, name: str) -> float:
        """The text encoder's, or that of all that is new."""
        old = name.startswith("encoder.")
        return self.options.rate if old else self.options.head_learning_rate

    def score(self) -> float:
        """Mean of `Target.sure` over the held-out rows."""
        sure = self.target.sure(self.decisions(self.outside), self.codes[self.outside])
        return float(np.mean(sure))

    def decisions(self, rows: Integers) -> Decisions:
        """(len(rows), k) as the module is now; ``rows`` rise."""
        found = np.zeros((len(rows), self.hot.shape[1]))
        with torch.no_grad():
            for part in self._cut(rows):
                found[np.searchsorted(rows, part)] = self.module(self._read(part)).cpu().numpy()
        return self.mean + self.spread * found

    def _read(self, rows: Integers) -> Rows:
        texts = [self.documents.texts[i] for i in rows.tolist()]
        device = next(self.module.parameters()).device
        return rows_of(self.documents.take(rows), self._tokens(texts), self.stack).to(device)

    def _tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        found: dict[str, Any] = self.encoder.preprocess(texts, prompt=prompt_of(self.encoder))
        return found

    def _cut(self, rows: Integers) -> list[Integers]:
        """``rows`` in batches of about equal length, as large as memory and cache take well."""
        texts = [self.documents.texts[i] for i in rows.tolist()]
        lengths = self._tokens(texts)["attention_mask"].sum(dim=1).numpy()
        gpu = next(self.module.parameters()).device.type != "cpu"
        budget = PART_TOKENS * (ON_GPU if gpu else 1)
        size = self.options.batch_size
        return [
            rows[batch[start : start + size]]
            for batch in batches_by_length(lengths, budget)
            for start in range(0, len(batch), size)
        ]


def loss_of(link: str, decided: Tensor, hot: Tensor) -> Tensor:
    """The loss of each row (b,): cross entropy, that of each label summed, or squared error.

    >>> loss_of("identity", torch.tensor([[1.0]]), torch.tensor([[3.0]])).tolist()
    [4.0]
    """
    if link == "softmax":
        return cross_entropy(decided, hot, reduction="none")
    if link == "logistic":
        return binary_cross_entropy_with_logits(decided, hot, reduction="none").sum(dim=1)
    return (decided - hot).square().sum(dim=1)


def row_weights(
    target: Target, codes: Codes, inside: Integers, class_weight: str | None
) -> NDArray[np.float32]:
    """(n,): 1, or with ``balanced`` the less the more rows inside are of the same group."""
    strata = target.strata(codes)
    if class_weight != "balanced":
        return np.ones(len(strata), dtype=np.float32)
    counts = np.maximum(np.bincount(strata[inside], minlength=int(strata.max()) + 1), 1)
    weights: NDArray[np.float32] = (1 / counts[strata]).astype(np.float32)
    scaled: NDArray[np.float32] = weights / weights[inside].mean()
    return scaled


def held_out(
    strata: NDArray[np.int64], share: float, seed: int, near: NDArray[np.int64] | None = None
) -> tuple[Integers, Integers]:
    """Rows learned from and rows held out, strata in proportion, each keeping a row to learn from.

    Args:
        near: (n,) numbers; rows of one are on one side.

    >>> inside, outside = held_out(np.repeat([0, 1], 60), 0.1, seed=0)
    >>> len(inside), np.bincount(np.repeat([0, 1], 60)[outside]).tolist()
    (100, [10, 10])
    """
    n = len(strata)
    near = np.arange(n) if near is None else near
    order = np.random.default_rng([seed, n]).permutation(n)
    order = order[np.sort(np.unique(near[order], return_index=True)[1])]  # one of each
    wanted = max(1, min(round(max(share * n, LEAST_HELD)), n // 3))
    wanted = max(1, round(wanted * len(order) / n))
    order = order[np.argsort(strata[order], kind="stable")]
    picked = order[((np.arange(wanted) + 0.5) * len(order) / wanted).astype(np.int64)]
    picked = np.flatnonzero(np.isin(near, near[picked]))
    left = np.bincount(strata) - np.bincount(strata[picked], minlength=int(strata.max()) + 1)
    back = near[picked[left[strata[picked]] <= 0]]
    outside = picked[~np.isin(near[picked], back)]
    return np.setdiff1d(np.arange(n), outside), outside
