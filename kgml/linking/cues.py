"""Where the triggers of `kgml.linking.triggers` stand in a text, and where words stop their scope."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from kgml.linking import triggers
from kgml.linking.fold import Folded, fold
from kgml.linking.match import WordMatcher, longest

_KINDS = {
    "before": triggers.BEFORE, "after": triggers.AFTER, "either": triggers.EITHER,
    "pseudo": triggers.PSEUDO, "stop": triggers.STOP, "affirmed": triggers.AFFIRMED,
    "present": triggers.PRESENT, "family before": triggers.FAMILY_BEFORE,
    "family after": triggers.FAMILY_AFTER, "no family before": triggers.NO_FAMILY,
    "patient": triggers.PATIENT,
}  # fmt: skip
_KIND = {fold(trigger).lower: kind for kind, table in _KINDS.items() for trigger in table}
_MATCHER = WordMatcher(_KIND)
_NEGATORS = frozenset(triggers.NEGATORS)
_STOPS = frozenset(("stop", "affirmed", "patient"))
_LIST = re.compile(r"\b(?:and|or|nor)\b")
_CLAUSE = 120
"""Characters looked back for the comma that starts a clause, at most."""


class Trigger(NamedTuple):
    """A trigger at ``text[start:end]``."""

    kind: str
    start: int
    end: int


class Cues(NamedTuple):
    """Triggers, and by kind where a scope stops: for all, for denials, for relatives."""

    triggers: list[Trigger]
    stops: list[int]
    denial: list[int]
    family: list[int]


def cues(folded: Folded, spans: Sequence[tuple[int, int]]) -> Cues:
    """The cues of a text, in offsets of the original text.

    Args:
        spans: sorted mentions. A trigger wholly inside a longer one is part of its name: "absence
            of radius", "no light perception". One that is longer than it stays: "family history
            of", where the ontology knows "Family history".

    >>> cues(fold("No fever, but cough."), [(3, 8), (14, 19)]).triggers
    [Trigger(kind='before', start=0, end=2)]
    """
    lower = folded.lower
    found = {
        (start, end): _KIND[lower[start:end]]
        for start, end in _MATCHER.find(folded.words)
        if lower[start:end] in _KIND
    }
    names = _Names(spans)
    reached = 0
    said = Cues([], [], [], [])
    stops = {"stop": said.stops, "affirmed": said.denial, "patient": said.family}
    for start, end in longest(found):
        if start < reached:
            continue  # "been ruled out" after a "not"
        kind = found[start, end]
        if lower[start:end] in _NEGATORS:
            kind, end = _continued(lower, start, end)
        reached = end
        first, last = folded.original(start), folded.original(end)
        if kind == "pseudo" or names.hold(first, last):
            continue
        if kind == "present":
            clause = _clause(lower, start)
            if clause is not None:
                said.denial.append(folded.original(clause))
        elif kind in _STOPS:
            stops[kind].append(first)
        else:
            said.triggers.append(Trigger(kind, first, last))
    said.denial.sort()
    return said


class _Names:
    """Whether a mention holds a stretch of text that is shorter than it."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in spans]
        self._farthest = list(accumulate((end for _, end in spans), max))

    def hold(self, start: int, end: int) -> bool:
        left = bisect_left(self._starts, start)
        if left and self._farthest[left - 1] >= end:
            return True
        same = bisect_right(self._starts, start)
        return same > left and self._farthest[same - 1] > end


def _continued(lower: str, start: int, end: int) -> tuple[str, int]:
    """What a negator is together with the words after it, and where they end."""
    for pattern, kind in triggers.CONTINUED:
        match = pattern.match(lower, end)
        if match is None:
            continue
        if kind == "after if passive":
            if triggers.ACTIVE.search(lower, max(0, start - 5), end):
                break
            return "after", match.end()
        return kind, match.end()
    return "before", end


def _clause(lower: str, position: int) -> int | None:
    """Where the clause starts that ends at ``position``; None for the end of a list.

    "no fever, ataxia present" has two clauses, "no rubs, murmurs, gallops present" is a list.
    """
    first = max(0, position - _CLAUSE)
    start = max(lower.rfind(mark, first, position) for mark in ",)]")
    if start < 0 or _LIST.search(lower, start, position):
        return None
    before = max(lower.rfind(mark, first, start) for mark in ",.:;")
    return None if before >= 0 and lower[before] == "," else start
