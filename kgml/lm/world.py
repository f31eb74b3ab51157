"""How many processes there are, and whether these are as many as the launcher was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kgml.errors import UsageError
from kgml.training.machine import Machine

ACCELERATE = "ACCELERATE_USE_CPU"
"""``accelerate launch`` sets it always, and ``MASTER_ADDR`` where it was asked for several."""
FSDP = "ACCELERATE_USE_FSDP"


def leads(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process prepares what the others of its host wait for."""
    return int(environment.get("LOCAL_RANK", "0")) == 0


def check_world(
    machine: Machine, wanted: int | None, environment: Mapping[str, str] = os.environ, *,
    shard: bool = False,
) -> None:  # fmt: skip
    """Refuse to go on with another number of processes than was asked for.

    Args:
        wanted: what ``--processes`` says; None: what the launcher says.
        shard: whether the model is dealt out to them.

    Raises:
        UsageError: more or fewer, one to share a model with itself, or parameters that the launcher
            shards.
    """
    found = machine.count
    launched = environment.get("WORLD_SIZE")
    if launched is not None and int(launched) != found:
        raise UsageError(
            f"the launcher says {launched} processes (WORLD_SIZE), and {found} found each other. "
            "Start them with torchrun --nproc-per-node N --no-python kgml pretrain ..."
        )
    if launched is None and ACCELERATE in environment and "MASTER_ADDR" in environment:
        raise UsageError(
            "accelerate launch was asked for several processes and started one, as it does with "
            "--cpu. Start them with torchrun --nproc-per-node N --no-python kgml pretrain ..."
        )
    if wanted is not None and wanted != found:
        raise UsageError(
            f"--processes {wanted}: {found} here. Start them with torchrun --nproc-per-node "
            f"{wanted} --no-python kgml pretrain ..."
        )
    if shard and found == 1:
        raise UsageError(
            "--shard: one process has no other to share the model with. Start several with torchrun "
            "--nproc-per-node N --no-python kgml pretrain ..., or leave it out."
        )
    if environment.get(FSDP, "false").lower() in ("1", "true"):
        raise UsageError(
            "accelerate launch --use_fsdp deals models out in a way that kgml does not save. Start "
            "the processes without it and give kgml pretrain --shard."
        )
