"""A JSON document walked through piece by piece, so that it never is in memory as objects whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from kgml.errors import OntologyError

_BLANK = re.compile(r"[ \t\r\n]*")
LONGEST = 4_000
"""Digits of a whole number; Python refuses to read somewhat more."""


class Cursor:
    """Stands at one place of the text; what is asked for is read there and stepped over.

    After each name that `names` gives and each turn of `items`, the value must be taken: with
    `value`, `names` or `items`.

    Raises:
        OntologyError: not JSON, or truncated, with the line.
        UnicodeDecodeError: not UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = path.read_text(encoding="utf-8-sig")
        self._decoder = json.JSONDecoder(parse_int=_number)
        self.at = 0
        """Characters before this place."""

    def value(self) -> Any:
        """The whole value that starts here."""
        self._peek()
        try:
            found, self.at = self._decoder.raw_decode(self._text, self.at)
        except json.JSONDecodeError as error:
            self.at = error.pos
            self._fail(error.msg)
        except RecursionError:
            self._fail("nested too deep")
        return found

    def names(self) -> Iterator[str]:
        """The names in the object that starts here."""
        self._take("{", "an object")
        if self._peek() == "}":
            self.at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                self._fail("a name that is no text")
            self._take(":", "':' after a name")
            yield key
            if self._take(",}", "',' or '}'") == "}":
                return

    def items(self) -> Iterator[None]:
        """Once for each value of the array that starts here."""
        self._take("[", "an array")
        if self._peek() == "]":
            self.at += 1
            return
        while True:
            self._peek()
            yield
            if self._take(",]", "',' or ']'") == "]":
                return

    def end(self) -> None:
        """Nothing may follow."""
        if self._peek():
            self._fail("something after the end of the document")

    def line(self, at: int) -> int:
        """The line of a place, from 1."""
        return self._text.count("\n", 0, at) + 1

    def _peek(self) -> str:
        blank = _BLANK.match(self._text, self.at)
        self.at = blank.end() if blank else self.at
        return self._text[self.at : self.at + 1]

    def _take(self, wanted: str, words: str) -> str:
        found = self._peek()
        if not found or found not in wanted:
            self._fail(f"wanted {words}")
        self.at += 1
        return found

    def _fail(self, message: str) -> NoReturn:
        step = "Correct the line, or export the file again."
        if not self._text[self.at :].strip() or message.startswith("Unterminated string"):
            step = "The file looks truncated: download or export it again."
        raise OntologyError(
            f"{self._path}, line {self.line(self.at):,}: not valid JSON ({message}). {step}"
        )


def _number(digits: str) -> float:
    """A whole number; of one longer than Python reads, the nearest that it has."""
    return int(digits) if len(digits) <= LONGEST else float(digits)
