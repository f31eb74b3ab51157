"""A model dealt out to two processes is trained as in one, and is gone on with in one or in two."""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kgml.training.checkpoints import Checkpoints
from kgml.training.loop import train
from kgml.training.machine import Machine
from kgml.training.shards import own, whole

from ..commands import ranks
from .test_loop import PLAN, Sums

ROOT = Path(__file__).resolve().parents[2]
STOPPED_AT = 14


class Stopped(Sums):
    """Its run ends in that step."""

    def parts(self, step: int) -> list[tuple[Any, float]]:
        if step == STOPPED_AT:
            raise InterruptedError
        return super().parts(step)


def half(environment: dict[str, str], folder: Path) -> None:
    """One of two processes: stopped, then begun again."""
    os.environ |= environment
    machine = Machine()
    for kind in (Stopped, Sums):
        task = kind()
        machine.shard(task.module, [task.module[0]])
        ends = pytest.raises(InterruptedError) if kind is Stopped else nullcontext()
        with ends:
            train(task, PLAN, machine, seed=3, checkpoints=Checkpoints(folder / "two", {}))
        first = next(task.module.parameters())
        assert (tuple(first.shape), tuple(own(first).shape)) == ((8, 4), (4, 4))
    weights = {name: whole(p.detach()) for name, p in task.module.named_parameters()}
    if machine.rank == 0:
        save_file(weights, folder / "two.safetensors")
    machine.close()


@pytest.mark.skipif(os.name == "nt", reason="fork")
def test_dealt_out_to_two_processes_a_run_ends_as_in_one_also_when_stopped(tmp_path: Path) -> None:
    """Three parts of a step, so that one process has one more; dropout; the best weights are kept."""
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))  # where the new processes look for `half`
    start = multiprocessing.get_context("forkserver").Process
    both = [start(target=half, args=(environment, tmp_path)) for environment in ranks(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    task = Sums()
    expected = train(task, PLAN, Machine(), seed=3, checkpoints=Checkpoints(tmp_path / "one", {}))
    found = load_file(tmp_path / "two.safetensors")
    alike(task.weights(), found)

    checkpoint = tmp_path / "two" / "step-00000019"  # one process goes on with what two left
    assert checkpoint.is_dir()
    (tmp_path / "two" / "step-00000020").rename(tmp_path / "last")
    alone = Sums()
    again = train(alone, PLAN, Machine(), seed=3, checkpoints=Checkpoints(tmp_path / "two", {}))
    alike(task.weights(), alone.weights())
    assert again.best == expected.best > 0
    for step in ("19", "20"):
        name = f"step-000000{step}/state.safetensors"
        alike(load_file(tmp_path / "one" / name), load_file(tmp_path / "two" / name))


def alike(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], atol=1e-5, rtol=0)
