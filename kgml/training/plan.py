"""How a run goes: how many steps, how the learning rate rises and falls, when to check and to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

SHAPES = ("linear", "cosine")
"""In which the learning rate falls."""
PRECISIONS = ("no", "bf16", "fp16")
"""Of training: float32, or mixed with one of 16 bits, the weights staying float32."""


@dataclass(frozen=True)
class Plan:
    """All that decides how a run goes on, but for task and seed."""

    steps: int
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises; it falls in the others."""
    floor: float = 0.0
    """Share of the highest learning rate to which it falls."""
    shape: str = SHAPES[0]
    decay: float = 0.01
    """Weight decay (AdamW: Loshchilov and Hutter 2019), of matrices alone."""
    betas: tuple[float, float] = (0.9, 0.999)
    """How long AdamW remembers gradients and their squares."""
    fused: bool = False
    """Whether AdamW moves all parameters in one call."""
    longest: float = 1.0
    """Gradients longer than this are shortened to it."""
    precision: str = PRECISIONS[0]
    check_every: int | None = None
    """Steps between two validations; None: none until the end."""
    patience: int | None = None
    """Validations without a better one before it stops; None: it goes on to the last step."""
    least: int = 0
    """It does not stop before this step: while the learning rate is high, scores fall before they rise."""
    save_every: int | None = None
    """Steps between two checkpoints; None: by time alone."""
    save_seconds: float = 60.0
    """What an interruption costs at most, between two steps."""
    keep: int = 2
    """Checkpoints kept, the last ones."""

    def due(self, step: int) -> bool:
        """Whether step ``step`` (from 1) ends in a validation."""
        return step == self.steps or (self.check_every or 0) > 0 == step % (self.check_every or 1)


def share(step: int, plan: Plan) -> float:
    """What learning rates are multiplied by in step ``step`` (from 1).

    >>> [round(share(step, Plan(20)), 2) for step in (1, 2, 11, 20)]
    [0.5, 1.0, 0.53, 0.05]
    >>> [round(share(step, Plan(20, shape="cosine")), 2) for step in (2, 11, 20)]
    [1.0, 0.54, 0.01]
    >>> [round(share(step, Plan(20, floor=0.1)), 2) for step in (2, 11, 20)]
    [1.0, 0.57, 0.15]
    """
    rising = max(1, round(plan.warm_up * plan.steps))
    if step <= rising:
        return step / rising
    left = (plan.steps + 1 - step) / (plan.steps + 1 - rising)
    fallen = left if plan.shape == "linear" else (1 - math.cos(math.pi * left)) / 2
    return plan.floor + (1 - plan.floor) * fallen
