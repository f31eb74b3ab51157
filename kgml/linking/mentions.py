"""What linking hands on: mentions with their candidates, and the names of the scopes."""

from __future__ import annotations

from dataclasses import dataclass

from kgml.kg.vocabulary import Scope

METHODS: dict[int, tuple[str, float]] = {
    Scope.LABEL: ("label", 1.0),
    Scope.EXACT: ("exact synonym", 0.95),
    Scope.ABBREVIATION: ("abbreviation", 0.9),
    Scope.NARROW: ("narrow synonym", 0.85),
    Scope.RELATED: ("related synonym", 0.8),
    Scope.BROAD: ("broad synonym", 0.75),
}
"""Name and score of a match by the scope of the form."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity a mention may mean; ``score`` in (0, 1], ``method`` says what matched."""

    entity: int
    score: float
    method: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of the original text; ``text == original[start:end]``.

    ``candidates`` has the best first, one at least: a span whose candidates all score below
    ``[linking] threshold`` is no mention (NIL).
    ``negated``: the text denies it; ``family``: the text says it of a relative.
    """

    start: int
    end: int
    text: str
    candidates: tuple[Candidate, ...]
    negated: bool
    family: bool = False
    pieces: tuple[tuple[int, int], ...] = ()
    """What of ``[start, end)`` says the entity, where that is not all: "short ... fingers" of "short
    and broad fingers"."""
