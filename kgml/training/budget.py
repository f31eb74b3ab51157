"""How many steps fit into some minutes."""

from __future__ import annotations

import time

import torch

from kgml.errors import UsageError
from kgml.training.machine import Machine
from kgml.training.plan import Plan
from kgml.training.task import Task

TRIALS = 3
"""Steps by which the time of one is told."""


def steps_within(minutes: float, task: Task, plan: Plan, machine: Machine, checks: int) -> int:
    """Steps that fit into ``minutes``, with ``checks`` validations; at most ``plan.steps``.

    A few are computed and taken back: nothing has changed when this returns.

    Raises:
        UsageError: not one fits.
    """
    task.module.to(machine.device)
    seconds, check = _seconds(task, machine, plan.steps), _check_seconds(task, checks)
    # several processes go at the pace of the slowest, and all have to go as far
    seconds, check = machine.most(seconds), machine.most(check)
    fits = int((60 * minutes - checks * check) / seconds)
    if fits < 1:
        raise UsageError(
            f"{minutes:g} minutes do not hold one step: a step takes {seconds:.1f} s and "
            f"{checks} validations take {checks * check:.0f} s. Give more, or a smaller batch."
        )
    return min(plan.steps, fits)


def _seconds(task: Task, machine: Machine, steps: int) -> float:
    task.module.train()
    clock = time.perf_counter()
    for step in range(1, min(TRIALS, steps) + 1):
        for _, part, _ in machine.mine(task.parts(step)):
            with machine.computing(step):
                loss = task.loss(task.module, part)
            loss.backward()  # type: ignore[no-untyped-call]
    task.module.zero_grad(set_to_none=True)
    return (time.perf_counter() - clock) / min(TRIALS, steps)


def _check_seconds(task: Task, checks: int) -> float:
    if not checks:
        return 0.0
    task.module.eval()
    clock = time.perf_counter()
    with torch.no_grad():
        task.score()
    return time.perf_counter() - clock
