"""What a run trains and on what: the contract between the loop and whoever calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """A module and its steps.

    A step is drawn by its number alone, so that a run which is taken up needs nothing of the steps
    before. It comes in parts, which are what fits into memory: the gradients of the parts are added
    up, and are those of one large part, whatever the parts are (but for rounding).
    """

    module: nn.Module
    """Trained are its parameters that require a gradient. It is called by `loss` alone."""

    def parts(self, step: int) -> Sequence[tuple[Any, float]]:
        """The parts of step ``step`` (from 1), each with its weight, such as its number of rows."""

    def loss(self, module: nn.Module, part: Any) -> Tensor:
        """The loss of a part, summed over its rows; a step's loss is the sum over the sum of weights.

        Args:
            module: `module`, wrapped where several processes train it.
        """

    def rate(self, name: str) -> float:
        """The highest learning rate of the parameter ``name``."""

    def score(self) -> float:
        """How good the module is on held-out data, the greater the better."""


class Watch(Protocol):
    """Who is told how a run goes; nothing of it depends on what they do."""

    def begin(self, step: int) -> None:
        """The run goes on after step ``step``, 0 for the start: what was told of later ones is void."""

    def step(self, step: int, loss: float, rate: float) -> None:
        """Step ``step`` is done; ``rate``: what learning rates were multiplied by."""

    def check(self, step: int, loss: float | None, score: float) -> None:
        """A validation; ``loss``: a mean since the one before."""
