"""A study on disk: what was asked, each finished trial, each outer fold's answers. JSON throughout.

Optuna's own study lives in memory and is asked anew from the first trial on: it gives the same
trials, as its seed is one of seed, search and number, and those that lie here are not run again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kgml.artifacts import to_json, write_file
from kgml.models.asked import Asked
from kgml.models.tune.metric import Held


@dataclass(frozen=True)
class Trial:
    """One trial of one search.

    params: values by label · scores: of each fold, in order, fewer where it was pruned · value: of
    all held-out rows together, None where it was pruned · seconds: of processor time, the one
    thing that is not the same in another run.
    """

    number: int
    params: dict[str, Any]
    scores: list[float]
    value: float | None
    seconds: float

    @property
    def pruned(self) -> bool:
        """Whether it was given up before its last fold."""
        return self.value is None


class Folder(Asked):
    """Where a study is kept."""

    what = "a study of kgml tune"
    asks = "holds another study"

    def open(self) -> None:
        """As of any question; what a process that was killed left of a model goes."""
        super().open()
        for left in self.path.glob(".model.*"):
            shutil.rmtree(left, ignore_errors=True)

    def has(self, search: str, number: int) -> bool:
        """Whether the trial is finished."""
        return self._trial(search, number).exists()

    def read(self, search: str, number: int, params: Mapping[str, Any]) -> Trial:
        """A finished trial, which must be one of ``params``.

        Raises:
            ArtifactError: damaged, or of other values.
        """
        found = self._sealed(self._trial(search, number))
        trial = Trial(**found)
        if trial.params != dict(params):
            raise self.damaged(
                self._trial(search, number), "its values are not those of this study"
            )
        return trial

    def write(self, search: str, trial: Trial) -> None:
        """Keep a finished trial, in one step."""
        self._seal(self._trial(search, trial.number), asdict(trial))

    def answers(self, name: str, options: Mapping[str, Any]) -> Held | None:
        """What a model with ``options`` said of an outer fold; None where that is not known."""
        path = self.path / "outer" / f"{name}.json"
        if not path.exists():
            return None
        found = self._sealed(path)
        return Held(**found["held"]) if found["options"] == _plain(options) else None

    def write_answers(self, name: str, options: Mapping[str, Any], held: Held) -> None:
        """Keep it."""
        content = {"options": _plain(options), "held": asdict(held)}
        self._seal(self.path / "outer" / f"{name}.json", content)

    def _trial(self, search: str, number: int) -> Path:
        return self.path / "trials" / search / f"{number:04}.json"

    def _seal(self, path: Path, content: Mapping[str, Any]) -> None:
        write_file(path, to_json({**content, "sha256": _digest(content)}))

    def _sealed(self, path: Path) -> dict[str, Any]:
        try:
            found = dict(json.loads(path.read_text(encoding="utf-8")))
            sealed = found.pop("sha256", None)
        except (OSError, ValueError, TypeError) as error:
            raise self.damaged(path, str(error)) from None
        if sealed != _digest(found):
            raise self.damaged(path, "changed since it was saved")
        return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As it will be read again: lists, no tuples."""
    return dict(json.loads(to_json(values)))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(content).encode()).hexdigest()
