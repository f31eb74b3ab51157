"""Epochs until validation gets no better, and such a run on disk: tensors, counters, whose it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from kgml import artifacts
from kgml.errors import ArtifactError
from kgml.progress import track

KIND = "checkpoint"
TENSORS = "state.safetensors"
COUNTERS = "state.json"
SAVE_SECONDS = 30.0
"""Between two saves; an interruption loses no more work than this."""


@dataclass
class State:
    """Where training is: all that the next epoch depends on, but for the seed and the triples."""

    parameters: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    kept: dict[str, Tensor] = field(default_factory=dict)
    """The parameters of the best validation so far."""
    best: float = -1.0
    waited: int = 0
    history: list[dict[str, float | int | None]] = field(default_factory=list)


class Schedule(Protocol):
    """How long a run goes on: at most so many epochs, a validation every few, and how many of them
    without a better one."""

    @property
    def epochs(self) -> int: ...
    @property
    def check_every(self) -> int: ...
    @property
    def patience(self) -> int: ...


def run_epochs(
    state: State,
    epoch: Callable[[int], float],
    validate: Callable[[], float] | None,
    schedule: Schedule,
    *,
    measure: str,
    description: str,
    checkpoint: Path | None,
    fingerprint: str,
) -> None:
    """Change the parameters of ``state`` until ``validate`` gets no better; they end at its best.

    Args:
        epoch: number ``i`` of them, from 1; gives its loss. Where it draws from a seed of its own,
            a run that is taken up ends as one that was never stopped.
        validate: the larger the better; None: all epochs are run.
        measure: what ``validate`` is called in ``state.history``.
        checkpoint: folder where the state is saved, and taken up from if it is there.
        fingerprint: of all that decides how the run goes on; a checkpoint of another is refused.

    Raises:
        ArtifactError: the checkpoint is of another run, damaged or not writable.
    """
    if checkpoint is not None:
        load_state(state, checkpoint, fingerprint)
    due = save_due()
    numbers = range(state.epoch + 1, schedule.epochs + 1)
    for number in track(numbers, description, total=len(numbers)):
        if state.waited >= schedule.patience:
            break
        row: dict[str, float | int | None] = {
            "epoch": number, "loss": epoch(number), measure: None,
        }  # fmt: skip
        state.epoch = number
        state.history.append(row)
        if validate is not None and (
            number % schedule.check_every == 0 or number == schedule.epochs
        ):
            row[measure] = found = validate()
            state.waited += 1
            if found > state.best:
                state.best, state.waited = found, 0
                state.kept = {name: p.detach().clone() for name, p in state.parameters.items()}
        if checkpoint is not None and due():
            save_state(state, checkpoint, fingerprint)
    if checkpoint is not None:
        save_state(state, checkpoint, fingerprint)
    with torch.no_grad():
        for name, best in state.kept.items():
            state.parameters[name].copy_(best)


def save_due() -> Callable[[], bool]:
    """A question to ask after each epoch: is it time to save again?"""
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last < SAVE_SECONDS:
            return False
        last = time.monotonic()
        return True

    return due


def save_state(state: State, path: Path, fingerprint: str) -> None:
    """Write ``state`` to the folder ``path``, in one step.

    Raises:
        ArtifactError: ``path`` holds something else, or cannot be written.
    """
    tensors = {f"now.{name}": p.detach() for name, p in state.parameters.items()}
    tensors |= {f"kept.{name}": p for name, p in state.kept.items()}
    for number, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in moments.items()}
    counters = {
        "epoch": state.epoch, "best": state.best, "waited": state.waited,
        "history": state.history,
    }  # fmt: skip
    with artifacts.writing(path, KIND, made_from={"run": fingerprint}) as folder:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / TENSORS)
        (folder / COUNTERS).write_text(artifacts.to_json(counters), encoding="utf-8")


def load_state(state: State, path: Path, fingerprint: str) -> None:
    """Bring ``state`` to what `save_state` wrote; nothing happens where nothing is saved yet.

    Raises:
        ArtifactError: damaged, or of another run.
    """
    path = Path(path)
    if not is_saved(path, fingerprint):
        return
    try:
        tensors = load_file(path / TENSORS)
        counters = json.loads((path / COUNTERS).read_text(encoding="utf-8"))
        _restore(state, tensors, counters)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path}: damaged ({error}). Remove it and start again.") from None


def is_saved(path: Path, fingerprint: str) -> bool:
    """Whether a state of the run ``fingerprint`` is at ``path``; where nothing is, it is not.

    Raises:
        ArtifactError: a checkpoint of another run, or something else, is there.
    """
    artifacts.check_target(path, KIND)
    if not path.is_dir() or not any(path.iterdir()):
        return False
    manifest = artifacts.read_manifest(path, KIND)
    if manifest.made_from.get("run") != fingerprint:
        raise ArtifactError(
            f"{path}: a checkpoint of other triples, options or another seed; it is left alone. "
            "Choose another --checkpoint, or remove it."
        )
    return True


def _restore(state: State, tensors: dict[str, Tensor], counters: dict[str, object]) -> None:
    parts: dict[str, dict[str, Tensor]] = {"now": {}, "kept": {}}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        if part == "optimizer":
            number, _, moment = rest.partition(".")
            moments.setdefault(int(number), {})[moment] = tensor
        else:
            parts[part][rest] = tensor
    with torch.no_grad():
        for name, parameter in state.parameters.items():
            parameter.copy_(parts["now"][name])
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": moments, "param_groups": groups})
    state.kept = parts["kept"]
    for name in ("epoch", "best", "waited", "history"):
        setattr(state, name, counters[name])
