"""The folder of a comparison: what was asked, each finished cell, the results.

``question.json`` names what the numbers depend on; a cell is a safetensors file that is complete
before it has its name. Whenever the process is killed, what is there is finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.artifacts import to_json, write_file
from kgml.errors import ArtifactError, UsageError
from kgml.models.compare.question import Cell, Part

QUESTION, PLAN = "question.json", "plan.json"


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


class Folder:
    """Where a comparison is kept.

    Args:
        path: the folder.
        key: all that the numbers depend on (`Question.key`).
    """

    def __init__(self, path: Path, key: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.key: dict[str, Any] = json.loads(to_json(key))  # as it will be read: lists, no tuples

    def open(self) -> None:
        """Begin, or go on where an earlier run of the same question stopped.

        Raises:
            UsageError: the folder answers another question.
            ArtifactError: it holds something else, is damaged or cannot be written.
        """
        for left in self.path.glob(f".{QUESTION}.*.tmp"):  # killed before there was a question
            left.unlink(missing_ok=True)
        if not (self.path / QUESTION).exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise ArtifactError(
                    f"{self.path}: already holds something that is not a comparison; it is left "
                    "alone. Choose another -o, or remove it."
                )
            write_file(self.path / QUESTION, to_json(self.key))
            return
        found = self._json(QUESTION)
        other = sorted(n for n in {*found, *self.key} if found.get(n) != self.key.get(n))
        if other:
            said = "; ".join(f"{n}: {_differ(found.get(n), self.key.get(n))}" for n in other)
            raise UsageError(
                f"{self.path}: answers another question ({said}). Give the same options to go on "
                "with it, or choose another -o."
            )
        for left in self.path.rglob(".*.tmp"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)

    def plan(self) -> Plan | None:
        """What `write_plan` wrote; None where no run came so far."""
        if not (self.path / PLAN).exists():
            return None
        found = self._json(PLAN)
        sealed = found.pop("sha256", None)
        if sealed != _seal(found):
            raise self._damaged(PLAN, "changed since it was saved")
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
            raise self._damaged(cell.path, str(error)) from None

    def _json(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self.path / name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(name, str(error)) from None

    def _damaged(self, name: str, reason: str) -> ArtifactError:
        step = "Remove this file and run the command again: all else is kept."
        if name == QUESTION:  # of which nothing else in the folder tells the contents
            step = "Remove the folder, or choose another -o."
        return ArtifactError(f"{self.path / name}: damaged ({reason}). {step}")


def _seal(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(values).encode()).hexdigest()


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} ".encode() + arrays[name].tobytes())
    return digest.hexdigest()


def _differ(then: object, now: object) -> str:
    """Two values of an option, or the keys of a table in which they differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        names = sorted(k for k in {*then, *now} if then.get(k) != now.get(k))
        return ", ".join(f"{k} {_differ(then.get(k), now.get(k))}" for k in names)
    if isinstance(then, list) and isinstance(now, list):
        return f"{' '.join(map(_short, then))}, now {' '.join(map(_short, now))}"
    return f"{_short(then)}, now {_short(now)}"


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text
