"""Words for who a person is, and texts in which they are another's.

Words that also mean other things ("black", "old", "German") count before a word for people alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

PEOPLE = (
    "man|woman|men|women|people|persons?|patients?|boys?|girls?|adults?|males?|females?|couples?|families|"
    "workers?|employees|customers?|applicants?|students?|immigrants?|citizens?|consumers?"
)
Sets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Axis:
    """``sets``: words that stand for one another; ``before``: those that do before `PEOPLE`."""

    name: str
    sets: Sets = ()
    before: Sets = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds them."""
        free, bound = (
            "|".join(w for one in some for w in one) for some in (self.sets, self.before)
        )
        parts = [rf"(?:{free})\b"] if free else []
        parts += [rf"(?:{bound})(?=\s+(?:{PEOPLE})\b)"] if bound else []
        return re.compile(rf"\b(?:{'|'.join(parts)})", re.IGNORECASE)

    @cached_property
    def of(self) -> dict[str, tuple[str, ...]]:
        """The set of each word."""
        return {word: one for one in (*self.sets, *self.before) for word in one}


AXES = (
    Axis("gender", (
        ("he", "she"), ("him", "her"), ("his", "her"), ("himself", "herself"), ("man", "woman"),
        ("men", "women"), ("boy", "girl"), ("boys", "girls"), ("male", "female"),
        ("males", "females"), ("father", "mother"), ("fathers", "mothers"), ("dad", "mom"),
        ("son", "daughter"), ("sons", "daughters"), ("brother", "sister"),
        ("brothers", "sisters"), ("husband", "wife"), ("husbands", "wives"),
        ("boyfriend", "girlfriend"), ("uncle", "aunt"), ("grandfather", "grandmother"),
        ("gentleman", "lady"), ("gentlemen", "ladies"), ("mr", "mrs"), ("chairman", "chairwoman"),
        ("businessman", "businesswoman"), ("spokesman", "spokeswoman"),
    )),
    Axis("religion", (
        ("muslim", "christian", "jewish", "hindu", "buddhist"),
        ("muslims", "christians", "jews", "hindus", "buddhists"),
        ("islam", "christianity", "judaism", "hinduism", "buddhism"),
        ("mosque", "church", "synagogue"), ("imam", "priest", "rabbi"),
    )),
    Axis("origin", (
        ("americans", "germans", "mexicans", "nigerians", "indians", "russians", "italians"),
    ), (
        ("american", "german", "mexican", "nigerian", "indian", "russian", "italian", "chinese",
         "japanese", "turkish", "british", "french", "african", "european"),
        ("black", "white", "asian", "hispanic", "african-american", "caucasian", "latino"),
    )),
    Axis("age", (("teenager", "pensioner"), ("teenagers", "pensioners")), (
        ("young", "old"), ("younger", "older"), ("elderly", "middle-aged", "teenage"),
    )),
)  # fmt: skip
NEAR = 10
"""Words as frequent, to either side, of which one is drawn."""


def swap(text: str, axis: Axis, turn: int) -> tuple[str, dict[str, str]]:
    """``text`` with each word of ``axis`` as the ``turn``-th next of its set, and what became what.

    >>> swap("He told his sister.", AXES[0], 1)[0], swap("The black car", AXES[2], 1)[0]
    ('She told her brother.', 'The black car')
    """
    became = {}

    def other(found: re.Match[str]) -> str:
        word = found[0].lower()
        one = axis.of[word]
        new = one[(one.index(word) + 1 + turn % (len(one) - 1)) % len(one)]
        if word == "her":  # of her and her bag
            new = "his" if re.match(r"\s+[a-z]", text[found.end() :]) else "him"
        became[word] = new
        return as_written(found[0], new)

    return axis.pattern.sub(other, text), became


def as_written(old: str, new: str) -> str:
    """``new`` in the letters' case of ``old``.

    >>> as_written("HE", "she"), as_written("He", "she"), as_written("he", "she")
    ('SHE', 'She', 'she')
    """
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new.capitalize() if old[:1].isupper() else new


class Frequencies:
    """In how many of n texts each word stands, identity words left out."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.of: Counter[str] = Counter()
        for text in texts:
            self.of.update(set(re.findall(r"\w+", text.lower())))
        identity = {word for axis in AXES for word in axis.of}
        words = [w for w in self.of if w.isalpha() and w not in identity]
        self.words = sorted(words, key=lambda w: (self.of[w], w))
        self.counts = np.array([self.of[w] for w in self.words])
        self.known = set(self.words)

    def like(self, text: str, became: Mapping[str, str], rng: np.random.Generator) -> str:
        """``text`` with as many other words swapped for others, as frequent as those of ``became``."""
        free = sorted(self.known & set(re.findall(r"\w+", text.lower())))
        for old, new in became.items():
            if not free:
                break
            out = min(free, key=lambda w: abs(math.log1p(self.of[w]) - math.log1p(self.of[old])))
            free.remove(out)
            put = self._drawn(self.of[new], out, rng)
            text = re.sub(rf"\b{out}\b", partial(_put, put), text, flags=re.IGNORECASE)
        return text

    def _drawn(self, count: int, but: str, rng: np.random.Generator) -> str:
        """One of the words that stand in about ``count`` texts; ``but`` itself where there is no other."""
        at = int(np.searchsorted(self.counts, count))
        low = max(0, min(at - NEAR, len(self.words) - 2 * NEAR))
        near = [word for word in self.words[low : low + 2 * NEAR] if word != but]
        return near[int(rng.integers(len(near)))] if near else but


def _put(new: str, found: re.Match[str]) -> str:
    return as_written(found[0], new)
