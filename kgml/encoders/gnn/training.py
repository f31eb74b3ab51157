"""Training a network by an objective, until held-out links are told from false ones no better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import GraphNetwork
from kgml.encoders.gnn.objective import Objective, Task
from kgml.encoders.gnn.pieces import Piece, around, whole
from kgml.encoders.links import area_under_curve, corrupt
from kgml.encoders.resume import State, run_epochs
from kgml.encoders.rows import Integers
from kgml.errors import InputError

VALID_NEGATIVES = 10
VALID_MOST = 1_000
"""Held-out links looked at where neighbours are sampled; each takes the surroundings of a dozen."""


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        dimension: of a vector, and of the hidden layer.
        epochs: at most so many passes.
        learning_rate: of Adam (Kingma and Ba, ICLR 2015).
        check_every: epochs between two validations.
        patience: validations without a better one before it stops.
        full_batch: a graph with more links than this is trained on sampled neighbourhoods.
        batch: entities or links of a step then; half of the links are false ones.
        steps: at most so many in an epoch then.
        fan_out: neighbours then drawn of each, near and far.
    """

    dimension: int = 128
    epochs: int = 100
    learning_rate: float = 0.01
    check_every: int = 5
    patience: int = 3
    full_batch: int = 1_000_000
    batch: int = 512
    steps: int = 100
    fan_out: tuple[int, int] = (10, 10)

    def check(self) -> None:
        """Raise `InputError` for numbers that cannot be trained with."""
        for name in ("epochs", "check_every", "patience", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {getattr(self, name)}: wanted 1 or more.")
        for name in ("dimension", "batch"):
            if getattr(self, name) < 2:
                raise InputError(f"{name} {getattr(self, name)}: wanted 2 or more.")
        if min(self.fan_out) < 1:
            raise InputError(f"fan_out {self.fan_out}: wanted two numbers of 1 or more.")


def train(
    network: GraphNetwork,
    objective: Objective,
    task: Task,
    valid: Integers,
    training: Training,
    *,
    seed: int,
    checkpoint: Path | None,
    fingerprint: str,
) -> State:
    """Change ``network`` and ``objective`` until ``valid`` is ranked no better; keep the best.

    Every epoch draws from its own seed, so one that starts from a saved state is the one that
    would have followed. The caller's random state is neither read nor kept.

    Args:
        valid: (v, 3) links that are not among the task's; none: all epochs are run.
        checkpoint: folder where the state is saved, and taken up from if it is there.
        fingerprint: of graph, texts and options; a checkpoint of another one is refused.

    Raises:
        InputError: the loss is no number any more.
        ArtifactError: the checkpoint is of another run, damaged or not writable.
    """
    run = _Run(network, objective, task, training, seed)
    if run.sampled:
        valid = some_links(valid, VALID_MOST, seed)
    false = run.negatives(valid)
    learned = torch.nn.ModuleDict({"network": network, "objective": objective})
    parameters: dict[str, torch.Tensor] = {
        name: p for name, p in learned.named_parameters() if p.requires_grad
    }
    optimizer = torch.optim.Adam(list(parameters.values()), lr=training.learning_rate)
    state = State(parameters, optimizer)
    run_epochs(
        state, lambda number: run.epoch(optimizer, number),
        (lambda: run.validate(valid, false)) if len(false) else None, training,
        measure="valid_auc", description="Training on the graph",
        checkpoint=checkpoint, fingerprint=fingerprint,
    )  # fmt: skip
    return state


def some_links(links: Integers, most: int, seed: int) -> Integers:
    """At most ``most`` of ``links`` (p, 3), drawn: sorted, the first may be of one vocabulary."""
    if len(links) <= most:
        return links
    rng = np.random.default_rng([seed, 0])
    return links[np.sort(rng.choice(len(links), most, replace=False))]


@dataclass(frozen=True, eq=False)
class _Run:
    network: GraphNetwork
    objective: Objective
    task: Task
    training: Training
    seed: int

    @property
    def sampled(self) -> bool:
        return len(self.task.links) > self.training.full_batch

    def negatives(self, valid: Integers) -> Integers:
        """False links (f, 3), ten for each of ``valid``, the same for every validation."""
        rng = np.random.default_rng([self.seed, 0])
        repeated = np.repeat(valid, VALID_NEGATIVES, axis=0)
        return corrupt(repeated, len(self.task), self.task.known, rng)

    def epoch(self, optimizer: torch.optim.Optimizer, number: int) -> float:
        """All that the objective asks, or as many steps as an epoch has; the mean loss."""
        rng = np.random.default_rng([self.seed, number])
        torch.manual_seed(int(rng.integers(2**62)))  # for layers that draw, such as dropout
        self.network.train()
        edges, hidden = self._hide(rng)
        losses = []
        for asked in self._batches(self.objective.ask(self.task, hidden, rng)):
            optimizer.zero_grad()
            piece = self._piece(edges, self.objective.seeds(asked), rng)
            loss = self.objective.loss(self.network, piece, asked, rng)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(float(loss.detach()))
        value = float(np.mean(losses))
        if not math.isfinite(value):
            raise InputError(
                f"training diverged in epoch {number}: the loss is {value}. Lower the learning "
                f"rate ({self.training.learning_rate}), or look for huge features."
            )
        return value

    def validate(self, valid: Integers, false: Integers) -> float:
        """Area under the ROC curve of ``valid`` against ``false``."""
        self.network.eval()
        true, wrong = self._scores(valid), self._scores(false)
        return area_under_curve(true, wrong)

    def _scores(self, links: Integers) -> Integers:
        rng = np.random.default_rng([self.seed, 0])
        seeds = np.unique(links[:, [0, 2]])
        size = 4 * self.training.batch if self.sampled else len(seeds)
        with torch.no_grad():
            parts = []
            for first in range(0, len(seeds), size):
                piece = self._piece(self.task.edges, seeds[first : first + size], rng)
                vectors = piece.vectors(self.network)
                parts.append(vectors[piece.rows(seeds[first : first + size])])
            z = torch.cat(parts)
            heads, tails = (
                z[torch.from_numpy(np.searchsorted(seeds, links[:, side]))] for side in (0, 2)
            )
            found = self.objective.score(heads, torch.from_numpy(links[:, 1].copy()), tails)
        scores: Integers = found.numpy()
        return scores

    def _hide(self, rng: np.random.Generator) -> tuple[Edges, Integers]:
        """Edges without the links that are hidden in this epoch, and those links."""
        links, share = self.task.links, self.objective.hidden_share
        if not share:
            return self.task.edges, links[:0]
        if self.sampled:  # no more than will be asked for
            share = min(share, self.training.steps * self.training.batch / (2 * len(links)))
        hidden = rng.random(len(links)) < share
        asked = links[hidden] if hidden.any() else links
        return Edges.of(links[~hidden], len(self.task), self.task.relations), asked

    def _batches(self, asked: Integers) -> Iterator[Integers]:
        if not self.sampled:
            yield asked
            return
        size = self.training.batch
        for first in range(0, min(len(asked), size * self.training.steps), size):
            yield asked[first : first + size]

    def _piece(self, edges: Edges, seeds: Integers, rng: np.random.Generator) -> Piece:
        if self.sampled:
            return around(self.task.x, edges, seeds, self.training.fan_out, rng)
        return whole(self.task.x, edges)
