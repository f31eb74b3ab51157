"""The loop: steps, validation, early stopping, checkpoints. A run that was killed at any moment and
is called again ends with the bits of one that was not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kgml.errors import InputError
from kgml.progress import note, track
from kgml.training.checkpoints import Checkpoints, Progress, Tensors, moments_of, put_moments
from kgml.training.machine import Machine
from kgml.training.plan import Plan, share
from kgml.training.shards import dealt_as, own, part_of, whole
from kgml.training.task import Task, Watch


@dataclass(frozen=True)
class Outcome:
    """``step``: how many were done. ``best``: that of the weights that are kept, 0 for those there
    were at the start. ``history``: as `Progress` has it."""

    step: int
    best: int
    history: list[dict[str, float | int | None]]


def train(
    task: Task,
    plan: Plan,
    machine: Machine,
    *,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
    description: str = "Training",
) -> Outcome:
    """Train ``task.module``; it ends with the weights of its best validation (the last where there
    is none but at the end).

    Args:
        checkpoints: where the run is saved, and gone on with if it is there.
        watch: who is told how it goes.

    Raises:
        InputError: the loss is no number any more.
        UsageError: the checkpoints are of another run.
        ArtifactError: they are damaged, or cannot be written.
    """
    run = _Run(task, plan, machine, seed, checkpoints, watch)
    run.begin()
    try:
        run.steps(description)
    except KeyboardInterrupt:
        kept = checkpoints.steps() if checkpoints is not None else []
        if kept and checkpoints is not None and machine.rank == 0:
            note(f"the same command goes on from step {kept[-1]:,}, kept in {checkpoints.path}")
        raise
    run.take_best()
    done = run.progress
    return Outcome(done.step, done.best, done.history)


class _Run:
    def __init__(
        self, task: Task, plan: Plan, machine: Machine, seed: int,
        checkpoints: Checkpoints | None, watch: Watch | None,
    ) -> None:  # fmt: skip
        self.watch = watch
        self.task, self.plan, self.machine, self.seed = task, plan, machine, seed
        self.checkpoints = checkpoints
        self.progress = Progress(plan.steps)
        self.kept: dict[str, Tensor] = {}  # this process's parts
        task.module.to(machine.device)
        self.parameters = {n: p for n, p in task.module.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters, task, plan), betas=plan.betas, fused=plan.fused or None
        )
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.module, self.prepared = machine.prepare(task.module, self.optimizer)
        self.saved = time.monotonic()

    def begin(self) -> None:
        """Take up what is on disk, or validate what there is at the start."""
        found = self.checkpoints.read() if self.checkpoints is not None else None
        if self.watch is not None:
            self.watch.begin(found[0].step if found is not None else 0)
        if found is None:
            if self.plan.check_every:
                score = self._score()
                self.progress.history.append({"step": 0, "loss": None, "score": score})
                self._keep()
                if self.watch is not None:
                    self.watch.check(0, None, score)
            return
        self.progress, tensors = found
        here = self.parameters
        self.kept = {n: part_of(here[n], value).cpu() for n, value in tensors.kept.items()}
        _put(here, {n: part_of(here[n], value) for n, value in tensors.now.items()})
        put_moments(self.optimizer, self.parameters, tensors.moments)
        self.machine.scale = self.progress.scale
        note(f"going on from step {self.progress.step:,} of {self.plan.steps:,}")

    def steps(self, description: str) -> None:
        """Do what is left of them."""
        done, plan = self.progress, self.plan
        left = range(done.step + 1, plan.steps + 1)
        for step in track(left, description, total=len(left)):
            if plan.patience is not None and done.waited >= plan.patience and step > plan.least:
                break
            done.losses.append(self._step(step))
            done.step = step
            if self.watch is not None:
                self.watch.step(step, done.losses[-1], share(step, plan))
            if plan.check_every and plan.due(step):
                self._check()
            if self._save_due(step):
                self._save()
        if left:
            self._save()

    def take_best(self) -> None:
        """The weights of the best validation."""
        if self.kept:
            _put(self.parameters, self.kept)

    def _step(self, step: int) -> float:
        task, machine = self.task, self.machine
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share(step, self.plan)
        parts = task.parts(step)
        mine, factor = machine.mine(parts), machine.count / sum(weight for _, weight in parts)
        self.module.train()
        self.prepared.zero_grad()
        lost = torch.zeros((), device=machine.device)
        for turn, (number, part, weight) in enumerate(mine, start=1):
            with machine.adding(self.module, last=turn == len(mine)):
                with machine.computing(_seed_of(self.seed, step, number)):
                    loss = task.loss(self.module, part) * (factor if weight else 0.0)
                machine.backward(loss)
            lost += loss.detach()  # a GPU is not waited for
        found: float = machine.sum(lost) / machine.count
        if not np.isfinite(found):
            raise InputError(
                f"step {step:,}: the loss is no number any more (NaN or infinity). Use a smaller "
                "learning rate, or the training precision no."
            )
        machine.shorten(list(self.parameters.values()), self.plan.longest)
        self.prepared.step()
        return found

    def _score(self) -> float:
        self.task.module.eval()
        with torch.no_grad():
            found: float = self.task.score()
        return found

    def _check(self) -> None:
        done = self.progress
        score = self._score()
        before = max(float(row["score"] or 0.0) for row in done.history)
        mean = float(np.mean(done.losses))
        done.history.append({"step": done.step, "loss": mean, "score": score})
        if self.watch is not None:
            self.watch.check(done.step, mean, score)
        done.losses, done.waited = [], done.waited + 1
        if score > before:
            done.best, done.waited = done.step, 0
            self._keep()

    def _keep(self) -> None:
        self.kept = {n: own(p.detach()).cpu().clone() for n, p in self.parameters.items()}

    def _save_due(self, step: int) -> bool:
        every = self.plan.save_every
        if every is not None and step % every == 0:
            return True
        waited = time.monotonic() - self.saved
        if self.machine.sharded:  # all have to save, so by one clock
            waited = self.machine.most(waited)
        return waited >= self.plan.save_seconds

    def _save(self) -> None:
        machine, here = self.machine, self.parameters
        if self.checkpoints is not None and (machine.sharded or machine.rank == 0):
            self.progress.scale = machine.scale
            tensors = Tensors(
                self._whole(here),
                self._whole({n: dealt_as(here[n], value) for n, value in self.kept.items()}),
                {n: self._whole(of) for n, of in moments_of(self.optimizer, here).items()},
            )
            if machine.rank == 0:
                self.checkpoints.write(self.progress, tensors)
            if machine.sharded:
                machine.meet()
        self.saved = time.monotonic()

    def _whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gathered one by one and kept by the first process, off its GPU."""
        found = {}
        for name, value in tensors.items():
            gathered = whole(value.detach())
            if self.machine.rank == 0:
                found[name] = gathered.cpu() if self.machine.sharded else gathered
        return found


def _seed_of(seed: int, step: int, part: int) -> int:
    return int(np.random.SeedSequence([seed, step, part]).generate_state(1)[0])


def _groups(parameters: Mapping[str, nn.Parameter], task: Task, plan: Plan) -> list[dict[str, Any]]:
    """One group for each learning rate and decay; biases and norms do not decay."""
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, p in parameters.items():
        decay = plan.decay if p.ndim > 1 else 0.0
        found.setdefault((task.rate(name), decay), []).append(p)
    return [
        {"params": some, "lr": rate, "weight_decay": decay}
        for (rate, decay), some in sorted(found.items(), key=lambda item: item[0])
    ]


def _put(parameters: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """``values``: this process's parts."""
    with torch.no_grad():
        for name, value in values.items():
            own(parameters[name]).copy_(value)
