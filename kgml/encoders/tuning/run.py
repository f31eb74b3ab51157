"""A run of tuning: how many steps, when to check, when to save, when to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kgml.encoders.tuning.held_out import HeldOut, score
from kgml.encoders.tuning.tuner import Tuner
from kgml.encoders.tuning.unfinished import Progress, Unfinished
from kgml.errors import InputError
from kgml.progress import note, track

if TYPE_CHECKING:
    from torch import Tensor

PASSES, FEWEST_STEPS, MOST_STEPS = 3, 20, 1_000
"""Without ``steps``: how often each name is seen, within these bounds."""
CHECKS, PATIENCE = 10, 3
"""Held-out scores in a run, and how many of them in a row may bring nothing new."""
LEAST_STEPS = 10
"""Between two checks: a check costs as much as a few steps."""
SAVE_SECONDS = 60.0
"""What an interruption costs at most."""
TRIAL_STEPS = 3


class Run:
    """The steps from where the run stands to its end."""

    def __init__(self, tuner: Tuner, held: HeldOut, unfinished: Unfinished) -> None:
        self.tuner, self.held, self.unfinished = tuner, held, unfinished
        self.progress = Progress(steps=0)
        self._best: dict[str, Tensor] | None = None

    def begin(self, minutes: float | None) -> None:
        """Score the original; choose how many steps there will be."""
        clock = time.perf_counter()
        checks = [{"step": 0, **self._score()}]
        check_seconds = time.perf_counter() - clock
        if minutes is None:
            steps = self.tuner.config.steps or default_steps(self.tuner)
        else:
            steps = steps_within(60 * minutes, check_seconds, self._step_seconds())
            note(f"{steps:,} steps fit into {minutes:g} minutes; --steps {steps} repeats this run")
        self.progress = Progress(steps=steps, checks=checks)

    def resume(self, progress: Progress) -> None:
        """Go back to what is on disk."""
        self.tuner.restore(self.unfinished.load("state"), progress.step)
        if progress.best:
            self._best = self.unfinished.load("best")
        self.progress = progress
        note(f"going on from step {progress.step:,} of {progress.steps:,}")

    def train(self) -> None:
        """Do the steps; stop when `PATIENCE` checks in a row bring nothing new."""
        try:
            self._train()
        except KeyboardInterrupt:
            kept = self.unfinished.read()  # it may have come while something was saved
            if kept:
                note(
                    f"the same command goes on from step {kept.step:,}, kept in {self.unfinished.path}"
                )
            raise

    def _train(self) -> None:
        progress = self.progress
        self.tuner.steps = progress.steps
        every = max(LEAST_STEPS, -(-progress.steps // CHECKS))
        left = range(progress.step + 1, progress.steps + 1)
        saved = time.monotonic()
        for step in track(left, "Tuning the encoder", total=len(left)):
            if progress.waited >= PATIENCE:
                break
            self.tuner.step(step)
            progress.step = step
            better = False
            if step % every == 0 or step == progress.steps:
                better = self._check()
            if better or time.monotonic() - saved > SAVE_SECONDS:
                self.unfinished.save(progress, self.tuner.state(), self._best if better else None)
                saved = time.monotonic()

    def _check(self) -> bool:
        progress = self.progress
        found = {"step": progress.step, **self._score()}
        better = found["mrr"] > max(check["mrr"] for check in progress.checks)
        progress.checks.append(found)
        progress.waited = 0 if better else progress.waited + 1
        if better:
            progress.best, self._best = progress.step, self.tuner.weights()
        start = progress.checks[0]["mrr"]
        note(
            f"step {progress.step:,} of {progress.steps:,}: held-out MRR {found['mrr']:.3f}, "
            f"{start:.3f} at the start"
        )
        return better

    def best_weights(self) -> dict[str, Tensor]:
        """The best there were; what is on disk is removed where none were better than the start."""
        if self._best is not None:
            return self._best
        self.unfinished.remove()
        start, *others = [check["mrr"] for check in self.progress.checks]
        raise InputError(
            f"nothing was written: held-out names find their label no better after "
            f"{self.progress.step:,} steps (MRR {start:.3f} at the start, {max(others):.3f} at best). "
            "Use the encoder as it is, or try more --steps or another --learning-rate."
        )

    def _score(self) -> dict[str, float]:
        return score(self.tuner.encode, self.held, [self.held.valid])[0]

    def _step_seconds(self) -> float:
        """Of one step; the weights stay as they are."""
        clock = time.perf_counter()
        for number in range(1, TRIAL_STEPS + 1):
            self.tuner.loss(number).backward()  # type: ignore[no-untyped-call]
            self.tuner.optimizer.zero_grad()
        return (time.perf_counter() - clock) / TRIAL_STEPS


def default_steps(tuner: Tuner) -> int:
    """About `PASSES` over the names."""
    steps = -(-PASSES * len(tuner.pairs.anchors) // tuner.config.batch_size)
    return min(MOST_STEPS, max(FEWEST_STEPS, steps))


def steps_within(seconds: float, check_seconds: float, step_seconds: float) -> int:
    """How many steps fit, the checks (and the two at the end) taken off; `CHECKS` at least.

    >>> steps_within(60, 1, 0.1)
    470
    """
    return max(CHECKS, int((seconds - (CHECKS + 3) * check_seconds) / step_seconds))
