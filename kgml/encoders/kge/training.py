"""Training embeddings: every question against every entity, by softmax, until validation is best."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kgml.encoders.kge.queries import Queries
from kgml.encoders.resume import State, run_epochs
from kgml.encoders.rows import Integers
from kgml.errors import InputError

SCORES = 2**24
"""Most scores in one piece of a step: 64 MiB, and as much again for each of their gradients."""


@dataclass(frozen=True)
class Training:
    """How a model is trained; each model has defaults of its own.

    Only those of ComplEx were tuned, on the validation triples of CoDEx-S.

    Attributes:
        dimension: of an entity, in real numbers; even.
        epochs: at most so many passes.
        batch: questions a step.
        learning_rate: of Adam (Kingma and Ba, ICLR 2015).
        regularization: weight of the N3 norm (Lacroix et al., ICML 2018); 0 for distance models.
        dropout: share of the numbers of head and relation set to 0 in a step.
        scale: what distances are multiplied by before the softmax; 1 for bilinear models.
        check_every: epochs between two validations.
        patience: validations without a better one before it stops.
    """

    dimension: int = 512
    epochs: int = 300
    batch: int = 200
    learning_rate: float = 0.001
    regularization: float = 0.0
    dropout: float = 0.0
    scale: float = 1.0
    check_every: int = 5
    patience: int = 5

    def check(self) -> None:
        """Raise `InputError` for numbers that cannot be trained with."""
        if self.dimension < 2 or self.dimension % 2:
            raise InputError(f"dimension {self.dimension}: wanted an even number of 2 or more.")
        for name in ("epochs", "batch", "check_every", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {getattr(self, name)}: wanted 1 or more.")


def train(
    parameters: dict[str, Tensor],
    loss: Callable[[Queries, Integers], Tensor],
    asked: Queries,
    validate: Callable[[], float] | None,
    training: Training,
    *,
    seed: int,
    checkpoint: Path | None,
    fingerprint: str,
) -> State:
    """Change ``parameters`` until ``validate`` gets no better; they end at its best.

    Every epoch draws from its own seed, so one that starts from a saved state is the one that
    would have followed.

    Args:
        loss: of some rows of ``asked``, summed over their answers.
        validate: the filtered mean reciprocal rank; None: all epochs are run.
        checkpoint: folder where the state is saved, and taken up from if it is there.
        fingerprint: of triples and options; a checkpoint of another one is refused.

    Raises:
        InputError: the loss is no number any more.
        ArtifactError: the checkpoint is of another run, damaged or not writable.
    """
    optimizer = torch.optim.Adam(list(parameters.values()), lr=training.learning_rate)
    state = State(parameters, optimizer)
    run_epochs(
        state, lambda number: _epoch(state, loss, asked, training, [seed, number]), validate,
        training, measure="valid_mrr", description="Training on triples",
        checkpoint=checkpoint, fingerprint=fingerprint,
    )  # fmt: skip
    return state


def _epoch(
    state: State,
    loss: Callable[[Queries, Integers], Tensor],
    asked: Queries,
    training: Training,
    seed: list[int],
) -> float:
    """One pass over the questions in random order; the mean loss of an answer."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(int(rng.integers(2**62)))
    order = rng.permutation(len(asked))
    mean = len(asked.answers) / len(asked)
    piece = max(1, SCORES // len(state.parameters["entity"]))
    total = 0.0
    for first in range(0, len(order), training.batch):
        rows = order[first : first + training.batch]
        state.optimizer.zero_grad()
        for start in range(0, len(rows), piece):
            part = loss(asked, rows[start : start + piece])
            (part / (len(rows) * mean)).backward()  # type: ignore[no-untyped-call]
            total += float(part.detach())
        state.optimizer.step()
    value = total / len(asked.answers)
    if not math.isfinite(value):
        raise InputError(
            f"training diverged in epoch {seed[1]}: the loss is {value}. Lower the learning rate "
            f"({training.learning_rate})."
        )
    return value
