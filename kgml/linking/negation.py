"""Which mentions the text denies or gives to a relative: triggers before and after, their scope, what only looks like one.

After NegEx (Chapman, Bridewell, Hanbury, Cooper and Buchanan: A simple algorithm for identifying
negated findings and diseases in discharge summaries, J Biomed Inform 34, 2001), with a shorter
table. A trigger reaches over at most 6 tokens, to the end of its sentence at the farthest, and no
further than a word that starts a new thought.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kgml.linking.fold import Folded, fold
from kgml.linking.match import WordMatcher, longest
from kgml.linking.triggers import AFTER, BEFORE, FAMILY_AFTER, FAMILY_BEFORE, PSEUDO, STOP

REACH = 6
"""Tokens between the trigger and the mention, at most."""

_KINDS = {
    "before": BEFORE, "after": AFTER, "pseudo": PSEUDO, "stop": STOP,
    "family before": FAMILY_BEFORE, "family after": FAMILY_AFTER,
}  # fmt: skip
_KIND = {fold(trigger).lower: kind for kind, table in _KINDS.items() for trigger in table}
_MATCHER = WordMatcher(_KIND)
_SENTENCE = re.compile(r"[.!?][\])\"']*(?=\s|$)|[;\u2029]|\n\s*\n")
_TOKEN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_WINDOW = 400
"""Characters looked at between trigger and mention; bounds the work where nothing stops."""


class Context(NamedTuple):
    """What the text says about a mention: that it is denied, that it is a relative's."""

    negated: bool
    family: bool


def negated(folded: Folded, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether the text denies each of ``spans``; see `contexts`.

    >>> negated(fold("No fever, but cough."), [(3, 8), (14, 19)])
    [True, False]
    """
    return [context.negated for context in contexts(folded, spans)]


def contexts(folded: Folded, spans: Sequence[tuple[int, int]]) -> list[Context]:
    """What the text says about each of ``spans``.

    Args:
        spans: start and end in the original text; sorted, they may overlap.

    >>> contexts(fold("Her mother had no fever."), [(18, 23)])
    [Context(negated=True, family=True)]
    """
    if not spans:
        return []
    denied, family = [False] * len(spans), [False] * len(spans)
    text, starts = folded.text, [start for start, _ in spans]
    by_end = sorted(range(len(spans)), key=lambda i: spans[i][1])
    ends = [spans[i][1] for i in by_end]
    triggers, stops = _triggers(folded, spans, starts)
    for kind, start, end in triggers:
        flags = family if kind.startswith("family") else denied
        if kind.endswith("before"):
            reached = _after(text, spans, starts, end, stops)
        else:
            reached = _before(text, spans, by_end, ends, start, stops)
        for i in reached:
            flags[i] = True
    return [Context(no, kin) for no, kin in zip(denied, family, strict=True)]


def _after(
    text: str, spans: Sequence[tuple[int, int]], starts: list[int], end: int, stops: list[int]
) -> Iterator[int]:
    """The spans that a trigger which ends at ``end`` reaches."""
    first = bisect_left(starts, end)
    if first == len(spans) or starts[first] > end + _WINDOW:
        return
    limit = _next(text, stops, end)
    for i in range(first, len(spans)):
        if starts[i] >= limit or not _near(text, end, starts[i]):
            return
        yield i


def _before(
    text: str, spans: Sequence[tuple[int, int]], by_end: list[int], ends: list[int],
    start: int, stops: list[int],
) -> Iterator[int]:  # fmt: skip
    """The spans that a trigger which starts at ``start`` reaches backwards."""
    last = bisect_right(ends, start) - 1
    if last < 0 or ends[last] < start - _WINDOW:
        return
    limit = _previous(text, stops, start)
    for place in range(last, -1, -1):
        i = by_end[place]
        if spans[i][0] < limit or not _near(text, ends[place], start):
            return
        yield i


def _triggers(
    folded: Folded, spans: Sequence[tuple[int, int]], starts: list[int]
) -> tuple[list[tuple[str, int, int]], list[int]]:
    """Triggers as (kind, start, end) outside the mentions, and where words stop a scope."""
    lower = folded.lower
    found = {
        (start, end): _KIND[lower[start:end]]
        for start, end in _MATCHER.find(folded.words)
        if lower[start:end] in _KIND
    }
    triggers: list[tuple[str, int, int]] = []
    stops: list[int] = []
    for span in longest(found):
        kind, start, end = found[span], folded.original(span[0]), folded.original(span[1])
        i = bisect_left(starts, end) - 1
        if i >= 0 and spans[i][1] > start:
            continue  # a word of a mention: "absence of radius", "no light perception"
        if kind == "stop":
            stops.append(start)
        elif kind != "pseudo":
            triggers.append((kind, start, end))
    return triggers, stops


def _next(text: str, stops: list[int], position: int) -> int:
    """Where a scope that starts at ``position`` ends."""
    i = bisect_left(stops, position)
    limit = min(stops[i] if i < len(stops) else len(text), position + _WINDOW)
    sentence = _SENTENCE.search(text, position, limit)
    return sentence.start() if sentence else limit


def _previous(text: str, stops: list[int], position: int) -> int:
    """Where a scope that ends at ``position`` starts."""
    i = bisect_right(stops, position)
    limit = max(stops[i - 1] if i else 0, position - _WINDOW)
    return max((match.end() for match in _SENTENCE.finditer(text, limit, position)), default=limit)


def _near(text: str, start: int, end: int) -> bool:
    return sum(1 for _ in _TOKEN.finditer(text, start, end)) <= REACH
