"""Parameters that are dealt out: each process holds a part of every tensor, and all of a layer only
while it is computed (FSDP: Zhao et al. 2023). A tensor that is not dealt out is its own part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def deal_out(
    module: nn.Module, layers: Iterable[nn.Module], device: torch.device, count: int
) -> None:
    """Give each of ``count`` processes its part of ``module``, which is moved to ``device`` layer by layer.

    Args:
        layers: of the module, each gathered by itself; what is in none of them is gathered together.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (count,))
    for layer in layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


@contextmanager
def gathered(module: Any) -> Iterator[None]:
    """Parts of a dealt out ``module`` can be called by themselves; every process has to."""
    if not hasattr(module, "unshard"):
        yield
        return
    module.unshard()
    try:
        yield
    finally:
        module.reshard()


def own(tensor: Tensor) -> Tensor:
    """The part that this process holds; it shares memory with ``tensor``."""
    dealt = _dealt(tensor)
    part: Tensor = tensor if dealt is None else dealt.to_local()
    return part


def whole(tensor: Tensor) -> Tensor:
    """All of it; every process has to ask."""
    dealt = _dealt(tensor)
    found: Tensor = tensor if dealt is None else dealt.full_tensor()
    return found


def dealt_as(like: Tensor, part: Tensor) -> Tensor:
    """A tensor of which ``part`` is this process's, dealt out as ``like`` is."""
    dealt = _dealt(like)
    if dealt is None:
        return part
    from torch.distributed.tensor import DTensor

    return DTensor.from_local(
        part.to(like.device), dealt.device_mesh, dealt.placements, run_check=False,
        shape=like.shape, stride=like.stride(),
    )  # fmt: skip


def part_of(like: Tensor, value: Tensor) -> Tensor:
    """Of a whole ``value`` the part that this process holds of ``like``; nothing is sent."""
    dealt = _dealt(like)
    if dealt is None:
        return value
    from torch.distributed.tensor import distribute_tensor

    return own(
        distribute_tensor(
            value.to(like.device), dealt.device_mesh, dealt.placements, src_data_rank=None
        )
    )


def _dealt(tensor: Any) -> Any:
    """``tensor`` if it is dealt out, else None; its class takes seconds to import."""
    return tensor if hasattr(tensor, "placements") else None
