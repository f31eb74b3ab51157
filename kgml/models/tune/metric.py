"""What is made better: a score of the target's own, or log-loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.errors import UsageError, one_of
from kgml.evaluation.metrics import (
    Difference,
    called,
    interval,
    mean_difference,
    paired_difference,
    resample,
)
from kgml.models.heads.platt import log_likelihood
from kgml.models.light import LEAST, Decisions, Head
from kgml.models.targets.base import Codes, Target

LOG_LOSS = "log_loss"
LOWER = ("mae", "rmse", LOG_LOSS)
"""The less, the better; all others lie between 0 and 1 and are told in points."""
WORDS = {LOG_LOSS: "log-loss"}


@dataclass(frozen=True)
class Held:
    """What a model says of rows that it has not seen.

    names: predictions as tables hold them · losses: minus the log of the probability of each row's
    label, where that is what is asked for, else empty.
    """

    names: list[Any]
    losses: list[float]


@dataclass(frozen=True)
class Metric:
    """A metric by its name."""

    name: str

    @classmethod
    def of_target(cls, target: Target, name: str | None = None) -> Metric:
        """The one called ``name``; None: what ``kgml train`` compares on test rows.

        Raises:
            UsageError: it is none of this target's.
        """
        known = [*target.scorer.names, *(() if target.name == "regression" else (LOG_LOSS,))]
        if name is not None and name not in known:
            raise UsageError(
                f"no metric named '{name}' for target {target.name}; {one_of(known, name)}"
            )
        return cls(name or target.tested)

    @property
    def lower(self) -> bool:
        """Whether less is better."""
        return self.name in LOWER

    @property
    def title(self) -> str:
        """What people read."""
        return WORDS.get(self.name, called(self.name))

    def of(self, target: Target, decisions: Decisions, codes: Codes, seed: int) -> float:
        """Score of out-of-fold ``decisions`` (n, k), thresholds and temperature fitted to them."""
        head = Head()
        settled = target.settled(head, decisions, codes, seed)
        if self.name == LOG_LOSS:
            return float(losses(settled.probabilities(head, decisions), codes).mean())
        guess = settled.names(settled.decide(head, decisions))
        truth = target.scored(target.names(codes))
        counts = target.scorer(truth, target.scored(guess))
        return float(counts.metric(self.name, np.ones((1, len(codes))))[0])

    def measure(
        self, target: Target, truth: Sequence[Any], held: Held, seed: int
    ) -> dict[str, Any]:
        """All scores of predictions with their intervals, this one among them."""
        found = target.measure_mean(truth, [held.names], seed)
        if self.name == LOG_LOSS:
            drawn = resample(len(truth), seed) @ np.array(held.losses) / len(truth)
            found[LOG_LOSS] = round(float(np.mean(held.losses)), 6)
            found["interval"][LOG_LOSS] = interval(drawn)
        return found

    def gain(self, target: Target, truth: Sequence[Any], a: Held, b: Held, seed: int) -> Difference:
        """How much better ``b`` is than ``a`` on the same rows, paired; above 0 is better."""
        if self.name == LOG_LOSS:
            found = mean_difference(np.array(b.losses), np.array(a.losses), seed)
            return Difference(self.name, found.value, found.interval, found.probability)
        truth, one, other = (target.scored(names) for names in (truth, a.names, b.names))
        if self.lower:
            one, other = other, one
        return paired_difference(truth, one, other, self.name, seed, target.scorer)

    def told(self, difference: Difference) -> str:
        """``+0.8 points [-0.3, +1.9] of macro-F1``; of an error in its own unit."""
        scale, digits, unit = (1, 3, "") if self.lower else (100, 1, " points")
        value, low, high = (
            f"{scale * number:+.{digits}f}" for number in (difference.value, *difference.interval)
        )
        return f"{value}{unit} [{low}, {high}] of {self.title}"


def losses(probabilities: Decisions, codes: Codes) -> NDArray[np.float64]:
    """Minus the log-likelihood of each row's label or labels, (n,)."""
    if codes.ndim == 2:
        return -log_likelihood(probabilities, codes)
    picked = probabilities[np.arange(len(codes)), codes]
    lost: NDArray[np.float64] = -np.log(np.maximum(picked, LEAST))
    return lost
