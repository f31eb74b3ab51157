"""The loop on a few numbers: it goes on as if never stopped, keeps the best, adds parts up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kgml.errors import ArtifactError, InputError, UsageError
from kgml.training.budget import steps_within
from kgml.training.checkpoints import Checkpoints
from kgml.training.loop import train
from kgml.training.machine import Machine
from kgml.training.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
ROWS = 24


class Sums:
    """A network with dropout learns the sum of four numbers."""

    def __init__(self, part: int = 3, dropout: float = 0.3, rate: float = 0.02) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.module: nn.Module = nn.Sequential(
                nn.Linear(4, 8), nn.Dropout(dropout), nn.Tanh(), nn.Linear(8, 1)
            )
            self.x = torch.randn(ROWS, 4)
        self.y, self.part, self.highest = self.x.sum(dim=1, keepdim=True), part, rate
        self.scores: list[float] | None = None
        self.kill_at: int | None = None

    def parts(self, step: int) -> list[tuple[Any, float]]:
        if step == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        rows = (torch.arange(7) + 5 * step) % ROWS
        return [(some, float(len(some))) for some in rows.split(self.part)]

    def loss(self, module: nn.Module, part: Tensor) -> Tensor:
        lost: Tensor = (module(self.x[part]) - self.y[part]).square().sum()
        return lost

    def rate(self, name: str) -> float:
        return self.highest

    def score(self) -> float:
        if self.scores is not None:
            return self.scores.pop(0)
        return -float((self.module(self.x) - self.y).square().mean())

    def weights(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.module.state_dict().items()}


PLAN = Plan(20, check_every=4, save_every=1)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_run_that_was_killed_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = Sums()
    expected = train(whole, PLAN, Machine(), seed=3, checkpoints=Checkpoints(tmp_path / "one", {}))
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_loop import *\n"
        "task = Sums(); task.kill_at = 14\n"
        f"train(task, PLAN, Machine(), seed=3, checkpoints=Checkpoints(Path({str(tmp_path / 'two')!r}), {{}}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    checkpoints = Checkpoints(tmp_path / "two", {})
    assert checkpoints.steps() == [12, 13]
    again = Sums()
    found = train(again, PLAN, Machine(), seed=3, checkpoints=checkpoints)
    assert found == expected  # every loss and score to the last bit
    assert same(again.weights(), whole.weights())
    files = [folder / "step-00000020" / "state.safetensors" for folder in tmp_path.iterdir()]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "run", {})
    first, second = Sums(), Sums()
    expected = train(first, PLAN, Machine(), checkpoints=checkpoints)
    second.kill_at = 1  # a step would end the tests
    assert train(second, PLAN, Machine(), checkpoints=checkpoints) == expected
    assert same(first.weights(), second.weights())
    checkpoints.remove()
    assert not (tmp_path / "run").exists()


def test_training_stops_after_a_few_validations_without_a_better_one() -> None:
    task = Sums()
    task.scores = [0.0, 1.0, 2.0, 1.9, 1.8, 5.0]
    found = train(task, Plan(20, check_every=4, patience=2), Machine())
    assert (found.step, found.best) == (16, 8)
    assert [row["score"] for row in found.history] == [0.0, 1.0, 2.0, 1.9, 1.8]


def test_the_weights_of_the_best_validation_are_kept_those_of_the_start_if_it_was_best() -> None:
    short, task, never = Sums(), Sums(), Sums()
    start = never.weights()
    short.scores = [0.0, 3.0, 2.0]
    train(short, Plan(20, check_every=4, patience=1), Machine())
    task.scores = [0.0, 3.0, 2.0, 1.0, 0.5, 0.2]
    assert train(task, Plan(20, check_every=4), Machine()).best == 4
    assert same(task.weights(), short.weights())
    never.scores = [9.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert train(never, Plan(20, check_every=4), Machine()).best == 0
    assert same(never.weights(), start)


def test_parts_add_up_to_the_whole_step() -> None:
    """Dropout draws for each part, so it is off; 1e-6 is rounding."""
    weights = []
    for part in (1, 3, 7):
        task = Sums(part=part, dropout=0.0)
        train(task, Plan(10), Machine())
        weights.append(task.weights())
    for other in weights[1:]:
        for name, value in weights[0].items():
            torch.testing.assert_close(value, other[name], atol=1e-6, rtol=1e-5)


def test_another_seed_drops_other_numbers_and_torchs_own_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, two = Sums(), Sums()
    train(one, Plan(5), Machine(), seed=0)
    train(two, Plan(5), Machine(), seed=1)
    assert not same(one.weights(), two.weights())
    assert torch.equal(torch.get_rng_state(), before)


def test_mixed_precision_keeps_float32_weights_near_those_of_float32() -> None:
    weights = []
    for precision in ("no", "bf16"):
        task = Sums(dropout=0.0)
        train(task, Plan(10, precision=precision), Machine(precision=precision))
        weights.append(task.weights())
    for name, value in weights[0].items():
        assert weights[1][name].dtype == torch.float32
        torch.testing.assert_close(value, weights[1][name], atol=0.05, rtol=0.05)
    assert not same(*weights)


def test_a_loss_that_is_no_number_is_refused_with_its_step() -> None:
    task = Sums()
    task.y[0] = float("nan")
    with pytest.raises(InputError, match=r"step 4: the loss is no number .* smaller learning rate"):
        train(task, Plan(20), Machine())


def test_a_checkpoint_of_other_options_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    train(Sums(), Plan(3), Machine(), checkpoints=Checkpoints(tmp_path / "run", {"rate": 0.1}))
    with pytest.raises(UsageError, match=r"with other options \(rate 0\.1, now 0\.2\)"):
        train(Sums(), Plan(3), Machine(), checkpoints=Checkpoints(tmp_path / "run", {"rate": 0.2}))
    file = tmp_path / "run" / "step-00000003" / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ArtifactError, match="changed since it was saved"):
        train(Sums(), Plan(3), Machine(), checkpoints=Checkpoints(tmp_path / "run", {"rate": 0.1}))


def test_a_budget_that_holds_no_step_is_refused_and_telling_it_changes_nothing() -> None:
    task, before = Sums(), Sums().weights()
    assert steps_within(10, task, Plan(20), Machine(), checks=2) == 20
    with pytest.raises(UsageError, match=r"1e-09 minutes do not hold one step"):
        steps_within(1e-9, task, Plan(20), Machine(), checks=0)
    assert same(task.weights(), before)


@pytest.mark.parametrize(
    ("precision", "message"),
    [("fp16", "fp16 and device cpu exclude each other"), ("half", "no training precision 'half'")],
)
def test_precisions_that_are_not_to_be_had_are_refused(precision: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Machine("cpu", precision)


def test_weights_of_matrices_decay_and_biases_do_not() -> None:
    from kgml.training.loop import _groups

    task = Sums()
    groups = _groups(dict(task.module.named_parameters()), task, Plan(1, decay=0.5))
    shapes = {group["weight_decay"]: [p.ndim for p in group["params"]] for group in groups}
    assert shapes == {0.0: [1, 1], 0.5: [2, 2]}
