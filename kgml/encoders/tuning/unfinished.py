"""A run that is not finished, on disk beside its result: so that it can go on after any stop.

``DIR.unfinished/`` holds ``state.json``, which names two safetensors files: the weights and moments
after its last saved step, and the best weights so far. A new file is complete before
``state.json`` names it, and ``state.json`` is replaced in one step; whenever the process is killed,
what it names is there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from kgml.artifacts import sha256, to_json, write_file
from kgml.errors import ArtifactError, UsageError

STATE = "state.json"
FORMAT = 1


@dataclass
class Progress:
    """Where a run stands. ``step`` 0: nothing was done yet.

    ``checks`` has ``{step, mrr, hits1}`` on the held-out names that choose, the first one of the
    original; ``best`` is the step of the best weights, 0 for the original.
    """

    steps: int
    step: int = 0
    best: int = 0
    waited: int = 0
    checks: list[dict[str, float]] = field(default_factory=list)


class Unfinished:
    """The folder of an unfinished run.

    Args:
        output: where the result will be; the folder is named after it.
        key: what makes the run what it is; one with another key cannot be gone on with.
    """

    def __init__(self, output: Path, key: Mapping[str, Any]) -> None:
        self.path = output.with_name(f"{output.name}.unfinished")
        self.key = dict(key)
        self._files: dict[str, tuple[str, str]] = {}
        """"state" and "best" to the name and sha256 of the file."""

    def read(self) -> Progress | None:
        """Where the run stands; None where none was begun.

        Raises:
            UsageError: the folder is of a run with other options.
            ArtifactError: it is damaged.
        """
        if not (self.path / STATE).exists():
            return None
        try:
            found = json.loads((self.path / STATE).read_text(encoding="utf-8"))
            if found["format"] != FORMAT:
                raise ValueError(f"format {found['format']}, wanted {FORMAT}")
            key, progress = dict(found["key"]), Progress(**found["progress"])
            self._files = {name: (f["name"], f["sha256"]) for name, f in found["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(STATE, str(error)) from None
        other = sorted(n for n in {*key, *self.key} if key.get(n) != self.key.get(n))
        if other:
            said = ", ".join(
                f"{n} {_short(key.get(n))}, now {_short(self.key.get(n))}" for n in other
            )
            raise UsageError(
                f"{self.path}: holds an unfinished run with other options ({said}). Give the same "
                "to go on with it, remove the folder to begin again, or choose another -o."
            )
        return progress

    def load(self, name: str) -> dict[str, Tensor]:
        """The tensors of file ``name``, "state" or "best", that `read` has found.

        Raises:
            ArtifactError: missing or changed.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        file, digest = self._files[name]
        path = self.path / Path(file).name
        try:
            if sha256(path) != digest:
                raise ValueError("changed since it was saved")
            return dict(load_file(path))
        except (OSError, ValueError, SafetensorError) as error:
            raise self._damaged(path.name, str(error)) from None

    def save(
        self, progress: Progress, state: Mapping[str, Tensor], best: Mapping[str, Tensor] | None
    ) -> None:
        """Write ``progress`` and ``state``; ``best`` only where it is not on disk already.

        Raises:
            ArtifactError: the disk is full or not writable; what was saved before still holds.
        """
        before = dict(self._files)
        if best is not None and progress.best:
            self._files["best"] = self._write(f"best-{progress.best}.safetensors", best)
        self._files["state"] = self._write(f"state-{progress.step}.safetensors", state)
        files = {n: {"name": f, "sha256": digest} for n, (f, digest) in self._files.items()}
        content = {"format": FORMAT, "key": self.key, "progress": vars(progress), "files": files}
        write_file(self.path / STATE, to_json(content))
        for name, (file, _) in before.items():
            if file != self._files[name][0]:
                (self.path / Path(file).name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Once the result is written, or will never be."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _write(self, name: str, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
        from safetensors.torch import save

        path = self.path / name
        write_file(path, save({n: t.contiguous() for n, t in tensors.items()}))
        return name, sha256(path)

    def _damaged(self, name: str, reason: str) -> ArtifactError:
        return ArtifactError(
            f"{self.path / name}: damaged ({reason}). Remove {self.path} to begin again."
        )


def _short(value: object) -> str:
    return str(value)[:12]
