"""Which mentions the text denies or gives to a relative: triggers before and after, their scope.

After NegEx (Chapman, Bridewell, Hanbury, Cooper and Buchanan: A simple algorithm for identifying
negated findings and diseases in discharge summaries, J Biomed Inform 34, 2001), with a shorter
table. A trigger reaches over at most 6 tokens beside the mentions it has reached, to the end of its
sentence or bracket at the farthest, and no further than a word that starts a new thought. In a list
of mentions the count starts again at each, so that a denied list is denied to its end.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from kgml.linking.cues import Trigger, cues
from kgml.linking.fold import Folded

REACH = 6
"""Tokens between the trigger and the mention, at most, those of mentions in between not counted."""

_SENTENCE = re.compile(r"[.!?][\])\"']*(?=\s|$)|[;\u2029]|\n\s*\n")
_TOKEN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_LIST = re.compile(r"[\s,/]*(?:\b(?:and|or|nor)\b[\s,/]*)*", re.IGNORECASE)
_BRACKET = re.compile(r"[()\[\]]")
_WINDOW = 800
"""Characters looked at between trigger and mention; bounds the work where nothing stops."""


class Context(NamedTuple):
    """What the text says about a mention: that it is denied, that it is a relative's."""

    negated: bool
    family: bool


def negated(folded: Folded, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether the text denies each of ``spans``; see `contexts`.

    >>> from kgml.linking.fold import fold
    >>> negated(fold("No fever, but cough."), [(3, 8), (14, 19)])
    [True, False]
    """
    return [context.negated for context in contexts(folded, spans)]


def contexts(folded: Folded, spans: Sequence[tuple[int, int]]) -> list[Context]:
    """What the text says about each of ``spans``.

    Args:
        spans: start and end in the original text; sorted, they may overlap.

    >>> from kgml.linking.fold import fold
    >>> contexts(fold("Her mother had no fever."), [(18, 23)])
    [Context(negated=True, family=True)]
    """
    if not spans:
        return []
    denied, family = [False] * len(spans), [False] * len(spans)
    said = cues(folded, spans)
    scopes = _Scopes(folded.text, spans, said.stops)
    forward = {
        True: list(merge(said.stops, said.family)),
        False: list(merge(said.stops, said.denial)),
    }
    for trigger in said.triggers:
        kind = trigger.kind
        reached = scopes.of(trigger, forward["family" in kind])
        for i in reached:
            family[i] = family[i] or "family" in kind
            denied[i] = denied[i] or not kind.startswith("family")
    return [Context(no, kin) for no, kin in zip(denied, family, strict=True)]


class _Scopes:
    """What triggers reach among the ``spans`` of one text; ``stops`` end a scope backwards."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]], stops: list[int]) -> None:
        self._text, self._spans, self._stops = text, spans, stops
        self._starts = [start for start, _ in spans]
        self._by_end = sorted(range(len(spans)), key=lambda i: spans[i][1])
        self._ends = [spans[i][1] for i in self._by_end]

    def of(self, trigger: Trigger, stops: list[int]) -> list[int]:
        """The spans that ``trigger`` reaches, forwards as far as ``stops`` let it."""
        if trigger.kind.endswith("before"):
            return list(self._after(trigger.end, stops))
        if trigger.kind == "either":
            reached = list(self._after(trigger.end, stops))
            if reached and "," not in self._text[trigger.end : self._spans[reached[0]][0]]:
                return reached
        return list(self._before(trigger.start))

    def _after(self, end: int, stops: list[int]) -> Iterator[int]:
        """The spans that a trigger which ends at ``end`` reaches."""
        text, spans, starts = self._text, self._spans, self._starts
        first = bisect_left(starts, end)
        if first == len(spans) or starts[first] > end + _WINDOW:
            return
        limit = _next(text, stops, end)
        tokens, position = 0, end
        for i in range(first, len(spans)):
            start, stop = spans[i]
            if start >= limit:
                return
            if start > position:
                tokens = _count(text, position, start, tokens, first=position == end)
            if tokens > REACH:
                return
            yield i
            position = max(position, stop)

    def _before(self, start: int) -> Iterator[int]:
        """The spans that a trigger which starts at ``start`` reaches backwards."""
        text, ends = self._text, self._ends
        last = bisect_right(ends, start) - 1
        if last < 0 or ends[last] < start - _WINDOW:
            return
        limit = _previous(text, self._stops, start)
        inside = _opening(text, limit, start)
        alone = inside >= 0 and not text[inside + 1 : start].strip()
        if alone:  # "ataxia, fever (not seen)": the fever alone
            start = inside
        elif inside >= 0:
            limit = inside
        tokens, position = 0, start
        for place in range(last, -1, -1):
            i = self._by_end[place]
            if self._spans[i][0] < limit or (alone and text[ends[place] : start].strip()):
                return
            if ends[place] < position:
                tokens = _count(text, ends[place], position, tokens, first=position == start)
            if tokens > REACH:
                return
            yield i
            position = min(position, self._spans[i][0])


def _count(text: str, start: int, end: int, before: int, *, first: bool) -> int:
    """Tokens from the trigger to behind this gap; in a list the count starts again."""
    if not first and _LIST.fullmatch(text, start, end):
        return 0
    return before + sum(1 for _ in _TOKEN.finditer(text, start, end))


def _next(text: str, stops: list[int], position: int) -> int:
    """Where a scope that starts at ``position`` ends."""
    i = bisect_left(stops, position)
    limit = min(stops[i] if i < len(stops) else len(text), position + _WINDOW)
    sentence = _SENTENCE.search(text, position, limit)
    limit = sentence.start() if sentence else limit
    depth = 0
    for bracket in _BRACKET.finditer(text, position, limit):
        depth += 1 if bracket.group() in "([" else -1
        if depth < 0:
            return bracket.start()
    return limit


def _previous(text: str, stops: list[int], position: int) -> int:
    """Where a scope that ends at ``position`` starts."""
    i = bisect_right(stops, position)
    limit = max(stops[i - 1] if i else 0, position - _WINDOW)
    return max((match.end() for match in _SENTENCE.finditer(text, limit, position)), default=limit)


def _opening(text: str, limit: int, position: int) -> int:
    """Where the bracket opens that ``position`` stands in or at, or -1."""
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text, limit, position + 1):
        if bracket.group() in "([":
            opened.append(bracket.start())
        elif opened:
            opened.pop()
    return opened[-1] if opened else -1
