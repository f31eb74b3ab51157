"""Node encoders by name, with the options of a configuration, and which of them each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgml.config import EncoderConfig, NodeTrainingConfig
from kgml.encoders.node import NodeEncoder
from kgml.errors import UsageError
from kgml.registry import names, resolve

TAKES: dict[str, Callable[[type[NodeEncoder]], bool]] = {
    "objective": lambda made: made.has_objective,
    "checkpoint": lambda made: made.defaults is not None,
    "encoder": lambda made: made.uses_features,
    "precision": lambda made: made.uses_features,
    "long-texts": lambda made: made.uses_features,
    "device": lambda made: made.uses_features,
}
"""Who takes an option; one of training is taken by whoever has it among its ``defaults``."""


def make_node_encoder(
    name: str,
    *,
    seed: int = 0,
    objective: str = EncoderConfig.objective,
    training: NodeTrainingConfig = NodeTrainingConfig(),  # noqa: B008 - frozen
    checkpoint: Path | None = None,
) -> NodeEncoder:
    """The node encoder ``name``; ``objective`` is for those that are trained for one.

    Raises:
        UsageError: no such name, or an option of training that this one does not take.
    """
    made = resolve("node_encoder", name)
    check_training(name, training)
    check_flags(name, {"checkpoint": checkpoint})
    options: dict[str, Any] = {"seed": seed}
    if made.has_objective:
        options["objective"] = objective
    if made.defaults is not None:
        options["training"] = replace(made.defaults, **training.given())
        options["checkpoint"] = checkpoint
    encoder: NodeEncoder = made(**options)
    return encoder


def check_training(name: str, training: NodeTrainingConfig) -> None:
    """Refuse options of training that mean nothing to the node encoder ``name``.

    Raises:
        UsageError: there is one, or there is no such node encoder.
    """
    for option in training.given():
        _check(name, option, f"[node_training] {option}")


def check_flags(name: str, flags: Mapping[str, Any]) -> None:
    """Refuse flags of the command line, those not None, that mean nothing to ``name``.

    Raises:
        UsageError: there is one, or there is no such node encoder.
    """
    for option, value in flags.items():
        if value is not None:
            _check(name, option, f"--{option}")


def _check(name: str, option: str, shown: str) -> None:
    if not _takes(name, option):
        those = [other for other in names("node_encoder") if _takes(other, option)]
        listed = f"{', '.join(those[:-1])} or {those[-1]}"
        raise UsageError(f"{shown} is for {listed}; '{name}' takes none. Leave it out.")


def _takes(name: str, option: str) -> bool:
    made = resolve("node_encoder", name)
    return TAKES[option](made) if option in TAKES else hasattr(made.defaults, option)
