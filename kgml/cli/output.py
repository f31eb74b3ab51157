"""What a command prints: its result on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import typer

from kgml.artifacts import to_json
from kgml.config import FILE, Config
from kgml.progress import set_notes, set_quiet

T = TypeVar("T")

_UNSEEN = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Control characters and bidirectional overrides, and what is shown instead: a label or a text
must not move the cursor, colour the screen or turn a line round."""
_UNSEEN_IN_TEXT = {code: shown for code, shown in _UNSEEN.items() if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """``text`` for a terminal: control characters but newline and tab are spelled out.

    >>> print(visible("red \\x1b[31m"))
    red \\x1b[31m
    """
    return text.translate(_UNSEEN_IN_TEXT)


def one_line(text: str) -> str:
    """The same, newline and tab too, for a name within a line."""
    return text.translate(_UNSEEN)


def say(kind: str, text: str) -> None:
    """One line on stderr, ``kind: text``."""
    typer.echo(visible(f"{kind}: {text}"), err=True)


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

    def config(
        self, trained: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]
    ) -> Config:
        """``kgml.toml`` of this folder, with the flags that were given on top.

        Args:
            trained: what holds where neither says anything, as a table of options.
        """
        config = Config.from_toml() if not trained else _above(trained)
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
        typer.echo(to_json(value) if self.json else visible(human(value)) + "\n", nl=False)


def _above(trained: Mapping[str, Any]) -> Config:
    """``kgml.toml``, key by key, above the options in ``trained``."""
    Config.from_toml()  # refuses what cannot be read
    given = tomllib.loads(Path(FILE).read_text(encoding="utf-8")) if Path(FILE).exists() else {}
    merged = {
        name: {**value, **given.get(name, {})} if isinstance(value, Mapping) else value
        for name, value in trained.items()
    }
    return Config.from_dict({**given, **{k: merged[k] for k in merged if k != "seed"},
                             "seed": given.get("seed", merged.get("seed", 0))}, FILE)  # fmt: skip


def columns(rows: Sequence[Sequence[object]], indent: int = 0) -> str:
    """Rows as aligned columns; numbers to the right.

    >>> print(columns([["entities", 1204], ["labels", 31]]))
    entities  1204
    labels      31
    """
    texts = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)] if texts else []
    lines = []
    for row, cells in zip(rows, texts, strict=True):
        padded = [
            text.rjust(width) if isinstance(cell, int | float) else text.ljust(width)
            for cell, text, width in zip(row, cells, widths, strict=True)
        ]
        lines.append((" " * indent + "  ".join(padded)).rstrip())
    return "\n".join(lines)
