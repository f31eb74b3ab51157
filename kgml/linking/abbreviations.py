"""Abbreviations that a text defines itself: "neurofibromatosis type 2 (NF2)".

After Schwartz and Hearst, A simple algorithm for identifying abbreviation definitions in
biomedical text, Pac Symp Biocomput 2003: the letters of the short form are found from the right in
the words before the bracket, the first one at the start of a word. Where they are not found, a
mention before the bracket whose initials are those letters in any order is the long form too:
"myotonic dystrophy (DM)". The two may also stand the other way round: "DM (myotonic dystrophy)".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kgml.linking.choose import Span
from kgml.linking.fold import spaced
from kgml.linking.match import WordMatcher, singulars
from kgml.linking.mentions import Candidate

_BRACKET = re.compile(r"[(\[]\s*([^\W_][^()\[\];,:]{1,11}?)\s*(?:[;,:][^()\[\]]{0,60})?[)\]]")
_TURNED = re.compile(r"(?<![^\W_])([^\W_][^\s()\[\]]{1,9}) [(\[]([^()\[\];,:]{5,120})[)\]]")
_WORD = re.compile(r"\S+")
_WINDOW = 160
_SHORTENED = 0.98
"""Factor for a short form, of the score of its long form."""


class Definition(NamedTuple):
    """``plain[start:end]`` is the long form of ``short``, which stands at ``short_start``."""

    short: str
    start: int
    end: int
    short_start: int

    @property
    def place(self) -> int:
        """From where on it holds."""
        return min(self.start, self.short_start)


def definitions(plain: str) -> list[Definition]:
    """The abbreviations that a folded text in its own case defines, in the order of the text.

    >>> text = "Basal cell carcinomas (BCCs) of the skin"
    >>> [(d.short, text[d.start : d.end]) for d in definitions(text)]
    [('BCCs', 'Basal cell carcinomas')]
    """
    found = []
    for short, end, place in _brackets(plain):
        start = _long_form(short, plain, end)
        if start is not None:
            found.append(Definition(short, start, end, place))
    for bracket in _TURNED.finditer(plain):
        short, (start, end) = bracket[1], bracket.span(2)
        if _is_short_form(short) and _long_form(short, plain, end) == start:
            found.append(Definition(short, start, end, bracket.start()))
    return sorted(found, key=lambda definition: definition.place)


def _brackets(plain: str) -> Iterator[tuple[str, int, int]]:
    """What may be a short form in brackets, where the words before end, and where it stands."""
    for bracket in _BRACKET.finditer(plain):
        short = bracket.group(1).strip()
        if _is_short_form(short):
            first = max(0, bracket.start() - _WINDOW)
            end = first + len(plain[first : bracket.start()].rstrip())
            yield short, end, bracket.start(1)


def _is_short_form(short: str) -> bool:
    """Two to ten characters, at most two words, a letter, a capital or digit."""
    return (
        2 <= len(short) <= 10
        and len(short.split()) <= 2
        and any(c.isalpha() for c in short)
        and any(c.isupper() for c in short)
    )


def _long_form(short: str, plain: str, end: int) -> int | None:
    """Where the long form that ends at ``end`` starts, or None if there is none."""
    letters = [c for c in short.lower() if c.isalnum()]
    if len(letters) > 2 and letters[-1] == "s" and short[-1] == "s" and short[-2].isupper():
        letters.pop()  # "BCCs"
    most = min(len(letters) + 5, 2 * len(letters))
    words = list(_WORD.finditer(plain, max(0, end - _WINDOW), end))[-most:]
    if not words:
        return None
    first = words[0].start()
    text, position = plain[first:end].lower(), end
    for i in range(len(letters) - 1, -1, -1):
        position -= 1
        while position >= first and not (
            text[position - first : position - first + 1] == letters[i]
            and (i > 0 or position == 0 or not plain[position - 1].isalnum())
        ):
            position -= 1
        if position < first:
            return None
    if end - position <= len(short) or set("()[]") & set(plain[position:end]):
        return None
    return position


class Abbreviated:
    """What the short forms of one text stand for."""

    def __init__(self, plain: str, spans: Sequence[Span]) -> None:
        self._links: dict[str, tuple[list[int], list[tuple[Candidate, ...]]]] = {}
        """Short form to the places from where on it means what."""
        whole = [span for span in spans if len(span.used) == 1]
        starts = {span.start: span for span in whole}
        ends = {span.end: span for span in reversed(whole)}  # of nested ones the longest
        found = definitions(plain)
        known = {definition.short_start for definition in found}
        for short, end, place in _brackets(plain):
            span = ends.get(end)
            if place not in known and span and _initials(plain[span.start : end], short):
                found.append(Definition(short, span.start, end, place))
        for definition in sorted(found, key=lambda definition: definition.place):
            span = _meant(definition, plain, starts, ends)
            long = plain[definition.start : definition.end]
            candidates = () if span is None else tuple(
                Candidate(c.entity, round(c.score * _SHORTENED, 4), f"abbreviation of '{long}'")
                for c in span.candidates
            )  # fmt: skip
            for short in _both_numbers(definition.short):
                places, meanings = self._links.setdefault(short, ([], []))
                places.append(definition.place)
                meanings.append(candidates)

    def apply(self, plain: str, spans: Sequence[Span]) -> list[Span]:
        """``spans`` without short forms that mean something else here, and with those that link."""
        if not self._links:
            return list(spans)
        places: dict[tuple[int, int], tuple[Candidate, ...]] = {}
        for start, end in WordMatcher(self._links, plural=True).find(spaced(plain)):
            surface = plain[start:end]
            for short in (surface, *singulars(surface)):
                if short in self._links:
                    places[start, end] = self._meaning(short, start)
                    break
        kept = [span for span in spans if (span.start, span.end) not in places]
        covered = {i for span in kept for i in range(span.start, span.end)}
        kept += [
            Span(start, end, ((start, end),), candidates, True)
            for (start, end), candidates in places.items()
            if candidates and covered.isdisjoint(range(start, end))
        ]
        return sorted(kept, key=lambda span: (span.start, span.end))

    def _meaning(self, short: str, position: int) -> tuple[Candidate, ...]:
        """Of the last definition before ``position``, or of the first one behind it."""
        places, meanings = self._links[short]
        return meanings[max(0, bisect_right(places, position) - 1)]


def _both_numbers(short: str) -> Iterator[str]:
    yield short
    if len(short) > 2 and short[-1] == "s" and short[-2].isupper():
        yield short[:-1]  # "IBDs"


def _meant(
    definition: Definition, plain: str, starts: Mapping[int, Span], ends: Mapping[int, Span]
) -> Span | None:
    """The mention that a definition abbreviates: its long form, or what the bracket is part of."""
    short, start, end, inside = definition
    span = ends.get(end)
    if span is not None and (span.start == start or _initials(plain[span.start : end], short)):
        return span
    span = starts.get(start)
    if span is not None and span.end > inside:  # "von Hippel-Lindau (VHL) disease"
        return span
    return None


def _initials(long: str, short: str) -> bool:
    """Whether the letters of ``short`` are the first ones of the words of ``long``, in any order."""
    letters = sorted(c for c in short.lower() if c.isalpha())
    return len(letters) > 1 and letters == sorted(word[0] for word in long.lower().split())
