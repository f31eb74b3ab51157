"""Abbreviations that a text defines itself: "neurofibromatosis type 2 (NF2)".

After Schwartz and Hearst, A simple algorithm for identifying abbreviation definitions in
biomedical text, Pac Symp Biocomput 2003: the letters of the short form are found from the right in
the words before the bracket, the first one at the start of a word; or the bracket is the long form
of the word before it, "HCC (hepatocellular carcinoma)". Where they are not found, a mention there
whose initials are those letters in any order is the long form too: "myotonic dystrophy (DM)". A
definition holds until the next one of the same short form, the first one from the start of the text.
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

_BRACKET = re.compile(r"[(\[]\s*([^\W_][^()\[\];,:]{1,120}?)\s*(?:[;,:][^()\[\]]{0,60})?[)\]]")
_BEFORE = re.compile(r"(?<!\S)([^\W_][\w/.+]{1,9})\s*$")
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


class _Place(NamedTuple):
    """A short form, and where its long form would end and start: at ``first`` if ``whole``."""

    short: str
    first: int
    end: int
    short_start: int
    whole: bool


def _definition(place: _Place, plain: str) -> Definition | None:
    """The definition whose letters are found, if the short form at ``place`` has one."""
    start = _long_form(place.short, plain, place.first, place.end)
    if start is None or (place.whole and start != place.first):
        return None
    return Definition(place.short, start, place.end, place.short_start)


def _places(plain: str) -> Iterator[_Place]:
    """Where a bracket may hold a short form, or the long form of the word before it."""
    for bracket in _BRACKET.finditer(plain):
        inside, (start, end) = bracket.group(1), bracket.span(1)
        first = max(0, bracket.start() - _WINDOW)
        if _is_short_form(inside):
            before = first + len(plain[first : bracket.start()].rstrip())
            yield _Place(inside, first, before, start, whole=False)
        elif word := _BEFORE.search(plain, max(0, bracket.start() - 12), bracket.start()):
            short = word.group(1)
            if _is_short_form(short) and any(c.isupper() or c.isdigit() for c in short[1:]):
                yield _Place(short, start, end, word.start(1), whole=True)


def _is_short_form(short: str) -> bool:
    """Two to ten characters, at most two words, a letter, a capital or digit."""
    return (
        2 <= len(short) <= 10
        and len(short.split()) <= 2
        and any(c.isalpha() for c in short)
        and any(c.isupper() for c in short)
    )


def _long_form(short: str, plain: str, first: int, end: int) -> int | None:
    """Where the long form in ``plain[first:end]`` that ends at ``end`` starts, or None."""
    letters = [c for c in _singular(short).lower() if c.isalnum()]
    most = min(len(letters) + 5, 2 * len(letters))
    words = list(_WORD.finditer(plain, max(first, end - _WINDOW), end))[-most:]
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
    """What the short forms of one text stand for, from one definition to the next."""

    def __init__(self, plain: str, spans: Sequence[Span]) -> None:
        self._links: dict[str, list[tuple[int, tuple[Candidate, ...]]]] = {}
        """Of each short form: from where on it means what."""
        whole = [span for span in spans if len(span.used) == 1]
        starts = {span.start: span for span in whole}
        ends = {span.end: span for span in reversed(whole)}  # of nested ones the longest
        for place in _places(plain):
            definition = _definition(place, plain) or _of_initials(place, plain, ends)
            if definition is None:
                continue
            span = _meant(definition, plain, starts, ends)
            links: tuple[Candidate, ...] = ()
            if span is not None:
                long = plain[definition.start : definition.end]
                links = tuple(
                    Candidate(c.entity, round(c.score * _SHORTENED, 4), f"abbreviation of '{long}'")
                    for c in span.candidates
                )
            known = self._links.setdefault(_singular(place.short), [])
            if known and not links and _same(known[-1][1], ends.get(place.end)):
                continue  # "(PD)" again, with words before its long form that only seem part of it
            known.append((place.short_start, links))

    def apply(self, plain: str, spans: Sequence[Span]) -> list[Span]:
        """``spans`` without short forms that mean something else here, and with those that link."""
        if not self._links:
            return list(spans)
        places: dict[tuple[int, int], tuple[Candidate, ...]] = {}
        for start, end in WordMatcher(self._links, plural=True).find(spaced(plain).encode()):
            surface = plain[start:end]
            for short in (surface, *singulars(surface)):
                if short in self._links:
                    places[start, end] = self._at(short, start)
                    break
        kept = [span for span in spans if (span.start, span.end) not in places]
        covered = {i for span in kept for i in range(span.start, span.end)}
        kept += [
            Span(start, end, ((start, end),), candidates, True)
            for (start, end), candidates in places.items()
            if candidates and covered.isdisjoint(range(start, end))
        ]
        return sorted(kept, key=lambda span: (span.start, span.end))

    def _at(self, short: str, position: int) -> tuple[Candidate, ...]:
        """What ``short`` means at ``position``."""
        known = self._links[short]
        i = bisect_right(known, position, key=lambda link: link[0])
        return known[max(0, i - 1)][1]


def _singular(short: str) -> str:
    """``short`` without the s of its plural: "BCCs"."""
    plural = len(short) > 2 and short[-1] == "s" and short[-2].isupper()
    return short[:-1] if plural else short


def _of_initials(place: _Place, plain: str, ends: Mapping[int, Span]) -> Definition | None:
    """The mention that ends at ``place``, if its initials are the letters of the short form."""
    span = ends.get(place.end)
    if span is None or (place.whole and span.start != place.first):
        return None
    if not _initials(plain[span.start : place.end], place.short):
        return None
    return Definition(place.short, span.start, place.end, place.short_start)


def _same(known: Sequence[Candidate], span: Span | None) -> bool:
    """Whether the mention before a bracket is what its short form already means."""
    if span is None or not known:
        return False
    return span.candidates[0].entity == known[0].entity


def _meant(
    definition: Definition, plain: str, starts: Mapping[int, Span], ends: Mapping[int, Span]
) -> Span | None:
    """The mention that a definition abbreviates: its long form, or what the bracket is part of."""
    short, start, end, inside = definition
    span = ends.get(end)
    if span is not None and (span.start == start or _initials(plain[span.start : end], short)):
        return span
    span = starts.get(start)
    if span is not None and start < inside < span.end:  # "von Hippel-Lindau (VHL) disease"
        return span
    return None


def _initials(long: str, short: str) -> bool:
    """Whether the letters of ``short`` are the first ones of the words of ``long``, in any order."""
    letters = sorted(c for c in _singular(short).lower() if c.isalpha())
    return len(letters) > 1 and letters == sorted(word[0] for word in long.lower().split())
