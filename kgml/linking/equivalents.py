"""Words that an ontology itself uses for each other, learned from its synonyms.

An entity called both "kidney cyst" and "renal cyst" says that "kidney" and "renal" may stand for
each other; when enough entities say so, the exchange is allowed in other forms too. Nothing but
the ontology is needed, so the pairs are those of its own field.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

SUPPORT = 3
"""Entities that must show an exchange."""
SHARE = 0.15
"""Of the entities with several forms that hold the one, the share that must show it. A broad word
does not reach it: "bone" is often no phalanx, a phalanx is a bone."""
_FORMS = 16
"""Forms of one entity that are compared, at most; they are compared two by two."""

Bag = frozenset[str]
"""The stems of one form."""


class Equivalents(NamedTuple):
    """``words``: a stem to those that may stand for it, with how sure that is (0 to 1).

    ``phrases``: two stems to the one that may stand for both ("abnorm", "morpholog" to "anom").
    """

    words: Mapping[str, Mapping[str, float]]
    phrases: Mapping[Bag, Mapping[str, float]]


def learn(forms: Iterable[Sequence[tuple[str, ...]]]) -> Equivalents:
    """What the forms of each entity exchange for each other.

    Args:
        forms: for each entity its forms: distinct stems in the order of a noun phrase. A word is
            exchanged for one in the same place only.

    >>> forms = [[("renal", x), ("kidney", x)] for x in ("cyst", "mass", "fail")]
    >>> learn(forms).words["renal"]
    {'kidney': 1.0}
    """
    entities: Counter[Bag] = Counter()
    pairs: Counter[tuple[Bag, Bag]] = Counter()
    for found in forms:
        distinct = sorted(set(found))[:_FORMS]
        if len(distinct) < 2:
            continue
        shown = {
            pair
            for a, b in combinations(distinct, 2)
            for one, other in ((a, b), (b, a))
            if (pair := _exchange(one, other)) is not None
        }
        pairs.update(shown)
        entities.update({frozenset((stem,)) for form in distinct for stem in form})
        entities.update({one for one, _ in shown if len(one) == 2})
    words: dict[str, dict[str, float]] = defaultdict(dict)
    phrases: dict[Bag, dict[str, float]] = defaultdict(dict)
    for (one, other), support in pairs.items():
        share = support / entities[one if len(one) == 1 else other]
        if support < SUPPORT or share < SHARE or any(stem.isdigit() for stem in one | other):
            continue
        (to,) = other
        if len(one) == 2:
            phrases[one][to] = min(1.0, share)
        else:
            (stem,) = one
            words[stem][to] = min(1.0, share)
    return Equivalents(dict(words), dict(phrases))


def _exchange(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[Bag, Bag] | None:
    """The stem or two of ``one`` and the stem of ``other`` that differ, if all else is the same."""
    if len(one) == len(other) > 1:
        places = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(places) == 1:
            return frozenset((one[places[0]],)), frozenset((other[places[0]],))
    elif len(one) == len(other) + 1 and len(other) > 1:
        a, b = frozenset(one), frozenset(other)
        if len(a - b) == 2 and len(b - a) == 1:
            return a - b, b - a
    return None
