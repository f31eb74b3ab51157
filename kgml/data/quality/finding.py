"""One thing that was found in a table, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 5
"""Rows that a finding names."""
SERIOUS, WORTH_A_LOOK, FINE = "serious", "look", "fine"


@dataclass(frozen=True)
class Finding:
    """``count`` rows of kind ``name``.

    aspect: accuracy, consistency or bias of quality, volume or relevance · weight: `SERIOUS`,
    `WORTH_A_LOOK` or `FINE` · rows: the first few, from 1 · what, evidence, step: sentences.
    """

    name: str
    aspect: str
    weight: str
    count: int
    what: str
    evidence: str = ""
    step: str = ""
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a table of JSON."""
        return {
            "name": self.name, "aspect": self.aspect, "weight": self.weight, "count": self.count,
            "what": self.what, "evidence": self.evidence, "step": self.step, "rows": list(self.rows),
        }  # fmt: skip


def first_rows(rows: Sequence[int]) -> tuple[int, ...]:
    """Numbers from 0 as a person counts them, the first few.

    >>> first_rows([0, 4])
    (1, 5)
    """
    return tuple(int(row) + 1 for row in rows[:SHOWN])


def shown(text: str, most: int = 60) -> str:
    """The start of a text, on one line, as evidence.

    >>> shown("one  two", 5)
    'one …'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def weigh(count: int, rows: int, serious: float) -> str:
    """`SERIOUS` where ``count`` is more than that share of ``rows``, `FINE` where it is none.

    >>> weigh(3, 100, 0.02), weigh(1, 100, 0.02), weigh(0, 100, 0.02)
    ('serious', 'look', 'fine')
    """
    if not count:
        return FINE
    return SERIOUS if count > serious * rows else WORTH_A_LOOK
