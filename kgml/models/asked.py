"""A folder that answers one question: work that is long is kept in it, and gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from kgml.artifacts import to_json, write_file
from kgml.errors import ArtifactError, UsageError

QUESTION = "question.json"


class Asked:
    """The folder of a question.

    Args:
        path: the folder.
        key: all that the answer depends on.
    """

    what: ClassVar[str]
    """What such a folder is: ``a comparison``."""
    asks: ClassVar[str] = "answers another question"

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
                    f"{self.path}: already holds something that is not {self.what}; it is left "
                    "alone. Choose another -o, or remove it."
                )
            write_file(self.path / QUESTION, to_json(self.key))
            return
        found = self.json(QUESTION)
        other = sorted(n for n in {*found, *self.key} if found.get(n) != self.key.get(n))
        if other:
            said = "; ".join(f"{n}: {_differ(found.get(n), self.key.get(n))}" for n in other)
            raise UsageError(
                f"{self.path}: {self.asks} ({said}). Give the same options to go on "
                "with it, or choose another -o."
            )
        for left in self.path.rglob(".*.tmp"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)

    def json(self, name: str) -> dict[str, Any]:
        """A file of it.

        Raises:
            ArtifactError: damaged.
        """
        try:
            return dict(json.loads((self.path / name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise self.damaged(self.path / name, str(error)) from None

    def damaged(self, path: Path, reason: str) -> ArtifactError:
        """What to raise for a file of it."""
        step = "Remove this file and run the command again: all else is kept."
        if path.name == QUESTION:  # of which nothing else in the folder tells the contents
            step = "Remove the folder, or choose another -o."
        return ArtifactError(f"{path}: damaged ({reason}). {step}")


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
