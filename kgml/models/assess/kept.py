"""An assessment kept beside what is to be built from it, until that is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgml import __version__
from kgml.artifacts import sha256, to_json, write_file
from kgml.progress import note


@dataclass(frozen=True)
class Kept:
    """``<output>.assessment.json``: an assessment, and the sha256 of all that it was made from."""

    path: Path
    key: str

    @classmethod
    def beside(cls, output: Path, inputs: Iterable[Path], options: Mapping[str, Any]) -> Kept:
        """Args:
        inputs: files and folders whose bytes count; those that are not there have none.
        options: all else that an assessment follows from, as JSON.
        """
        told = {
            "kgml": __version__, "options": options,
            "inputs": [[str(path), _digests(path)] for path in inputs],
        }  # fmt: skip
        key = hashlib.sha256(to_json(told).encode()).hexdigest()
        return cls(output.with_name(f"{output.name}.assessment.json"), key)

    def get(self, assess: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is kept of the same inputs and options; else what ``assess`` says, kept from now on."""
        found = self._read()
        if found is not None:
            note(f"taking the assessment of the same data and options from {self.path}")
            return found
        text = to_json({"key": self.key, "assessment": assess()})
        write_file(self.path, text)
        return dict(json.loads(text)["assessment"])

    def forget(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return dict(found["assessment"]) if found["key"] == self.key else None
        except (OSError, ValueError, KeyError, TypeError):  # none, or not one of ours: assess again
            return None


def _digests(path: Path) -> dict[str, str]:
    """sha256 of each file that ``path`` is or holds."""
    if path.is_file():
        return {"": sha256(path)}
    return {str(f.relative_to(path)): sha256(f) for f in sorted(path.rglob("*")) if f.is_file()}
