"""A run on disk: numbered folders of safetensors and JSON, the last few kept.

``DIR/step-00000040/`` is an artifact of the kind ``checkpoint``: ``state.safetensors`` (the trained
parameters, the best ones so far, the optimiser's moments) and ``state.json`` (counters). A folder is
complete before it has its name, so whenever the process is killed the last one is whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from kgml import artifacts
from kgml.errors import ArtifactError, UsageError
from kgml.training.shards import dealt_as, part_of

KIND = "checkpoint"
TENSORS, COUNTERS = "state.safetensors", "state.json"


@dataclass
class Progress:
    """Where a run stands.

    ``steps``: how many it will have. ``step`` 0: none was done. ``history`` has ``{step, loss,
    score}`` of each validation, the loss a mean since the one before, whose ``losses`` are still to
    come; ``score`` of step 0 is that of the start. ``best``: the step of the best score.
    """

    steps: int
    step: int = 0
    best: int = 0
    waited: int = 0
    history: list[dict[str, float | int | None]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    scale: dict[str, float] = field(default_factory=dict)


@dataclass
class Tensors:
    """Trained parameters, the best so far (none: as at the start), and the optimiser's moments by
    parameter name."""

    now: dict[str, Tensor]
    kept: dict[str, Tensor]
    moments: dict[str, dict[str, Tensor]]


class Checkpoints:
    """The folder of a run.

    Args:
        path: of the folder; it is made when first written to.
        key: all that makes the run what it is, as JSON; one with another key is not gone on with.
        keep: how many checkpoints stay.
    """

    def __init__(self, path: Path, key: Mapping[str, Any], keep: int = 2) -> None:
        self.path, self.keep = Path(path), keep
        self.key = json.loads(artifacts.to_json(dict(key)))

    def steps(self) -> list[int]:
        """Numbers of the steps that are saved, rising."""
        found = self.path.glob("step-*")
        return sorted(int(f.name[5:]) for f in found if f.name[5:].isdecimal())

    def read(self) -> tuple[Progress, Tensors] | None:
        """The last checkpoint; None where there is none.

        Raises:
            UsageError: it is of a run with other options.
            ArtifactError: it is damaged.
        """
        saved = self.steps()
        if not saved:
            return None
        folder = self._folder(saved[-1])
        manifest = artifacts.read_manifest(folder, KIND)
        self._check(dict(manifest.config))
        try:
            counters = json.loads((folder / COUNTERS).read_text(encoding="utf-8"))
            return Progress(**counters), _parts(load_file(folder / TENSORS))
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ArtifactError(
                f"{folder}: damaged ({error}). Remove {self.path} to begin again."
            ) from None

    def write(self, progress: Progress, tensors: Tensors) -> None:
        """Save a step, and remove those before the last few.

        Raises:
            ArtifactError: the disk is full or not writable; what was saved before still holds.
        """
        folder = self._folder(progress.step)
        with artifacts.writing(
            folder, KIND, made_from={"run": self._digest()}, config=self.key
        ) as box:
            save_file(_flat(tensors), box / TENSORS)
            (box / COUNTERS).write_text(artifacts.to_json(asdict(progress)), encoding="utf-8")
        for step in self.steps()[: -self.keep]:
            shutil.rmtree(self._folder(step), ignore_errors=True)

    def remove(self) -> None:
        """Once the result is written, or will never be; what others put beside them stays."""
        for step in self.steps():
            shutil.rmtree(self._folder(step), ignore_errors=True)
        with suppress(OSError):  # not there, or something else is in it
            self.path.rmdir()

    def _folder(self, step: int) -> Path:
        return self.path / f"step-{step:08d}"

    def _digest(self) -> str:
        return hashlib.sha256(artifacts.to_json(self.key).encode()).hexdigest()

    def _check(self, key: dict[str, Any]) -> None:
        other = sorted(n for n in {*key, *self.key} if key.get(n) != self.key.get(n))
        if other:
            said = ", ".join(
                f"{n} {str(key.get(n))[:12]}, now {str(self.key.get(n))[:12]}" for n in other
            )
            raise UsageError(
                f"{self.path}: holds an unfinished run with other options ({said}). Give the same "
                "to go on with it, remove the folder to begin again, or choose another one."
            )


def _flat(tensors: Tensors) -> dict[str, Tensor]:
    flat = {f"now/{name}": value for name, value in tensors.now.items()}
    flat |= {f"kept/{name}": value for name, value in tensors.kept.items()}
    for name, of_one in tensors.moments.items():
        flat |= {f"moment/{which}/{name}": value for which, value in of_one.items()}
    return {name: value.detach().cpu().contiguous().clone() for name, value in flat.items()}


def _parts(flat: dict[str, Tensor]) -> Tensors:
    found = Tensors({}, {}, {})
    for path, value in flat.items():
        part, _, name = path.partition("/")
        if part == "moment":
            which, _, name = name.partition("/")
            found.moments.setdefault(name, {})[which] = value
        else:
            {"now": found.now, "kept": found.kept}[part][name] = value
    return found


def moments_of(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """What the optimiser remembers of each parameter that it has moved."""
    state = optimizer.state
    return {name: dict(state[p]) for name, p in parameters.items() if p in state}


def put_moments(
    optimizer: torch.optim.Optimizer,
    parameters: Mapping[str, Tensor],
    moments: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Bring back what `moments_of` gave; the count of steps stays on the processor, unless the
    optimiser is fused."""
    fused = bool(optimizer.defaults.get("fused"))
    for name, of_one in moments.items():
        here = parameters[name]
        optimizer.state[here] = {
            which: dealt_as(here, part_of(here, value).to(here.device)) if which != "step"
            else value.to(here.device) if fused else value
            for which, value in of_one.items()
        }  # fmt: skip
