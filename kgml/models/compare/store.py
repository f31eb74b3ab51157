"""The folder of a comparison: what was asked, each finished cell, the results.

``question.json`` names what the numbers depend on; a cell is a safetensors file that is complete
before it has its name. Whenever the process is killed, what is there is finished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.artifacts import to_json, write_file
from kgml.models.asked import Asked
from kgml.models.compare.question import Cell, Part

PLAN = "plan.json"


@dataclass(frozen=True)
class Outcome:
    """What one cell says of the m test rows.

    predicted (m,) class numbers · confidence (m,) probability of these, brier (m,) Brier score of
    the row; both empty where no probabilities were made · used: whether knowledge entered.
    """

    predicted: NDArray[np.int32]
    confidence: NDArray[np.float32]
    brier: NDArray[np.float32]
    used: bool


@dataclass(frozen=True)
class Plan:
    """What is known of the texts before any label is looked at: parts to leave out, coverage."""

    parts: list[Part]
    coverage: float


class Folder(Asked):
    """Where a comparison is kept; its key is that of `Question.key`."""

    what = "a comparison"

    def plan(self) -> Plan | None:
        """What `write_plan` wrote; None where no run came so far."""
        if not (self.path / PLAN).exists():
            return None
        found = self.json(PLAN)
        sealed = found.pop("sha256", None)
        if sealed != _seal(found):
            raise self.damaged(self.path / PLAN, "changed since it was saved")
        return Plan([Part(**part) for part in found["parts"]], found["coverage"])

    def write_plan(self, plan: Plan) -> None:
        """Keep the parts, so that they need not be looked for again."""
        write_file(self.path / PLAN, to_json({**asdict(plan), "sha256": _seal(asdict(plan))}))

    def has(self, cell: Cell) -> bool:
        """Whether the cell is finished."""
        return (self.path / cell.path).exists()

    def write(self, cell: Cell, outcome: Outcome) -> None:
        """Save a finished cell in one step."""
        from safetensors.numpy import save

        arrays: dict[str, NDArray[Any]] = {
            "predicted": outcome.predicted.astype(np.int32),
            "confidence": outcome.confidence.astype(np.float32),
            "brier": outcome.brier.astype(np.float32),
            "used": np.array([outcome.used], dtype=np.uint8),
        }
        write_file(self.path / cell.path, save(arrays, {"sha256": _digest(arrays)}))

    def read(self, cell: Cell, rows: int) -> Outcome:
        """A finished cell of ``rows`` test rows.

        Raises:
            ArtifactError: missing, cut or changed.
        """
        from safetensors import SafetensorError, safe_open

        path = self.path / cell.path
        try:
            with safe_open(path, framework="np") as stream:
                arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
                sealed = (stream.metadata() or {}).get("sha256")
            if sealed != _digest(arrays) or len(arrays["predicted"]) != rows:
                raise ValueError("changed since it was saved")
            return Outcome(
                arrays["predicted"], arrays["confidence"], arrays["brier"], bool(arrays["used"][0])
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise self.damaged(path, str(error)) from None


def _seal(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(values).encode()).hexdigest()


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} ".encode() + arrays[name].tobytes())
    return digest.hexdigest()
