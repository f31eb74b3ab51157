"""Where in a segment a bag of stems stands: which tokens, what lies between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from kgml.linking.equivalents import Bag
from kgml.linking.tokens import BARRIER, CONJUNCTION, LINK, WORD, Token

_REACH = 12
"""Tokens from the first to the last that are used, at most."""
_MEMBER = 2
"""Words of another member of a coordination, at most."""
_GAP = 4
"""Tokens between two that are used next to each other, at most, where nothing is coordinated."""


class Reading(NamedTuple):
    """A stem that a token may stand for, how sure that is (0 to 1), and why ("": it is its own)."""

    stem: str
    trust: float
    how: str


class Choice(NamedTuple):
    """The tokens that stand for a form: positions in a segment, ascending, and how each is read.

    ``skipped``: words in between that say something; ``linked``: "of" and the like in between.
    """

    positions: tuple[int, ...]
    readings: tuple[Reading, ...]
    skipped: int
    linked: bool
    coordinated: bool


def place(
    segment: Sequence[Token], bag: Bag, anchor: str,
    where: Mapping[str, Sequence[tuple[int, Reading]]],
) -> Iterator[Choice]:  # fmt: skip
    """The choice of tokens nearest to each token that may be ``anchor``, if it holds together."""
    for position, reading in where[anchor]:
        taken = {position: reading}
        for stem in bag:
            if stem == anchor:
                continue
            near = [(abs(at - position), at, read) for at, read in where[stem] if at not in taken]
            if not near:
                break
            distance, at, read = min(near)
            if distance > _REACH:
                break
            taken[at] = read
        else:
            choice = _choice(segment, taken)
            if choice is not None:
                yield choice


def _choice(segment: Sequence[Token], taken: Mapping[int, Reading]) -> Choice | None:
    positions = tuple(sorted(taken))
    if positions[-1] - positions[0] > _REACH:
        return None
    skipped, linked, gaps = 0, False, 0
    for left, right in pairwise(positions):
        kinds = [segment[i].kind for i in range(left + 1, right)]
        if BARRIER in kinds:
            return None
        words = len(kinds) - kinds.count(LINK) - kinds.count(CONJUNCTION)
        linked = linked or LINK in kinds
        if CONJUNCTION in kinds:
            gaps += 1
            if not _parallel(segment, left, right):
                return None
        else:
            if len(kinds) > _GAP:
                return None
            skipped += words
    if gaps > 1:
        return None
    readings = tuple(taken[i] for i in positions)
    return Choice(positions, readings, skipped, linked, gaps > 0)


def _parallel(segment: Sequence[Token], left: int, right: int) -> bool:
    """Whether tokens ``left`` and ``right`` are joined over a coordination.

    "short [and broad] fingers": the conjunction follows the left one; "malformations of [the heart
    and] kidney": it comes before the right one, but for an article.
    """
    if any(token.stem == segment[right].stem for token in segment[left + 1 : right]):
        return False
    between = segment[left + 1 : right]
    members: list[int] = [0]
    joints = 0
    for token in between:
        if token.kind == CONJUNCTION:
            members.append(0)
            joints += token.word not in {",", "/", "or"} or (token.word == "or" and joints == 0)
        elif token.kind == WORD:
            members[-1] += 1
    if joints != 1 or max(members) > _MEMBER:
        return False
    if between[0].kind == CONJUNCTION:
        return True
    if between[0].kind != LINK and any(token.word == "," for token in between):
        return False  # "cerebellar degeneration, fever and cancer" is no cerebellar cancer
    before = right - 1
    while before > left and segment[before].kind == LINK:
        before -= 1
    return segment[before].kind == CONJUNCTION
