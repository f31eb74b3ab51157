"""How well a form found by its stems fits, and in which words that is said."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from kgml.linking.choose import Span
from kgml.linking.dictionary import prefixed
from kgml.linking.fold import Folded
from kgml.linking.fuzzy import is_edit
from kgml.linking.general import HEAD, HOW
from kgml.linking.greek import NAMES
from kgml.linking.mentions import METHODS, Candidate
from kgml.linking.order import ordered
from kgml.linking.stem import same_meaning, spelled, stem
from kgml.linking.tokens import Token, segments
from kgml.linking.variants import Found, VariantIndex
from kgml.linking.words import COMMON, WORDS

WORDING, NUMBER, INFLECTED, REORDERED = 0.98, 0.97, 0.93, 0.95
SKIPPED, COORDINATED = 0.69, 0.95
"""Factors for what differs between the text and the form; learned exchanges bring their own. A word in
between takes even a label below the default threshold: such forms were right in 15 of 100 cases."""
_CLOSE, _MOST = 0.95, 5
"""Other candidates of a span are kept down to this share of the best score, and so many."""
_DERIVED = 0.8
"""More for a word of the same stem that may mean another thing."""
_FAR = 200
"""Characters in a form that crosses another, at most."""
_EXCHANGED = ("equivalent word", HOW, HEAD)
_UNLINKED = 0.85
"""For words in another order without an "of" or the like to explain it."""


def variant_candidate(found: Found, segment: Sequence[Token]) -> Candidate | None:
    """The candidate with its score and reasons, or None where too little is left of the form."""
    form, choice = found
    method, score = METHODS[form.scope]
    reasons = [method]
    tokens = [segment[position] for position in choice.positions]
    if len(tokens) == 1 and not _may_stand_alone(found, tokens[0]):
        return None
    exchanged = form.exchanged < 1
    if exchanged and choice.skipped:
        return None
    order = _order(found, segment)
    if order is None or any(reading.how == HEAD for reading in choice.readings[:-1]):
        return None
    written = {own: word for word, own in form.words}
    score *= form.exchanged
    if exchanged:
        reasons.append("equivalent phrase")
    inflected = number = False
    for token, reading in zip(tokens, choice.readings, strict=True):
        score *= reading.trust
        word = written.get(reading.stem, token.word)
        if reading.how in _EXCHANGED:
            reasons.append(f"'{token.word}' for '{word or reading.stem}'")
        elif reading.how:
            reasons.append(f"{reading.how} '{word}'")
        elif word and not reading.stem.isdigit() and not _spelled_alike(token.word, word):
            same = _same_but_number(token.word, word)
            number, inflected = number or same, inflected or not same
            if not same and not same_meaning(token.word, word, alone=False):
                score *= _DERIVED
    for applies, factor, reason in (
        (number, NUMBER, "plural"),
        (inflected, INFLECTED, "inflected"),
        (order == "turned", REORDERED, "reordered"),
        (order == "reordered", _UNLINKED, "reordered"),
        (choice.skipped > 0, SKIPPED**choice.skipped, "words between"),
        (choice.coordinated, COORDINATED, "coordinated"),
    ):
        if applies:
            score *= factor
            reasons.append(reason)
    if len(reasons) == 1:
        score *= WORDING
        reasons.append("other wording")
    return Candidate(form.entity, round(score, 4), ", ".join(reasons))


def _order(found: Found, segment: Sequence[Token]) -> str | None:
    form, choice = found
    wanted = list(dict.fromkeys(own for _, own in form.words))
    return ordered(segment, choice, wanted, (form.words[0][0], form.words[-1][0]), form.linked)


def _may_stand_alone(found: Found, token: Token) -> bool:
    """A single word must be long, itself and not a common one."""
    reading = found.choice.readings[0]
    (word, _), *more = found.form.words
    if more or len(token.word) < 5 or token.word in COMMON or token.word in WORDS:
        return False
    if reading.how:
        return reading.how == "misspelt" and is_edit(token.word, word)
    return same_meaning(token.word, word, alone=True)


def _spelled_alike(one: str, other: str) -> bool:
    """One word, in British or American spelling, or a Greek letter and its name."""
    return one == other or spelled(NAMES.get(one, one)) == spelled(NAMES.get(other, other))


def _same_but_number(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long in {short + "s", short + "es", short[:-1] + "ies"} and stem(short) == stem(long)


def variant_spans(
    index: VariantIndex, folded: Folded, threshold: float, exact: Iterable[Span]
) -> Iterator[Span]:
    """What the text may mean beside the ``exact`` spans; overlapping ones too.

    Candidates of one span are those of its best forms; a span that the dictionary has is left out.
    """
    places = sorted((span.start, span.end) for span in exact)
    known = set(places)
    for segment in segments(folded):
        spans: dict[tuple[tuple[int, int], ...], dict[int, Candidate]] = {}
        for found in index.find(segment):
            candidate = variant_candidate(found, segment)
            if candidate is None or candidate.score < threshold:
                continue
            used = _used(found, segment)
            place = used[0][0], used[-1][1]
            if place in known or prefixed(folded.lower, place[0]):
                continue
            if _general(found) and _crosses(place, places):
                continue  # "reduced back pain" has a form of its own: "back pain"
            best = spans.setdefault(used, {})
            other = best.get(candidate.entity)
            if other is None or other.score < candidate.score:
                best[candidate.entity] = candidate
        for used, best in spans.items():
            ranked = sorted(best.values(), key=lambda c: (-c.score, c.entity))
            top = ranked[0].score * _CLOSE
            kept = tuple(c for c in ranked[:_MOST] if c.score >= top)
            yield Span(used[0][0], used[-1][1], used, kept, False)


def _general(found: Found) -> bool:
    return any(reading.how in (HOW, HEAD) for reading in found.choice.readings)


def _crosses(place: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    """Whether ``place`` and one of ``others`` (sorted) overlap and neither holds the other."""
    start, end = place
    near = others[bisect_left(others, (start - _FAR, 0)) : bisect_left(others, (end, 0))]
    return any(a < start < b < end or start < a < end < b for a, b in near)


def _used(found: Found, segment: Sequence[Token]) -> tuple[tuple[int, int], ...]:
    """The pieces of the text that stand for a form: one, or those around a coordination."""
    tokens = [segment[position] for position in found.choice.positions]
    if not found.choice.coordinated:
        return ((tokens[0].start, tokens[-1].end),)
    pieces = [(tokens[0].start, tokens[0].end)]
    for (left, right), token in zip(pairwise(found.choice.positions), tokens[1:], strict=True):
        if right == left + 1:
            pieces[-1] = pieces[-1][0], token.end
        else:
            pieces.append((token.start, token.end))
    return tuple(pieces)
