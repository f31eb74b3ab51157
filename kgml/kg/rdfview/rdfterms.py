"""rdflib's terms for a graph's texts: made when first asked for, and kept."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from rdflib.term import Literal, URIRef

T = TypeVar("T", URIRef, Literal)


def uri(text: str) -> URIRef:
    """A `URIRef` as is: rdflib's constructor would look at each character and warn."""
    return str.__new__(URIRef, text)


def _quick(text: str) -> Literal:
    """A plain `Literal` without rdflib's search for a datatype: an eighth of the time."""
    term = str.__new__(Literal, text)
    term._language = term._datatype = term._ill_typed = None
    term._value = text
    return term


def _alike(one: Literal, other: Literal) -> bool:
    return all(getattr(one, name, one) == getattr(other, name, other) for name in Literal.__slots__)


literal: Callable[[str], Literal] = _quick if _alike(_quick("a"), Literal("a")) else Literal
"""A plain literal. Should a release of rdflib keep more in one, by its own constructor."""


class Terms(Generic[T]):
    """Terms of a column of texts, each made once."""

    def __init__(self, texts: Sequence[str | None], make: Callable[[str], T]) -> None:
        self._texts = texts
        self._make: Callable[[str], T] = make
        self._made: list[T | None] = [None] * len(texts)
        self._whole = False

    def __call__(self, row: int) -> T:
        term = self._made[row]
        if term is None:
            term = self._made[row] = self._make(self._texts[row] or "")
        return term

    def all(self) -> list[Any]:
        """Every row's term; None where there is no text."""
        if not self._whole:
            self._whole = True
            self.some(row for row, text in enumerate(self._texts) if text is not None)
        return self._made

    def some(self, rows: Iterable[int]) -> list[T]:
        """The terms of many rows, made at once."""
        with no_collection():
            return list(map(self, rows))


@contextmanager
def no_collection() -> Iterator[None]:
    """Many small live objects and no cycles: the collector would only walk them, for longer than
    it takes to make them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def plain(value: Any) -> bool:
    """Whether a term is a literal without language and datatype: all of a graph's are."""
    return type(value) is Literal and value.language is None and value.datatype is None


class Places:
    """Rows of a column by text; a list only for a text that is there twice."""

    def __init__(self, texts: Sequence[str | None]) -> None:
        last = len(texts) - 1
        self._first = dict(zip(reversed(texts), range(last, -1, -1), strict=True))
        self._first.pop(None, None)
        self._more: dict[str, list[int]] = {}
        if len(self._first) < len(texts) - texts.count(None):
            first = self._first
            for row, text in enumerate(texts):
                if text is not None and first[text] != row:
                    self._more.setdefault(text, []).append(row)

    def __getitem__(self, text: str) -> list[int]:
        row = self._first.get(text)
        return [] if row is None else [row, *self._more.get(text, ())]
