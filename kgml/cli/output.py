"""What a command prints: its result on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import typer

from kgml.artifacts import to_json
from kgml.config import Config
from kgml.progress import set_notes, set_quiet

T = TypeVar("T")


def say(kind: str, text: str) -> None:
    """One line on stderr, ``kind: text``."""
    typer.echo(f"{kind}: {text}", err=True)


def close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush meets no closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True)
class Call:
    """One call of one command: its command line and the options every command has."""

    command: str
    json: bool
    seed: int | None
    quiet: bool

    @classmethod
    def start(cls, ctx: typer.Context, json: bool, seed: int | None, quiet: bool) -> Call:
        """Apply ``--quiet`` and keep the rest."""
        set_quiet(quiet)
        if quiet:
            warnings.simplefilter("ignore")
        call = cls(ctx.obj, json, seed, quiet)
        set_notes(call.note)
        return call

    def config(self, **sections: Mapping[str, Any]) -> Config:
        """``kgml.toml`` of this folder, with the flags that were given on top."""
        config = Config.from_toml()
        for section, values in sections.items():
            config = config.override(section, **values)
        return config if self.seed is None else replace(config, seed=self.seed)

    def note(self, text: str) -> None:
        """Say on stderr what was chosen for the user."""
        if not self.quiet:
            say("note", text)

    @contextmanager
    def working(self) -> Iterator[None]:
        """While a library works, whatever it prints goes to stderr."""
        with redirect_stdout(sys.stderr):
            yield

    def result(self, value: T, human: Callable[[T], str]) -> None:
        """Print the result: one JSON document under ``--json``, else what ``human`` makes of it."""
        typer.echo(to_json(value) if self.json else human(value) + "\n", nl=False)


def columns(rows: Sequence[Sequence[object]], indent: int = 0) -> str:
    """Rows as aligned columns; numbers to the right.

    >>> print(columns([["entities", 1204], ["labels", 31]]))
    entities  1204
    labels      31
    """
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)] if texts else []
    lines = []
    for row, cells in zip(rows, texts, strict=True):
        padded = [
            text.rjust(width) if isinstance(cell, int | float) else text.ljust(width)
            for cell, text, width in zip(row, cells, widths, strict=True)
        ]
        lines.append((" " * indent + "  ".join(padded)).rstrip())
    return "\n".join(lines)
