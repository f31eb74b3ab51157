"""Where a run is computed: device, mixed precision, one process or several. The one file that knows
Accelerate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from kgml.errors import UsageError, one_of
from kgml.training.plan import PRECISIONS
from kgml.training.shards import deal_out

Part = TypeVar("Part")


class Machine:
    """An Accelerator and the device that was asked for.

    Under ``torchrun`` each process has the device that Accelerate gives it.

    Args:
        device: as torch calls it.
        precision: of `PRECISIONS`.
        unused: whether several processes may have parameters that no loss depends on, such as BERT's
            pooler; looking for them takes time.

    Raises:
        UsageError: no such precision, or fp16 without a GPU.
    """

    def __init__(
        self, device: str = "cpu", precision: str = PRECISIONS[0], *, unused: bool = True
    ) -> None:
        if precision not in PRECISIONS:
            raise UsageError(
                f"no training precision '{precision}'; {one_of(PRECISIONS, precision)}"
            )
        if precision == "fp16" and torch.device(device).type != "cuda":
            raise UsageError(
                f"training precision fp16 and device {device} exclude each other: fp16 is for a "
                "GPU. Use bf16 or no."
            )
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState, PartialState
        from accelerate.utils import DistributedDataParallelKwargs

        on_cpu = torch.device(device).type == "cpu"
        if PartialState(cpu=on_cpu).num_processes == 1:
            # of an earlier run of this process, which may have had another precision or device
            AcceleratorState._reset_state(reset_partial_state=True)
        self.accelerator = Accelerator(
            mixed_precision=precision, cpu=on_cpu, device_placement=False,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=unused)],
        )  # fmt: skip
        self.count, self.rank = self.accelerator.num_processes, self.accelerator.process_index
        self.device = torch.device(device) if self.count == 1 else self.accelerator.device
        self.sharded = False

    def shard(self, module: nn.Module, layers: Iterable[nn.Module]) -> None:
        """Deal ``module`` out to the processes, several of them, before there is an optimiser of its
        parameters. Not for fp16: each process would judge the scaled loss by its own part."""
        deal_out(module, layers, self.device, self.count)
        self.sharded = True

    def mine(self, parts: Sequence[tuple[Part, float]]) -> list[tuple[int, Part, float]]:
        """Number, part and weight of this process's parts of a step.

        All processes have equally many, as they meet in each: one that is left over is given a part
        of weight 0.
        """
        rounds = -(-len(parts) // self.count)
        numbers = range(self.rank, rounds * self.count, self.count)
        return [(n, *parts[n]) if n < len(parts) else (0, parts[0][0], 0.0) for n in numbers]

    def prepare(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, Any]:
        """Both, wrapped for several processes; an optimiser that knows the loss is scaled."""
        if self.count == 1 or self.sharded:
            return module, self.accelerator.prepare(optimizer)
        wrapped, prepared = self.accelerator.prepare(module, optimizer)
        return wrapped, prepared

    @contextmanager
    def computing(self, seed: int) -> Iterator[None]:
        """Mixed precision, if it was asked for, and random numbers (dropout) of ``seed`` alone."""
        here = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=here), self.accelerator.autocast():
            torch.manual_seed(seed)
            yield

    def adding(self, module: nn.Module, last: bool) -> AbstractContextManager[Any]:
        """Around a part of a step, forth and back: other processes' gradients come in with the last,
        but where the model is dealt out, which would have to hold whole gradients till then."""
        waiting = self.count > 1 and not last and not self.sharded
        return self.accelerator.no_sync(module) if waiting else nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Add up gradients."""
        self.accelerator.backward(loss)

    def shorten(self, parameters: list[nn.Parameter], longest: float) -> None:
        """Gradients no longer than ``longest`` altogether."""
        self.accelerator.clip_grad_norm_(parameters, longest)

    def sum(self, value: Tensor) -> float:
        """The sum over processes."""
        if self.count > 1:
            value = self.accelerator.reduce(value.to(self.device), reduction="sum")
        return float(value)

    def most(self, value: float) -> float:
        """The greatest over processes."""
        if self.count == 1:
            return value
        here = torch.tensor([value], dtype=torch.float64, device=self.device)
        return float(self.accelerator.gather(here).max())

    def meet(self) -> None:
        """Go on when all processes are here."""
        self.accelerator.wait_for_everyone()

    def close(self) -> None:
        """Part from the other processes."""
        if self.count > 1:
            self.accelerator.end_training()

    @property
    def scale(self) -> dict[str, float]:
        """What the loss is scaled by in fp16, as JSON; empty otherwise."""
        scaler = self.accelerator.scaler
        return {} if scaler is None else dict(scaler.state_dict())

    @scale.setter
    def scale(self, state: dict[str, float]) -> None:
        if self.accelerator.scaler is not None and state:
            self.accelerator.scaler.load_state_dict(state)
