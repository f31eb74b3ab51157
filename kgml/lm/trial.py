"""One trial of a search: a short run in a process of its own, which ends itself when it falls behind."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgml.config import PretrainConfig


@dataclass(frozen=True)
class Job:
    """``bars``: the loss at each validation above which the trial ends; none: it goes to its end."""

    number: int
    tokens: Path
    options: PretrainConfig
    params: Mapping[str, Any]
    seed: int
    threads: int
    bars: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trial:
    """``losses`` of its validations; ``value``: the least, None where it ended before its time or
    its loss was no number any more."""

    number: int
    params: dict[str, Any]
    losses: list[float] = field(default_factory=list)
    value: float | None = None
    parameters: int = 0
    steps: int = 0
    seconds: float = 0.0


class _Behind(Exception):  # noqa: N818  no error: a trial that is given up
    pass


class _Watch:
    """A `kgml.training.task.Watch` that keeps losses and ends a trial that is behind."""

    def __init__(self, bars: tuple[float, ...]) -> None:
        self.bars, self.losses, self.steps = bars, list[float](), 0

    def begin(self, step: int) -> None:
        """Nothing to take up."""

    def step(self, step: int, loss: float, rate: float) -> None:
        """Count."""
        self.steps = step

    def check(self, step: int, loss: float | None, score: float) -> None:
        """The start is the same for all."""
        if not step:
            return
        self.losses.append(-score)
        place = len(self.losses) - 1
        if place < len(self.bars) and self.losses[-1] > self.bars[place]:
            raise _Behind


def run_trial(job: Job) -> Trial:
    """Train as ``job`` says; nothing is saved."""
    import torch

    from kgml.encoders.device import choose_device
    from kgml.errors import InputError
    from kgml.lm.corpus import open_prepared
    from kgml.lm.run import Run
    from kgml.lm.sizes import shape_of
    from kgml.training.loop import train
    from kgml.training.machine import Machine

    torch.set_num_threads(job.threads)
    clock, watch = time.perf_counter(), _Watch(job.bars)
    options, prepared = job.options, open_prepared(job.tokens)
    shape = shape_of(options, vocabulary=len(prepared.tokenizer))
    machine = Machine(choose_device(options.device), options.precision, unused=False)
    run = Run(prepared, shape, options, machine, job.seed)
    try:
        train(run.task, run.plan(None), machine, seed=job.seed, watch=watch)
        value = min(watch.losses)
    except (_Behind, InputError):  # behind, or a learning rate that led nowhere
        value = None
    known = [loss for loss in watch.losses if math.isfinite(loss)]
    return Trial(
        job.number, dict(job.params), known, value, run.parameters, watch.steps,
        round(time.perf_counter() - clock, 2),
    )  # fmt: skip
